//! What bounds a message, for flags and servicers alike.

/// The largest message that is accepted, as in every gRPC library by default.
pub(crate) const MAX_MESSAGE_BYTES: usize = 4 << 20;

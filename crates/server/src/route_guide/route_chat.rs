//! RouteChat: its streams, what they follow without posting, and what the streams of a connection share.

pub(crate) mod shares;
pub(crate) mod stream;
pub(crate) mod watch;

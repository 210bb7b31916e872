//! What tests rely on when they run programs.

#[cfg(feature = "nats")]
mod nats;
mod signals;
mod skipped;

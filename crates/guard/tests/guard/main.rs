//! What callers and peers see of a server behind the guard.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail their test")]

mod brief_calls;
mod call;
mod connections;
mod gone_peers;
mod observer;
mod slow_peers;

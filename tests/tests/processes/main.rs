//! The programs themselves: connections, logs, and what they keep when they are killed.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail their test")]

mod chat_killed;
mod chat_share;
#[cfg(target_os = "linux")]
mod chat_stalled_long;
mod connections;
mod log_cannot_be_written;
mod peers_do_not_write_the_log;

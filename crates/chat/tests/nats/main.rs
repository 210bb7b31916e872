//! The engine on NATS, against real servers of NATS.
//!
//! It is apart from the file engine: a process that is about to start another one shares its locks of files with it for a
//! moment, and a notebook that is closed then cannot be opened at once.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail their test")]

mod away;
mod cluster;
mod conformance;
mod credentials;
mod failover;
mod gap;
mod lost_end;
mod random;
mod storage;
mod tls;
mod together;

mod kit;
#[path = "../kit/mod.rs"]
mod notes;
#[path = "../suite/mod.rs"]
mod suite;

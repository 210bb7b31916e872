//! The two programs as processes: their lines, flags, input, signals and exit statuses.

#![expect(clippy::unwrap_used, reason = "a helper may fail its test")]

#[path = "../common/servers.rs"]
mod servers;

mod answers;
mod bench;
mod bench_help;
mod channel;
mod chat;
mod commands;
mod deadlines;
mod greetings;
mod help;
mod interrupt;
mod metadata;
mod nginx;
mod odd;
mod process;
mod reconnect;
mod record;
mod refusals;
mod targets;
mod terminal;
mod tutorial;
mod unread;
mod usage;
mod waiting;
mod wire;

/// The two programs, where cargo has put them.
const ROUTE_GUIDE_CLIENT: &str = env!("CARGO_BIN_EXE_route-guide-client");
const GREETER_CLIENT: &str = env!("CARGO_BIN_EXE_greeter-client");

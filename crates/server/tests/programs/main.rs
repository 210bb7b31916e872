//! The two programs as processes: their lines, flags, signals and exit statuses.

#![expect(clippy::unwrap_used, reason = "a helper may fail its test")]

mod damage;
mod help;
mod hot_swap;
mod import;
mod import_flags;
mod notes;
mod process;
mod refusals;
mod signals;
mod start;
mod terminal;

/// The two programs, where cargo has put them.
const ROUTE_GUIDE_SERVER: &str = env!("CARGO_BIN_EXE_route-guide-server");
const GREETER_SERVER: &str = env!("CARGO_BIN_EXE_greeter-server");

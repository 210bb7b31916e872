//! Greets a Greeter. Without a command it runs the quick start.

use std::process::ExitCode;

fn main() -> ExitCode {
    route_guide_client::cli::greeter_client()
}

//! Asks a RouteGuide server what is where. Without a command it runs the tutorial.

use std::process::ExitCode;

fn main() -> ExitCode {
    route_guide_client::cli::route_guide_client()
}

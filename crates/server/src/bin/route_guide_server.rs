//! `route-guide-server`: serves RouteGuide.

use std::process::ExitCode;

use route_guide_server::cli::RouteGuideFlags;
use route_guide_server::{Server, program};

fn main() -> ExitCode {
    let flags = RouteGuideFlags::from_command_line();
    if let Some(command) = flags.command() {
        return program::carry_out(command);
    }
    let start = Server::route_guide(flags.settings());
    program::run(flags.log(), flags.runtime(), start, |address| {
        format!("Starting server on {address}")
    })
}

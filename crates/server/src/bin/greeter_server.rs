//! `greeter-server`: serves Greeter and HelloService.

use std::process::ExitCode;

use route_guide_guard::ListenAddress;
use route_guide_server::cli::GreeterFlags;
use route_guide_server::{Server, program};

fn main() -> ExitCode {
    let flags = GreeterFlags::from_command_line();
    let start = Server::greeter(flags.settings());
    program::run(
        flags.log(),
        flags.runtime(),
        start,
        |address| match address {
            // The quick start names the port alone.
            ListenAddress::Tcp { port, .. } => format!("Server started, listening on {port}"),
            unix @ ListenAddress::Unix(_) => format!("Server started, listening on {unix}"),
        },
    )
}

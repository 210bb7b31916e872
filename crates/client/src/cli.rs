//! The two programs: their flags, and what each command does.
//!
//! The binaries are one line each; everything they do is here, so that tests can look at it.

#![expect(
    clippy::doc_markdown,
    reason = "the comments on flags and commands are the help texts, which show backticks as they are"
)]

use std::process::ExitCode;

use clap::CommandFactory as _;

pub use self::flags::SharedFlags;
pub use self::greeter::GreeterArgs;
pub use self::route_guide::RouteGuideArgs;

#[cfg(feature = "bench")]
mod bench;
mod channel;
mod chat;
mod failure;
mod flags;
mod greeter;
mod input;
mod lines;
mod output;
mod points;
mod record;
mod route_guide;
mod session;
mod tutorial;
mod usage;

/// Runs `route-guide-client` with the arguments of this process. It does not return if they are wrong.
#[must_use]
pub fn route_guide_client() -> ExitCode {
    let args: RouteGuideArgs = usage::parse();
    session::run(
        "route-guide-server",
        RouteGuideArgs::command,
        args.shared,
        |session| route_guide::run(session, args.command),
    )
}

/// Runs `greeter-client` with the arguments of this process. It does not return if they are wrong.
#[must_use]
pub fn greeter_client() -> ExitCode {
    let args: GreeterArgs = usage::parse();
    session::run(
        "greeter-server",
        GreeterArgs::command,
        args.shared,
        |session| greeter::run(session, args.command),
    )
}

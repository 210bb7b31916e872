//! What tests of several crates share to run programs.
//!
//! Only development dependencies name this crate, and the bench, which compares programs. The feature `nats` adds
//! [`NatsServer`] and [`NatsCluster`].

#![forbid(unsafe_code)]
#![cfg_attr(
    feature = "nats",
    expect(
        clippy::missing_panics_doc,
        reason = "a server of NATS that does not do as it should fails the test"
    )
)]

#[cfg(feature = "nats")]
mod nats;
mod needs;
mod port;
mod program;
mod signals;

use std::ffi::OsStr;
use std::process::Command;

#[cfg(feature = "nats")]
pub use nats::{NatsCluster, NatsServer};
pub use needs::can_run;
pub use port::ReservedPort;
pub use program::{Ended, PATIENCE, Program};

/// Prepares to run a program as a terminal would start it: no signal is ignored.
///
/// Every test that starts a program starts it with this.
///
/// # Examples
///
/// ```
/// let output = route_guide_testkit::command("echo").arg("ready").output()?;
/// assert_eq!(output.stdout, b"ready\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use]
pub fn command(program: impl AsRef<OsStr>) -> Command {
    signals::stop_ignoring();
    Command::new(program)
}

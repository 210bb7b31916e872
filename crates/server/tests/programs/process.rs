//! Our programs, started for one test.

use std::fs::File;
use std::future::Future;
use std::path::Path;
use std::process::{Command, Stdio};

use route_guide_testkit::{Ended, PATIENCE, Program};
use tonic::transport::{Channel, Endpoint};

use crate::ROUTE_GUIDE_SERVER;

pub(crate) fn command(program: &str, flags: &[&str]) -> Command {
    let mut command = route_guide_testkit::command(program);
    command
        .args(flags)
        .env_remove("ROUTE_GUIDE_FEATURES")
        .env_remove("ROUTE_GUIDE_KEEP_ORDER")
        .env_remove("ROUTE_GUIDE_CHAT_STORE")
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Starts a program.
pub(crate) fn start(program: &str, flags: &[&str]) -> Program {
    Program::start(&mut command(program, flags))
}

/// Runs a program to its end.
pub(crate) fn run(program: &str, flags: &[&str]) -> Ended {
    start(program, flags).ended()
}

/// Imports a file into a snapshot.
pub(crate) fn import(input: &Path, output: &Path, flags: &[&str]) -> Ended {
    let paths = [input, output].map(|path| path.to_str().unwrap());
    let line = ["import", paths[0], "-o", paths[1]];
    run(ROUTE_GUIDE_SERVER, &[&line, flags].concat())
}

/// Runs a program to its end with a file as stdin.
pub(crate) fn run_on(program: &str, flags: &[&str], stdin: &Path) -> Ended {
    let stdin = File::open(stdin).unwrap();
    Program::spawn(command(program, flags).stdin(stdin)).ended()
}

/// Waits for an event of a call.
pub(crate) async fn within<F: Future>(event: &str, future: F) -> F::Output {
    let Ok(output) = tokio::time::timeout(PATIENCE, future).await else {
        panic!("still waiting for {event} after {PATIENCE:?}");
    };
    output
}

/// Connects to `HOST:PORT` or `unix:PATH`.
pub(crate) async fn connect(address: &str) -> Channel {
    let uri = match address.strip_prefix("unix:") {
        Some(_) => address.to_owned(),
        None => format!("http://{address}"),
    };
    let connecting = Endpoint::from_shared(uri).unwrap();
    within("a connection", connecting.connect()).await.unwrap()
}

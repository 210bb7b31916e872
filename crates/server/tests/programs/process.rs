//! A program started for one test.

use std::fs::File;
use std::future::Future;
use std::io::{BufRead, BufReader, Read};
use std::mem;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use tonic::transport::{Channel, Endpoint};

use crate::ROUTE_GUIDE_SERVER;

/// The most that anything here may take, on a slow machine that does much else.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running program; dropping it kills it.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    lines: Receiver<String>,
    errors: Receiver<String>,
    /// Lines of stderr that have been read.
    told: String,
}

/// What a program left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit status; `None` if a signal killed it.
    pub(crate) code: Option<i32>,
    /// What it wrote to stdout after the lines that were read from it.
    pub(crate) stdout: Vec<String>,
    /// All that it wrote to stderr.
    pub(crate) stderr: String,
}

impl Program {
    pub(crate) fn start(program: &str, flags: &[&str]) -> Self {
        Self::spawn(&mut command(program, flags))
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let lines = lines_of(child.stdout.take().unwrap());
        let errors = lines_of(child.stderr.take().unwrap());
        Self {
            child,
            lines,
            errors,
            told: String::new(),
        }
    }

    /// Waits for the next line on stdout.
    pub(crate) fn line(&mut self) -> String {
        self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| {
            let _ = self.child.kill();
            panic!("no line, but {:?}", self.errors.iter().collect::<Vec<_>>());
        })
    }

    /// Waits until the program has said its first line, or has ended without one.
    pub(crate) fn has_started(&mut self) -> bool {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(_) => true,
            Err(RecvTimeoutError::Disconnected) => false,
            Err(RecvTimeoutError::Timeout) => panic!("neither a line nor an end"),
        }
    }

    /// Waits for a line on stderr that has these words in it, and returns it.
    pub(crate) fn told(&mut self, words: &str) -> String {
        loop {
            let Ok(line) = self.errors.recv_timeout(PATIENCE) else {
                panic!("{words:?} is not told, but {:?}", self.told);
            };
            self.told.push_str(&line);
            self.told.push('\n');
            if line.contains(words) {
                return line;
            }
        }
    }

    /// Waits for a line `Starting server on ADDRESS` and returns the address.
    pub(crate) fn address(&mut self) -> String {
        let line = self.line();
        let address = line.strip_prefix("Starting server on ");
        address.unwrap_or_else(|| panic!("{line:?}")).to_owned()
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, named as for `kill`.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.id());
        let status = Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(status.success(), "{kill}");
    }

    /// Waits for the program to end.
    pub(crate) fn ended(mut self) -> Ended {
        // Its pipes close when it ends.
        loop {
            match self.errors.recv_timeout(PATIENCE) {
                Ok(line) => {
                    self.told.push_str(&line);
                    self.told.push('\n');
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("the program goes on: {}", self.told),
            }
        }
        Ended {
            code: self.child.wait().unwrap().code(),
            stdout: self.lines.iter().collect(),
            stderr: mem::take(&mut self.told),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a pipe line by line, on a thread that ends with it.
fn lines_of(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (say, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines() {
            // The test may have seen enough.
            let _ = say.send(line.unwrap());
        }
    });
    lines
}

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

/// Runs a program to its end.
pub(crate) fn run(program: &str, flags: &[&str]) -> Ended {
    Program::start(program, flags).ended()
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

//! Programs run for a test: servers on ports of their own, and others to their end.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// Starting or stopping a program takes far less than this.
pub(crate) const SHORT: Duration = Duration::from_secs(60);

/// One of our servers, on a port of its own.
pub(crate) struct Server {
    running: Running,
    target: String,
    /// The lines on standard output after the first; closed when the server has ended.
    lines: Receiver<String>,
    log: Receiver<String>,
}

impl Server {
    /// Starts a server and waits for the line that says that its port is open.
    pub(crate) fn start(program: &Path, flags: &[&str]) -> Self {
        let mut command = Command::new(program);
        let mut running = Running::spawn(command.args(["--listen", "127.0.0.1:0"]).args(flags));
        let log = collect(running.0.stderr.take().unwrap());
        let stdout = BufReader::new(running.0.stdout.take().unwrap());
        let (send, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                // Reads on if nobody listens, so that the server never writes into a closed pipe.
                let _ = send.send(line);
            }
        });
        let Ok(line) = lines.recv_timeout(SHORT) else {
            drop(running);
            let log = log.recv().unwrap_or_default();
            panic!("{} does not start: {log}", program.display());
        };
        Self {
            running,
            target: target(&line),
            lines,
            log,
        }
    }

    /// Where it listens.
    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.running.0.id()
    }

    /// Ends the server, or waits until it has ended if it was told to.
    ///
    /// Returns whether it did as it should, ended with success or still running, and its log.
    pub(crate) fn stop(&mut self, told: bool) -> (bool, String) {
        let mut ended = self.running.0.try_wait().unwrap();
        while told && ended.is_none() {
            match self.lines.recv_timeout(SHORT) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => ended = self.running.0.wait().ok(),
                Err(RecvTimeoutError::Timeout) => break,
            }
        }
        let _ = self.running.0.kill();
        let log = self.log.recv().unwrap_or_default();
        match ended {
            None => (!told, log),
            Some(status) => (told && status.success(), format!("ended, {status}\n{log}")),
        }
    }
}

/// The address in a server's first line, which is the contract's.
fn target(line: &str) -> String {
    line.strip_prefix("Starting server on ")
        .map(str::to_owned)
        .or_else(|| {
            line.strip_prefix("Server started, listening on ")
                .map(|port| format!("127.0.0.1:{port}"))
        })
        .unwrap_or_else(|| panic!("a server's first line was {line:?}"))
}

/// Runs a program to its end, and returns whether it succeeded and what it printed.
pub(crate) fn run(command: &mut Command, limit: Duration) -> (bool, String) {
    let mut running = Running::spawn(command);
    let stdout = collect(running.0.stdout.take().unwrap());
    let stderr = collect(running.0.stderr.take().unwrap());
    // The pipe closes when the program ends, so this waits for the end without asking again and again.
    let Ok(printed) = stdout.recv_timeout(limit) else {
        drop(running);
        let printed = stdout.recv_timeout(SHORT).unwrap_or_default();
        panic!("{command:?} was still running after {limit:?}:\n{printed}");
    };
    let succeeded = running.0.wait().unwrap().success();
    (succeeded, printed + &stderr.recv().unwrap())
}

/// Reads a pipe in the background, to its end.
fn collect(mut pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        let _ = send.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receive
}

/// A child process that does not outlive the test.
struct Running(Child);

impl Running {
    fn spawn(command: &mut Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        match command.spawn() {
            Ok(child) => Self(child),
            Err(error) => panic!("{command:?} does not start: {error}"),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

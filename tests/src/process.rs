//! Programs run for a test: servers on ports of their own, and others to their end.

use std::env;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use route_guide_testkit::{can_run, command};

/// Starting or stopping a program takes far less than this.
pub const SHORT: Duration = Duration::from_secs(60);

/// A cold build of the four programs, should `cargo test` not have made them.
const BUILD: Duration = Duration::from_secs(900);

/// The workspace's root folder.
///
/// # Panics
///
/// If this crate lies elsewhere than in it.
#[must_use]
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("the crate is in a folder")
}

/// The folder of the four programs, which are up to date afterwards.
///
/// `cargo test --workspace` has just built them, and then this takes a moment; after `cargo test -p route-guide-tests`
/// they may be missing or, worse, old. The selection is the workspace with a test, and that the one that runs: other
/// selections choose other features of the dependencies and build all of them again, or build every other test.
/// `ROUTE_GUIDE_PROGRAMS` names a folder of programs to take as they are, such as those of a release.
///
/// # Panics
///
/// If they do not build.
pub fn programs() -> &'static Path {
    static PROGRAMS: OnceLock<PathBuf> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        if let Some(folder) = env::var_os("ROUTE_GUIDE_PROGRAMS") {
            return root().join(folder);
        }
        // target/debug/deps/interop-0123456789abcdef
        let test = env::current_exe().expect("a test knows its file");
        let name = test.file_stem().and_then(|stem| stem.to_str());
        let name = name.and_then(|stem| Some(stem.rsplit_once('-')?.0));
        let name = name.expect("cargo adds a hash to the names of tests");
        let programs = test.parent().and_then(Path::parent);
        let programs = programs.expect("cargo puts tests below the programs");
        let profile = match programs.file_name().and_then(|name| name.to_str()) {
            Some("debug") | None => "dev",
            Some(other) => other,
        };
        let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let (built, output) = run_to_end(
            command(cargo)
                .args(["build", "--workspace", "--bins", "--quiet"])
                .args(["--test", name])
                .args(["--profile", profile])
                .current_dir(root()),
            BUILD,
        );
        assert!(built, "the programs do not build:\n{output}");
        programs.to_owned()
    })
}

/// Writes past libtest, which hides the output of tests that pass.
pub fn say(line: &str) {
    // A closed standard error is no reason to fail.
    let _ = writeln!(io::stderr(), "{line}");
}

/// Whether a foreign program that a test needs is there; otherwise says that the test is skipped.
///
/// # Panics
///
/// If it is not there and `ROUTE_GUIDE_REQUIRE_INTEROP=1` says that it must be.
#[must_use]
pub fn required(program: &str, probe: &str) -> bool {
    let mut command = Command::new(program);
    let probed = command
        .arg(probe)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let runs = probed.is_ok_and(|status| status.success());
    let missing = (!runs).then(|| format!("`{program} {probe}` does not succeed"));
    can_run(missing, "ROUTE_GUIDE_REQUIRE_INTEROP")
}

/// One of our servers as a process, on a port of its own; dropping it kills it.
#[derive(Debug)]
pub struct ServerProcess {
    running: Running,
    target: String,
    /// The lines on standard output after the first; closed when the server has ended.
    lines: Receiver<String>,
    log: Receiver<String>,
}

impl ServerProcess {
    /// Starts a server and waits for the line that says that its port is open.
    ///
    /// # Panics
    ///
    /// If it does not start.
    #[must_use]
    pub fn start(program: &Path, flags: &[&str]) -> Self {
        Self::start_with(command(program).args(flags), Stdio::piped())
    }

    /// Starts a server by a command, with its log going to `stderr`, and waits for the line that says that its port is
    /// open. If that is a pipe of the test's own, the log that [`stop`](Self::stop) returns is empty.
    ///
    /// # Panics
    ///
    /// If it does not start.
    #[must_use]
    pub fn start_with(command: &mut Command, stderr: Stdio) -> Self {
        let mut running = Running::spawn(command.args(["--listen", "127.0.0.1:0"]), stderr);
        let log = match running.0.stderr.take() {
            Some(pipe) => collect(pipe),
            None => mpsc::channel().1,
        };
        let stdout = BufReader::new(running.0.stdout.take().expect("it is a pipe"));
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
            panic!("{command:?} does not start: {log}");
        };
        Self {
            running,
            target: target(&line),
            lines,
            log,
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.running.0.id()
    }

    /// Sends it a signal, by its name without SIG; after TERM, [`ServerProcess::stop`] waits for its end.
    ///
    /// # Panics
    ///
    /// If there is no such process.
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.id());
        let sent = Command::new("sh").args(["-c", &kill]).status();
        assert!(sent.is_ok_and(|status| status.success()), "{kill}");
    }

    /// Kills it, as `kill -9` does, and waits until it is gone.
    ///
    /// # Panics
    ///
    /// If it has ended before.
    pub fn kill(&mut self) {
        self.running.0.kill().expect("the server runs");
        let status = self.running.0.wait().expect("a child can be waited for");
        assert_eq!(status.code(), None, "the server ended by itself: {status}");
    }

    /// Ends the server, or waits until it has ended if it was told to.
    ///
    /// Returns whether it did as it should, ended with success or still running, and its log.
    ///
    /// # Panics
    ///
    /// If the system does not say what became of it.
    pub fn stop(&mut self, told: bool) -> (bool, String) {
        let mut ended = self
            .running
            .0
            .try_wait()
            .expect("a child can be waited for");
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

impl Drop for ServerProcess {
    /// Shows the log of a server whose test fails.
    fn drop(&mut self) {
        if thread::panicking() {
            let _ = self.running.0.kill();
            let log = self.log.recv_timeout(SHORT).unwrap_or_default();
            say(&format!("log of the server on {}:\n{log}", self.target));
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
///
/// # Panics
///
/// If it does not start, or not end within the limit.
pub fn run_to_end(command: &mut Command, limit: Duration) -> (bool, String) {
    let mut running = Running::spawn(command, Stdio::piped());
    let stdout = collect(running.0.stdout.take().expect("it is a pipe"));
    let stderr = collect(running.0.stderr.take().expect("it is a pipe"));
    // The pipe closes when the program ends, so this waits for the end without asking again and again.
    let Ok(printed) = stdout.recv_timeout(limit) else {
        drop(running);
        let printed = stdout.recv_timeout(SHORT).unwrap_or_default();
        panic!("{command:?} was still running after {limit:?}:\n{printed}");
    };
    let status = running.0.wait().expect("a child can be waited for");
    let errors = stderr.recv().unwrap_or_default();
    (status.success(), printed + &errors)
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
#[derive(Debug)]
struct Running(Child);

impl Running {
    fn spawn(command: &mut Command, stderr: Stdio) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr);
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

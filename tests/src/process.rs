//! Programs run for a test: servers on ports of their own, and others to their end.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use route_guide_testkit::{PATIENCE, Program, can_run, command};

/// Starting or stopping a program takes far less than this.
pub const SHORT: Duration = PATIENCE;

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
    program: Program,
    target: String,
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
        let command = command
            .args(["--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr);
        let mut program = Program::spawn(command);
        let target = program.address();
        Self { program, target }
    }

    /// Where it listens.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.program.id()
    }

    /// Sends it a signal, by its name without SIG; after TERM, [`ServerProcess::stop`] waits for its end.
    ///
    /// # Panics
    ///
    /// If there is no such process.
    pub fn signal(&self, name: &str) {
        self.program.signal(name);
    }

    /// Kills it, as `kill -9` does, and waits until it is gone.
    ///
    /// # Panics
    ///
    /// If it has ended before.
    pub fn kill(&mut self) {
        let ended = self.program.status();
        assert_eq!(ended, None, "the server ended by itself");
        self.program.kill_and_log();
    }

    /// Ends the server, or waits until it has ended if it was told to.
    ///
    /// Returns whether it did as it should, ended with success or still running, and its log.
    ///
    /// # Panics
    ///
    /// If the system does not say what became of it.
    pub fn stop(&mut self, told: bool) -> (bool, String) {
        let ended = match self.program.status() {
            None if told => self.program.wait(SHORT),
            ended => ended,
        };
        let log = self.program.kill_and_log();
        match ended {
            None => (!told, log),
            Some(status) => (told && status.success(), format!("ended, {status}\n{log}")),
        }
    }
}

/// Runs a program to its end, and returns whether it succeeded and what it printed.
///
/// # Panics
///
/// If it does not start, or not end within the limit.
pub fn run_to_end(command: &mut Command, limit: Duration) -> (bool, String) {
    let ended = Program::start(command).ended_within(limit);
    let printed: String = ended.stdout.iter().flat_map(|line| [line, "\n"]).collect();
    (ended.code == Some(0), printed + &ended.stderr)
}

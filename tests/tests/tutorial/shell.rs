//! The terminals in which the reader types.

use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead, BufReader, PipeReader};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::output::same_output;

/// The line of a page at which its reader presses Ctrl-C.
const CTRL_C: &str = "^C";

/// Enough for a slow and busy machine to compile every library; whoever takes longer is stuck.
const PATIENCE: Duration = Duration::from_secs(1_200);

/// Runs commands one after the other, and one server beside them.
///
/// The programs see one pipe as their standard output and standard error, so what they print comes
/// in the order in which a terminal would show it.
#[derive(Debug)]
pub(crate) struct Shell {
    folder: PathBuf,
    environment: Vec<(OsString, OsString)>,
    status: i32,
    server: Option<Running>,
}

/// Why a command did not do what the page shows.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShellError {
    /// The program could not be started, or not be watched.
    #[error("the command cannot be run: {0}")]
    Io(#[from] io::Error),
    /// The program printed something else.
    #[error("the page shows\n{}\nbut this was printed\n{}", indent(.shown), indent(.printed))]
    Output {
        /// What the page shows.
        shown: Vec<String>,
        /// What was printed.
        printed: Vec<String>,
    },
    /// The program neither ended nor printed what was waited for.
    #[error("nothing happens any more, after this was printed\n{}", indent(.printed))]
    Stuck {
        /// What was printed.
        printed: Vec<String>,
    },
}

impl Shell {
    /// Opens a terminal in a folder.
    pub(crate) fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            environment: Vec::new(),
            status: 0,
            server: None,
        }
    }

    /// Sets an environment variable for every command.
    pub(crate) fn set(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) {
        let (name, value) = (name.as_ref().to_owned(), value.as_ref().to_owned());
        self.environment.push((name, value));
    }

    /// The folder in which the next command runs.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs a command to its end, and compares all that it prints with what the page shows.
    ///
    /// # Errors
    ///
    /// [`ShellError`] if it prints something else, cannot be run or does not end.
    pub(crate) fn run(&mut self, command: &str, shown: &[String]) -> Result<(), ShellError> {
        if let Some(folder) = command.strip_prefix("cd ") {
            self.folder = self.folder.join(folder).canonicalize()?;
            self.status = 0;
            return Ok(());
        }
        if let Some((name, _)) = command
            .strip_prefix("export ")
            .and_then(|rest| rest.split_once('='))
        {
            let mut shell = self.spawn(&format!("{command}; echo \"${name}\""))?;
            shell.read_to_end()?;
            self.set(name, shell.printed.join("\n"));
            self.status = 0;
            return Ok(());
        }
        let mut program = self.spawn(command)?;
        let mut parts = shown.split(|line| line == CTRL_C);
        let before = parts.next().unwrap_or_default();
        let mut expected = before.to_vec();
        for part in parts {
            program.read_until_shown(&expected)?;
            program.interrupt()?;
            expected.extend_from_slice(part);
        }
        let status = program.read_to_end()?;
        self.status = status
            .code()
            .or(status.signal().map(|signal| 128 + signal))
            .unwrap_or(1);
        if same_output(&expected, &program.printed) {
            Ok(())
        } else {
            Err(program.printed_something_else(&expected))
        }
    }

    /// Starts a server, and returns once it has printed what the page shows. The server before it is stopped.
    ///
    /// # Errors
    ///
    /// [`ShellError`] if it prints something else, cannot be run or ends at once.
    pub(crate) fn start(&mut self, command: &str, shown: &[String]) -> Result<(), ShellError> {
        self.stop()?;
        let mut server = self.spawn(command)?;
        server.read_until_shown(shown)?;
        self.server = Some(server);
        Ok(())
    }

    /// Presses Ctrl-C where the server runs, if one does, and waits for its end.
    ///
    /// # Errors
    ///
    /// [`ShellError`] if it does not end.
    pub(crate) fn stop(&mut self) -> Result<(), ShellError> {
        if let Some(mut server) = self.server.take() {
            server.interrupt()?;
            server.read_to_end()?;
        }
        Ok(())
    }

    fn spawn(&self, command: &str) -> io::Result<Running> {
        // A single program takes the place of the shell: then its exit status comes through, also
        // after Ctrl-C.
        let exec = if command.contains(['|', ';', '&']) {
            ""
        } else {
            "exec "
        };
        let script = format!("(exit {})\n{exec}{command}", self.status);
        let (reader, writer) = io::pipe()?;
        let child = route_guide_testkit::command("sh")
            .args(["-c", &script])
            .current_dir(&self.folder)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            // What a terminal's Ctrl-C reaches is a process group.
            .process_group(0)
            .spawn()?;
        Ok(Running {
            child,
            lines: lines(reader),
            printed: Vec::new(),
        })
    }
}

/// A program that was started, and all of its children.
#[derive(Debug)]
struct Running {
    child: Child,
    lines: Receiver<String>,
    printed: Vec<String>,
}

impl Running {
    fn read_until_shown(&mut self, shown: &[String]) -> Result<(), ShellError> {
        let end = Instant::now() + PATIENCE;
        while !same_output(shown, &self.printed) {
            // What was printed so far must at least be a beginning.
            let is_beginning = (0..=shown.len()).any(|n| same_output(&shown[..n], &self.printed));
            if !is_beginning || !self.read_line(end)? {
                return Err(self.printed_something_else(shown));
            }
        }
        Ok(())
    }

    fn read_to_end(&mut self) -> Result<ExitStatus, ShellError> {
        let end = Instant::now() + PATIENCE;
        while self.read_line(end)? {}
        Ok(self.child.wait()?)
    }

    /// Waits for a line. There is none if the program has closed its output.
    fn read_line(&mut self, end: Instant) -> Result<bool, ShellError> {
        match self
            .lines
            .recv_timeout(end.saturating_duration_since(Instant::now()))
        {
            Ok(line) => self.printed.push(line),
            Err(RecvTimeoutError::Disconnected) => return Ok(false),
            Err(RecvTimeoutError::Timeout) => {
                return Err(ShellError::Stuck {
                    printed: self.printed.clone(),
                });
            }
        }
        Ok(true)
    }

    fn interrupt(&self) -> io::Result<()> {
        self.signal("INT")
    }

    fn signal(&self, name: &str) -> io::Result<()> {
        // The shell's own `kill`: the program of that name is not installed everywhere.
        let kill = format!("kill -s {name} -- -{}", self.child.id());
        route_guide_testkit::command("sh")
            .args(["-c", &kill])
            .stderr(Stdio::null())
            .status()
            .map(drop)
    }

    fn printed_something_else(&self, shown: &[String]) -> ShellError {
        ShellError::Output {
            shown: shown.to_vec(),
            printed: self.printed.clone(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // After `wait` the number may belong to another process.
        if let Ok(None) = self.child.try_wait() {
            let _ = self.signal("KILL");
            let _ = self.child.wait();
        }
    }
}

/// Reads lines as they come, until every program has closed the pipe.
fn lines(reader: PipeReader) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut reader = BufReader::new(reader);
        let mut line = Vec::new();
        while reader
            .read_until(b'\n', &mut line)
            .is_ok_and(|length| length > 0)
        {
            let text = String::from_utf8_lossy(&line)
                .trim_end_matches('\n')
                .to_owned();
            if sender.send(text).is_err() {
                break;
            }
            line.clear();
        }
    });
    receiver
}

fn indent(lines: &[String]) -> String {
    lines.iter().flat_map(|line| ["    ", line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Shell;

    fn check(shell: &mut Shell, command: &str, shown: &str) {
        let shown: Vec<_> = shown.lines().map(str::to_owned).collect();
        if let Err(err) = shell.run(command, &shown) {
            panic!("{command}: {err}");
        }
    }

    #[test]
    fn folder_variables_and_exit_status_stay_from_command_to_command() {
        let dir = tempfile::tempdir().unwrap();
        let mut shell = Shell::new(dir.path());
        shell.set("GREETING", "hello");
        check(&mut shell, "mkdir a", "");
        check(&mut shell, "cd a", "");
        check(&mut shell, "export NAME=\"$GREETING you\"", "");
        check(
            &mut shell,
            "echo $NAME; echo error >&2; basename $PWD",
            "hello you\nerror\na",
        );
        check(&mut shell, "sh -c 'exit 68'", "");
        check(&mut shell, "echo $?", "68");
        check(&mut shell, "echo $?", "0");
    }

    #[test]
    fn other_output_than_shown_is_an_error() {
        let mut shell = Shell::new("/");
        let err = shell.run("echo a", &["b".to_owned()]).unwrap_err();
        assert_eq!(
            err.to_string(),
            "the page shows\n    b\n\nbut this was printed\n    a\n"
        );
        let err = shell
            .start("sh -c 'echo a; sleep 600'", &["b".to_owned()])
            .unwrap_err();
        assert_eq!(
            err.to_string(),
            "the page shows\n    b\n\nbut this was printed\n    a\n"
        );
    }

    #[test]
    fn ctrl_c_is_pressed_where_the_page_shows_it() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(
            dir.path().join("waits"),
            "trap 'echo stopped; exit 65' INT; echo started; sleep 600",
        )
        .unwrap();
        let mut shell = Shell::new(dir.path());
        check(&mut shell, "sh waits", "started\n^C\nstopped");
        check(&mut shell, "echo $?", "65");
    }

    #[test]
    fn a_server_runs_until_the_next_one_starts() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(
            dir.path().join("serves"),
            "trap 'echo over >$1' INT; echo ready; sleep 600",
        )
        .unwrap();
        let mut shell = Shell::new(dir.path());
        shell
            .start("sh serves first", &["ready".to_owned()])
            .unwrap();
        check(&mut shell, "ls", "serves");
        shell
            .start("sh serves second", &["ready".to_owned()])
            .unwrap();
        check(&mut shell, "ls", "first\nserves");
        shell.stop().unwrap();
        check(&mut shell, "ls", "first\nsecond\nserves");
    }
}

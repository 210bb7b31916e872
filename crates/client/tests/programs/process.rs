//! A program started for one test.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, PipeReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::servers::PATIENCE;

/// A running program; dropping it kills it.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    input: Option<File>,
    lines: Receiver<String>,
    complaints: Receiver<String>,
}

/// What a program left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit status; `None` if a signal killed it.
    pub(crate) code: Option<i32>,
    /// What it wrote to stdout after the lines that were read from it.
    pub(crate) stdout: Vec<String>,
    /// What it wrote to stderr after the lines that were read from it.
    pub(crate) stderr: Vec<String>,
}

impl Ended {
    /// Returns the lines on stdout of a program that must have succeeded in silence.
    pub(crate) fn printed(self) -> Vec<String> {
        assert_eq!(self.code, Some(0), "{self:?}");
        assert!(self.stderr.is_empty(), "{self:?}");
        self.stdout
    }

    /// Returns the one line on stderr of a program that must have failed so.
    pub(crate) fn failed(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.stderr.len(), 1, "{self:?}");
        self.stderr.into_iter().next().unwrap()
    }
}

impl Program {
    /// Starts a program with nothing on stdin.
    pub(crate) fn start(program: &str, arguments: &[&str]) -> Self {
        Self::spawn(command(program, arguments).stdin(Stdio::null()), None)
    }

    /// Starts a program whose stdin is a pipe from the test.
    pub(crate) fn piped(program: &str, arguments: &[&str]) -> Self {
        let (reader, writer) = std::io::pipe().unwrap();
        let input = File::from(std::os::fd::OwnedFd::from(writer));
        Self::spawn(command(program, arguments).stdin(reader), Some(input))
    }

    /// Starts a program whose stdin is a terminal at which the test types.
    pub(crate) fn at_terminal(program: &str, arguments: &[&str]) -> Self {
        let (keyboard, terminal) = terminal();
        Self::spawn(command(program, arguments).stdin(terminal), Some(keyboard))
    }

    /// Starts a program whose output nobody reads any more, as after `head` has seen enough.
    pub(crate) fn unread(program: &str, arguments: &[&str]) -> Self {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = command(program, arguments);
        Self::spawn(command.stdin(Stdio::null()).stdout(writer), None)
    }

    /// Starts a program whose output nobody reads, but may.
    pub(crate) fn stuck(program: &str, arguments: &[&str]) -> (Self, PipeReader) {
        let (reader, writer) = std::io::pipe().unwrap();
        let mut command = command(program, arguments);
        command.stdin(Stdio::null()).stdout(writer);
        let program = Self::spawn(&mut command, None);
        (program, reader)
    }

    fn spawn(command: &mut Command, input: Option<File>) -> Self {
        let mut child = command.spawn().unwrap();
        let lines = match child.stdout.take() {
            Some(pipe) => read_lines(pipe),
            None => channel().1,
        };
        let complaints = read_lines(child.stderr.take().unwrap());
        Self {
            child,
            input,
            lines,
            complaints,
        }
    }

    /// Types or pipes in some text.
    pub(crate) fn write(&mut self, text: impl AsRef<[u8]>) {
        let input = self.input.as_mut().unwrap();
        input.write_all(text.as_ref()).unwrap();
    }

    /// Ends the input.
    pub(crate) fn close_input(&mut self) {
        self.input = None;
    }

    /// Waits for the next line on stdout.
    pub(crate) fn line(&mut self) -> String {
        self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| {
            let _ = self.child.kill();
            panic!(
                "no line, but {:?}",
                self.complaints.iter().collect::<Vec<_>>()
            );
        })
    }

    /// Waits for the next line on stderr.
    pub(crate) fn complaint(&mut self) -> String {
        self.complaints.recv_timeout(PATIENCE).unwrap_or_else(|_| {
            let _ = self.child.kill();
            panic!(
                "no complaint, but {:?}",
                self.lines.iter().collect::<Vec<_>>()
            );
        })
    }

    /// Sends a signal, named as for `kill`.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        let status = Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(status.success(), "{kill}");
    }

    /// Ends the input, and waits for the program to end well, whatever it prints.
    pub(crate) fn ends_well(mut self) {
        self.close_input();
        assert_eq!(self.ended().code, Some(0));
    }

    /// Waits for the program to end.
    pub(crate) fn ended(mut self) -> Ended {
        // Its pipes close when it ends.
        let mut stderr = Vec::new();
        loop {
            match self.complaints.recv_timeout(PATIENCE) {
                Ok(line) => stderr.push(line),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                    panic!("the program goes on after {stderr:?}")
                }
            }
        }
        Ended {
            code: self.child.wait().unwrap().code(),
            stdout: self.lines.iter().collect(),
            stderr,
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

fn read_lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (say, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines() {
            // The test may have seen enough.
            if say.send(line.unwrap()).is_err() {
                return;
            }
        }
    });
    lines
}

/// Makes a terminal: the side of who sits at it, and the side of programs.
pub(crate) fn terminal() -> (File, File) {
    let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&keyboard).unwrap();
    unlockpt(&keyboard).unwrap();
    let name = ptsname(&keyboard, Vec::new()).unwrap();
    let mut terminal = OpenOptions::new();
    let terminal = terminal.read(true).write(true).open(name.to_str().unwrap());
    (File::from(keyboard), terminal.unwrap())
}

pub(crate) fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = route_guide_testkit::command(program);
    command
        .args(arguments)
        .env_remove("ROUTE_GUIDE_TARGET")
        // Help texts are as wide as the terminal; without one, 100 columns.
        .env_remove("COLUMNS")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs a program to its end, with nothing on stdin.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Ended {
    Program::start(program, arguments).ended()
}

/// Runs a program to its end, with some input.
pub(crate) fn run_with_input(program: &str, arguments: &[&str], input: impl AsRef<[u8]>) -> Ended {
    let mut program = Program::piped(program, arguments);
    // A program that has found a fault in its input does not read the rest.
    let _ = program.input.as_mut().unwrap().write_all(input.as_ref());
    program.close_input();
    program.ended()
}

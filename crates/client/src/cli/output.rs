//! What a command prints: messages on standard output, everything else on [standard error](stderr).
//!
//! Both are written on threads of their own. A pager that is paused, or a pipe that nobody reads, then stops only who has
//! something to print: the connection goes on answering the server, deadlines pass, and Ctrl-C ends the command.

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::Command;
use clap_complete::Shell;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

pub(super) use self::metadata::StderrObserver;
pub(super) use self::stderr::complain;
use super::failure::Failure;
use crate::call::deadline::Deadline;
use crate::printable::{Lines, printable_json};

mod metadata;
pub(super) mod stderr;

/// Standard output, shared between the two directions of a call.
///
/// What waits to be written is bounded: who prints more waits, and so reads no more from the call.
#[derive(Clone)]
pub(super) struct Output {
    jobs: mpsc::Sender<Job>,
    /// What was printed with [`message_buffered`](Self::message_buffered).
    buffer: Arc<Mutex<String>>,
    unwritten: Arc<Unwritten>,
    /// Why nothing can be written any more.
    fault: Arc<OnceLock<io::Error>>,
    json: bool,
    /// When waiting for the reader ends, because the call does.
    deadline: Option<Deadline>,
}

enum Job {
    Write(String),
    Finish(oneshot::Sender<()>),
}

/// How many pieces may wait to be written, each of which is one message or about as many bytes of smaller ones.
const AHEAD: usize = 4;
const PIECE_BYTES: usize = 64 << 10;

impl Output {
    pub(super) fn stdout(json: bool) -> Self {
        Self::new(AfterStderr(io::stdout()), json)
    }

    pub(super) fn new(sink: impl Write + Send + 'static, json: bool) -> Self {
        let (jobs, received) = mpsc::channel(AHEAD);
        let fault = Arc::new(OnceLock::new());
        let said = Arc::clone(&fault);
        let unwritten = Arc::<Unwritten>::default();
        let counted = Arc::clone(&unwritten);
        // A write to a pipe cannot be interrupted, so nobody waits for this thread but in `finish`.
        thread::spawn(move || {
            write(sink, received, &counted, &said);
            counted.set(|_| 0);
        });
        Self {
            jobs,
            buffer: Arc::default(),
            unwritten,
            fault,
            json,
            deadline: None,
        }
    }

    /// Returns the same output for a call, with whose time waiting for the reader ends too.
    pub(super) fn of_call(&self, deadline: Option<Deadline>) -> Self {
        Self {
            deadline,
            ..self.clone()
        }
    }

    /// Tells whether messages are printed as JSON.
    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    /// Prints a line that is no message, such as a heading. With `--json` there are none.
    pub(super) async fn note(&self, line: impl Display) -> Result<(), Failure> {
        if self.json {
            return Ok(());
        }
        self.add(&Lines(line));
        self.flush().await
    }

    /// Prints a message: the line for people, or the message itself with `--json`. Nothing in either drives a terminal.
    pub(super) async fn message(
        &self,
        line: impl Display,
        message: &impl Serialize,
    ) -> Result<(), Failure> {
        self.add_message(line, message)?;
        self.flush().await
    }

    /// Prints a message that others may follow at once; it appears with the next [`flush`](Self::flush) at the latest.
    pub(super) async fn message_buffered(
        &self,
        line: impl Display,
        message: &impl Serialize,
    ) -> Result<(), Failure> {
        if self.add_message(line, message)? < PIECE_BYTES {
            return Ok(());
        }
        self.flush().await
    }

    /// Prints the completion script of a program for a shell.
    pub(super) async fn completions(
        &self,
        shell: Shell,
        program: &mut Command,
    ) -> Result<(), Failure> {
        let name = program.get_name().to_owned();
        // The generator panics if it cannot write, so it writes to memory.
        let mut script = Vec::new();
        clap_complete::generate(shell, program, name, &mut script);
        self.add(&String::from_utf8_lossy(&script).trim_end());
        self.flush().await
    }

    /// Hands on what was printed. Waits while much of what came before is not written yet.
    pub(super) async fn flush(&self) -> Result<(), Failure> {
        if self.buffer().is_empty() {
            return Ok(());
        }
        let room = async { self.jobs.reserve().await.map_err(|_closed| self.broken()) };
        let room = match &self.deadline {
            None => room.await?,
            Some(deadline) => tokio::time::timeout_at(deadline.at(), room)
                .await
                .map_err(|_elapsed| Failure::Status(deadline.status()))??,
        };
        self.hand_on(room);
        Ok(())
    }

    fn hand_on(&self, room: mpsc::Permit<'_, Job>) {
        let piece = std::mem::take(&mut *self.buffer());
        if !piece.is_empty() {
            self.unwritten.set(|pieces| pieces + 1);
            room.send(Job::Write(piece));
        }
    }

    /// Blocks until everything is written, for this long at most.
    pub(super) fn finish_within(&self, patience: Duration) {
        if let Ok(room) = self.jobs.try_reserve() {
            self.hand_on(room);
        }
        self.unwritten.wait(patience);
    }

    /// Waits until everything is written.
    pub(super) async fn finish(&self) -> Result<(), Failure> {
        self.flush().await?;
        let (done, is_done) = oneshot::channel();
        let sent = self.jobs.send(Job::Finish(done)).await;
        sent.map_err(|_closed| self.broken())?;
        is_done.await.map_err(|_ended| self.broken())
    }

    fn add_message(&self, line: impl Display, message: &impl Serialize) -> Result<usize, Failure> {
        if self.json {
            let json =
                serde_json::to_string(message).context("cannot write the message as JSON")?;
            Ok(self.add(&printable_json(&json)))
        } else {
            Ok(self.add(&Lines(line)))
        }
    }

    /// Adds a line, and returns how much there is to flush.
    fn add(&self, line: &dyn Display) -> usize {
        use std::fmt::Write as _;
        let mut buffer = self.buffer();
        // Writing to a string cannot fail.
        let _ = writeln!(buffer, "{line}");
        buffer.len()
    }

    fn buffer(&self) -> std::sync::MutexGuard<'_, String> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nothing can be written any more, and returns why.
    pub(super) async fn failed(&self) -> Failure {
        self.jobs.closed().await;
        self.broken()
    }

    /// A reader who has seen enough, as `head` has, is no failure.
    fn broken(&self) -> Failure {
        match self.fault.get() {
            Some(err) if err.kind() == io::ErrorKind::BrokenPipe => Failure::OutputClosed,
            Some(err) => Failure::Local(anyhow!("cannot write to standard output: {err}")),
            None => Failure::Local(anyhow!("cannot write to standard output")),
        }
    }
}

/// Standard output, after the lines of standard error that go to the same place.
struct AfterStderr(io::Stdout);

impl Write for AfterStderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        stderr::come_first();
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// How many pieces are on their way to be written.
#[derive(Default)]
struct Unwritten {
    pieces: Mutex<usize>,
    fewer: Condvar,
}

impl Unwritten {
    fn set(&self, change: impl FnOnce(usize) -> usize) {
        let mut pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        *pieces = change(*pieces);
        self.fewer.notify_all();
    }

    fn wait(&self, patience: Duration) {
        let pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        // Either way nobody waits any longer.
        let _ = self
            .fewer
            .wait_timeout_while(pieces, patience, |pieces| *pieces > 0);
    }
}

/// Writes until there is nothing more to print, or writing fails.
///
/// The fault is set before anything is dropped that somebody waits for: who sees the end must find the reason.
fn write(
    mut sink: impl Write,
    mut jobs: mpsc::Receiver<Job>,
    unwritten: &Unwritten,
    fault: &OnceLock<io::Error>,
) {
    while let Some(job) = jobs.blocking_recv() {
        let written = match &job {
            Job::Write(piece) => sink.write_all(piece.as_bytes()).and_then(|()| {
                if jobs.is_empty() {
                    sink.flush()
                } else {
                    Ok(())
                }
            }),
            Job::Finish(_) => sink.flush(),
        };
        if let Err(err) = written {
            // There is no other thread that sets it.
            let _ = fault.set(err);
            return;
        }
        match job {
            Job::Write(_) => unwritten.set(|pieces| pieces.saturating_sub(1)),
            // Whoever asked may have stopped waiting.
            Job::Finish(done) => drop(done.send(())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use proptest::prelude::*;
    use route_guide_proto::routeguide::{Feature, RouteNote};

    use super::{Failure, Output};
    use crate::cli::lines;
    use crate::printable::tests::{drives_a_terminal, wild};

    /// What was printed, for the test to look at.
    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A pipe whose reader is gone, which is noticed when it is written to or only when it is flushed.
    struct Closed {
        takes_bytes: bool,
    }

    impl Write for Closed {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.takes_bytes {
                return Ok(bytes.len());
            }
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }

    /// Once in a hundred times the reason was not there yet when the end was seen, and `list | head` failed.
    #[test]
    fn who_sees_the_end_of_the_output_finds_its_reason() {
        for attempt in 0..500 {
            let sink = Closed {
                takes_bytes: attempt % 2 == 0,
            };
            run(async {
                let output = Output::new(sink, false);
                output.add(&"a line");
                let finished = output.finish().await;
                assert!(matches!(finished, Err(Failure::OutputClosed)), "{attempt}");
                let failed = output.failed().await;
                assert!(matches!(failed, Failure::OutputClosed), "{attempt}");
            });
        }
    }

    fn run(task: impl Future<Output = ()>) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.build().unwrap().block_on(task);
    }

    proptest! {
        /// Whatever a server sends, a message is one line, and a line break is the only control character of it.
        #[test]
        fn messages_are_lines_that_drive_nothing(text in wild(), json: bool) {
            let paper = Paper::default();
            let printed = || String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
            let output = Output::new(paper.clone(), json);
            let feature = Feature { name: text.clone(), ..Feature::default() };
            let note = RouteNote { message: text.clone(), ..RouteNote::default() };
            run(async {
                output.message(lines::called(&feature), &feature).await.unwrap();
                output.message(lines::theirs(&note), &note).await.unwrap();
                output.message_buffered(lines::received(&note), &note).await.unwrap();
                output.finish().await.unwrap();
            });
            prop_assert_eq!(printed().split_inclusive('\n').count(), 3, "{:?}", printed());
            prop_assert!(!printed().contains(|c| c != '\n' && drives_a_terminal(c)), "{}", printed());
            // A heading, or anything else that is made of text as it is.
            run(async {
                output.note(&text).await.unwrap();
                output.finish().await.unwrap();
            });
            prop_assert!(!printed().contains(|c| c != '\n' && drives_a_terminal(c)), "{}", printed());
        }
    }
}

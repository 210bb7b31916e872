//! Lines on their way to where they are written.

use std::io::{ErrorKind, Write};
use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};

/// How many bytes of lines may wait; more are lost.
const MOST_WAITING_BYTES: usize = 1 << 20;

/// Lines that wait for one thread to write them. Whoever brings a line never waits for that.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    /// Lines that will never be written, since this was last said.
    lost: u64,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Open,
    /// What waits is written, and then no more.
    Closing,
    Closed,
}

impl Queue {
    /// Appends whole lines, or counts one as lost if there is no room.
    pub(super) fn push(&self, lines: &[u8]) {
        let mut state = self.lock();
        if state.waiting.len() + lines.len() > MOST_WAITING_BYTES {
            state.lost += 1;
        } else {
            state.waiting.extend_from_slice(lines);
            self.changed.notify_all();
        }
    }

    /// Writes what waits and what comes, until the queue is closed and empty.
    ///
    /// `more` returns further lines. It is called with each write, at least once in `pause`; with `true` at the end.
    pub(super) fn write_to(
        &self,
        output: impl Write,
        pause: Duration,
        mut more: impl FnMut(bool) -> String,
    ) {
        let mut output = Output { output, cut: false };
        let mut state = self.lock();
        loop {
            let idle = |state: &mut State| state.waiting.is_empty() && state.phase == Phase::Open;
            let waited = self.changed.wait_timeout_while(state, pause, idle);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            let end = state.phase != Phase::Open;
            let mut lines = mem::take(&mut state.waiting);
            let lost = mem::take(&mut state.lost);
            drop(state);
            lines.extend_from_slice(more(end).as_bytes());
            let lost = output.write(lost, &lines, end);
            state = self.lock();
            state.lost += lost;
            if end && state.waiting.is_empty() {
                state.phase = Phase::Closed;
                self.changed.notify_all();
                return;
            }
        }
    }

    /// Waits until everything is written that has been pushed, but not longer than `patience`.
    pub(super) fn close(&self, patience: Duration) {
        let mut state = self.lock();
        if state.phase == Phase::Open {
            state.phase = Phase::Closing;
        }
        self.changed.notify_all();
        let open = |state: &mut State| state.phase != Phase::Closed;
        // If nobody reads what is written, the thread that waits for it ends with the process.
        drop(self.changed.wait_timeout_while(state, patience, open));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Lines are whole whenever the lock is free.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Output<W> {
    output: W,
    /// Whether a failure has left the beginning of a line.
    cut: bool,
}

impl<W: Write> Output<W> {
    /// Writes lines, before them how many were `lost`; returns how many are lost now.
    fn write(&mut self, lost: u64, lines: &[u8], end: bool) -> u64 {
        if lines.is_empty() && !(end && lost > 0) {
            // Whether writing works again shows when there is something to write.
            return lost;
        }
        if lost > 0 && self.write_all(report(lost).as_bytes()).is_err() {
            return lost + count(lines);
        }
        match self.write_all(lines) {
            Ok(()) => 0,
            Err(written) => count(&lines[written..]),
        }
    }

    /// Returns how many bytes were written before an error.
    fn write_all(&mut self, bytes: &[u8]) -> Result<(), usize> {
        if self.cut {
            self.write_bytes(b"\n").map_err(|_nothing| 0_usize)?;
            self.cut = false;
        }
        let written = self.write_bytes(bytes);
        if let Err(written @ 1..) = written {
            self.cut = bytes[written - 1] != b'\n';
        }
        written
    }

    fn write_bytes(&mut self, bytes: &[u8]) -> Result<(), usize> {
        let mut written = 0;
        while written < bytes.len() {
            match self.output.write(&bytes[written..]) {
                Ok(0) => return Err(written),
                Ok(more) => written += more,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(written),
            }
        }
        Ok(())
    }
}

/// Counts lines, one that is cut off included.
fn count(lines: &[u8]) -> u64 {
    lines.split_inclusive(|byte| *byte == b'\n').count() as u64
}

fn report(lost: u64) -> String {
    line(&format!(
        "{lost} {} of this log {} lost: stderr could not be written, or not fast enough",
        if lost == 1 { "line" } else { "lines" },
        if lost == 1 { "is" } else { "are" },
    ))
}

/// A line about the log itself, in the form of the others.
pub(super) fn line(message: &str) -> String {
    let mut line = String::new();
    // A time that cannot be told is no reason to say nothing.
    let _ = SystemTime.format_time(&mut Writer::new(&mut line));
    line + "  WARN " + module_path!() + ": " + message + "\n"
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::thread;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    /// A place to write to that does what a test says, one write after the other.
    struct Scripted {
        attempts: Sender<String>,
        /// How many bytes the next write takes; an error if there is none.
        outcomes: Receiver<Option<usize>>,
    }

    impl Write for Scripted {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self
                .attempts
                .send(String::from_utf8_lossy(bytes).into_owned());
            let taken = self.outcomes.recv().ok().flatten();
            taken.map_or(Err(ErrorKind::StorageFull.into()), |most| {
                Ok(most.min(bytes.len()))
            })
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Script {
        queue: Arc<Queue>,
        attempts: Receiver<String>,
        outcomes: Sender<Option<usize>>,
    }

    impl Script {
        fn start() -> Self {
            let queue = Arc::new(Queue::default());
            let (attempts, seen) = channel();
            let (outcomes, told) = channel();
            let output = Scripted {
                attempts,
                outcomes: told,
            };
            let written = Arc::clone(&queue);
            thread::spawn(move || written.write_to(output, PATIENCE, |_| String::new()));
            Self {
                queue,
                attempts: seen,
                outcomes,
            }
        }

        /// Waits for the next write.
        fn attempt(&self) -> String {
            self.attempts.recv_timeout(PATIENCE).unwrap()
        }

        fn succeed(&self) {
            self.outcomes.send(Some(usize::MAX)).unwrap();
        }

        fn fail(&self) {
            self.outcomes.send(None).unwrap();
        }
    }

    #[test]
    fn lost_lines_are_counted_and_reported_once_when_writing_works_again() {
        let log = Script::start();
        log.queue.push(b"one\n");
        assert_eq!(log.attempt(), "one\n");
        log.queue.push(b"two\nthree\n");
        log.fail();
        assert!(log.attempt().ends_with(
            "1 line of this log is lost: stderr could not be written, or not fast enough\n"
        ));
        log.queue.push(b"four\n");
        log.fail();
        assert!(log.attempt().contains("3 lines of this log are lost"));
        log.succeed();
        assert_eq!(log.attempt(), "four\n");
        log.queue.push(b"five\n");
        log.succeed();
        assert_eq!(log.attempt(), "five\n");
        log.succeed();
        log.queue.close(PATIENCE);
        assert!(log.attempts.try_recv().is_err());
    }

    #[test]
    fn a_line_that_was_cut_off_counts_as_lost_and_the_next_begins_anew() {
        let log = Script::start();
        log.queue.push(b"one\ntwo\nthree\n");
        log.attempt();
        log.outcomes.send(Some(6)).unwrap();
        assert_eq!(log.attempt(), "o\nthree\n");
        log.queue.push(b"four\n");
        log.fail();
        assert_eq!(log.attempt(), "\n");
        log.succeed();
        assert!(log.attempt().contains("2 lines of this log are lost"));
        log.succeed();
        assert_eq!(log.attempt(), "four\n");
    }

    #[test]
    fn whoever_brings_lines_never_waits_and_what_has_no_room_is_lost() {
        let log = Script::start();
        log.queue.push(b"first\n");
        log.attempt();
        // The write of the first is not over.
        let line = [&[b'x'; 1023][..], b"\n"].concat();
        for _ in 0..MOST_WAITING_BYTES / 1024 + 5 {
            log.queue.push(&line);
        }
        log.queue.close(Duration::ZERO);
        log.succeed();
        assert!(log.attempt().contains("5 lines of this log are lost"));
        log.succeed();
        assert_eq!(log.attempt().len(), MOST_WAITING_BYTES);
        log.succeed();
        log.queue.close(PATIENCE);
    }

    #[test]
    fn what_is_lost_is_said_at_the_end_if_nothing_comes_any_more() {
        let log = Script::start();
        log.queue.push(b"one\n");
        log.attempt();
        log.fail();
        log.queue.close(Duration::ZERO);
        assert!(log.attempt().contains("1 line of this log is lost"));
        log.succeed();
        log.queue.close(PATIENCE);
    }
}

//! Standard error, which is written on a thread of its own.
//!
//! A pipe that nobody reads stops only that thread: the connection keeps answering the server, and Ctrl-C ends the command.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use crate::printable::Lines;

/// Lines are lost, and counted, while this much waits to be written.
const MOST_WAITING_BYTES: usize = 1 << 20;

static STDERR: OnceLock<Arc<Queue>> = OnceLock::new();

fn stderr() -> &'static Queue {
    STDERR.get_or_init(|| Queue::start(io::stderr()))
}

/// Prints a line, escaped for a terminal. Never waits: while 1 MiB is unread, the line is lost.
///
/// A closed standard error is ignored, because there is no other place to report it.
pub(in crate::cli) fn complain(line: impl Display) {
    stderr().add(line);
}

/// Prints the last line of the process, however much is unread, and blocks until it is written or `patience` is over.
pub(in crate::cli) fn complain_last(line: impl Display, patience: Duration) {
    stderr().add_last(line);
    finish_within(patience);
}

/// Blocks until everything is written, for this long at most.
pub(in crate::cli) fn finish_within(patience: Duration) {
    if let Some(queue) = STDERR.get() {
        queue.finish_within(patience);
    }
}

/// Blocks until every line so far is written, if standard output goes to the same place: what the caller writes there comes
/// after them.
pub(in crate::cli) fn come_first() {
    /// Whoever does not read one of the two does not read the other either.
    const PATIENCE: Duration = Duration::from_secs(1);
    static IS_SHARED: LazyLock<bool> = LazyLock::new(is_shared);
    if *IS_SHARED {
        finish_within(PATIENCE);
    }
}

/// Whether both outputs are one terminal, pipe or file.
fn is_shared() -> bool {
    if io::stdout().is_terminal() && io::stderr().is_terminal() {
        return true;
    }
    #[cfg(unix)]
    {
        use std::fs::File;
        use std::os::fd::{AsFd as _, BorrowedFd};
        use std::os::unix::fs::MetadataExt as _;
        let identity = |output: BorrowedFd<'_>| {
            let metadata = File::from(output.try_clone_to_owned()?).metadata()?;
            io::Result::Ok((metadata.dev(), metadata.ino()))
        };
        let identities = (
            identity(io::stdout().as_fd()),
            identity(io::stderr().as_fd()),
        );
        matches!(identities, (Ok(stdout), Ok(stderr)) if stdout == stderr)
    }
    #[cfg(not(unix))]
    false
}

/// Text on its way to a thread that writes it.
#[derive(Debug, Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: String,
    lost_lines: u64,
    is_writing: bool,
}

impl Queue {
    fn start(sink: impl Write + Send + 'static) -> Arc<Self> {
        let queue = Arc::<Self>::default();
        let written = Arc::clone(&queue);
        // A write to a pipe cannot be interrupted, so nobody waits for this thread but in `finish_within`.
        thread::spawn(move || written.write_to(sink));
        queue
    }

    fn add(&self, line: impl Display) {
        let mut state = self.state();
        if state.waiting.len() < MOST_WAITING_BYTES {
            state.add(line);
            self.changed.notify_all();
        } else {
            state.lost_lines += 1;
        }
    }

    fn add_last(&self, line: impl Display) {
        let mut state = self.state();
        state.report_lost_lines();
        state.add(line);
        self.changed.notify_all();
    }

    fn finish_within(&self, patience: Duration) {
        let is_unfinished = |state: &mut State| state.is_writing || !state.waiting.is_empty();
        // The caller goes on either way.
        let _ = self
            .changed
            .wait_timeout_while(self.state(), patience, is_unfinished);
    }

    fn write_to(&self, mut sink: impl Write) {
        loop {
            let text = self.next();
            // See `complain`.
            let _ = sink.write_all(text.as_bytes()).and_then(|()| sink.flush());
            self.state().is_writing = false;
            self.changed.notify_all();
        }
    }

    /// Waits for text.
    fn next(&self) -> String {
        let is_empty = |state: &mut State| state.waiting.is_empty();
        let state = self.changed.wait_while(self.state(), is_empty);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        state.report_lost_lines();
        state.is_writing = true;
        std::mem::take(&mut state.waiting)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(&mut self, line: impl Display) {
        use std::fmt::Write as _;
        // Writing to a string cannot fail.
        let _ = writeln!(self.waiting, "{}", Lines(line));
    }

    fn report_lost_lines(&mut self) {
        match std::mem::take(&mut self.lost_lines) {
            0 => {}
            1 => self.add("1 line was lost here, because the lines before it were not read"),
            lost => self.add(format_args!(
                "{lost} lines were lost here, because the lines before them were not read"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Duration;

    use super::{MOST_WAITING_BYTES, Queue};

    const PATIENCE: Duration = Duration::from_secs(60);

    /// A sink that hands each write to a reader, and waits until the reader asks for it.
    struct Pipe {
        reads: Receiver<()>,
        text: Sender<String>,
    }

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.reads
                .recv()
                .map_err(|_gone| io::ErrorKind::BrokenPipe)?;
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            self.text
                .send(text)
                .map_err(|_gone| io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_nobody_reads_cost_no_wait_and_are_counted() {
        let (read, reads) = channel();
        let (text, received) = channel();
        let queue = Queue::start(Pipe { reads, text });
        let line = "x".repeat(1_000);
        for _ in 0..10_000 {
            queue.add(&line);
        }
        queue.add_last("the end");
        queue.finish_within(Duration::ZERO);

        let mut all = String::new();
        while !all.ends_with("the end\n") {
            read.send(()).unwrap();
            all.push_str(&received.recv_timeout(PATIENCE).unwrap());
        }
        queue.finish_within(PATIENCE);
        let kept = all.lines().filter(|kept| *kept == line).count();
        assert!(kept * 1_000 >= MOST_WAITING_BYTES - 2_000, "{kept} lines");
        let lost = 10_000 - kept;
        let end = format!(
            "{lost} lines were lost here, because the lines before them were not read\nthe end\n"
        );
        assert!(all.ends_with(&end), "{}", &all[all.len() - 200..]);
    }

    #[test]
    fn what_is_written_after_the_reader_has_gone_is_thrown_away() {
        let (_, reads) = channel();
        let (text, _) = channel();
        let queue = Queue::start(Pipe { reads, text });
        queue.add("one");
        queue.add("two");
        queue.finish_within(PATIENCE);
        assert!(queue.state().waiting.is_empty());
    }
}

//! How far a command is, told on stderr.

use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use route_guide_import::Progress;

use crate::text::counted;
use crate::text::{escaped, say};

const REDRAW: Duration = Duration::from_millis(100);

/// How often a line is written where there is no terminal.
const LINE: Duration = Duration::from_secs(5);

/// A thread that shows progress until it is dropped: as a bar on a terminal, elsewhere as lines.
#[derive(Debug)]
pub(super) struct Display {
    bar: Option<ProgressBar>,
    done: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Display {
    /// Begins to show how far an input is read.
    pub(super) fn reading(input: &str, progress: Progress) -> Self {
        let bar = bar(input, progress.total_bytes());
        let input = input.to_owned();
        Self::start(bar, LINE, move |bar, elapsed| match bar {
            Some(bar) => {
                bar.set_position(progress.bytes_read());
                let rows = HumanCount(progress.rows());
                let rate = HumanCount(rows_per_second(&progress, elapsed));
                bar.set_message(format!("{rows} rows, {rate} rows/s"));
            }
            None => say(&line(&input, &progress, elapsed)),
        })
    }

    /// Begins to show that an output is written.
    pub(super) fn writing(output: &Path) -> Self {
        let output = output.display().to_string();
        let bar = on_terminal("{prefix}: sorting and writing, {elapsed}", &output, None);
        Self::start(bar, LINE, move |bar, elapsed| match bar {
            Some(bar) => bar.tick(),
            None => say(&format!(
                "{output}: sorting and writing for {} s",
                elapsed.as_secs()
            )),
        })
    }

    /// Begins to show; without a bar, after each such interval.
    fn start(
        bar: Option<ProgressBar>,
        line_interval: Duration,
        show: impl Fn(Option<&ProgressBar>, Duration) + Send + 'static,
    ) -> Self {
        let (done, over) = channel::<()>();
        let shown = bar.clone();
        let thread = thread::Builder::new().spawn(move || {
            let start = Instant::now();
            let mut interval = line_interval;
            if shown.is_some() {
                interval = REDRAW;
                show(shown.as_ref(), start.elapsed());
            }
            while over.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                show(shown.as_ref(), start.elapsed());
            }
            if let Some(bar) = shown {
                bar.finish_and_clear();
            }
        });
        Self {
            bar,
            done: Some(done),
            // Without a thread the work goes on unseen.
            thread: thread.ok(),
        }
    }

    /// Writes a line, above the bar if there is one.
    pub(super) fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| say(line)),
            None => say(line),
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // The thread ends when nobody can tell it anything any more.
        drop(self.done.take());
        if let Some(thread) = self.thread.take() {
            // It shows and decides nothing, so its panic is not worth another.
            let _ = thread.join();
        }
    }
}

fn bar(input: &str, total_bytes: Option<u64>) -> Option<ProgressBar> {
    let template = match total_bytes {
        Some(_) => "{prefix} [{bar:30}] {percent} % {msg}, {eta} left",
        None => "{prefix} {bytes} {msg}",
    };
    on_terminal(template, input, total_bytes)
}

/// Makes a bar if there is a terminal to draw it on.
fn on_terminal(template: &str, prefix: &str, len: Option<u64>) -> Option<ProgressBar> {
    if !io::stderr().is_terminal() {
        return None;
    }
    let bar = ProgressBar::with_draw_target(len, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template(template);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_prefix(escaped(prefix).into_owned());
    Some(bar)
}

/// Says in a line how far an input is read.
fn line(input: &str, progress: &Progress, elapsed: Duration) -> String {
    let part = progress
        .total_bytes()
        .filter(|total| *total > 0)
        .map(|total| {
            let percent = progress.bytes_read().saturating_mul(100) / total;
            format!(", {percent} %")
        });
    let rows = counted(progress.rows(), "row", "rows");
    let rate = rows_per_second(progress, elapsed);
    let part = part.unwrap_or_default();
    format!("{input}: {rows}, {rate} rows/s{part}")
}

fn rows_per_second(progress: &Progress, elapsed: Duration) -> u64 {
    let millis = elapsed.as_millis().max(1);
    u64::try_from(u128::from(progress.rows()) * 1000 / millis).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Cursor;
    use std::ops::ControlFlow;
    use std::sync::mpsc::TryRecvError;

    use route_guide_import::{Import, Options};

    use super::*;

    const TABLE: &str = "lat,lon,name\n1,2,a\n3,4,b\n5,6,c\n";

    #[test]
    fn a_line_tells_rows_their_rate_and_how_much_of_a_file_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("places.csv");
        fs::write(&path, TABLE).unwrap();
        let file = Import::open(&path, Options::default()).unwrap();
        let pipe = Import::from_reader("-.csv", Cursor::new(TABLE), Options::default()).unwrap();
        for (import, part) in [(file, ", 100 %"), (pipe, "")] {
            let progress = import.progress();
            let mut told = Vec::new();
            let outcome = import.run(|_| {
                told.push(line("x", &progress, Duration::from_secs(2)));
                ControlFlow::<()>::Continue(())
            });
            assert!(outcome.is_ok());
            // The file is short, and read at once.
            let expected = [
                "x: 1 row, 0 rows/s",
                "x: 2 rows, 1 rows/s",
                "x: 3 rows, 1 rows/s",
            ];
            assert_eq!(told, expected.map(|rows| format!("{rows}{part}")));
        }
    }

    #[test]
    fn an_empty_file_has_no_part_that_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("places.csv");
        fs::write(&path, "").unwrap();
        let import = Import::open(&path, Options::default()).unwrap();
        let told = line("x", &import.progress(), Duration::ZERO);
        assert_eq!(told, "x: 0 rows, 0 rows/s");
    }

    #[test]
    fn without_a_terminal_a_line_comes_after_each_interval_until_the_end() {
        let (shown, seen) = channel();
        let display = Display::start(None, Duration::from_millis(1), move |bar, elapsed| {
            // Nobody sees the last one.
            let _ = shown.send((bar.is_none(), elapsed));
        });
        let (first, second) = (seen.recv().unwrap(), seen.recv().unwrap());
        assert!(first.0 && second.0, "there is no bar to draw on");
        assert!(first.1 >= Duration::from_millis(1) && second.1 > first.1);
        drop(display);
        // What shows is gone with its thread.
        while seen.try_recv().is_ok() {}
        assert_eq!(seen.try_recv(), Err(TryRecvError::Disconnected));
    }
}

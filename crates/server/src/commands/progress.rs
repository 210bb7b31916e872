//! How far an import is, told on stderr.

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use route_guide_import::Progress;

const REDRAW: Duration = Duration::from_millis(100);

/// How often a line is written where there is no terminal.
const LINE: Duration = Duration::from_secs(5);

/// A thread that shows progress until it is dropped.
#[derive(Debug)]
pub(super) struct Display {
    done: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Display {
    /// Begins to show the progress of one input.
    pub(super) fn start(input: &str, progress: Progress) -> Self {
        let input = input.to_owned();
        let (done, over) = channel::<()>();
        let thread = thread::spawn(move || {
            let start = Instant::now();
            let bar = io::stderr().is_terminal().then(|| bar(&input, &progress));
            let interval = if bar.is_some() { REDRAW } else { LINE };
            while over.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                let rate = rows_per_second(&progress, start);
                match &bar {
                    Some(bar) => {
                        bar.set_position(progress.bytes_read());
                        let rows = HumanCount(progress.rows());
                        bar.set_message(format!("{rows} rows, {} rows/s", HumanCount(rate)));
                    }
                    None => tell(&input, &progress, rate),
                }
            }
            if let Some(bar) = bar {
                bar.finish_and_clear();
            }
        });
        Self {
            done: Some(done),
            thread: Some(thread),
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

fn bar(input: &str, progress: &Progress) -> ProgressBar {
    let (len, template) = match progress.total_bytes() {
        Some(total) => (total, "{prefix} [{bar:30}] {percent} % {msg}, {eta} left"),
        None => (0, "{prefix} {bytes} {msg}"),
    };
    let bar = ProgressBar::with_draw_target(Some(len), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template(template);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_prefix(input.to_owned());
    bar
}

fn tell(input: &str, progress: &Progress, rate: u64) {
    let part = progress
        .total_bytes()
        .filter(|total| *total > 0)
        .map(|total| {
            let percent = progress.bytes_read().saturating_mul(100) / total;
            format!(", {percent} %")
        });
    // Nobody is left to tell if stderr is closed.
    let _ = writeln!(
        io::stderr(),
        "{input}: {} rows, {rate} rows/s{}",
        progress.rows(),
        part.unwrap_or_default()
    );
}

fn rows_per_second(progress: &Progress, start: Instant) -> u64 {
    let millis = start.elapsed().as_millis().max(1);
    u64::try_from(u128::from(progress.rows()) * 1000 / millis).unwrap_or(u64::MAX)
}

//! The log on stderr.
//!
//! Logging never makes a call wait and never fails: lines wait in memory for one thread that writes them, and where that
//! is too slow or fails they are lost and counted. tracing-appender's `NonBlocking` discards what cannot be written
//! without counting it, and at the end it may print to a stdout that is closed, which panics.

mod limiter;
mod queue;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::text::escaped;
use limiter::{Limiter, WINDOW};
use queue::Queue;

/// Libraries that say nothing unless the filter names them: what they say, peers decide.
const SILENT: [&str; 7] = [
    "async_nats",
    "h2",
    "hyper",
    "mio",
    "rustls",
    "tonic",
    "tower",
];

/// How long the last lines may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// Handle to the log of this process.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    queue: Arc<Queue>,
}

impl Log {
    /// Starts logging, of panics too, whatever `filter` lets through.
    pub(crate) fn start(filter: &str) -> anyhow::Result<Self> {
        let filter = parse(filter)?;
        // A descriptor of its own: the standard library's stderr is locked while somebody waits in it.
        let stderr = io::stderr().as_fd().try_clone_to_owned();
        let stderr = File::from(stderr.context("cannot use stderr for the log")?);
        let queue = Arc::new(Queue::default());
        let limiter = Limiter::default();
        let (written, mut reports) = (Arc::clone(&queue), limiter.reports());
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || written.write_to(stderr, WINDOW, |last| reports.due(last)))
            .context("cannot start the thread of the log")?;
        let log = Self { queue };
        let lines = tracing_subscriber::fmt::layer()
            .with_ansi(io::stderr().is_terminal())
            .with_writer(log.clone());
        tracing_subscriber::registry()
            .with(lines)
            .with(limiter)
            .with(filter)
            .init();
        std::panic::set_hook(Box::new(|panic| {
            // The error says it better.
            if route_guide_chat::panic_becomes_error() {
                return;
            }
            let what = panic.to_string().replace('\n', " ");
            let trace = Backtrace::capture();
            if trace.status() == BacktraceStatus::Captured {
                tracing::error!("{what}\n{trace}");
            } else {
                tracing::error!("{what}");
            }
        }));
        Ok(log)
    }

    /// Writes a line as it is.
    pub(crate) fn say(&self, line: &str) {
        self.queue.push(format!("{}\n", escaped(line)).as_bytes());
    }

    /// Waits until all lines are written, but not for a reader that does not read.
    pub(crate) fn close(&self) {
        self.queue.close(PATIENCE);
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Lines<'a>;

    fn make_writer(&'a self) -> Lines<'a> {
        Lines(&self.queue)
    }
}

/// Takes lines, each in one write.
#[derive(Debug)]
pub(crate) struct Lines<'a>(&'a Queue);

impl Write for Lines<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn parse(filter: &str) -> anyhow::Result<EnvFilter> {
    let wanted = match filter.trim() {
        "" => "error",
        wanted => wanted,
    };
    let silent = SILENT.map(|library| format!("{library}=off,")).concat();
    EnvFilter::builder().parse(silent + wanted).with_context(|| {
        format!(
            "--log {filter:?}: write a level (error, warn, info, debug, trace) or a filter such as info,h2=debug"
        )
    })
}

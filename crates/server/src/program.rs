//! What both programs do around their server: logging, signals, exit status.

use std::convert::Infallible;
use std::future::Future;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use route_guide_guard::{DrainReport, ListenAddress};
use tokio::runtime::{Handle, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tracing_subscriber::EnvFilter;

use crate::commands::Command;
use crate::counted::counted;
use crate::stderr::say;
use crate::{DataSet, Server};

/// The exit status after a second signal, when the user does not want to wait for the drain.
const INTERRUPTED: i32 = 130;

/// Starts logging on stderr, starts the server and runs it until Ctrl-C or SIGTERM.
///
/// Each open address is announced on stdout by `announce`'s line. The exit status is 0 if every call
/// could end by itself, 1 if one had to be cut or the server could not start. A signal that comes while the server
/// starts ends it at once, with 0: there is no call to wait for.
#[must_use]
pub fn run<E>(
    log: &str,
    runtime: io::Result<Runtime>,
    start: impl Future<Output = Result<Server, E>> + Send + 'static,
    announce: impl Fn(&ListenAddress) -> String,
) -> ExitCode
where
    E: std::error::Error + Send + Sync + 'static,
{
    let outcome = start_logging(log).and_then(|()| {
        let runtime = runtime.context("cannot start the runtime")?;
        let outcome = runtime.block_on(serve(start, announce));
        // A file that is still being loaded is of no use any more: nobody waits for it.
        runtime.shutdown_background();
        outcome
    });
    match outcome {
        Ok(DrainReport { cut_calls: 0, .. }) => ExitCode::SUCCESS,
        Ok(DrainReport { cut_calls, .. }) => {
            let calls = counted(cut_calls as u64, "call", "calls");
            say(&format!(
                "{calls} had to be cut when the drain timeout was over"
            ));
            ExitCode::FAILURE
        }
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Carries out a command that does not serve. The exit status is 0 if that went well, otherwise 1.
#[must_use]
pub fn carry_out(command: &Command) -> ExitCode {
    match command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn serve<E>(
    start: impl Future<Output = Result<Server, E>> + Send + 'static,
    announce: impl Fn(&ListenAddress) -> String,
) -> anyhow::Result<DrainReport>
where
    E: std::error::Error + Send + Sync + 'static,
{
    // Before the ports are open, so that no signal finds the default handler after the announcement.
    let mut signals = Signals::new().context("cannot listen for signals")?;
    let hangup = signal(SignalKind::hangup()).context("cannot listen for signals")?;
    // Loading features blocks for as long as it takes: on a thread where it does not keep a signal waiting.
    let runtime = Handle::current();
    let mut starting = spawn_blocking(move || runtime.block_on(start));
    let server = tokio::select! {
        started = &mut starting => started.context("the start has panicked")??,
        () = signals.next() => return Ok(DrainReport::default()),
    };
    let mut lines = String::new();
    for address in server.addresses() {
        lines.push_str(&announce(address));
        lines.push('\n');
    }
    // A closed stdout is no reason not to serve.
    let mut stdout = io::stdout().lock();
    let _ = stdout
        .write_all(lines.as_bytes())
        .and_then(|()| stdout.flush());
    drop(stdout);

    let shutdown = async {
        signals.next().await;
        tracing::info!("draining; a second signal ends the server at once");
        tokio::spawn(async move {
            signals.next().await;
            std::process::exit(INTERRUPTED);
        });
    };
    let asked = Notify::new();
    let data = server.data_set();
    tokio::select! {
        report = server.run(shutdown) => Ok(report),
        never = keep_current(data, &asked) => match never {},
        never = ask_on_hangup(hangup, &asked) => match never {},
    }
}

/// Reloads the features when their file changes and when somebody asks for it.
async fn keep_current(data: Option<Arc<DataSet>>, asked: &Notify) -> Infallible {
    match data {
        Some(data) => data.keep_current(asked).await,
        None => std::future::pending().await,
    }
}

async fn ask_on_hangup(mut hangup: Signal, asked: &Notify) -> Infallible {
    loop {
        hangup.recv().await;
        asked.notify_one();
    }
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

fn start_logging(filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::builder()
        .parse(filter)
        .with_context(|| format!("cannot read the log filter {filter:?}"))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        .init();
    Ok(())
}

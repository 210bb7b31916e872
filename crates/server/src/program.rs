//! What both programs do around their server: logging, signals, exit status.

use std::convert::Infallible;
use std::future::Future;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use route_guide_guard::{DrainReport, ListenAddress};
use tokio::runtime::{Handle, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;
use tokio::task::spawn_blocking;

use crate::commands::Command;
use crate::logging::Log;
use crate::text::counted;
use crate::text::say;
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
    let log = match Log::start(log) {
        Ok(log) => log,
        Err(error) => {
            say(&format!("error: {error:#}"));
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime
        .context("cannot start the runtime")
        .and_then(|runtime| {
            let outcome = runtime.block_on(serve(start, announce, &log));
            // A file that is still being loaded is of no use any more: nobody waits for it.
            runtime.shutdown_background();
            outcome
        });
    let code = match outcome {
        Ok(report) => told(&report, &log),
        Err(error) => {
            log.say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    };
    log.close();
    code
}

/// Says what the end of the server did to its callers.
fn told(report: &DrainReport, log: &Log) -> ExitCode {
    if report.panicked_calls > 0 {
        let calls = counted(report.panicked_calls as u64, "call", "calls");
        log.say(&format!("{calls} ended because the server panicked"));
    }
    if report.cut_calls == 0 {
        return ExitCode::SUCCESS;
    }
    let calls = counted(report.cut_calls as u64, "call", "calls");
    log.say(&format!(
        "{calls} had to be cut when the drain timeout was over"
    ));
    ExitCode::FAILURE
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
    log: &Log,
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
        let log = log.clone();
        tokio::spawn(async move {
            signals.next().await;
            log.close();
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
    if let Some(data) = data.filter(|data| data.is_of_a_file()) {
        return data.keep_current(asked).await;
    }
    loop {
        asked.notified().await;
        tracing::info!("SIGHUP asks for a reload: there is nothing to reload, the server goes on");
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

//! One run of a program: its channel, its output, and how it ends.

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Context as _;
use tonic::{Code, Status};

use super::flags::SharedFlags;
use super::output::{Output, complain};
use crate::channel::Channel;
use crate::connection::ConnectError;
use crate::explain::{exit_status, explain};
use crate::options::CallOptions;

/// What a command works with.
pub(super) struct Session {
    pub(super) channel: Channel,
    pub(super) options: CallOptions,
    pub(super) output: Output,
    /// The flags that all of this came from.
    #[cfg_attr(
        not(feature = "bench"),
        expect(dead_code, reason = "only bench looks at them")
    )]
    pub(super) shared: SharedFlags,
    #[cfg_attr(
        not(feature = "bench"),
        expect(dead_code, reason = "only bench takes it over")
    )]
    pub(super) interrupt: Interrupt,
}

/// What Ctrl-C does: it ends the command from outside, unless the command sees to it itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Interrupt(Rc<Cell<bool>>);

impl Interrupt {
    /// From now on the command sees to it.
    #[cfg(feature = "bench")]
    pub(super) fn take_over(&self) {
        self.0.set(true);
    }

    /// Waits for what ends the command from outside.
    async fn outside(&self) -> Failure {
        let interrupted = async {
            // Without a handler there is no interrupt.
            if tokio::signal::ctrl_c().await.is_err() || self.0.get() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = interrupted => Failure::Interrupted,
            () = terminated() => Failure::Terminated,
        }
    }
}

/// Waits for SIGTERM, so that the command ends in order: a terminal is left as it was found.
async fn terminated() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut signals) = signal(SignalKind::terminate())
            && signals.recv().await.is_some()
        {
            return;
        }
    }
    std::future::pending::<()>().await;
}

/// Ends the process at the second of two signals, whatever it is doing: the first one may wait for a pipe that nobody
/// reads.
fn end_at_second_signal() -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::sync::Arc;
        use std::sync::atomic::AtomicBool;

        use signal_hook::consts::{SIGINT, SIGTERM};
        use signal_hook::flag::{register, register_conditional_shutdown};
        let is_second = Arc::new(AtomicBool::new(false));
        let statuses = [
            (SIGINT, exit_status(Code::Cancelled)),
            (SIGTERM, TERMINATED),
        ];
        // The flag is looked at before it is set.
        for (signal, status) in statuses {
            register_conditional_shutdown(signal, status.into(), Arc::clone(&is_second))?;
        }
        for (signal, _) in statuses {
            register(signal, Arc::clone(&is_second))?;
        }
    }
    Ok(())
}

/// The exit status that a shell gives a program which SIGTERM has ended.
const TERMINATED: u8 = 128 + 15;

/// How long a command that has failed waits for the reader of its output.
const GRACE: Duration = Duration::from_secs(1);

/// Why a command ended early.
#[derive(Debug)]
pub(super) enum Failure {
    /// The call ended with another status than OK.
    Status(Status),
    /// Something on this side failed.
    Local(anyhow::Error),
    /// The arguments do not go together.
    Usage(clap::Error),
    /// Ctrl-C.
    Interrupted,
    /// SIGTERM.
    Terminated,
    /// Whoever read the output has stopped.
    OutputClosed,
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(err: anyhow::Error) -> Self {
        Self::Local(err)
    }
}

impl From<clap::Error> for Failure {
    fn from(err: clap::Error) -> Self {
        Self::Usage(err)
    }
}

/// Runs a command to its end, or until Ctrl-C, and reports how it ended.
pub(super) fn run<F>(
    server: &str,
    flags: SharedFlags,
    command: impl FnOnce(Session) -> F,
) -> ExitCode
where
    F: Future<Output = Result<(), Failure>>,
{
    match try_run(flags, command) {
        Ok(()) | Err(Failure::OutputClosed) => ExitCode::SUCCESS,
        Err(Failure::Status(status)) => {
            let hint = match ConnectError::of(&status) {
                Some(err) if err.is_refused() => format!("; start a server with: {server}"),
                _ => String::new(),
            };
            complain(format_args!("{}{hint}", explain(&status)));
            ExitCode::from(exit_status(status.code()))
        }
        Err(Failure::Usage(err)) => err.exit(),
        Err(Failure::Local(err)) => {
            complain(format_args!("error: {err:#}"));
            ExitCode::FAILURE
        }
        Err(Failure::Interrupted) => {
            complain("CANCELLED: interrupted");
            ExitCode::from(exit_status(Code::Cancelled))
        }
        Err(Failure::Terminated) => {
            complain("CANCELLED: terminated");
            ExitCode::from(TERMINATED)
        }
    }
}

fn try_run<F>(flags: SharedFlags, command: impl FnOnce(Session) -> F) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>>,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    end_at_second_signal().context("cannot handle signals")?;
    let output = Output::stdout(flags.json);
    let outcome = runtime.block_on(async {
        let interrupt = Interrupt::default();
        let session = Session {
            options: flags.call_options(),
            output: output.clone(),
            channel: Channel::new(flags.target.clone()),
            shared: flags,
            interrupt: interrupt.clone(),
        };
        // Dropping the command cancels its calls.
        let outcome = tokio::select! {
            biased;
            outcome = command(session) => outcome,
            failure = interrupt.outside() => Err(failure),
            // A command that has nothing to print for a long time would not notice.
            failure = output.failed() => Err(failure),
        };
        outcome?;
        tokio::select! {
            finished = output.finish() => finished,
            failure = interrupt.outside() => Err(failure),
        }
    });
    // A thread may still wait for the keyboard; nothing else is left to wait for.
    runtime.shutdown_background();
    if outcome.is_err() {
        // What was printed before a failure is shown before it, if somebody reads it.
        output.finish_within(GRACE);
    }
    outcome
}

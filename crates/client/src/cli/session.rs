//! One run of a program: its channel, its output, and how it ends.

use std::future::Future;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Command;
use tonic::Code;

use self::signals::{HUNG_UP, Interrupt, SecondSignal, TERMINATED};
use super::failure::Failure;
use super::flags::SharedFlags;
use super::output::{Output, stderr};
use super::usage;
use crate::call::explain::{exit_status, explain};
use crate::call::options::CallOptions;
use crate::channel::Channel;
use crate::channel::connect_error::ConnectError;

mod signals;

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

/// How long a command that was ended waits for whoever reads its output.
const GRACE: Duration = Duration::from_secs(1);

/// How long the last line of a program waits for whoever reads standard error. A signal ends the wait.
const LAST_WAIT: Duration = Duration::from_secs(30);

/// Runs a command to its end, or until Ctrl-C, and reports how it ended.
pub(super) fn run<F>(
    server: &str,
    program: fn() -> Command,
    flags: SharedFlags,
    command: impl FnOnce(Session) -> F,
) -> ExitCode
where
    F: Future<Output = Result<(), Failure>>,
{
    let (line, code) = match try_run(flags, command) {
        Ok(()) | Err(Failure::OutputClosed) => {
            stderr::finish_within(LAST_WAIT);
            return ExitCode::SUCCESS;
        }
        Err(Failure::Usage { command, message }) => {
            stderr::finish_within(LAST_WAIT);
            usage::error(program(), command, message).exit()
        }
        Err(Failure::Interrupted) => {
            stderr::complain_last("CANCELLED: interrupted", GRACE);
            return ExitCode::from(exit_status(Code::Cancelled));
        }
        Err(Failure::Terminated) => {
            stderr::complain_last("CANCELLED: terminated", GRACE);
            return ExitCode::from(TERMINATED);
        }
        Err(Failure::HungUp) => {
            stderr::complain_last("CANCELLED: the terminal was closed", GRACE);
            return ExitCode::from(HUNG_UP);
        }
        Err(Failure::Status(status)) => {
            let hint = match ConnectError::of(&status) {
                Some(err) if err.is_refused() => format!("; start a server with: {server}"),
                _ => String::new(),
            };
            let line = format!("{}{hint}", explain(&status));
            (line, ExitCode::from(exit_status(status.code())))
        }
        Err(Failure::Local(err)) => (format!("error: {err:#}"), ExitCode::FAILURE),
    };
    stderr::complain_last(line, LAST_WAIT);
    code
}

fn try_run<F>(flags: SharedFlags, command: impl FnOnce(Session) -> F) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>>,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let second_signal = SecondSignal::watch().context("cannot handle signals")?;
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
    second_signal.is_next();
    if outcome.is_err() {
        // What was printed before a failure is shown before it, if somebody reads it.
        output.finish_within(GRACE);
    }
    outcome
}

//! `bench`: asks a server for as much as it can give, and tells how fast that was.

use anyhow::{Context as _, anyhow};
use clap::Args;
use route_guide_load::{Failure as BadCall, Load, LoadError, Report, Workload};
use tonic::{Code, Status};

use self::flags::LoadFlags;
use self::method::Method;
use self::printed_report::PrintedReport;
use self::workload::MethodWorkload;
use super::channel::connect;
use super::failure::Failure;
use super::session::Session;
use crate::channel::target::Target;
use crate::stubs::route_guide::RouteGuide;

mod flags;
mod method;
mod printed_report;
mod workload;

/// What is measured.
#[derive(Args, Debug)]
pub(super) struct BenchArgs {
    #[command(subcommand)]
    method: Method,
}

pub(super) async fn run(session: Session, args: BenchArgs) -> Result<(), Failure> {
    let Session {
        channel,
        options,
        output,
        shared,
        interrupt,
    } = session;
    let flags = args.method.load_flags().clone();
    let mut load = flags.load(&shared)?;
    // A failure to connect is reported in the words of every other command.
    let deadline = options.effective_deadline();
    connect(&channel, options.waits_for_ready(), deadline.as_ref()).await?;
    let workload =
        MethodWorkload::new(&RouteGuide::new(channel).with(options), args.method).await?;
    load.silence = workload.patience();
    let mut printed = PrintedReport::new(workload.method(), &shared.target, &load);
    output.note(printed.heading(&flags)).await?;

    // From here on Ctrl-C ends the run and not the command.
    interrupt.take_over();
    let stop = load.stop.clone();
    let running = tokio::task::spawn_blocking(move || {
        let mut report = Report::default();
        let done = carry_out(&workload, &shared.target, &flags, &load, &mut report);
        (report, done)
    });
    let mut running = std::pin::pin!(running);
    let ended = tokio::select! {
        ended = &mut running => ended,
        Ok(()) = tokio::signal::ctrl_c() => {
            stop.now();
            running.await
        }
    };
    let (report, done) = ended.context("the load broke off")?;

    let outcome = match done {
        Ok(()) => judged(&report),
        Err(error) => Err(failure(error)),
    };
    if !report.elapsed.is_zero() {
        printed.report = report;
        output.message(&printed, &printed.as_json()).await?;
    }
    outcome
}

/// Warms up and measures.
fn carry_out(
    workload: &MethodWorkload,
    target: &Target,
    flags: &LoadFlags,
    load: &Load,
    report: &mut Report,
) -> Result<(), LoadError> {
    let target = flags::load_target(target)?;
    if !flags.warm_up.is_zero() {
        let warm_up = Load {
            time: flags.warm_up,
            calls: None,
            ..load.clone()
        };
        workload.run(&target, &warm_up)?;
    }
    workload.run_into(&target, load, report)
}

/// Tells whether anything succeeded.
fn judged(report: &Report) -> Result<(), Failure> {
    match report.failures.first() {
        _ if report.calls > 0 => Ok(()),
        Some(BadCall::Status(status)) => Err(Failure::Status(Status::new(
            Code::from_i32(status.code().into()),
            format!(
                "no call succeeded; the first ended so: {}",
                status.message()
            ),
        ))),
        Some(other) => Err(anyhow!("no call succeeded; of the first, {other}").into()),
        // A listing that was cut off has shown how fast it is.
        None if report.messages > 0 => Ok(()),
        None => Err(anyhow!("no call ended within the time").into()),
    }
}

/// What a run that cannot be carried through means for the command.
fn failure(error: LoadError) -> Failure {
    let code = match &error {
        LoadError::Stopped => return Failure::Interrupted,
        LoadError::Call(status) => Code::from_i32(status.code().into()),
        LoadError::Protocol(_) | LoadError::Decode(_) => Code::Internal,
        LoadError::Connect { .. }
        | LoadError::Resolve { .. }
        | LoadError::Io(_)
        | LoadError::Silent(_)
        | LoadError::Closed
        | LoadError::GoAway { .. } => Code::Unavailable,
        _ => return Failure::Local(error.into()),
    };
    Failure::Status(Status::new(
        code,
        format!("{:#}", anyhow::Error::new(error)),
    ))
}

//! `bench`: asks a server for as much as it can give, and tells how fast that was.

use anyhow::{Context as _, anyhow};
use clap::{Args, Subcommand};
use route_guide_geo::E7Rectangle;
use route_guide_load::{Failure as BadCall, Load, LoadError, Report, Workload};
use tonic::{Code, Status};

use self::asked::Asked;
use self::flags::{LoadFlags, PlaceFlags, parse_area};
use self::page::Page;
use super::channel::connect;
use super::session::{Failure, Session};
use crate::channel::target::Target;
use crate::stubs::route_guide::RouteGuide;

mod asked;
mod flags;
mod page;

/// What is measured.
#[derive(Args, Debug)]
pub(super) struct BenchArgs {
    #[command(subcommand)]
    method: Method,
}

#[derive(Debug, Subcommand)]
enum Method {
    /// Ask for features, one a call
    ///
    /// Each call has to be answered with one message. Where the points come from the server's own list, it has to have a
    /// name or none as there.
    GetFeature {
        #[command(flatten)]
        places: PlaceFlags,
        #[command(flatten)]
        load: LoadFlags,
    },
    /// List the features in a rectangle
    ///
    /// Features are counted and not decoded. A listing that is still going on at the end of the time is cut off: its
    /// features count, the call does not.
    ListFeatures {
        /// A rectangle to list, the whole world if there is none; may be repeated, and they take turns
        #[arg(long = "area", value_name = "LAT,LON:LAT,LON", value_parser = parse_area, allow_hyphen_values = true)]
        areas: Vec<E7Rectangle>,
        #[command(flatten)]
        load: LoadFlags,
    },
    /// Send routes
    ///
    /// Each summary has to count the points that were sent. At the end of the time routes end early.
    RecordRoute {
        #[command(flatten)]
        places: PlaceFlags,
        /// How many points a route has; points are repeated as often as that takes
        #[arg(long, value_name = "COUNT", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
        length: u32,
        /// Put as many points into an HTTP/2 frame as it holds; gRPC clients send each in its own
        #[arg(long)]
        packed: bool,
        #[command(flatten)]
        load: LoadFlags,
    },
    /// Exchange notes
    ///
    /// A call is an exchange: two notes are posted at a place where nobody has been, and the first has to come back. Every
    /// server answers that.
    ///
    /// With --listeners it is a delivery: notes are posted at as many places as --concurrency says, each when all who
    /// listen there have the last; --calls says how many are posted. The server has to share notes between streams.
    RouteChat {
        /// How many streams listen at each place
        #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=100_000))]
        listeners: Option<u32>,
        #[command(flatten)]
        load: LoadFlags,
    },
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
    // Whoever cannot connect is told so in the words of every other command.
    let expiry = options.expiry();
    connect(&channel, options.waits_for_ready(), expiry.as_ref()).await?;
    let asked = Asked::new(&RouteGuide::new(channel).with(options), args.method).await?;
    load.silence = asked.patience();
    let mut page = Page::new(asked.method(), &shared.target, &load);
    output.note(page.heading(&flags)).await?;

    // From here on Ctrl-C ends the run and not the command.
    interrupt.take_over();
    let stop = load.stop.clone();
    let running = tokio::task::spawn_blocking(move || {
        let mut report = Report::default();
        let done = carry_out(&asked, &shared.target, &flags, &load, &mut report);
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
        page.report = report;
        output.message(&page, &page.as_json()).await?;
    }
    outcome
}

/// Warms up and measures.
fn carry_out(
    asked: &Asked,
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
        asked.run(&target, &warm_up)?;
    }
    asked.run_into(&target, load, report)
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

impl Method {
    fn load_flags(&self) -> &LoadFlags {
        match self {
            Self::GetFeature { load, .. }
            | Self::ListFeatures { load, .. }
            | Self::RecordRoute { load, .. }
            | Self::RouteChat { load, .. } => load,
        }
    }
}

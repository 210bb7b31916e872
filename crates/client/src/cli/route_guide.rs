//! The commands of `route-guide-client`.

use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;
use route_guide_geo::E7Rectangle;

#[cfg(feature = "bench")]
use super::bench::{self, BenchArgs};
use super::channel::{self, ChannelArgs};
use super::chat::{self, ChatArgs};
use super::failure::Failure;
use super::flags::{EXIT_STATUS, SharedFlags};
use super::lines;
use super::output::Output;
use super::points::{Area, PointFlags};
use super::record::{self, RecordArgs};
use super::session::Session;
use super::tutorial;
use super::usage::{not_a, usage};
use crate::stubs::route_guide::RouteGuide;

/// Asks a RouteGuide server what is where.
///
/// Without a command it runs the tutorial: one call of each of the four kinds. Points are LAT,LON, in degrees (40.9,-74.6)
/// or in E7 (409000000,-746000000). Whole numbers up to a million are degrees; e7:1,0 is E7, however small.
#[derive(Debug, Parser)]
#[command(name = "route-guide-client", version, after_long_help = EXIT_STATUS)]
pub struct RouteGuideArgs {
    /// The flags of every command.
    #[command(flatten)]
    pub shared: SharedFlags,

    /// What to do; the tutorial if nothing is said.
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Ask for the feature at a point
    Get {
        /// The point, such as 40.9146138,-74.6188906
        #[arg(value_name = "LAT,LON", allow_hyphen_values = true)]
        point: String,
        #[command(flatten)]
        flags: PointFlags,
    },
    /// List the features in a rectangle
    List {
        /// Two opposite corners, such as 40,-75:42,-73 or 40,-75 42,-73
        #[arg(value_name = "LAT,LON:LAT,LON", allow_hyphen_values = true)]
        area: String,
        /// The opposite corner, if the first argument is one corner
        #[arg(value_name = "LAT,LON", allow_hyphen_values = true)]
        corner: Option<String>,
        #[command(flatten)]
        flags: PointFlags,
    },
    /// Record a route: send points, get a summary
    ///
    /// Points are read as they come, one a line; blank lines and lines that begin with # do not count.
    Record(RecordArgs),
    /// Leave notes at places, and see those of others
    ///
    /// What is typed is sent; what others leave at the same place is shown as it comes, and what they left before. At a
    /// terminal the line can be edited, and /help tells the commands; otherwise each line of the input is a note or such a
    /// command. The end of the input ends the chat, once every note has been sent.
    ///
    /// Each note is shown once, PLACE < NOTE for others' and PLACE > NOTE for yours, with places in degrees. When the
    /// connection is lost, the chat says so, tries to connect again and goes on where it was. With --json there is one
    /// line of JSON for each note of others.
    ///
    /// The server must offer to follow a place (route-chat-watch), as route-guide-server does. One that only speaks the
    /// published contract shows a place from the first note that is left there, and repeats are told by their text.
    Chat(ChatArgs),
    /// Connect, and show the states of the channel
    ///
    /// IDLE, CONNECTING, READY, TRANSIENT_FAILURE, one a line.
    Channel(ChannelArgs),
    /// Measure how much a server answers, and how fast
    ///
    /// It opens connections, keeps calls open on them for some time, and prints how many were answered, how fast, and how
    /// many failed and why. It counts messages without decoding them, so that it takes much less time than the server. It
    /// works with every RouteGuide server. Ctrl-C ends it and prints what was measured so far.
    #[cfg(feature = "bench")]
    Bench(BenchArgs),
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
}

pub(super) async fn run(session: Session, command: Option<Command>) -> Result<(), Failure> {
    let guide = RouteGuide::new(session.channel.clone()).with(session.options.clone());
    let output = &session.output;
    match command {
        None => tutorial::run(&guide, output, fastrand::Rng::new()).await,
        Some(Command::Get { point, flags }) => {
            let point = flags
                .point(&point)
                .map_err(|err| not_a("point", "get", &point, &err))?;
            let feature = guide.get_feature(point).await?;
            output.message(lines::found(&feature), &feature).await
        }
        Some(Command::List {
            area,
            corner,
            flags,
        }) => {
            let area = match flags.area(&area, corner.as_deref()) {
                Ok(Area::Whole(area)) => Ok(area),
                Ok(Area::TooFew) => Err(usage(
                    "list",
                    "a rectangle needs a second corner: LAT,LON:LAT,LON or LAT,LON LAT,LON",
                )),
                Ok(Area::TooMany) => Err(usage(
                    "list",
                    "expected one rectangle or two corners, not both",
                )),
                Err(err) => Err(not_a("rectangle", "list", &area, &err)),
            };
            let output = output.of_call(session.options.effective_deadline());
            list(&guide, &output, area?).await
        }
        Some(Command::Record(args)) => record::run(&guide, output, args).await,
        Some(Command::Chat(args)) => chat::run(session, &args).await,
        Some(Command::Channel(args)) => channel::run(session, &args).await,
        #[cfg(feature = "bench")]
        Some(Command::Bench(args)) => bench::run(session, args).await,
        Some(Command::Completions { shell }) => {
            let mut program = RouteGuideArgs::command();
            output.completions(shell, &mut program).await
        }
    }
}

async fn list(guide: &RouteGuide, output: &Output, area: E7Rectangle) -> Result<(), Failure> {
    let mut features = guide.list_features(area).await?;
    loop {
        let next = tokio::select! {
            biased;
            next = features.message() => next,
            // Nothing has come yet: time to show what has.
            () = std::future::ready(()) => {
                output.flush().await?;
                features.message().await
            }
        };
        match next? {
            Some(feature) => {
                let line = lines::called(&feature);
                output.message_buffered(line, &feature).await?;
            }
            None => return output.flush().await,
        }
    }
}

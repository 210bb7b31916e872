//! The flags of the two programs, and the settings they stand for.

use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use route_guide_guard::{ConnectionSettings, ListenAddress, WebOrigin};
use tokio::runtime::{Builder, Runtime};

use crate::commands::Command;
use crate::text::say;
use crate::{
    FeatureSource, FileOrder, GreeterSettings, LoadOptions, PointRule, ReplySettings,
    RouteGuideSettings, ServingSettings, WebSettings,
};
pub(crate) use chat::chat_store;

use chat::ChatFlags;
use time::{duration, positive_duration};

mod chat;
mod time;

/// Serves RouteGuide: what is at a point, what lies in a rectangle, route summaries and notes at places.
#[derive(Clone, Debug, Parser)]
#[command(
    version,
    name = "route-guide-server",
    args_conflicts_with_subcommands = true
)]
pub struct RouteGuideFlags {
    #[command(subcommand)]
    command: Option<Command>,

    /// Serve the features of this file in place of the published 100 places: a snapshot, or any format that import reads
    #[arg(long, value_name = "FILE", env = "ROUTE_GUIDE_FEATURES")]
    features: Option<PathBuf>,

    /// Serve a file with more than 100 000 features in its own order too; by default they are sorted so that neighbours lie together
    #[arg(long, env = "ROUTE_GUIDE_KEEP_ORDER", requires = "features")]
    keep_order: bool,

    /// Serve a file in which there is no place; by default it is refused, also when it takes the place of another
    #[arg(long, env = "ROUTE_GUIDE_ALLOW_EMPTY", requires = "features")]
    allow_empty: bool,

    /// Answer out-of-range points, and keep notes to their stream, exactly as the tutorial's server does
    #[arg(long)]
    compat: bool,

    #[command(flatten)]
    common: CommonFlags,

    #[command(flatten)]
    chat: ChatFlags,
}

/// Serves the quick start's Greeter and the introduction's HelloService.
#[derive(Clone, Debug, Parser)]
#[command(version, name = "greeter-server")]
pub struct GreeterFlags {
    /// How many replies SayHelloStreamReply and LotsOfReplies give
    #[arg(long, value_name = "COUNT", default_value_t = ReplySettings::default().count)]
    replies: u32,

    /// The pause between two of these replies
    #[arg(long, value_name = "TIME", default_value = "200ms", value_parser = duration)]
    interval: Duration,

    #[command(flatten)]
    common: CommonFlags,
}

#[derive(Clone, Debug, clap::Args)]
struct CommonFlags {
    /// Listen here: HOST:PORT (every address of HOST; port 0: any free one) or unix:PATH; may be repeated
    #[arg(long, value_name = "ADDRESS", default_value = "localhost:50051")]
    listen: Vec<ListenAddress>,

    /// How long calls may go on after Ctrl-C or SIGTERM before they are cut
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    drain_timeout: Duration,

    /// How threads share the work
    #[arg(long, value_name = "KIND", value_enum, default_value = "per-core")]
    runtime: RuntimeKind,

    /// How many threads serve; by default one for each core
    #[arg(long, value_name = "COUNT")]
    threads: Option<NonZeroUsize>,

    /// How many calls one connection may have open at a time
    #[arg(long, value_name = "COUNT", default_value_t = ConnectionSettings::default().max_concurrent_streams)]
    max_concurrent_streams: u32,

    /// How long a client may take to say what it speaks
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = positive_duration)]
    handshake_timeout: Duration,

    /// How long a connection may be silent before its client is asked for a sign of life
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = positive_duration)]
    keepalive_interval: Duration,

    /// How long the client may take to give it before the connection is closed
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = positive_duration)]
    keepalive_timeout: Duration,

    /// Let pages in browsers call, by gRPC-Web over HTTP/1.1 and HTTP/2
    #[arg(long)]
    grpc_web: bool,

    /// Allow pages of this origin, such as `https://maps.example`, or * for any; may be repeated
    #[arg(long, value_name = "ORIGIN", requires = "grpc_web")]
    grpc_web_origin: Vec<WebOrigin>,

    /// What to log on stderr: a level, or a filter such as `info,route_guide_guard=debug`; libraries below gRPC only if named, such as `h2=debug`
    #[arg(long, value_name = "FILTER", env = "RUST_LOG", default_value = "info")]
    log: String,
}

impl RouteGuideFlags {
    /// Reads the command line. If it is no good, or asks for help, that is said and the program ends.
    #[must_use]
    pub fn from_command_line() -> Self {
        let flags: Self = parsed();
        if let Err(reason) = flags.chat.check(flags.compat) {
            let error =
                <Self as CommandFactory>::command().error(ErrorKind::ArgumentConflict, reason);
            refuse(&error);
        }
        flags
    }

    /// The command to carry out in place of serving, if there is one.
    #[must_use]
    pub fn command(&self) -> Option<&Command> {
        self.command.as_ref()
    }

    /// The log filter.
    #[must_use]
    pub fn log(&self) -> &str {
        &self.common.log
    }

    /// Makes the runtime that the flags ask for.
    ///
    /// # Errors
    ///
    /// What the system says if it refuses a thread or a poll descriptor.
    pub fn runtime(&self) -> io::Result<Runtime> {
        self.common.runtime()
    }

    /// The settings that the flags stand for.
    #[must_use]
    pub fn settings(&self) -> RouteGuideSettings {
        let points = if self.compat {
            PointRule::AnyInteger
        } else {
            PointRule::OnGlobe
        };
        RouteGuideSettings {
            listen: self.common.listen.clone(),
            features: match &self.features {
                Some(path) => FeatureSource::File(path.clone()),
                None => FeatureSource::Published,
            },
            load: LoadOptions {
                order: if self.keep_order {
                    FileOrder::Kept
                } else {
                    FileOrder::BySize
                },
                allow_empty: self.allow_empty,
            },
            points,
            chat: self.chat.settings(self.compat),
            serving: self.common.serving(),
        }
    }
}

impl GreeterFlags {
    /// Reads the command line. If it is no good, or asks for help, that is said and the program ends.
    #[must_use]
    pub fn from_command_line() -> Self {
        parsed()
    }

    /// The log filter.
    #[must_use]
    pub fn log(&self) -> &str {
        &self.common.log
    }

    /// Makes the runtime that the flags ask for.
    ///
    /// # Errors
    ///
    /// What the system says if it refuses a thread or a poll descriptor.
    pub fn runtime(&self) -> io::Result<Runtime> {
        self.common.runtime()
    }

    /// The settings that the flags stand for.
    #[must_use]
    pub fn settings(&self) -> GreeterSettings {
        GreeterSettings {
            listen: self.common.listen.clone(),
            replies: ReplySettings {
                count: self.replies,
                interval: self.interval,
            },
            serving: self.common.serving(),
        }
    }
}

/// How the threads of a server share the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum RuntimeKind {
    /// Each connection stays on one thread
    PerCore,
    /// Threads take tasks of all connections from each other
    MultiThread,
}

impl CommonFlags {
    fn threads(&self) -> NonZeroUsize {
        self.threads
            .or_else(|| std::thread::available_parallelism().ok())
            .unwrap_or(NonZeroUsize::MIN)
    }

    fn workers(&self) -> Option<NonZeroUsize> {
        (self.runtime == RuntimeKind::PerCore).then(|| self.threads())
    }

    /// Makes the runtime that accepts connections, and serves them too if there are no workers.
    fn runtime(&self) -> io::Result<Runtime> {
        match self.runtime {
            RuntimeKind::PerCore => Builder::new_current_thread().enable_all().build(),
            RuntimeKind::MultiThread => Builder::new_multi_thread()
                .worker_threads(self.threads().get())
                .enable_all()
                .build(),
        }
    }

    fn serving(&self) -> ServingSettings {
        ServingSettings {
            connection: ConnectionSettings {
                max_concurrent_streams: self.max_concurrent_streams,
                handshake_timeout: self.handshake_timeout,
                keepalive_interval: self.keepalive_interval,
                keepalive_timeout: self.keepalive_timeout,
                ..ConnectionSettings::default()
            },
            workers: self.workers(),
            drain_timeout: self.drain_timeout,
            web: self.grpc_web.then(|| WebSettings {
                origins: self.grpc_web_origin.clone(),
            }),
        }
    }
}

/// Reads the command line, or ends the program.
fn parsed<F: Parser>() -> F {
    F::try_parse().unwrap_or_else(|error| refuse(&error))
}

/// Says in one line what is wrong with the command line and ends the program; help is printed as it is.
fn refuse(error: &clap::Error) -> ! {
    if !error.use_stderr() {
        error.exit();
    }
    say(&one_line(&error.render().to_string()));
    std::process::exit(error.exit_code());
}

/// Makes one line of an error of clap's, without the usage.
fn one_line(error: &str) -> String {
    let lines = error.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut one = String::new();
    for line in lines.take_while(|line| !line.starts_with("Usage:")) {
        if line.starts_with("For more information") {
            break;
        }
        one += match (one.is_empty(), line.starts_with("tip: ")) {
            (true, _) => "",
            (false, true) => "; ",
            (false, false) => " ",
        };
        one += line;
    }
    one + "; --help lists what there is"
}

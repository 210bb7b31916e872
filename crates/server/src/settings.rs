//! What the servers can be told, as plain values.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

#[cfg(feature = "nats")]
use route_guide_chat::NatsSettings;
use route_guide_chat::{ConversationLimits, Limits, PrivateLimits};
use route_guide_guard::{ConnectionSettings, ListenAddress, WebOrigin};

use crate::points::PointRule;

/// Everything `route-guide-server` can be told.
#[derive(Clone, Debug)]
pub struct RouteGuideSettings {
    /// Where to listen.
    pub listen: Vec<ListenAddress>,
    /// Which features to serve.
    pub features: FeatureSource,
    /// How those of a file are loaded.
    pub load: LoadOptions,
    /// Which points to accept.
    pub points: PointRule,
    /// How notes are kept and shared.
    pub chat: ChatSettings,
    /// How connections are run and ended.
    pub serving: ServingSettings,
}

/// Everything `greeter-server` can be told.
#[derive(Clone, Debug)]
pub struct GreeterSettings {
    /// Where to listen.
    pub listen: Vec<ListenAddress>,
    /// What the methods that reply several times do.
    pub replies: ReplySettings,
    /// How connections are run and ended.
    pub serving: ServingSettings,
}

/// Where the features come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FeatureSource {
    /// The published 100 places, part of the program.
    #[default]
    Published,
    /// A snapshot, or a file in any format that can be imported.
    File(PathBuf),
}

/// How the features of a file are loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadOptions {
    /// The order in which they are served.
    pub order: FileOrder,
    /// Whether a file without any place may be served; otherwise it is refused, at the start and when it is reloaded.
    pub allow_empty: bool,
}

/// The order in which the features of a file are served that is no snapshot; a snapshot has the order that it was made in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FileOrder {
    /// That of the file up to [`KEPT_FEATURES`] features; more are sorted so that neighbours lie together.
    #[default]
    BySize,
    /// That of the file.
    Kept,
}

/// Up to how many features a file keeps its order by default.
///
/// A listing of half of so many takes about a millisecond more than if neighbours lay together; from there on it grows in
/// proportion.
pub const KEPT_FEATURES: usize = 100_000;

/// How notes are kept and shared.
#[derive(Clone, Debug)]
pub struct ChatSettings {
    /// Where notes are kept.
    pub store: ChatStore,
    /// Who sees a note.
    pub scope: ChatScope,
    /// How much the shared notebook keeps.
    pub notebook: Limits,
    /// How much one stream may hold on to in the shared notebook.
    pub shared: ConversationLimits,
    /// How much a stream may write that keeps its notes to itself.
    pub private: PrivateLimits,
    /// At how many places the streams of one connection may post or follow in the shared notebook, a place counting for
    /// each stream. It should be far below [`Limits::subscriptions_total`].
    pub places_per_connection: usize,
}

/// Where notes are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ChatStore {
    /// In memory: they end with the server.
    #[default]
    Memory,
    /// In a file in this folder: they survive the server, also a killed one.
    File(PathBuf),
    /// In a stream of NATS, which other servers share. Its limits are those of [`ChatSettings::notebook`].
    #[cfg(feature = "nats")]
    Nats(Box<NatsSettings>),
}

/// Who sees a note.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ChatScope {
    /// Every stream that posts at the same place.
    #[default]
    Shared,
    /// The stream that sent it, as in the tutorial's code.
    Stream,
}

/// How often and how fast `SayHelloStreamReply` and `LotsOfReplies` reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplySettings {
    /// How many replies one request gets.
    pub count: u32,
    /// The pause between two of them.
    pub interval: Duration,
}

/// How connections are run and ended.
#[derive(Clone, Debug)]
pub struct ServingSettings {
    /// Windows and limits of a connection.
    pub connection: ConnectionSettings,
    /// How many threads run connections, each with a runtime of its own; without, the caller's runtime does.
    pub workers: Option<NonZeroUsize>,
    /// How long calls may go on once the server has been told to stop.
    pub drain_timeout: Duration,
    /// Whether pages in browsers may call, by gRPC-Web; without, only HTTP/2 is spoken.
    pub web: Option<WebSettings>,
}

/// Which pages in browsers may call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebSettings {
    /// Where pages may come from, beside the server's own address.
    pub origins: Vec<WebOrigin>,
}

impl Default for RouteGuideSettings {
    fn default() -> Self {
        Self {
            listen: default_listen(),
            features: FeatureSource::default(),
            load: LoadOptions::default(),
            points: PointRule::default(),
            chat: ChatSettings::default(),
            serving: ServingSettings::default(),
        }
    }
}

impl Default for ChatSettings {
    fn default() -> Self {
        Self {
            store: ChatStore::default(),
            scope: ChatScope::default(),
            notebook: Limits::default(),
            shared: ConversationLimits::default(),
            private: PrivateLimits::default(),
            places_per_connection: 20_000,
        }
    }
}

impl Default for GreeterSettings {
    fn default() -> Self {
        Self {
            listen: default_listen(),
            replies: ReplySettings::default(),
            serving: ServingSettings::default(),
        }
    }
}

impl Default for ReplySettings {
    fn default() -> Self {
        Self {
            count: 5,
            interval: Duration::from_millis(200),
        }
    }
}

impl Default for ServingSettings {
    fn default() -> Self {
        Self {
            connection: ConnectionSettings::default(),
            workers: None,
            drain_timeout: Duration::from_secs(10),
            web: None,
        }
    }
}

fn default_listen() -> Vec<ListenAddress> {
    vec![ListenAddress::Tcp {
        host: "localhost".to_owned(),
        port: 50051,
    }]
}

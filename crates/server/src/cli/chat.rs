//! The flags about notes.

use std::num::NonZeroUsize;
#[cfg(feature = "nats")]
use std::path::PathBuf;
use std::time::Duration;

use route_guide_chat::{ConversationLimits, Limits, PrivateLimits};
#[cfg(feature = "nats")]
use route_guide_chat::{NatsSettings, NatsTls};

use super::time::positive_duration;
use crate::limits::MAX_MESSAGE_BYTES;
use crate::{ChatScope, ChatSettings, ChatStore};

#[cfg_attr(
    not(feature = "nats"),
    expect(
        clippy::struct_field_names,
        reason = "the fields are named as the flags"
    )
)]
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Notes of RouteChat")]
pub(super) struct ChatFlags {
    /// Where notes are kept: `memory`; `file:FOLDER` to keep them across restarts; `nats://HOST:4222` (or `tls://`,
    /// several with commas between them) to share them with other servers
    #[arg(
        long,
        value_name = "STORE",
        env = "ROUTE_GUIDE_CHAT_STORE",
        hide_env_values = true
    )]
    #[arg(default_value = "memory", value_parser = chat_store)]
    chat_store: ChatStore,

    /// Who sees a note: everybody who posts at its place, or only the stream that sent it
    #[arg(long, value_name = "SCOPE", value_enum, default_value = "shared")]
    chat_scope: ChatScope,

    /// How many notes are kept at one place
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().notes_per_place)]
    chat_notes_per_place: NonZeroUsize,

    /// How many notes are kept in all
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().notes_total)]
    chat_notes_total: NonZeroUsize,

    /// How much memory notes may take, in mebibytes
    #[arg(long, value_name = "MIB", default_value_t = Limits::default().bytes_total >> 20)]
    chat_memory_mib: usize,

    /// How long a note is kept
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = positive_duration)]
    chat_max_age: Duration,

    /// How long the text of a note may be, in bytes [default: 65536, with --compat 4194304]
    #[arg(long, value_name = "BYTES", value_parser = note_bytes)]
    chat_note_bytes: Option<usize>,

    /// At how many places one stream may post or follow
    #[arg(long, value_name = "COUNT", default_value_t = ConversationLimits::default().places)]
    chat_places_per_stream: NonZeroUsize,

    /// At how many places the streams of one connection may post or follow together
    #[arg(long, value_name = "COUNT", default_value_t = default_places_per_connection())]
    chat_places_per_connection: NonZeroUsize,

    /// At how many places all streams may post or follow together
    #[arg(long, value_name = "COUNT", default_value_t = default_places_total())]
    chat_places_total: NonZeroUsize,

    #[cfg(feature = "nats")]
    #[command(flatten)]
    nats: NatsFlags,
}

#[cfg(feature = "nats")]
#[expect(
    clippy::struct_field_names,
    reason = "the fields are named as the flags"
)]
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Notes shared through NATS")]
struct NatsFlags {
    /// The stream that holds the notes; it is made if it is not there
    #[arg(long, value_name = "NAME", env = "ROUTE_GUIDE_NATS_STREAM")]
    #[arg(default_value_t = NatsSettings::default().stream)]
    nats_stream: String,

    /// What the subjects of the notes begin with; streams of one cluster may not share it
    #[arg(long, value_name = "PREFIX", env = "ROUTE_GUIDE_NATS_SUBJECTS")]
    #[arg(default_value_t = NatsSettings::default().prefix)]
    nats_subjects: String,

    /// On how many servers of the cluster the stream is kept, if it has to be made
    #[arg(long, value_name = "COUNT", env = "ROUTE_GUIDE_NATS_REPLICAS")]
    #[arg(default_value_t = NatsSettings::default().replicas)]
    nats_replicas: NonZeroUsize,

    /// Who this server is to NATS: a credentials file, as `nsc` writes them
    #[arg(long, value_name = "FILE", env = "ROUTE_GUIDE_NATS_CREDENTIALS")]
    nats_credentials: Option<PathBuf>,

    /// Whom to trust: certificates of authorities, in PEM. With it, only TLS will do
    #[arg(long, value_name = "FILE", env = "ROUTE_GUIDE_NATS_CA")]
    nats_ca: Option<PathBuf>,

    /// The certificate to show, in PEM
    #[arg(
        long,
        value_name = "FILE",
        env = "ROUTE_GUIDE_NATS_CERT",
        requires = "nats_key"
    )]
    nats_cert: Option<PathBuf>,

    /// The key of that certificate, in PEM
    #[arg(
        long,
        value_name = "FILE",
        env = "ROUTE_GUIDE_NATS_KEY",
        requires = "nats_cert"
    )]
    nats_key: Option<PathBuf>,
}

impl ChatFlags {
    /// Says which flags cannot go together, with `--compat` or without.
    pub(super) fn check(&self, compat: bool) -> Result<(), &'static str> {
        if matches!(self.chat_store, ChatStore::Memory) {
            Ok(())
        } else if compat {
            Err("--compat keeps notes to their stream, so nothing would get into the --chat-store")
        } else if self.chat_scope == ChatScope::Stream {
            Err(
                "--chat-scope stream keeps notes to their stream, so nothing would get into the --chat-store",
            )
        } else {
            Ok(())
        }
    }

    /// The settings that the flags stand for, with `--compat` or without.
    pub(super) fn settings(&self, compat: bool) -> ChatSettings {
        let note_bytes = self.chat_note_bytes.unwrap_or(if compat {
            MAX_MESSAGE_BYTES
        } else {
            ConversationLimits::default().note_bytes
        });
        let bytes_total = self.chat_memory_mib.saturating_mul(1 << 20);
        let store = match &self.chat_store {
            #[cfg(feature = "nats")]
            ChatStore::Nats(servers) => ChatStore::Nats(Box::new(self.nats.settings(servers))),
            other => other.clone(),
        };
        ChatSettings {
            store,
            scope: if compat {
                ChatScope::Stream
            } else {
                self.chat_scope
            },
            notebook: Limits {
                notes_per_place: self.chat_notes_per_place,
                notes_total: self.chat_notes_total,
                bytes_total,
                max_age: self.chat_max_age,
                subscriptions_total: self.chat_places_total.get(),
            },
            shared: ConversationLimits {
                places: self.chat_places_per_stream,
                note_bytes,
                ..ConversationLimits::default()
            },
            private: PrivateLimits {
                note_bytes,
                ..PrivateLimits::default()
            },
            places_per_connection: self.chat_places_per_connection.get(),
        }
    }
}

#[cfg(feature = "nats")]
impl NatsFlags {
    /// Adds to the addresses what else is to be known.
    fn settings(&self, servers: &NatsSettings) -> NatsSettings {
        NatsSettings {
            servers: servers.servers.clone(),
            stream: self.nats_stream.clone(),
            prefix: self.nats_subjects.clone(),
            replicas: self.nats_replicas,
            credentials: self.nats_credentials.clone(),
            tls: NatsTls {
                ca: self.nats_ca.clone(),
                cert: self.nats_cert.clone(),
                key: self.nats_key.clone(),
            },
            ..NatsSettings::default()
        }
    }
}

/// Reads the length of a note, which has to fit into a message.
fn note_bytes(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(bytes @ 1..=MAX_MESSAGE_BYTES) => Ok(bytes),
        _ => Err(format!("it must be a number from 1 to {MAX_MESSAGE_BYTES}")),
    }
}

fn default_places_per_connection() -> NonZeroUsize {
    NonZeroUsize::new(ChatSettings::default().places_per_connection).unwrap_or(NonZeroUsize::MIN)
}

fn default_places_total() -> NonZeroUsize {
    NonZeroUsize::new(Limits::default().subscriptions_total).unwrap_or(NonZeroUsize::MIN)
}

/// Reads where notes are kept.
pub(crate) fn chat_store(text: &str) -> Result<ChatStore, String> {
    match text.split_once(':') {
        None if text == "memory" => Ok(ChatStore::Memory),
        Some(("file", folder)) if !folder.is_empty() => Ok(ChatStore::File(folder.into())),
        Some(("nats" | "tls", _)) => nats(text),
        _ => Err("write memory, file:FOLDER or nats://HOST:4222".to_owned()),
    }
}

#[cfg(feature = "nats")]
fn nats(text: &str) -> Result<ChatStore, String> {
    let servers: Vec<_> = text.split(',').map(str::to_owned).collect();
    for (number, server) in (1..).zip(&servers) {
        NatsSettings::check_server(server)
            .map_err(|reason| format!("address {number} of NATS: {reason}"))?;
    }
    Ok(ChatStore::Nats(Box::new(NatsSettings {
        servers,
        ..NatsSettings::default()
    })))
}

#[cfg(not(feature = "nats"))]
fn nats(_text: &str) -> Result<ChatStore, String> {
    Err("this program was built without NATS (the cargo feature nats)".to_owned())
}

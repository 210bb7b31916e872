use std::time::Duration;

use async_nats::jetstream::context::{CreateStreamError, GetStreamError, GetStreamErrorKind};
use async_nats::jetstream::stream::{Config, DiscardPolicy, Info, RetentionPolicy, StorageType};
use async_nats::jetstream::{Context, ErrorCode};

use super::settings::NatsSettings;
use super::wire::Wire;

/// How long NATS knows a note by its id, so that one sent again is not stored twice.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(120);

/// Ages below this are not allowed in a stream.
const SHORTEST_AGE: Duration = Duration::from_millis(100);

/// Why there is no stream to read.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoStream {
    #[error(transparent)]
    Get(#[from] GetStreamError),
    #[error("it cannot be created")]
    Create(#[from] CreateStreamError),
}

/// Returns the stream as it is, creating it through `jetstream` if `probing` finds none. Returns also whether it is new.
pub(super) async fn find_or_create(
    probing: &Context,
    jetstream: &Context,
    config: &Config,
) -> Result<(Info, bool), NoStream> {
    match probing.get_stream(&config.name).await {
        Ok(stream) => Ok((stream.cached_info().clone(), false)),
        Err(error) if is_not_found(&error) => {
            let stream = jetstream.create_stream(config).await?;
            Ok((stream.cached_info().clone(), true))
        }
        Err(error) => Err(error.into()),
    }
}

fn is_not_found(error: &GetStreamError) -> bool {
    match error.kind() {
        GetStreamErrorKind::JetStream(error) => error.error_code() == ErrorCode::STREAM_NOT_FOUND,
        _ => false,
    }
}

/// Returns the stream that holds what the limits allow.
pub(super) fn config(settings: &NatsSettings, wire: &Wire) -> Config {
    let limits = &settings.limits;
    let age = limits.max_age.max(SHORTEST_AGE);
    // In NATS 0 stands for ever, and so does more than it can count.
    let max_age = match i64::try_from(age.as_nanos()) {
        Ok(_) => age,
        Err(_) => Duration::ZERO,
    };
    Config {
        name: settings.stream.clone(),
        description: Some("Route notes, one subject per place".to_owned()),
        subjects: vec![wire.all()],
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::Old,
        max_messages_per_subject: count(limits.notes_per_place.get()),
        max_messages: count(limits.notes_total.get()),
        // A short note takes more room in the stream than here. The stream must not forget it earlier.
        max_bytes: count(limits.bytes_total.saturating_mul(2)),
        max_age,
        storage: StorageType::File,
        num_replicas: settings.replicas.get(),
        duplicate_window: DUPLICATE_WINDOW.min(age),
        ..Config::default()
    }
}

/// Returns a bound as NATS writes it, where -1 stands for none.
fn count(bound: usize) -> i64 {
    i64::try_from(bound).unwrap_or(-1)
}

/// Returns in what a stream that was already there differs from what this server would have created.
pub(super) fn differences(found: &Config, wanted: &Config) -> Vec<String> {
    let mut differences = Vec::new();
    let mut compare = |what: &str, found: String, wanted: String| {
        if found != wanted {
            differences.push(format!("{what} is {found}, not {wanted}"));
        }
    };
    macro_rules! compare {
        ($($field:ident),*) => {$(
            compare(stringify!($field), format!("{:?}", found.$field), format!("{:?}", wanted.$field));
        )*};
    }
    compare!(
        subjects,
        retention,
        discard,
        max_messages_per_subject,
        max_messages,
        max_bytes,
        max_age,
        storage,
        num_replicas,
        duplicate_window
    );
    differences
}

//! What ends a consumer of the stream.

use async_nats::SubscribeError;
use async_nats::jetstream::stream::{ConsumerError, RawMessageError};

use super::stream::NoStream;

/// Why a consumer has come to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Interruption {
    #[error("the connection to NATS is lost")]
    Disconnected,
    #[error("NATS does not say how its stream is")]
    NoStream(#[from] NoStream),
    #[error("the stream, which ends at {last}, lacks message {read}, which has been read")]
    Shorter { last: u64, read: u64 },
    #[error("the stream has another message {sequence} than the one that was read")]
    Replaced { sequence: u64 },
    #[error("a message of the stream cannot be read")]
    Message(#[from] RawMessageError),
    #[error("the stream cannot be subscribed to")]
    Subscribe(#[from] SubscribeError),
    #[error("the stream cannot be read")]
    Consumer(#[from] ConsumerError),
    #[error("the stream cannot be answered")]
    Publish(#[from] async_nats::PublishError),
    #[error("message {found} of the consumer came instead of {expected}")]
    Skipped { expected: u64, found: u64 },
    #[error("nothing has been heard from the stream")]
    Silent,
    #[error("NATS has ended the consumer: {0}")]
    Ended(String),
}

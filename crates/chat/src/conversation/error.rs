//! Why a conversation cannot go on.

use route_guide_geo::E7Point;

use crate::notebook::{AppendError, SubscribeError};

/// Why a conversation cannot go on as the stream expects.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChatError {
    /// Retention removed notes that this stream was owed before it read them.
    #[error("{count} notes at {place} were removed before this stream read them")]
    Missed {
        /// Where the notes were.
        place: E7Point,
        /// How many they were: exactly, or at least one if they are missing from a copy of what is kept elsewhere.
        count: u64,
    },
    /// The stream has posted at as many places as it may.
    #[error("one stream may post at {limit} places, more are not allowed")]
    TooManyPlaces {
        /// The bound.
        limit: usize,
    },
    /// The streams of this one's peer follow as many places as they may.
    #[error(
        "the streams of one connection may follow {limit} places together, more are not allowed"
    )]
    ShareUsed {
        /// The bound.
        limit: usize,
    },
    /// The note is longer than a note may be.
    #[error("a note of {len_bytes} bytes is longer than the {limit_bytes} bytes that one may have")]
    NoteTooLong {
        /// The length of the text.
        len_bytes: usize,
        /// The bound.
        limit_bytes: usize,
    },
    /// The note was not committed.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The stream cannot follow the place.
    #[error(transparent)]
    Subscription(#[from] SubscribeError),
}

//! The one place where an error becomes a `Status`.

use std::collections::HashMap;

use route_guide_chat::{AppendError, ChatError, SubscribeError};
use route_guide_geo::{OutOfRange, ParseError};
use route_guide_store::CorruptRecord;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::metadata::NOTES_MISSED;
use crate::text::shortened;

/// How long the description of a violation may be; a client forgets a status whose trailers are too long.
const MOST_DESCRIPTION_BYTES: usize = 512;

/// The reason in the `google.rpc.ErrorInfo` of a RouteChat call that ends with UNKNOWN because it is not known whether its
/// last note was committed. Other servers may hand it out now or within minutes.
pub const NOTE_UNCONFIRMED: &str = "NOTE_UNCONFIRMED";

/// The domain of every `google.rpc.ErrorInfo` of this server.
pub const ERROR_DOMAIN: &str = "route-guide";

/// Why a call cannot be answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RpcError {
    /// A coordinate lies off the globe.
    #[error("{}{source}{}", in_field(.parent), at_index(*.index))]
    OffGlobe {
        /// The field that holds the point; empty if the request itself is the point.
        parent: &'static str,
        /// Which message of a stream it was, counted from 0.
        index: Option<u64>,
        source: OutOfRange,
    },
    /// Metadata names a place that is none.
    #[error("metadata {key}: {source}")]
    Place {
        key: &'static str,
        source: ParseError,
    },
    /// Metadata that should name a call names none.
    #[error("metadata {key}: expected 32 hexadecimal digits")]
    CallId { key: &'static str },
    /// Stored features are damaged.
    #[error("a stored feature is damaged; the server's log says where")]
    Corrupt(#[from] CorruptRecord),
    /// The notebook refused, or the stream fell behind it.
    #[error(transparent)]
    Chat(#[from] ChatError),
}

impl RpcError {
    pub(crate) fn off_globe(parent: &'static str, source: OutOfRange) -> Self {
        Self::OffGlobe {
            parent,
            index: None,
            source,
        }
    }

    /// Says which message of a stream is at fault, counted from 0.
    pub(crate) fn at_message(self, message: u64) -> Self {
        match self {
            Self::OffGlobe { parent, source, .. } => Self::OffGlobe {
                parent,
                index: Some(message),
                source,
            },
            other => other,
        }
    }
}

fn in_field(parent: &str) -> String {
    match parent {
        "" => String::new(),
        parent => format!("{parent}."),
    }
}

fn at_index(index: Option<u64>) -> String {
    index.map_or(String::new(), |index| {
        format!(" (message {index} of the stream)")
    })
}

impl From<RpcError> for Status {
    fn from(error: RpcError) -> Self {
        let message = error.to_string();
        match error {
            RpcError::OffGlobe {
                parent,
                index,
                source,
            } => {
                let field = format!("{}{}", in_field(parent), source.axis());
                let description = format!("{source}{}", at_index(index));
                let details = ErrorDetails::with_bad_request_violation(field, description);
                Self::with_error_details(Code::InvalidArgument, message, details)
            }
            RpcError::Place { key, source } => {
                let details = ErrorDetails::with_bad_request_violation(
                    key,
                    shortened(&source.to_string(), MOST_DESCRIPTION_BYTES),
                );
                Self::with_error_details(Code::InvalidArgument, message, details)
            }
            RpcError::CallId { key } => {
                let details = ErrorDetails::with_bad_request_violation(key, message.as_str());
                Self::with_error_details(Code::InvalidArgument, message, details)
            }
            RpcError::Chat(ChatError::Missed { count, .. }) => {
                let mut trailers = MetadataMap::new();
                trailers.insert(NOTES_MISSED, MetadataValue::from(count));
                Self::with_metadata(Code::DataLoss, message, trailers)
            }
            RpcError::Chat(error) => chat_status(&error),
            RpcError::Corrupt(cause) => {
                // Once for each damage: whoever asks again and again must not fill the log.
                if !cause.is_known() {
                    tracing::error!(
                        "features are damaged: {cause}; check the snapshot with `info --verify` and import it again"
                    );
                }
                Self::data_loss(message)
            }
        }
    }
}

fn chat_status(error: &ChatError) -> Status {
    match error {
        // What the system said names files. The notebook logs it, once for all notes that it refuses.
        ChatError::Append(AppendError::Storage { .. } | AppendError::Closed) => {
            Status::unavailable(error.to_string())
        }
        // Clients repeat UNAVAILABLE calls by themselves: it is only for notes that are certainly not committed.
        ChatError::Append(AppendError::Unavailable { retry_after, .. })
        | ChatError::Subscription(SubscribeError::Unavailable { retry_after, .. }) => {
            Status::with_error_details(
                Code::Unavailable,
                error.to_string(),
                ErrorDetails::with_retry_info(Some(*retry_after)),
            )
        }
        ChatError::Append(AppendError::Unconfirmed { .. }) => Status::with_error_details(
            Code::Unknown,
            error.to_string(),
            ErrorDetails::with_error_info(NOTE_UNCONFIRMED, ERROR_DOMAIN, HashMap::new()),
        ),
        _ => Status::resource_exhausted(match flag(error) {
            Some(flag) => format!("{error} ({flag} of the server)"),
            None => error.to_string(),
        }),
    }
}

/// Returns the flag of the server that decides.
fn flag(error: &ChatError) -> Option<&'static str> {
    Some(match error {
        ChatError::TooManyPlaces { .. } => "--chat-places-per-stream",
        ChatError::ShareUsed { .. } => "--chat-places-per-connection",
        ChatError::NoteTooLong { .. } => "--chat-note-bytes",
        ChatError::Subscription(SubscribeError::TooManySubscriptions { .. }) => {
            "--chat-places-total"
        }
        ChatError::Append(AppendError::TooLarge { .. }) => "--chat-memory-mib",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;
    use std::time::Duration;

    use route_guide_geo::E7Point;

    use super::*;

    fn violation(error: RpcError) -> (String, String, String) {
        let status = Status::from(error);
        assert_eq!(status.code(), Code::InvalidArgument);
        let details = status
            .get_details_bad_request()
            .expect("a BadRequest is attached");
        let [violation] = details.field_violations.try_into().expect("one violation");
        (
            status.message().to_owned(),
            violation.field,
            violation.description,
        )
    }

    #[test]
    fn a_notebook_that_is_unavailable_says_when_to_try_again_and_nothing_of_where_it_is() {
        let retry_after = Duration::from_millis(1_500);
        let source = Arc::new(io::Error::other("10.0.0.7:4222 is closed"));
        let post = AppendError::Unavailable {
            retry_after,
            source: source.clone(),
        };
        let follow = SubscribeError::Unavailable {
            retry_after,
            source,
        };
        for away in [ChatError::from(post), ChatError::from(follow)] {
            let status = Status::from(RpcError::from(away));
            assert_eq!(status.code(), Code::Unavailable);
            assert_eq!(
                status.message(),
                "the notebook is unavailable, try again in 1.5 s"
            );
            let retry = status.get_details_retry_info().expect("it is attached");
            assert_eq!(retry.retry_delay, Some(retry_after));
        }
    }

    /// A note of which it was not known whether it was committed ended its call with UNAVAILABLE, and clients that repeat
    /// such calls posted it twice.
    #[test]
    fn a_note_that_may_be_committed_is_not_repeated_by_clients() {
        let source = Arc::new(io::Error::other("10.0.0.7:4222 is closed"));
        let error = ChatError::from(AppendError::Unconfirmed { source });
        let status = Status::from(RpcError::from(error));
        assert_eq!(status.code(), Code::Unknown);
        assert!(!status.message().contains("10.0.0.7"), "{status:?}");
        assert!(status.get_details_retry_info().is_none());
        let info = status.get_details_error_info().expect("it is attached");
        assert_eq!(
            (info.reason.as_str(), info.domain.as_str()),
            (NOTE_UNCONFIRMED, ERROR_DOMAIN)
        );
    }

    #[test]
    fn a_violation_names_field_value_range_and_message() {
        let outside = E7Point::new(900_000_001, 0).unwrap_err();
        let (message, field, description) = violation(RpcError::off_globe("", outside));
        assert_eq!(message, "latitude 900000001 is outside ±900000000");
        assert_eq!(field, "latitude");
        assert_eq!(description, "latitude 900000001 is outside ±900000000");

        let outside = E7Point::new(0, i32::MIN).unwrap_err();
        let error = RpcError::off_globe("location", outside).at_message(3);
        let (message, field, description) = violation(error);
        let stated = "longitude -2147483648 is outside ±1800000000 (message 3 of the stream)";
        assert_eq!(message, format!("location.{stated}"));
        assert_eq!(field, "location.longitude");
        assert_eq!(description, stated);
    }
}

//! How calls end.

use std::fmt;
use std::time::Duration;

use h2::Reason;
use http::{HeaderMap, StatusCode};
use percent_encoding::percent_decode;

/// How a call ended: gRPC's status code and the server's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallStatus {
    code: u16,
    message: String,
}

impl CallStatus {
    const OK: u16 = 0;
    const CANCELLED: u16 = 1;
    const UNKNOWN: u16 = 2;
    const DEADLINE_EXCEEDED: u16 = 4;
    const RESOURCE_EXHAUSTED: u16 = 8;
    const INTERNAL: u16 = 13;
    const UNAVAILABLE: u16 = 14;

    pub(crate) fn new(code: u16, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// Reads the status from trailers, or from headers that are all of a reply.
    pub(crate) fn read(fields: &HeaderMap) -> Option<Self> {
        let code = fields.get("grpc-status")?.to_str().ok();
        let message = fields.get("grpc-message").map_or(&[][..], |m| m.as_bytes());
        Some(Self::new(
            code.and_then(|code| code.parse().ok())
                .unwrap_or(Self::UNKNOWN),
            percent_decode(message).decode_utf8_lossy(),
        ))
    }

    /// The status of a reply without one.
    pub(crate) fn absent(http_status: StatusCode) -> Self {
        if http_status == StatusCode::OK {
            Self::new(Self::INTERNAL, "the reply ended without a status")
        } else {
            let message = format!("HTTP status {}", http_status.as_str());
            Self::new(Self::UNKNOWN, message)
        }
    }

    /// The status of a reply that has none of the messages that it should have.
    pub(crate) fn without_message() -> Self {
        Self::new(Self::INTERNAL, "the reply has no message")
    }

    /// The status of a call whose stream failed.
    ///
    /// # Errors
    ///
    /// If the connection failed with it.
    pub(crate) fn of_failed_stream(error: h2::Error) -> Result<Self, h2::Error> {
        match error.reason() {
            Some(reason) if error.is_reset() => Ok(Self::reset(reason)),
            Some(Reason::NO_ERROR) => Ok(Self::new(
                Self::UNAVAILABLE,
                "the server ended the connection before it had begun the call",
            )),
            _ => Err(error),
        }
    }

    /// The status of a stream that was reset, by gRPC's HTTP/2 mapping.
    fn reset(reason: Reason) -> Self {
        let code = match reason {
            Reason::REFUSED_STREAM => Self::UNAVAILABLE,
            Reason::CANCEL => Self::CANCELLED,
            Reason::ENHANCE_YOUR_CALM => Self::RESOURCE_EXHAUSTED,
            _ => Self::INTERNAL,
        };
        Self::new(code, format!("the stream was reset with {reason:?}"))
    }

    /// The status of a call that took too long.
    pub(crate) fn expired(timeout: Duration) -> Self {
        let message = format!("the call did not end within {timeout:?}");
        Self::new(Self::DEADLINE_EXCEEDED, message)
    }

    /// The status of a call that was still open this long after the end of the run's time.
    pub(crate) fn unended(grace: Duration) -> Self {
        let message = format!("the call did not end within {grace:?} after the time of the run");
        Self::new(Self::DEADLINE_EXCEEDED, message)
    }

    /// gRPC's number; 0 is OK.
    #[must_use]
    pub const fn code(&self) -> u16 {
        self.code
    }

    /// The server's message.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Tells whether the call succeeded.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        self.code == Self::OK
    }
}

impl fmt::Display for CallStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 17] = [
            "OK",
            "CANCELLED",
            "UNKNOWN",
            "INVALID_ARGUMENT",
            "DEADLINE_EXCEEDED",
            "NOT_FOUND",
            "ALREADY_EXISTS",
            "PERMISSION_DENIED",
            "RESOURCE_EXHAUSTED",
            "FAILED_PRECONDITION",
            "ABORTED",
            "OUT_OF_RANGE",
            "UNIMPLEMENTED",
            "INTERNAL",
            "UNAVAILABLE",
            "DATA_LOSS",
            "UNAUTHENTICATED",
        ];
        match NAMES.get(usize::from(self.code)) {
            Some(name) => f.write_str(name)?,
            None => write!(f, "status {}", self.code)?,
        }
        if self.message.is_empty() {
            Ok(())
        } else {
            write!(f, ": {}", self.message)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_from_trailers() {
        let check = |fields: &[(&'static str, &'static str)], expected: Option<&str>| {
            let fields = fields
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect();
            let status = CallStatus::read(&fields).map(|status| status.to_string());
            assert_eq!(status.as_deref(), expected);
        };
        check(&[], None);
        check(&[("grpc-status", "0")], Some("OK"));
        check(&[("grpc-status", "99")], Some("status 99"));
        check(&[("grpc-status", "odd")], Some("UNKNOWN"));
        let unavailable = |message| [("grpc-status", "14"), ("grpc-message", message)];
        check(
            &unavailable("2%20notes%20%C3%BC"),
            Some("UNAVAILABLE: 2 notes ü"),
        );
        check(
            &unavailable("50 % of %zz%2"),
            Some("UNAVAILABLE: 50 % of %zz%2"),
        );
    }

    #[test]
    fn a_reply_without_a_status_and_a_reset_have_one() {
        let check = |status: &CallStatus, text| assert_eq!(status.to_string(), text);
        check(
            &CallStatus::absent(StatusCode::UNSUPPORTED_MEDIA_TYPE),
            "UNKNOWN: HTTP status 415",
        );
        check(
            &CallStatus::reset(Reason::ENHANCE_YOUR_CALM),
            "RESOURCE_EXHAUSTED: the stream was reset with ENHANCE_YOUR_CALM",
        );
    }
}

//! How calls end.

use std::fmt;
use std::time::Duration;

use crate::frame::Reason;

/// How a call ended: gRPC's status code and the server's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallStatus {
    code: u16,
    message: String,
}

impl CallStatus {
    pub(crate) const OK: u16 = 0;
    const CANCELLED: u16 = 1;
    pub(crate) const UNKNOWN: u16 = 2;
    const RESOURCE_EXHAUSTED: u16 = 8;
    const INTERNAL: u16 = 13;
    const UNAVAILABLE: u16 = 14;

    pub(crate) fn new(code: u16, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// The status of a stream that was reset, as gRPC's HTTP/2 mapping has it.
    pub(crate) fn reset(reason: Reason) -> Self {
        let code = match reason {
            Reason::REFUSED_STREAM => Self::UNAVAILABLE,
            Reason::CANCEL => Self::CANCELLED,
            Reason::ENHANCE_YOUR_CALM => Self::RESOURCE_EXHAUSTED,
            _ => Self::INTERNAL,
        };
        Self::new(code, format!("the stream was reset with {reason}"))
    }

    /// The status of a reply without one.
    pub(crate) fn absent(http_status: &str) -> Self {
        if http_status == "200" {
            Self::new(Self::INTERNAL, "the reply ended without a status")
        } else {
            Self::new(Self::UNKNOWN, format!("HTTP status {http_status}"))
        }
    }

    /// gRPC's number; 0 is OK.
    #[must_use]
    pub const fn code(&self) -> u16 {
        self.code
    }

    /// What the server said.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The status of a call whose time is over.
    pub(crate) fn expired(timeout: Duration) -> Self {
        Self::new(4, format!("the call did not end within {timeout:?}"))
    }

    /// The status of a call that the server has not begun.
    pub(crate) fn refused() -> Self {
        Self::new(
            14,
            "the server ended the connection before it had begun the call",
        )
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
    fn a_status_reads_as_in_the_programs_of_the_project() {
        assert_eq!(CallStatus::new(0, "").to_string(), "OK");
        assert_eq!(
            CallStatus::new(4, "too late").to_string(),
            "DEADLINE_EXCEEDED: too late"
        );
        assert_eq!(CallStatus::new(99, "").to_string(), "status 99");
        assert_eq!(
            CallStatus::absent("415").to_string(),
            "UNKNOWN: HTTP status 415"
        );
        assert_eq!(
            CallStatus::reset(Reason::ENHANCE_YOUR_CALM).to_string(),
            "RESOURCE_EXHAUSTED: the stream was reset with ENHANCE_YOUR_CALM"
        );
    }
}

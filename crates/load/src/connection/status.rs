//! How calls end.

use std::fmt;
use std::time::Duration;

use h2::Reason;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
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
    const PERMISSION_DENIED: u16 = 7;
    const RESOURCE_EXHAUSTED: u16 = 8;
    const UNIMPLEMENTED: u16 = 12;
    const INTERNAL: u16 = 13;
    const UNAVAILABLE: u16 = 14;
    const UNAUTHENTICATED: u16 = 16;

    pub(crate) fn new(code: u16, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// Reads the status, and the beginning of its message, from trailers, or from headers that are all of a reply.
    pub(crate) fn read(fields: &HeaderMap) -> Option<Self> {
        let code = fields.get("grpc-status")?.to_str().ok();
        let message = fields.get("grpc-message").map_or(&[][..], |m| m.as_bytes());
        Some(Self::new(
            code.and_then(|code| code.parse().ok())
                .unwrap_or(Self::UNKNOWN),
            shortened(&percent_decode(message).decode_utf8_lossy(), MAX_TEXT_LEN),
        ))
    }

    /// The status of a reply without one.
    pub(crate) fn absent() -> Self {
        Self::new(Self::INTERNAL, "the reply ended without a status")
    }

    /// The status of a reply that is none of gRPC, as of a proxy without a server, if it is none.
    ///
    /// # References
    ///
    /// [HTTP to gRPC status code mapping](https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md)
    pub(crate) fn unless_grpc(status: StatusCode, fields: &HeaderMap) -> Option<Self> {
        let content_type = fields.get(CONTENT_TYPE);
        if status == StatusCode::OK && content_type.is_some_and(is_grpc) {
            return None;
        }
        let code = match status {
            StatusCode::BAD_REQUEST => Self::INTERNAL,
            StatusCode::UNAUTHORIZED => Self::UNAUTHENTICATED,
            StatusCode::FORBIDDEN => Self::PERMISSION_DENIED,
            StatusCode::NOT_FOUND => Self::UNIMPLEMENTED,
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Self::UNAVAILABLE,
            _ => Self::UNKNOWN,
        };
        let content = match content_type {
            Some(name) => {
                let name = String::from_utf8_lossy(name.as_bytes());
                format!("content type '{}'", shortened(&name, 80))
            }
            None => "no content type".to_owned(),
        };
        let message = format!("the server answered with HTTP status {status} and {content}");
        Some(Self::new(code, message))
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

    /// The server's message, or the first KiB of it.
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

/// The most bytes that are kept of a text of the server.
pub(crate) const MAX_TEXT_LEN: usize = 1 << 10;

/// Returns a text, or as many bytes of it with a mark where it was cut.
pub(crate) fn shortened(text: &str, max_len: usize) -> String {
    if text.len() <= max_len {
        text.to_owned()
    } else {
        let mut ends = (0..=max_len).rev();
        let end = ends.find(|&end| text.is_char_boundary(end)).unwrap_or(0);
        format!("{}…", &text[..end])
    }
}

/// `application/grpc`, perhaps with a suffix for the format of messages or with parameters.
fn is_grpc(content_type: &HeaderValue) -> bool {
    const GRPC: &[u8] = b"application/grpc";
    let (start, rest) = content_type
        .as_bytes()
        .split_at_checked(GRPC.len())
        .unwrap_or_default();
    start.eq_ignore_ascii_case(GRPC) && matches!(rest.first(), None | Some(b'+' | b';' | b' '))
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
    fn what_http_servers_answer_has_the_code_that_grpc_gives_it() {
        let check = |status: u16, content_type: Option<&'static str>, expected: Option<&str>| {
            let content_type = content_type.map(HeaderValue::from_static);
            let fields = content_type
                .map(|name| (CONTENT_TYPE, name))
                .into_iter()
                .collect();
            let status = StatusCode::from_u16(status).unwrap();
            let found = CallStatus::unless_grpc(status, &fields);
            let expected = expected.map(|text| {
                let (code, content) = text.split_once(": ").unwrap();
                format!("{code}: the server answered with HTTP status {status} and {content}")
            });
            assert_eq!(found.map(|status| status.to_string()), expected);
        };
        for (status, code) in [
            (400, "INTERNAL"),
            (401, "UNAUTHENTICATED"),
            (403, "PERMISSION_DENIED"),
            (404, "UNIMPLEMENTED"),
            (429, "UNAVAILABLE"),
            (502, "UNAVAILABLE"),
            (503, "UNAVAILABLE"),
            (504, "UNAVAILABLE"),
            (500, "UNKNOWN"),
        ] {
            let expected = format!("{code}: no content type");
            check(status, None, Some(&expected));
        }
        for name in ["application/grpc", "Application/GRPC+proto"] {
            check(200, Some(name), None);
        }
        check(
            200,
            Some("application/grpc-web"),
            Some("UNKNOWN: content type 'application/grpc-web'"),
        );
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(shortened("größe", 7), "größe");
        assert_eq!(shortened("größe", 6), "größ…");
        assert_eq!(shortened("größe", 5), "grö…");
    }

    #[test]
    fn a_reply_without_a_status_and_a_reset_have_one() {
        let check = |status: &CallStatus, text| assert_eq!(status.to_string(), text);
        check(
            &CallStatus::absent(),
            "INTERNAL: the reply ended without a status",
        );
        check(
            &CallStatus::reset(Reason::ENHANCE_YOUR_CALM),
            "RESOURCE_EXHAUSTED: the stream was reset with ENHANCE_YOUR_CALM",
        );
    }
}

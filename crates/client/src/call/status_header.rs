//! A status as it stands in headers or trailers.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use http::header::HeaderName;
use http::{HeaderMap, HeaderValue};
use tonic::{Code, Status};

use crate::channel::target::Target;
use crate::printable::shortened;

/// gRPC servers write Base64 without padding; with padding it is understood too.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Corrects a status in headers or trailers, so that its code survives whatever its message and details look like.
pub(super) fn correct_status(headers: &mut HeaderMap, target: &Target) {
    const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");

    if let Some(details) = headers.get(DETAILS) {
        // Details that cannot be decoded are no reason to lose the status.
        let decoded = BASE64.decode(details.as_bytes()).ok();
        let encoded = decoded.map(|bytes| Bytes::from(BASE64.encode(bytes)));
        match encoded.and_then(|text| HeaderValue::from_maybe_shared(text).ok()) {
            Some(details) => headers.insert(DETAILS, details),
            None => headers.remove(DETAILS),
        };
    }
    if let Some(message) = headers.get(Status::GRPC_MESSAGE) {
        let bytes = message.as_bytes();
        if String::from_utf8(percent_decoded(bytes)).is_err() {
            // The protocol forbids to throw a message away. It is shown as it came.
            let message = message_header(&String::from_utf8_lossy(bytes));
            headers.insert(Status::GRPC_MESSAGE, message);
        }
    }
    name_unknown_code(headers, target);
}

/// Puts a status code that gRPC does not have into the message, because the code becomes `UNKNOWN`.
fn name_unknown_code(headers: &mut HeaderMap, target: &Target) {
    const UNKNOWN: &[u8] = b"2";
    let Some(code) = headers.get(Status::GRPC_STATUS).map(HeaderValue::as_bytes) else {
        return;
    };
    if Code::from_bytes(code) != Code::Unknown || code == UNKNOWN {
        return;
    }
    let code = String::from_utf8_lossy(code);
    let mut message = format!(
        "{target} answered with grpc-status '{}', which is no status code of gRPC",
        shortened(&code, 40)
    );
    let server_message = headers
        .get(Status::GRPC_MESSAGE)
        .map_or(&b""[..], HeaderValue::as_bytes);
    if !server_message.is_empty() {
        message.push_str(": ");
        message.push_str(&String::from_utf8_lossy(&percent_decoded(server_message)));
    }
    headers.insert(Status::GRPC_MESSAGE, message_header(&message));
    headers.insert(Status::GRPC_STATUS, HeaderValue::from_static("2"));
}

/// Says which method a server does not have, if the server only says that there is one.
///
/// Servers made with tonic answer so, also when somebody calls the wrong one of two servers.
pub(super) fn name_missing_method(headers: &mut HeaderMap, path: &str, target: &Target) {
    let is_mute = headers
        .get(Status::GRPC_MESSAGE)
        .is_none_or(HeaderValue::is_empty);
    let code = headers.get(Status::GRPC_STATUS).map(HeaderValue::as_bytes);
    if is_mute && code == Some(b"12") {
        let message = message_header(&format!("the server at {target} has no method {path}"));
        headers.insert(Status::GRPC_MESSAGE, message);
    }
}

/// Writes a message as it stands in a header.
///
/// # References
///
/// [gRPC over HTTP/2, `Status-Message`](https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses)
pub(super) fn message_header(message: &str) -> HeaderValue {
    let mut encoded = String::with_capacity(message.len());
    for byte in message.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => encoded.push(char::from(byte)),
            _ => {
                // Writing to a string cannot fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    HeaderValue::from_str(&encoded).unwrap_or(HeaderValue::from_static("?"))
}

/// Takes the percent-encoding off a message. A `%` that begins no code stands for itself.
fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let digit = |at: usize| char::from(*text.get(at)?).to_digit(16);
    let mut decoded = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let code = (*byte == b'%').then(|| Some(digit(at + 1)? * 16 + digit(at + 2)?));
        if let Some(code) = code.flatten().and_then(|code| u8::try_from(code).ok()) {
            decoded.push(code);
            at += 3;
        } else {
            decoded.push(*byte);
            at += 1;
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};
    use tonic::{Code, Status};

    use super::{correct_status, name_missing_method};
    use crate::channel::target::Target;

    fn target() -> Target {
        Target::default()
    }

    /// A server sent `grpc-status-details-bin: !!!!`, and the client panicked.
    #[test]
    fn a_status_keeps_its_code_whatever_stands_beside_it() {
        let read = |message: &[u8], details: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("grpc-status", HeaderValue::from_static("8"));
            headers.insert("grpc-message", HeaderValue::from_bytes(message).unwrap());
            headers.insert("grpc-status-details-bin", HeaderValue::from_static(details));
            correct_status(&mut headers, &target());
            let status = Status::from_header_map(&headers).unwrap();
            assert_eq!(status.code(), Code::ResourceExhausted);
            (status.message().to_owned(), status.details().to_vec())
        };
        let message = |text: &str| read(text.as_bytes(), "").0;
        assert_eq!(message("caf%C3%A9"), "café");
        assert_eq!(message("caf%C3"), "caf%C3");
        assert_eq!(message("100%"), "100%");
        assert_eq!(message("%zz %4"), "%zz %4");
        assert_eq!(message("é"), "é");
        assert_eq!(read(b"a\xffb%C3", "").0, "a\u{fffd}b%C3");
        for (details, expected) in [
            ("!!!!", &[][..]),
            ("AQI", &[1, 2]),
            ("AQI=", &[1, 2]),
            ("AQ I", &[]),
            ("", &[]),
        ] {
            assert_eq!(read(b"", details).1, expected, "{details}");
        }
    }

    /// A server sent `grpc-status: over`, and the client printed `UNKNOWN` and nothing else.
    #[test]
    fn a_code_that_grpc_does_not_have_is_quoted() {
        let check = |code: &[u8], message: Option<&'static str>, expected: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("grpc-status", HeaderValue::from_bytes(code).unwrap());
            if let Some(message) = message {
                headers.insert("grpc-message", HeaderValue::from_static(message));
            }
            correct_status(&mut headers, &target());
            let status = Status::from_header_map(&headers).unwrap();
            assert_eq!(status.code(), Code::Unknown);
            assert_eq!(status.message(), expected, "{code:?} {message:?}");
        };
        let quoted = |code: &str| {
            format!(
                "localhost:50051 answered with grpc-status '{code}', which is no status code of gRPC"
            )
        };
        for code in ["over", "17", "-1", "", "0x2", "00"] {
            check(code.as_bytes(), None, &quoted(code));
        }
        check(b"\xff", Some(""), &quoted("\u{fffd}"));
        let long = "9".repeat(5_000);
        check(
            long.as_bytes(),
            None,
            &quoted(&format!("{}…", "9".repeat(40))),
        );
        let both = format!("{}: 50% caf\u{e9}", quoted("x"));
        check(b"x", Some("50%25 caf%C3%A9"), &both);
        check(b"2", Some("as it is"), "as it is");
        check(b"2", None, "");
    }

    #[test]
    fn a_missing_method_is_named_unless_the_server_has_words_of_its_own() {
        let check = |code: &'static str, message: Option<&'static str>, expected: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("grpc-status", code.parse().unwrap());
            if let Some(message) = message {
                headers.insert("grpc-message", message.parse().unwrap());
            }
            let target = "unix:/tmp/50 %/ü".parse().unwrap();
            name_missing_method(&mut headers, "/p.Service/Method", &target);
            let status = Status::from_header_map(&headers).unwrap();
            assert_eq!(status.message(), expected, "{code} {message:?}");
        };
        let named = "the server at unix:/tmp/50 %/ü has no method /p.Service/Method";
        check("12", None, named);
        check("12", Some(""), named);
        check("12", Some("not today"), "not today");
        check("13", None, "");
        check("0", None, "");
    }
}

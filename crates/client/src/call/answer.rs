//! Makes the answer of an HTTP server one that gRPC can read, or a status.
//!
//! What stands between the two are proxies, servers of something else, and servers that write their headers wrong. tonic
//! reads a response as gRPC whatever it says of itself, panics on details that are not Base64, and drops the code of a
//! status whose message it cannot decode. So everything is looked at before tonic sees it.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue, StatusCode, response};
use tonic::{Code, Status};

use super::message_count::MessageCount;
use super::status;
use crate::channel::target::Target;
use crate::printable::shortened;

/// gRPC servers write Base64 without padding; with padding it is understood too.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const ENCODING: &str = "grpc-encoding";

/// Looks at the head of a response, and corrects in it what tonic would trip over.
///
/// # Errors
///
/// The status of the call, if the response is none of gRPC or is compressed as it must not be.
pub(crate) fn check_head(
    head: &mut response::Parts,
    accepted: Option<&HeaderValue>,
    target: &Target,
) -> Result<(), Status> {
    // A status is a status, whatever stands around it.
    if head.headers.contains_key(Status::GRPC_STATUS) {
        correct_status(&mut head.headers, target);
        // tonic would look at the encoding first, and there are no messages.
        head.headers.remove(ENCODING);
        return Ok(());
    }
    let content_type = head.headers.get(CONTENT_TYPE);
    if head.status != StatusCode::OK || !content_type.is_some_and(is_grpc) {
        return Err(not_grpc(head.status, content_type, target));
    }
    match head.headers.get(ENCODING) {
        Some(encoding) if !is_accepted(encoding, accepted) => Err(Status::internal(format!(
            "{target} compressed its answer with '{}', which this call does not accept",
            shortened(&String::from_utf8_lossy(encoding.as_bytes()), 40)
        ))),
        _ => Ok(()),
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

fn is_accepted(encoding: &HeaderValue, accepted: Option<&HeaderValue>) -> bool {
    let accepted = accepted.map_or(&b""[..], HeaderValue::as_bytes);
    let mut accepted = accepted.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    encoding == "identity" || accepted.any(|name| name == encoding.as_bytes())
}

/// The status of a call that something else than a gRPC server has answered.
///
/// # References
///
/// [HTTP to gRPC status code mapping](https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md)
fn not_grpc(status: StatusCode, content_type: Option<&HeaderValue>, target: &Target) -> Status {
    let code = match status {
        StatusCode::BAD_REQUEST => Code::Internal,
        StatusCode::UNAUTHORIZED => Code::Unauthenticated,
        StatusCode::FORBIDDEN => Code::PermissionDenied,
        StatusCode::NOT_FOUND => Code::Unimplemented,
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => Code::Unavailable,
        _ => Code::Unknown,
    };
    let content = match content_type {
        Some(name) => {
            let name = String::from_utf8_lossy(name.as_bytes());
            format!("content type '{}'", shortened(&name, 80))
        }
        None => "no content type".to_owned(),
    };
    let mut message = format!("{target} answered with HTTP status {status} and {content}");
    message.push_str(match status {
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            "; the metadata of the call is longer than the server accepts"
        }
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            "; the proxy there has no server to pass the call to"
        }
        StatusCode::OK => "; that is not gRPC",
        _ => "",
    });
    Status::new(code, message)
}

/// Corrects a status in headers or trailers, so that its code survives whatever its message and details look like.
pub(crate) fn correct_status(headers: &mut HeaderMap, target: &Target) {
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

/// Corrects the status at the end of an answer, and refuses `OK` for an answer that has another number of messages than
/// its method, or only a part of one.
///
/// # References
///
/// [gRPC status codes](https://github.com/grpc/grpc/blob/master/doc/statuscodes.md): `UNIMPLEMENTED` for a response
/// cardinality violation.
pub(crate) fn check_end(
    trailers: &mut HeaderMap,
    messages: &MessageCount,
    one_reply: bool,
    target: &Target,
) {
    correct_status(trailers, target);
    let is_ok = trailers
        .get(Status::GRPC_STATUS)
        .is_some_and(|code| code == "0");
    let (code, message) = if !is_ok {
        return;
    } else if messages.is_cut() {
        let message = format!("the answer of {target} was cut in the middle of a message");
        (Code::Internal, message)
    } else if one_reply && messages.messages() == 0 {
        let message = format!("{target} answered without a message, where exactly one belongs");
        (Code::Unimplemented, message)
    } else {
        return;
    };
    trailers.insert(Status::GRPC_STATUS, HeaderValue::from(code as i32));
    trailers.insert(Status::GRPC_MESSAGE, message_header(&message));
}

/// The status of a call that has more than one reply where one belongs.
pub(crate) fn too_many_replies(target: &Target) -> Status {
    Status::unimplemented(format!(
        "{target} answered with more than one message, where exactly one belongs"
    ))
}

/// The status of a response that is over before there is a status in it, as proxies end it that have lost their server.
pub(crate) fn without_status(target: &Target) -> Status {
    status::cut_short(
        Code::Unknown,
        format!("the answer of {target} ended without a status"),
    )
}

/// Says which method a server does not have, if the server only says that there is one.
///
/// Servers made with tonic answer so, also when somebody calls the wrong one of two servers.
pub(crate) fn name_missing_method(headers: &mut HeaderMap, path: &str, target: &Target) {
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
fn message_header(message: &str) -> HeaderValue {
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
    use http::{HeaderMap, HeaderValue, Response};
    use tonic::{Code, Status};

    use super::{MessageCount, check_end, check_head, correct_status, name_missing_method};
    use crate::channel::target::Target;

    fn target() -> Target {
        Target::default()
    }

    /// Returns what comes of a response with this status and these headers.
    fn head(status: u16, headers: &[(&'static str, &'static str)]) -> String {
        let mut response = Response::builder().status(status);
        for (key, value) in headers {
            response = response.header(*key, *value);
        }
        let (mut parts, ()) = response.body(()).unwrap().into_parts();
        let accepted = HeaderValue::from_static("gzip, zstd,identity");
        match check_head(&mut parts, Some(&accepted), &target()) {
            Err(status) => format!("{:?}: {}", status.code(), status.message()),
            Ok(()) => match Status::from_header_map(&parts.headers) {
                Some(status) => format!("status {:?}: {}", status.code(), status.message()),
                None => "answer".to_owned(),
            },
        }
    }

    #[test]
    fn what_http_servers_answer_has_the_code_that_grpc_gives_it() {
        let html = [("content-type", "text/html")];
        let check = |status: u16, code: &str, words: &str| {
            let expected =
                format!("{code}: localhost:50051 answered with HTTP status {status} {words}");
            assert_eq!(head(status, &html), expected);
        };
        let end = "and content type 'text/html'";
        let proxy = format!("{end}; the proxy there has no server to pass the call to");
        check(400, "Internal", &format!("Bad Request {end}"));
        check(401, "Unauthenticated", &format!("Unauthorized {end}"));
        check(403, "PermissionDenied", &format!("Forbidden {end}"));
        check(404, "Unimplemented", &format!("Not Found {end}"));
        check(429, "Unavailable", &format!("Too Many Requests {end}"));
        check(502, "Unavailable", &format!("Bad Gateway {proxy}"));
        check(503, "Unavailable", &format!("Service Unavailable {proxy}"));
        check(504, "Unavailable", &format!("Gateway Timeout {proxy}"));
        check(500, "Unknown", &format!("Internal Server Error {end}"));
        check(302, "Unknown", &format!("Found {end}"));
        let long = format!(
            "Request Header Fields Too Large {end}; the metadata of the call is longer than the server accepts"
        );
        check(431, "Unknown", &long);
        // A proxy may speak gRPC about an error of its own.
        let told = [
            ("content-type", "text/html"),
            ("grpc-status", "7"),
            ("grpc-message", "no"),
        ];
        assert_eq!(head(502, &told), "status PermissionDenied: no");
    }

    #[test]
    fn only_a_grpc_content_type_is_a_grpc_answer() {
        for name in [
            "application/grpc",
            "application/grpc+proto",
            "Application/GRPC;x=1",
        ] {
            assert_eq!(head(200, &[("content-type", name)]), "answer", "{name}");
        }
        let refused = |content: &str| {
            format!(
                "Unknown: localhost:50051 answered with HTTP status 200 OK and {content}; that is not gRPC"
            )
        };
        for name in ["text/html", "application/grpc-web", "application/grp", ""] {
            let content = format!("content type '{name}'");
            assert_eq!(head(200, &[("content-type", name)]), refused(&content));
        }
        assert_eq!(head(200, &[]), refused("no content type"));
    }

    #[test]
    fn a_compression_that_was_not_offered_is_the_servers_fault() {
        let check = |encoding: &'static str, expected: &str| {
            let headers = [
                ("content-type", "application/grpc"),
                ("grpc-encoding", encoding),
            ];
            assert_eq!(head(200, &headers), expected, "{encoding}");
        };
        check("gzip", "answer");
        check("zstd", "answer");
        check("identity", "answer");
        check(
            "br",
            "Internal: localhost:50051 compressed its answer with 'br', which this call does not accept",
        );
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
    fn one_reply_is_neither_none_nor_two() {
        let check = |code: &'static str, one_reply: bool, body: &[u8], expected: Code| {
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", HeaderValue::from_static(code));
            let mut count = MessageCount::default();
            count.add(body);
            check_end(&mut trailers, &count, one_reply, &target());
            let status = Status::from_header_map(&trailers).unwrap();
            assert_eq!(status.code(), expected, "{code} {one_reply} {body:?}");
        };
        check("0", true, &[0; 5], Code::Ok);
        check("0", false, b"", Code::Ok);
        check("0", true, b"", Code::Unimplemented);
        check("5", true, b"", Code::NotFound);
        for cut in [&[0][..], &[0; 4], &[0; 9], b"\0\0\0\0\x02x"] {
            check("0", true, cut, Code::Internal);
            check("0", false, cut, Code::Internal);
            check("5", true, cut, Code::NotFound);
        }
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

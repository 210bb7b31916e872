//! Makes the answer of an HTTP server one that gRPC can read, or a status.
//!
//! What stands between the two are proxies, servers of something else, and servers that write their headers wrong. tonic
//! reads a response as gRPC whatever it says of itself, panics on details that are not Base64, and drops the code of a
//! status whose message it cannot decode. So everything is looked at before tonic sees it.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode, response};
use tonic::{Code, Status};

use super::message_count::MessageCount;
use super::status;
use super::status_header::{correct_status, message_header};
use crate::channel::target::Target;
use crate::printable::shortened;

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

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, Response};
    use tonic::{Code, Status};

    use super::{MessageCount, check_end, check_head};
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
}

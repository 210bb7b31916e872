//! Turns what went wrong below gRPC into a status.

use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;

use h2::Reason;
use http::{HeaderMap, HeaderValue};
use tonic::{Code, Status};

use crate::connection::ConnectError;
use crate::target::Target;

/// The status of a call that found no server.
pub(crate) fn unavailable(err: &ConnectError) -> Status {
    let mut status = Status::unavailable(err.to_string());
    status.set_source(Arc::new(err.clone()));
    status
}

/// The status of a call whose time ran out before there was a connection.
pub(crate) fn while_connecting(expired: Status, last_error: Option<&ConnectError>) -> Status {
    match last_error {
        None => expired,
        Some(err) => {
            let mut status = Status::new(expired.code(), format!("{}; {err}", expired.message()));
            status.set_source(Arc::new(err.clone()));
            status
        }
    }
}

/// The status of a call that was cut by the other side or by the network.
pub(crate) fn broken_off(err: &hyper::Error, target: &Target) -> Status {
    let Some(h2) = source_of::<h2::Error>(err) else {
        return Status::unavailable(format!(
            "the connection to {target} broke off: {}",
            root(err)
        ));
    };
    match h2.reason() {
        Some(reason) if h2.is_reset() && h2.is_remote() => Status::new(
            code(reason),
            format!("{target} reset the call: {}", reason.description()),
        ),
        Some(Reason::NO_ERROR) | None => Status::unavailable(format!(
            "the connection to {target} broke off: {}",
            root(err)
        )),
        Some(reason) if h2.is_go_away() => Status::new(
            go_away_code(reason),
            format!("{target} closed the connection: {}", root(err)),
        ),
        Some(reason) => Status::new(
            code(reason),
            format!("the call to {target} broke off: {}", root(err)),
        ),
    }
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
        let message = percent_encoded(&format!("the server at {target} has no method {path}"));
        if let Ok(message) = HeaderValue::from_str(&message) {
            headers.insert(Status::GRPC_MESSAGE, message);
        }
    }
}

/// Writes a message as it stands in a header.
///
/// # References
///
/// [gRPC over HTTP/2, `Status-Message`](https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses)
fn percent_encoded(message: &str) -> String {
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
    encoded
}

/// What gRPC makes of a stream that was reset.
///
/// # References
///
/// [gRPC over HTTP/2, section Errors](https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors)
fn code(reason: Reason) -> Code {
    match reason {
        Reason::REFUSED_STREAM => Code::Unavailable,
        Reason::CANCEL => Code::Cancelled,
        Reason::ENHANCE_YOUR_CALM => Code::ResourceExhausted,
        Reason::INADEQUATE_SECURITY => Code::PermissionDenied,
        _ => Code::Internal,
    }
}

/// A connection that is closed takes its calls with it. They may be tried again, unless the server complains of us.
fn go_away_code(reason: Reason) -> Code {
    match reason {
        Reason::ENHANCE_YOUR_CALM => Code::ResourceExhausted,
        _ => Code::Unavailable,
    }
}

fn source_of<'a, T: Error + 'static>(err: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(err);
    while let Some(err) = next {
        if let Some(found) = err.downcast_ref() {
            return Some(found);
        }
        next = err.source();
    }
    None
}

/// The innermost cause says most; what wraps it is "http2 error" and the like.
fn root<'a>(err: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    let mut innermost = err;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost
}

#[cfg(test)]
mod tests {
    use h2::Reason;
    use http::HeaderMap;
    use tonic::{Code, Status};

    use super::{code, name_missing_method};

    #[test]
    fn reset_reasons_map_as_grpc_says() {
        let expected = [
            (Reason::NO_ERROR, Code::Internal),
            (Reason::PROTOCOL_ERROR, Code::Internal),
            (Reason::FLOW_CONTROL_ERROR, Code::Internal),
            (Reason::REFUSED_STREAM, Code::Unavailable),
            (Reason::CANCEL, Code::Cancelled),
            (Reason::ENHANCE_YOUR_CALM, Code::ResourceExhausted),
            (Reason::INADEQUATE_SECURITY, Code::PermissionDenied),
        ];
        for (reason, expected) in expected {
            assert_eq!(code(reason), expected, "{reason:?}");
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

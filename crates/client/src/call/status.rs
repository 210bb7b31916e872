//! Turns what went wrong below gRPC into a status.

use std::error::Error;
use std::sync::Arc;

use h2::Reason;
use tonic::{Code, Status};

use super::deadline::Deadline;
use crate::channel::connect_error::ConnectError;
use crate::channel::target::Target;

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

/// The status of a call that broke off, or that ran out of time.
///
/// A peer that knows the deadline may reset the stream a moment before our own clock says so.
pub(super) fn failed(deadline: Option<&Deadline>, err: &hyper::Error, target: &Target) -> Status {
    match deadline {
        Some(deadline) if deadline.is_over() => deadline.status(),
        _ => broken_off(err, target),
    }
}

/// The status of a call that was cut by the other side or by the network.
fn broken_off(err: &hyper::Error, target: &Target) -> Status {
    let (code, message) = match source_of::<h2::Error>(err) {
        Some(h2) => broken_http2(h2, err, target),
        None => (Code::Unavailable, broken_connection(err, target)),
    };
    cut_short(code, message)
}

fn broken_http2(h2: &h2::Error, err: &hyper::Error, target: &Target) -> (Code, String) {
    match h2.reason() {
        Some(reason) if h2.is_reset() && h2.is_remote() => (
            code(reason),
            format!("{target} reset the call: {}", reason.description()),
        ),
        Some(Reason::NO_ERROR) | None => (Code::Unavailable, broken_connection(err, target)),
        Some(reason) if h2.is_go_away() => (
            go_away_code(reason),
            format!("{target} closed the connection: {}", root(err)),
        ),
        Some(reason) => (
            code(reason),
            format!("the call to {target} broke off: {}", root(err)),
        ),
    }
}

fn broken_connection(err: &hyper::Error, target: &Target) -> String {
    format!("the connection to {target} broke off: {}", root(err))
}

/// A call ended before the server had given it a status.
///
/// It is the source of such a status: the code alone does not tell, because gRPC gives a stream that a proxy resets the
/// codes of a server that has failed.
#[derive(Debug, thiserror::Error)]
#[error("the call was cut short")]
struct CutShort;

/// Makes the status of a call that ended before the server had given it one.
pub(crate) fn cut_short(code: Code, message: impl Into<String>) -> Status {
    let mut status = Status::new(code, message);
    status.set_source(Arc::new(CutShort));
    status
}

/// Tells whether a call ended before the server had given it a status.
pub(crate) fn was_cut_short(status: &Status) -> bool {
    status
        .source()
        .is_some_and(<dyn Error + 'static>::is::<CutShort>)
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
    use tonic::Code;

    use super::code;

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
}

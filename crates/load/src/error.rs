//! Why a load could not be put on a server.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use h2::Reason;

use crate::connection::{CallStatus, MAX_TEXT_LEN, shortened};

/// Why a run ended before its time.
///
/// A call that fails is not among these: it is counted in the report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The name of the server does not resolve.
    #[error("cannot resolve {target}")]
    Resolve {
        /// The target as it was given.
        target: String,
        /// The resolver's error.
        source: io::Error,
    },
    /// The server is on another machine, and [`Reach::Loopback`](crate::Reach::Loopback) was given.
    #[error("{target} is at {address}, not on this machine: say that a remote server is meant")]
    Remote {
        /// The target as it was given.
        target: String,
        /// The address that is not loopback.
        address: SocketAddr,
    },
    /// Nobody listens there.
    #[error("cannot connect to {target}")]
    Connect {
        /// The target as it was given.
        target: String,
        /// The system's error.
        source: io::Error,
    },
    /// The system gives no resources for a runtime.
    #[error("cannot start a runtime")]
    Runtime(#[source] io::Error),
    /// The connection broke.
    #[error("the connection broke")]
    Io(#[source] io::Error),
    /// The server sent nothing for [`Load::silence`](crate::Load::silence), or nothing without which no call can begin.
    #[error("the server has been silent for {0:?}")]
    Silent(Duration),
    /// The server closed the connection without a GOAWAY.
    #[error("the server closed the connection")]
    Closed,
    /// The server ended the connection with an error.
    #[error("the server ended the connection with {reason:?}{}{debug}", if debug.is_empty() { "" } else { ": " })]
    GoAway {
        /// The error code.
        reason: Reason,
        /// The server's debug data, or the first KiB of it.
        debug: String,
    },
    /// The server breaks the rules of HTTP/2.
    #[error("the server breaks HTTP/2: {0:?}")]
    Protocol(Reason),
    /// The target or the metadata cannot be written as an HTTP request.
    #[error("the target or the metadata make no HTTP request")]
    Request(#[from] http::Error),
    /// A call cannot be sent: a connection has had 2^30 calls, or its metadata is for connections only.
    #[error("a call cannot be sent")]
    Send(#[source] h2::Error),
    /// The server does not allow a connection as many streams as the load needs at a time.
    #[error(
        "the server allows {allowed} streams a connection: use more connections or fewer streams"
    )]
    TooManyStreams {
        /// How many it allows.
        allowed: usize,
    },
    /// A call whose answer was needed failed.
    #[error("a call that the load depends on failed: {0}")]
    Call(CallStatus),
    /// A message that was needed is not what the contract says.
    #[error("a reply is not the message it should be")]
    Decode(#[from] prost::DecodeError),
    /// The system has no processor time for the server's process.
    #[error("cannot tell the processor time of process {pid}")]
    Process {
        /// The server's process, as it was given.
        pid: u32,
        /// The system's error.
        source: io::Error,
    },
    /// The run was [stopped](crate::Stop).
    #[error("the run was stopped")]
    Stopped,
    /// The load asks for nothing.
    #[error("the load has no {0} to ask with")]
    Nothing(&'static str),
}

impl From<h2::Error> for LoadError {
    fn from(error: h2::Error) -> Self {
        match error.reason() {
            Some(reason) if error.is_go_away() && error.is_remote() => Self::GoAway {
                reason,
                debug: debug_data(&error),
            },
            Some(reason) => Self::Protocol(reason),
            None => match error.get_io().map(io::Error::kind) {
                Some(ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof) => Self::Closed,
                Some(kind) => Self::Io(error.into_io().unwrap_or_else(|| kind.into())),
                None => Self::Send(error),
            },
        }
    }
}

/// The beginning of a GOAWAY's debug data. h2 shows it only at the end of its message, as `(b"...")`.
fn debug_data(error: &h2::Error) -> String {
    let message = error.to_string();
    let data = message.split_once("(b\"").map_or("", |(_, data)| data);
    let data = data.strip_suffix("\")").unwrap_or(data);
    shortened(data, MAX_TEXT_LEN)
}

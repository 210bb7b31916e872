//! Why a load could not be put on a server.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::frame::Reason;
use crate::hpack::HeaderBlockError;
use crate::status::CallStatus;

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
        /// What the resolver said.
        source: io::Error,
    },
    /// The server is on another machine, and nobody said that this is meant.
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
        /// What the system said.
        source: io::Error,
    },
    /// The connection broke.
    #[error("the connection broke")]
    Io(#[from] io::Error),
    /// The server said nothing for too long.
    #[error("the server has been silent for {0:?}")]
    Silent(Duration),
    /// The server closed the connection while calls were open.
    #[error("the server closed the connection")]
    Closed,
    /// The server does not want this connection any more.
    #[error("the server ended the connection with {reason}{}{debug}", if debug.is_empty() { "" } else { ": " })]
    GoAway {
        /// Why.
        reason: Reason,
        /// What it adds in words.
        debug: String,
    },
    /// The server does not speak HTTP/2 as it should.
    #[error("the server breaks HTTP/2")]
    Protocol(#[from] ProtocolError),
    /// A connection has no stream number left for another call.
    #[error("a connection cannot carry another call: it has had 2^30")]
    StreamsExhausted,
    /// The server does not let a connection carry so many streams as the load needs at a time.
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
    /// The system does not tell how much processor time the server has used.
    #[error("cannot tell the processor time of process {pid}")]
    Process {
        /// The server's process, as it was given.
        pid: u32,
        /// What the system said.
        source: io::Error,
    },
    /// The run was [stopped](crate::Stop).
    #[error("the run was stopped")]
    Stopped,
    /// The load asks for nothing.
    #[error("the load has no {0} to ask with")]
    Nothing(&'static str),
}

/// What a server sent that HTTP/2 does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// A frame is longer than this client allows.
    #[error("a frame of {len} bytes is longer than the allowed 16384")]
    FrameTooLong {
        /// The length of its payload.
        len: usize,
    },
    /// A frame of a kind with a set form has another.
    #[error("a frame of type {kind} has a wrong length of {len} bytes")]
    FrameLength {
        /// The number of its kind.
        kind: u8,
        /// The length of its payload.
        len: usize,
    },
    /// A frame has more padding than it is long.
    #[error("a frame has more padding than it is long")]
    Padding,
    /// A header block is interrupted, or continues where none has begun.
    #[error("a header block is interrupted by a frame of type {kind}")]
    HeaderBlock {
        /// The number of the kind of frame that does not belong there.
        kind: u8,
    },
    /// A header block goes on and on.
    #[error("a header block is longer than {limit} bytes")]
    HeadersTooLong {
        /// How much was taken.
        limit: usize,
    },
    /// A header block cannot be read.
    #[error("a header block cannot be read")]
    Headers(#[from] HeaderBlockError),
}

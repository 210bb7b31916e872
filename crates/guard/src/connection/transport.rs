//! What secures a connection before HTTP is spoken on it.

use std::future::{Future, ready};
use std::io;

/// How the connections of a listener are secured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transport {
    /// Not at all: bytes of HTTP come first.
    #[default]
    Plain,
}

impl Transport {
    /// Runs the handshake on a socket, and returns what HTTP is spoken on.
    ///
    /// The connection runs it on its own thread, within the time that a peer has to say what it speaks.
    pub(crate) fn handshake<I: Send>(
        self,
        socket: I,
    ) -> impl Future<Output = io::Result<I>> + Send {
        match self {
            Self::Plain => ready(Ok(socket)),
        }
    }
}

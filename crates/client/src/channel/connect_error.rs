//! Why there is no connection.

use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::target::Target;

/// Why there is no connection to a server.
///
/// It is the [`source`](std::error::Error::source) of the `UNAVAILABLE` status that a call then ends with.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// No program accepts connections there.
    #[error("nothing is listening at {target}")]
    Refused {
        /// Where it was tried.
        target: Target,
        /// What the operating system said of the last address tried.
        source: Arc<io::Error>,
    },
    /// The host name has no address.
    #[error("cannot find the address of {target}: {source}")]
    NoAddress {
        /// Where it was tried.
        target: Target,
        /// What the name service said.
        source: Arc<io::Error>,
    },
    /// The server did not finish the handshake in time.
    #[error("no answer from {target} within {waited:?}")]
    TimedOut {
        /// Where it was tried.
        target: Target,
        /// How long.
        waited: Duration,
    },
    /// Something answers, and it is not an HTTP/2 server.
    #[error("the program listening at {target} does not speak HTTP/2")]
    NotHttp2 {
        /// Where it was tried.
        target: Target,
    },
    /// The connection was made, and closed before the server had said anything.
    #[error("{target} closed the connection at once")]
    Closed {
        /// Where it was tried.
        target: Target,
    },
    /// Any other failure of the network.
    #[error("cannot connect to {target}: {source}")]
    Io {
        /// Where it was tried.
        target: Target,
        /// What the operating system said of the last address tried.
        source: Arc<io::Error>,
    },
}

impl ConnectError {
    /// Finds the failed connection behind a status, if that is what it tells of.
    #[must_use]
    pub fn of(status: &tonic::Status) -> Option<&Self> {
        status.source()?.downcast_ref()
    }

    /// Tells whether nobody listens at the target, so that starting a server there would help.
    #[must_use]
    pub const fn is_refused(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }

    /// Tells what an error of the operating system means.
    pub(super) fn dial(target: &Target, err: io::Error) -> Self {
        let target = target.clone();
        let source = Arc::new(err);
        match source.kind() {
            // A Unix socket that no server has made yet is not there at all.
            io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => {
                Self::Refused { target, source }
            }
            _ => Self::Io { target, source },
        }
    }
}

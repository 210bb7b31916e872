//! What a call knows of the connection that it came on.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::net::{TcpStream, UnixStream};

/// The connection that a call came on. It is in the extensions of every request.
///
/// Clones are of the same connection.
#[derive(Clone, Debug)]
pub struct ConnectionInfo(Arc<Info>);

#[derive(Debug)]
struct Info {
    id: u64,
    peer: Option<SocketAddr>,
    local: Option<SocketAddr>,
}

impl ConnectionInfo {
    fn new(peer: Option<SocketAddr>, local: Option<SocketAddr>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(Arc::new(Info { id, peer, local }))
    }

    /// Returns a number that no other connection of this process has.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// Returns the address of the other side; `None` for a Unix socket, and for a peer that has gone already.
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddr> {
        self.0.peer
    }

    /// Returns the address on this side, under the same conditions.
    #[must_use]
    pub fn local(&self) -> Option<SocketAddr> {
        self.0.local
    }
}

impl From<&TcpStream> for ConnectionInfo {
    fn from(stream: &TcpStream) -> Self {
        Self::new(stream.peer_addr().ok(), stream.local_addr().ok())
    }
}

impl From<&UnixStream> for ConnectionInfo {
    fn from(_: &UnixStream) -> Self {
        Self::new(None, None)
    }
}

//! Sockets that accept connections.
//!
//! [`Endpoints`](crate::Endpoints) accept connections on it.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use socket2::{Domain, SockAddr, Type};
use tokio::net::{TcpListener, UnixListener, lookup_host};
use tokio::task::spawn_blocking;

use crate::ListenAddress;
use socket_file::SocketFile;

pub(crate) mod address;
pub(crate) mod socket_file;

/// How often a port chosen by the system is given up because another family already uses it.
const PORT_ATTEMPTS: usize = 16;

/// How many connections may wait to be accepted; the system cuts it down to its own maximum.
const BACKLOG: i32 = i32::MAX;

/// The bound sockets of one [`ListenAddress`].
#[derive(Debug)]
pub struct Listener {
    address: ListenAddress,
    pub(crate) sockets: Vec<Socket>,
}

#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpListener),
    Unix {
        /// Held for its drop, which comes before that of the listener.
        _file: SocketFile,
        unix: UnixListener,
    },
}

/// Why a server cannot listen where it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// The host name has no address.
    #[error("cannot listen on {address}: the name does not resolve")]
    Resolve {
        /// The address asked for.
        address: ListenAddress,
        /// What the resolver said.
        source: io::Error,
    },
    /// Somebody else listens there.
    #[error("cannot listen on {address}: it is already in use")]
    InUse {
        /// The address asked for.
        address: ListenAddress,
    },
    /// The system refused for another reason.
    #[error("cannot listen on {address}")]
    Io {
        /// The address asked for.
        address: ListenAddress,
        /// What the system said.
        source: io::Error,
    },
}

impl Listener {
    /// Binds every address that `address` resolves to, all on the same port.
    ///
    /// An address family that this machine does not have is left out, as long as one is there.
    ///
    /// # Errors
    ///
    /// [`BindError`] if the name does not resolve, an address is taken, or the system refuses.
    pub async fn bind(address: &ListenAddress) -> Result<Self, BindError> {
        match address {
            ListenAddress::Unix(path) => bind_unix(path)
                .await
                .map(|socket| Self {
                    address: address.clone(),
                    sockets: vec![socket],
                })
                .map_err(|source| bind_error(address, source)),
            ListenAddress::Tcp { host, port } => bind_host(address, host, *port).await,
        }
    }

    /// The address with the port that is really open.
    #[must_use]
    pub fn address(&self) -> &ListenAddress {
        &self.address
    }

    /// The TCP addresses that are open.
    pub fn local_addrs(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.sockets.iter().filter_map(|socket| match socket {
            Socket::Tcp(tcp) => tcp.local_addr().ok(),
            Socket::Unix { .. } => None,
        })
    }
}

async fn bind_host(address: &ListenAddress, host: &str, port: u16) -> Result<Listener, BindError> {
    let mut resolved = Vec::new();
    for found in lookup_host((host, port))
        .await
        .map_err(|source| BindError::Resolve {
            address: address.clone(),
            source,
        })?
    {
        if !resolved.contains(&found) {
            resolved.push(found);
        }
    }
    let mut attempts = if port == 0 { PORT_ATTEMPTS } else { 1 };
    loop {
        attempts -= 1;
        match bind_all(&resolved) {
            Ok(sockets) => {
                let mut listener = Listener {
                    address: address.clone(),
                    sockets,
                };
                let open = listener.local_addrs().next().map(|addr| addr.port());
                if let (ListenAddress::Tcp { port, .. }, Some(open)) = (&mut listener.address, open)
                {
                    *port = open;
                }
                return Ok(listener);
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && attempts > 0 => {}
            Err(error) => return Err(bind_error(address, error)),
        }
    }
}

/// Binds all addresses on one port: where that is 0, on the one that the first socket gets.
fn bind_all(resolved: &[SocketAddr]) -> io::Result<Vec<Socket>> {
    let mut sockets = Vec::with_capacity(resolved.len());
    let mut chosen = None;
    let mut missing = None;
    for addr in resolved {
        let mut addr = *addr;
        addr.set_port(chosen.unwrap_or(addr.port()));
        match listen_tcp(addr) {
            Ok(tcp) => {
                chosen = Some(tcp.local_addr()?.port());
                sockets.push(Socket::Tcp(tcp));
            }
            Err(error) if is_missing_family(&error) => missing = Some(error),
            Err(error) => return Err(error),
        }
    }
    match missing {
        Some(error) if sockets.is_empty() => Err(error),
        _ => Ok(sockets),
    }
}

/// `localhost` may resolve to `::1` on a machine without IPv6.
fn is_missing_family(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported
    )
}

fn listen_tcp(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket2::Socket::new(Domain::for_address(addr), Type::STREAM, None)?;
    // A server that starts again must not wait for the old connections' ends to be forgotten.
    socket.set_reuse_address(true)?;
    listen(&socket, &addr.into())?;
    TcpListener::from_std(socket.into())
}

async fn bind_unix(path: &Path) -> io::Result<Socket> {
    let path = path.to_owned();
    let claimed = spawn_blocking(move || SocketFile::claim(path, listen_unix));
    let (unix, file) = claimed.await.map_err(io::Error::other)??;
    Ok(Socket::Unix {
        _file: file,
        unix: UnixListener::from_std(unix.into())?,
    })
}

fn listen_unix(path: &Path) -> io::Result<socket2::Socket> {
    let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None)?;
    listen(&socket, &SockAddr::unix(path)?)?;
    Ok(socket)
}

fn listen(socket: &socket2::Socket, addr: &SockAddr) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

fn bind_error(address: &ListenAddress, source: io::Error) -> BindError {
    let address = address.clone();
    match source.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse { address },
        _ => BindError::Io { address, source },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::net::{TcpStream, UnixStream};
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_chosen_port_is_named_in_the_address() {
        let listener = Listener::bind(&"localhost:0".parse().unwrap())
            .await
            .unwrap();
        let ports: Vec<_> = listener.local_addrs().map(|addr| addr.port()).collect();
        assert!(!ports.is_empty());
        for port in ports {
            assert_eq!(listener.address().to_string(), format!("localhost:{port}"));
        }
    }

    #[tokio::test]
    async fn a_taken_port_is_a_clear_error() {
        let first = Listener::bind(&"127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        let error = Listener::bind(first.address()).await.unwrap_err();
        let expected = format!("cannot listen on {}: it is already in use", first.address());
        assert_eq!(error.to_string(), expected);
    }

    #[tokio::test]
    async fn a_name_that_does_not_resolve_is_a_clear_error() {
        let error = Listener::bind(&"name.invalid:1".parse().unwrap())
            .await
            .unwrap_err();
        assert!(matches!(error, BindError::Resolve { .. }), "{error}");
    }

    /// Many clients come at once, and the server has not accepted one of them yet.
    #[tokio::test]
    async fn as_many_may_wait_to_be_accepted_as_the_system_allows() {
        let allowed = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
        let clients = allowed.trim().parse().unwrap_or(400_usize).min(400);

        let tcp = Listener::bind(&"127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        let addr = tcp.local_addrs().next().unwrap();
        let mut waiting = Vec::new();
        for _ in 0..clients {
            // Where the queue is full, the system drops the packet and the client sends it again for a minute.
            let connected = timeout(Duration::from_secs(30), TcpStream::connect(addr)).await;
            waiting.push(connected.expect("the queue has room").unwrap());
        }
        drop((tcp, waiting));

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rg.sock");
        let unix = Listener::bind(&ListenAddress::Unix(path.clone()))
            .await
            .unwrap();
        let mut waiting = Vec::new();
        for _ in 0..clients {
            // A full queue is an error at once.
            waiting.push(UnixStream::connect(&path).await.unwrap());
        }
        drop((unix, waiting));
    }
}

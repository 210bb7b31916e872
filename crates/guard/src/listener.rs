//! Sockets that accept connections.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use tokio::net::{TcpListener, UnixListener, UnixStream, lookup_host};

use crate::ListenAddress;

/// How often a port chosen by the system is given up because another family already uses it.
const PORT_ATTEMPTS: usize = 16;

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
        unix: UnixListener,
        /// Held for its drop.
        _file: SocketFile,
    },
}

/// The file of a Unix socket, removed with its listener.
#[derive(Debug)]
pub(crate) struct SocketFile(PathBuf);

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
        match bind_all(&resolved).await {
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
async fn bind_all(resolved: &[SocketAddr]) -> io::Result<Vec<Socket>> {
    let mut sockets = Vec::with_capacity(resolved.len());
    let mut chosen = None;
    let mut missing = None;
    for addr in resolved {
        let mut addr = *addr;
        addr.set_port(chosen.unwrap_or(addr.port()));
        match TcpListener::bind(addr).await {
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

async fn bind_unix(path: &Path) -> io::Result<Socket> {
    let bound = match UnixListener::bind(path) {
        // A server that was killed leaves its socket file behind; nobody answers there any more.
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_socket(path) => {
            match UnixStream::connect(path).await {
                Err(refused) if refused.kind() == io::ErrorKind::ConnectionRefused => {
                    std::fs::remove_file(path)?;
                    UnixListener::bind(path)?
                }
                _ => return Err(error),
            }
        }
        other => other?,
    };
    Ok(Socket::Unix {
        unix: bound,
        _file: SocketFile(path.to_owned()),
    })
}

/// Connecting to an ordinary file is refused too, so the kind of file has to be asked for.
fn is_socket(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket())
}

fn bind_error(address: &ListenAddress, source: io::Error) -> BindError {
    let address = address.clone();
    match source.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse { address },
        _ => BindError::Io { address, source },
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Nobody is left to tell if it is already gone.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
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

    #[tokio::test]
    async fn a_unix_socket_left_by_a_killed_server_is_taken_over_and_a_live_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rg.sock");
        let address: ListenAddress = format!("unix:{}", path.display()).parse().unwrap();
        // Dropping the standard listener closes it and leaves the file, as a kill does.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());

        let live = Listener::bind(&address).await.unwrap();
        let error = Listener::bind(&address).await.unwrap_err();
        assert!(matches!(error, BindError::InUse { .. }), "{error}");
        drop(live);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_file_that_is_not_a_socket_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.txt");
        std::fs::write(&path, "precious").unwrap();
        let address = format!("unix:{}", path.display()).parse().unwrap();
        assert!(Listener::bind(&address).await.is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    }
}

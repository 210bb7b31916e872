//! The server that a load is for.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_util::either::Either;

use crate::LoadError;

/// How long a server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A server, found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    name: String,
    place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Tcp(Vec<SocketAddr>),
    Unix(PathBuf),
}

/// Where a load may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// To servers on this machine only: a load is an attack to anybody who has not asked for it.
    #[default]
    Loopback,
    /// To any server.
    Anywhere,
}

impl Target {
    /// Resolves `HOST:PORT`.
    ///
    /// # Errors
    ///
    /// [`LoadError::Resolve`] if the name has no address or no port, [`LoadError::Remote`] if an address is beyond the
    /// reach allowed.
    ///
    /// # Examples
    ///
    /// ```
    /// use route_guide_load::{LoadError, Reach, Target};
    ///
    /// let target = Target::resolve("127.0.0.1:50051", Reach::Loopback)?;
    /// assert_eq!(target.to_string(), "127.0.0.1:50051");
    /// let remote = Target::resolve("192.0.2.1:50051", Reach::Loopback);
    /// assert!(matches!(remote, Err(LoadError::Remote { .. })));
    /// # Ok::<(), LoadError>(())
    /// ```
    pub fn resolve(name: &str, reach: Reach) -> Result<Self, LoadError> {
        let host = name.rsplit_once(':');
        let host = host.and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
        let resolved = match host {
            // The standard library reads no interface's name in an IPv6 address, the system does.
            Some((host, port)) if host.contains('%') => {
                (host.trim_matches(['[', ']']), port).to_socket_addrs()
            }
            _ => name.to_socket_addrs(),
        };
        let resolved = resolved.map_err(|source| LoadError::Resolve {
            target: name.to_owned(),
            source,
        })?;
        let addresses: Vec<_> = resolved.collect();
        let remote = |address: &&SocketAddr| !address.ip().to_canonical().is_loopback();
        match addresses.iter().find(remote) {
            Some(&address) if reach == Reach::Loopback => Err(LoadError::Remote {
                target: name.to_owned(),
                address,
            }),
            _ => Ok(Self {
                name: name.to_owned(),
                place: Place::Tcp(addresses),
            }),
        }
    }

    /// Returns the target with the addresses of another one behind its own, to be tried if none of these accepts.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        if let (Place::Tcp(addresses), Place::Tcp(others)) = (&mut self.place, other.place) {
            addresses.extend(others);
        }
        self
    }

    /// Takes a Unix socket. On Linux, a path that begins with a zero byte names an abstract socket.
    #[must_use]
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self {
            name: format!("unix:{}", path.display()),
            place: Place::Unix(path),
        }
    }

    /// Connects to the first address that accepts.
    pub(crate) async fn connect(&self) -> Result<Either<TcpStream, UnixStream>, LoadError> {
        let connected = match &self.place {
            Place::Unix(path) => UnixStream::connect(path).await.map(Either::Right),
            Place::Tcp(addresses) => connect(addresses).await.map(Either::Left),
        };
        connected.map_err(|source| LoadError::Connect {
            target: self.name.clone(),
            source,
        })
    }

    /// The authority of calls: host and port as they were given, less the zone of an IPv6 address, or `localhost` for a
    /// Unix socket.
    pub(crate) fn authority(&self) -> Cow<'_, str> {
        match self.place {
            Place::Tcp(_) => match (self.name.split_once('%'), self.name.split_once(']')) {
                (Some((address, _)), Some((_, port))) => Cow::Owned(format!("{address}]{port}")),
                _ => Cow::Borrowed(&self.name),
            },
            Place::Unix(_) => Cow::Borrowed("localhost"),
        }
    }
}

async fn connect(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut connected = Err(ErrorKind::AddrNotAvailable.into());
    for address in addresses {
        connected = match timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
            Ok(connected) => connected,
            Err(_elapsed) => Err(ErrorKind::TimedOut.into()),
        };
        if connected.is_ok() {
            break;
        }
    }
    let socket = connected?;
    // With Nagle's algorithm requests would wait for acknowledgements.
    socket.set_nodelay(true)?;
    Ok(socket)
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_reached_unless_anywhere_is_allowed() {
        let check = |name, allowed| {
            let found = Target::resolve(name, Reach::Loopback);
            assert_eq!(found.is_ok(), allowed, "{name}: {found:?}");
            assert!(Target::resolve(name, Reach::Anywhere).is_ok());
        };
        check("127.0.0.1:1", true);
        check("127.3.4.5:1", true);
        check("[::1]:1", true);
        check("[::ffff:127.0.0.1]:1", true);
        check("192.0.2.1:1", false);
        check("[2001:db8::1]:1", false);
        check("0.0.0.0:1", false);
    }

    #[test]
    fn a_name_without_a_port_is_refused() {
        let found = Target::resolve("localhost", Reach::Anywhere);
        assert_eq!(found.unwrap_err().to_string(), "cannot resolve localhost");
    }

    #[test]
    fn calls_over_a_unix_socket_go_to_localhost() {
        let target = Target::unix("/run/guide.sock");
        assert_eq!(target.to_string(), "unix:/run/guide.sock");
        assert_eq!(target.authority(), "localhost");
    }
}

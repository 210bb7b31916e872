//! Which server a load is for.

use std::fmt;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::LoadError;

/// How long a server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A server, found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    name: String,
    addresses: Vec<SocketAddr>,
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
        let resolved = name
            .to_socket_addrs()
            .map_err(|source| LoadError::Resolve {
                target: name.to_owned(),
                source,
            })?;
        let target = Self {
            name: name.to_owned(),
            addresses: resolved.collect(),
        };
        let remote = |address: &&SocketAddr| !address.ip().to_canonical().is_loopback();
        match target.addresses.iter().find(remote) {
            Some(&address) if reach == Reach::Loopback => Err(LoadError::Remote {
                target: target.name,
                address,
            }),
            _ => Ok(target),
        }
    }

    /// Connects to the first address that accepts.
    pub(crate) fn connect(&self) -> Result<TcpStream, LoadError> {
        let mut failure = std::io::ErrorKind::AddrNotAvailable.into();
        for address in &self.addresses {
            match TcpStream::connect_timeout(address, CONNECT_TIMEOUT) {
                Ok(socket) => return Ok(socket),
                Err(error) => failure = error,
            }
        }
        Err(LoadError::Connect {
            target: self.name.clone(),
            source: failure,
        })
    }

    /// The name as it was given, which calls carry as their authority.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
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
    fn only_loopback_is_reached_unless_told_otherwise() {
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
}

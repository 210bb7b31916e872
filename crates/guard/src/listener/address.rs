//! Where a server listens, as written on a command line.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// An address to listen on: `HOST:PORT`, `[IPV6]:PORT` or `unix:PATH`.
///
/// A host name stands for every address it resolves to; port 0 lets the system choose one.
///
/// # Examples
///
/// ```
/// use route_guide_guard::ListenAddress;
///
/// let address: ListenAddress = "localhost:50051".parse()?;
/// assert_eq!(address.to_string(), "localhost:50051");
/// assert!("localhost".parse::<ListenAddress>().is_err());
/// # Ok::<(), route_guide_guard::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// A TCP port on every address of a host.
    Tcp {
        /// A name or an address, without the brackets of IPv6.
        host: String,
        /// The port; 0 lets the system choose.
        port: u16,
    },
    /// A Unix domain socket at a path.
    Unix(PathBuf),
}

/// Why a listen address was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// There is no `:PORT` at the end.
    #[error("listen address {0:?} has no port: write HOST:PORT or unix:PATH")]
    NoPort(String),
    /// What follows the last colon is not a port.
    #[error("listen address {address:?} has port {port:?}, not a number from 0 to 65535")]
    BadPort {
        /// The whole address.
        address: String,
        /// What was found in place of a port.
        port: String,
    },
    /// The host or path is empty.
    #[error("listen address {0:?} names no host or path")]
    Empty(String),
    /// An IPv6 address stands without brackets.
    #[error("listen address {0:?} has more than one colon: write IPv6 as [ADDRESS]:PORT")]
    Brackets(String),
}

impl FromStr for ListenAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if let Some(path) = text.strip_prefix("unix:") {
            // unix:///path is the form that gRPC's naming document gives for absolute paths.
            let path = path.strip_prefix("//").unwrap_or(path);
            return match path {
                "" => Err(AddressError::Empty(text.to_owned())),
                path => Ok(Self::Unix(path.into())),
            };
        }
        let (host, port) = text
            .rsplit_once(':')
            .ok_or_else(|| AddressError::NoPort(text.to_owned()))?;
        let bracketed = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        let host = match bracketed {
            Some(inner) => inner,
            None if host.contains(':') => return Err(AddressError::Brackets(text.to_owned())),
            None => host,
        };
        if host.is_empty() {
            return Err(AddressError::Empty(text.to_owned()));
        }
        match port.parse() {
            // `parse` takes a leading plus sign, which is no port anybody means.
            Ok(port) if text.ends_with(|c: char| c.is_ascii_digit()) && !text.contains('+') => {
                Ok(Self::Tcp {
                    host: host.to_owned(),
                    port,
                })
            }
            _ => Err(AddressError::BadPort {
                address: text.to_owned(),
                port: port.to_owned(),
            }),
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AddressError, ListenAddress};

    fn check(text: &str, expected: &str) {
        let shown = match text.parse::<ListenAddress>() {
            Ok(address) => address.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expected, "for {text:?}");
    }

    #[test]
    fn addresses_print_as_they_were_written() {
        for text in [
            "localhost:50051",
            "0.0.0.0:1",
            "[::1]:50051",
            "a.b:65535",
            "unix:/run/rg.sock",
        ] {
            check(text, text);
        }
        check("unix:///run/rg.sock", "unix:/run/rg.sock");
    }

    #[test]
    fn a_bad_address_is_named_in_the_error() {
        let no_port = "listen address \"localhost\" has no port: write HOST:PORT or unix:PATH";
        check("localhost", no_port);
        check(":1", "listen address \":1\" names no host or path");
        check("unix:", "listen address \"unix:\" names no host or path");
        assert!(matches!(
            "::1:1".parse::<ListenAddress>(),
            Err(AddressError::Brackets(_))
        ));
        for port in ["", "x", "65536", "-1", "+1"] {
            let parsed = format!("h:{port}").parse::<ListenAddress>();
            assert!(
                matches!(parsed, Err(AddressError::BadPort { .. })),
                "for {port:?}"
            );
        }
    }
}

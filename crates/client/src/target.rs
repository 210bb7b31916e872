//! Where a server is: the strings that gRPC programs accept as a target.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::str::FromStr;

/// The address of a server, as a person writes it.
///
/// | form | meaning |
/// | --- | --- |
/// | `host:port`, `[::1]:50051` | a TCP port; every address of the host is tried in turn |
/// | `host` | the same at port 50051 |
/// | `dns:///host:port`, `dns:host` | the same, in gRPC's long form |
/// | `unix:/path`, `unix:///path`, `unix:path` | a Unix socket |
/// | `http://host:port` | a TCP port, 80 if none is named |
///
/// # Examples
///
/// ```
/// use route_guide_client::Target;
///
/// let target: Target = "dns:///example.org".parse()?;
/// assert_eq!(target.to_string(), "example.org:50051");
/// assert!("localhost:port".parse::<Target>().is_err());
/// # Ok::<(), route_guide_client::TargetError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target(Address);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Address {
    /// The host is stored without the brackets of an IPv6 address.
    Tcp {
        host: String,
        port: u16,
    },
    Unix(PathBuf),
}

/// Why a string is not a [`Target`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// There is no host, or no path after `unix:`.
    #[error("target '{0}' names no server; expected host:port, dns:///host:port or unix:/path")]
    Empty(String),
    /// What follows the colon is not a port.
    #[error("'{port}' is not a port in target '{target}'; expected a number from 1 to 65535")]
    Port {
        /// The whole target.
        target: String,
        /// What stands where the port should be.
        port: String,
    },
    /// The host has a character that no host name has, or an IPv6 address lacks its brackets.
    #[error(
        "'{host}' is not a host name in target '{target}'; an IPv6 address is written in brackets, as in [::1]:50051"
    )]
    Host {
        /// The whole target.
        target: String,
        /// What stands where the host should be.
        host: String,
    },
    /// The scheme is none that this client knows.
    #[error("target '{target}' has scheme '{scheme}'; known are dns, unix and http")]
    Scheme {
        /// The whole target.
        target: String,
        /// The scheme.
        scheme: String,
    },
    /// The target asks for TLS.
    #[error(
        "target '{0}' asks for TLS, which this client does not speak; use http:// or host:port"
    )]
    Tls(String),
    /// There is a path, a query, a user name or a DNS server where none is understood.
    #[error("target '{target}' has '{extra}', which has no meaning here; expected host:port")]
    Extra {
        /// The whole target.
        target: String,
        /// What cannot be used.
        extra: String,
    },
}

impl Target {
    /// The port used when a target names none.
    pub const DEFAULT_PORT: u16 = 50051;

    pub(crate) fn address(&self) -> &Address {
        &self.0
    }

    /// Returns what goes into the `:authority` of a request: the host and port, or `localhost` for a Unix socket.
    #[must_use]
    pub fn authority(&self) -> String {
        match &self.0 {
            Address::Tcp { .. } => self.to_string(),
            Address::Unix(_) => "localhost".to_owned(),
        }
    }
}

impl Default for Target {
    /// The place where the tutorial's servers listen, `localhost:50051`.
    fn default() -> Self {
        Self(Address::Tcp {
            host: "localhost".to_owned(),
            port: Self::DEFAULT_PORT,
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Address::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Address::Tcp { host, port } => write!(f, "{host}:{port}"),
            Address::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(target: &str) -> Result<Self, TargetError> {
        let text = target.trim();
        if let Some(path) = text.strip_prefix("unix:") {
            // Both `unix:/path` and `unix:///path` name the same absolute path.
            let path = path.strip_prefix("//").unwrap_or(path);
            return match path {
                "" => Err(TargetError::Empty(target.to_owned())),
                path => Ok(Self(Address::Unix(path.into()))),
            };
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            return match scheme {
                "dns" => match rest.strip_prefix('/') {
                    Some(name) => tcp(target, name, Self::DEFAULT_PORT),
                    None => Err(TargetError::Extra {
                        target: target.to_owned(),
                        extra: rest.split('/').next().unwrap_or(rest).to_owned(),
                    }),
                },
                "http" => tcp(target, rest.strip_suffix('/').unwrap_or(rest), 80),
                "https" => Err(TargetError::Tls(target.to_owned())),
                scheme => Err(TargetError::Scheme {
                    target: target.to_owned(),
                    scheme: scheme.to_owned(),
                }),
            };
        }
        match text.strip_prefix("dns:") {
            // `dns:5000` is the host `dns`, as it always was for people who have one.
            Some(name) if name.parse::<u16>().is_err() => tcp(target, name, Self::DEFAULT_PORT),
            _ => tcp(target, text, Self::DEFAULT_PORT),
        }
    }
}

/// Reads `host`, `host:port`, `[v6]` or `[v6]:port`.
fn tcp(target: &str, text: &str, default_port: u16) -> Result<Target, TargetError> {
    if let Some(at) = text.find(['/', '?', '#', '@']) {
        return Err(TargetError::Extra {
            target: target.to_owned(),
            extra: text[at..].to_owned(),
        });
    }
    let bad_host = |host: &str| TargetError::Host {
        target: target.to_owned(),
        host: host.to_owned(),
    };

    let (host, port) = if let Some(bracketed) = text.strip_prefix('[') {
        let (host, after) = bracketed.split_once(']').ok_or_else(|| bad_host(text))?;
        if host.parse::<Ipv6Addr>().is_err() {
            return Err(bad_host(host));
        }
        let port = match after.strip_prefix(':') {
            Some(port) => Some(port),
            None if after.is_empty() => None,
            None => return Err(bad_host(text)),
        };
        (host, port)
    } else {
        let (host, port) = match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        };
        if port.is_some_and(|port| port.contains(':')) {
            return Err(bad_host(text));
        }
        if host.is_empty() {
            return Err(TargetError::Empty(target.to_owned()));
        }
        if !is_host(host) {
            return Err(bad_host(host));
        }
        (host, port)
    };

    let port = match port {
        None => default_port,
        Some(text) => text
            .parse()
            .ok()
            .filter(|port| *port != 0 && text.starts_with(|first: char| first.is_ascii_digit()))
            .ok_or_else(|| TargetError::Port {
                target: target.to_owned(),
                port: text.to_owned(),
            })?,
    };
    Ok(Target(Address::Tcp {
        host: host.to_owned(),
        port,
    }))
}

fn is_host(host: &str) -> bool {
    host.parse::<Ipv4Addr>().is_ok()
        || host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::Target;

    fn check(text: &str, expected: &str) {
        match text.parse::<Target>() {
            Ok(target) => assert_eq!(target.to_string(), expected, "{text}"),
            Err(err) => assert_eq!(format!("! {err}"), expected, "{text}"),
        }
    }

    #[test]
    fn every_form_of_a_target_is_read() {
        check("localhost:50051", "localhost:50051");
        check(" localhost ", "localhost:50051");
        check("10.0.0.1:1", "10.0.0.1:1");
        check("[::1]:50051", "[::1]:50051");
        check("[::1]", "[::1]:50051");
        check("dns:///example.org:443", "example.org:443");
        check("dns:///example.org", "example.org:50051");
        check("dns:example.org", "example.org:50051");
        check("dns:5000", "dns:5000");
        check("http://localhost:50051/", "localhost:50051");
        check("http://example.org", "example.org:80");
        check("unix:/run/guide.sock", "unix:/run/guide.sock");
        check("unix:///run/guide.sock", "unix:/run/guide.sock");
        check("unix:guide.sock", "unix:guide.sock");
    }

    #[test]
    fn what_is_no_target_is_refused_with_the_reason() {
        check(
            "",
            "! target '' names no server; expected host:port, dns:///host:port or unix:/path",
        );
        check(
            "unix:",
            "! target 'unix:' names no server; expected host:port, dns:///host:port or unix:/path",
        );
        check(
            ":50051",
            "! target ':50051' names no server; expected host:port, dns:///host:port or unix:/path",
        );
        for port in ["", "x", "0", "65536", "+1", "-1"] {
            check(
                &format!("localhost:{port}"),
                &format!(
                    "! '{port}' is not a port in target 'localhost:{port}'; expected a number from 1 to 65535"
                ),
            );
        }
        for (host, target) in [
            ("::1", "::1"),
            ("a b", "a b"),
            ("nope", "[nope]:1"),
            ("[::1", "[::1"),
            ("ü", "ü"),
        ] {
            check(
                target,
                &format!(
                    "! '{host}' is not a host name in target '{target}'; \
                     an IPv6 address is written in brackets, as in [::1]:50051"
                ),
            );
        }
        check(
            "ftp://x",
            "! target 'ftp://x' has scheme 'ftp'; known are dns, unix and http",
        );
        check(
            "https://x",
            "! target 'https://x' asks for TLS, which this client does not speak; use http:// or host:port",
        );
        check(
            "dns://8.8.8.8/x",
            "! target 'dns://8.8.8.8/x' has '8.8.8.8', which has no meaning here; expected host:port",
        );
        check(
            "http://x/path",
            "! target 'http://x/path' has '/path', which has no meaning here; expected host:port",
        );
    }

    #[test]
    fn the_authority_is_the_host_and_port() {
        let authority = |text: &str| text.parse::<Target>().unwrap().authority();
        assert_eq!(authority("[::1]:1"), "[::1]:1");
        assert_eq!(authority("unix:/run/guide.sock"), "localhost");
        assert_eq!(Target::default().authority(), "localhost:50051");
    }
}

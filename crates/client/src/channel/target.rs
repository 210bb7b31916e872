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
/// | `ipv4:10.0.0.1:50051`, `ipv6:[::1]:50051` | the same for addresses, several of them if they are joined by commas |
/// | `unix:/path`, `unix:///path`, `unix:path` | a Unix socket |
/// | `unix-abstract:name` | a Unix socket without a file, on Linux |
/// | `http://host:port` | a TCP port, 80 if none is named |
///
/// An IPv6 address may have a zone, as in `[fe80::1%eth0]:50051`: everything that a server of this project says it listens
/// on is a target.
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
    /// Several addresses of one family, in the order in which they are tried.
    Several {
        family: Family,
        hosts: Vec<(String, u16)>,
    },
    Unix(PathBuf),
    /// The name of a socket that is no file.
    Abstract(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Family {
    V4,
    V6,
}

impl Family {
    const fn scheme(self) -> &'static str {
        match self {
            Self::V4 => "ipv4",
            Self::V6 => "ipv6",
        }
    }

    fn contains(self, host: &str) -> bool {
        match self {
            Self::V4 => host.parse::<Ipv4Addr>().is_ok(),
            Self::V6 => is_ipv6(host),
        }
    }
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
    /// An address is not of the family that the target names.
    #[error("'{host}' is no address of the family of target '{target}'")]
    Family {
        /// The whole target.
        target: String,
        /// The address, or what stands in its place.
        host: String,
    },
    /// The scheme is none that this client knows.
    #[error(
        "target '{target}' has scheme '{scheme}'; known are dns, ipv4, ipv6, unix, unix-abstract and http"
    )]
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
    ///
    /// The zone of an IPv6 address means something on this machine only, and is left out.
    #[must_use]
    pub fn authority(&self) -> String {
        let of = |host: &str, port| {
            let host = host.split('%').next().unwrap_or(host);
            host_and_port(host, port)
        };
        match &self.0 {
            Address::Tcp { host, port } => of(host, *port),
            Address::Several { hosts, .. } => {
                let first = hosts.first();
                first.map_or_else(String::new, |(host, port)| of(host, *port))
            }
            Address::Unix(_) | Address::Abstract(_) => "localhost".to_owned(),
        }
    }
}

fn host_and_port(host: &str, port: u16) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
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
            Address::Tcp { host, port } => f.write_str(&host_and_port(host, *port)),
            Address::Several { family, hosts } => {
                let hosts = hosts.iter().map(|(host, port)| host_and_port(host, *port));
                let hosts: Vec<_> = hosts.collect();
                write!(f, "{}:{}", family.scheme(), hosts.join(","))
            }
            Address::Abstract(name) => write!(f, "unix-abstract:{name}"),
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
        if let Some(name) = text.strip_prefix("unix-abstract:") {
            return match name {
                "" => Err(TargetError::Empty(target.to_owned())),
                name => Ok(Self(Address::Abstract(name.to_owned()))),
            };
        }
        for family in [Family::V4, Family::V6] {
            if let Some(hosts) = text.strip_prefix(family.scheme())
                && let Some(hosts) = hosts.strip_prefix(':')
                && hosts.parse::<u16>().is_err()
            {
                return several(target, family, hosts);
            }
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

/// Reads addresses that are joined by commas.
fn several(target: &str, family: Family, text: &str) -> Result<Target, TargetError> {
    let mut hosts = Vec::new();
    for text in text.split(',') {
        // An IPv6 address without a port needs no brackets here.
        let (host, port) = if family.contains(text) {
            (text.to_owned(), Target::DEFAULT_PORT)
        } else {
            host_port(target, text, Target::DEFAULT_PORT)?
        };
        if !family.contains(&host) {
            return Err(TargetError::Family {
                target: target.to_owned(),
                host,
            });
        }
        hosts.push((host, port));
    }
    Ok(Target(match hosts.as_mut_slice() {
        [(host, port)] => Address::Tcp {
            host: std::mem::take(host),
            port: *port,
        },
        _ => Address::Several { family, hosts },
    }))
}

fn tcp(target: &str, text: &str, default_port: u16) -> Result<Target, TargetError> {
    let (host, port) = host_port(target, text, default_port)?;
    Ok(Target(Address::Tcp { host, port }))
}

/// Reads `host`, `host:port`, `[v6]` or `[v6]:port`.
fn host_port(target: &str, text: &str, default_port: u16) -> Result<(String, u16), TargetError> {
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
        if !is_ipv6(host) {
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
    Ok((host.to_owned(), port))
}

/// An IPv6 address, perhaps with a zone: the name or the number of an interface.
fn is_ipv6(host: &str) -> bool {
    let (address, zone) = match host.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (host, None),
    };
    let is_zone = |zone: &str| {
        !zone.is_empty()
            && zone
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
    };
    address.parse::<Ipv6Addr>().is_ok() && zone.is_none_or(is_zone)
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
        check("unix-abstract:guide", "unix-abstract:guide");
        check("[fe80::1%eth0]:50051", "[fe80::1%eth0]:50051");
        check("[fe80::1%2]", "[fe80::1%2]:50051");
        check("ipv4:10.0.0.1:80", "10.0.0.1:80");
        check(
            "ipv4:10.0.0.1,10.0.0.2:80",
            "ipv4:10.0.0.1:50051,10.0.0.2:80",
        );
        check("ipv6:[::1]:80", "[::1]:80");
        check("ipv6:::1", "[::1]:50051");
        check(
            "ipv6:[fe80::1%eth0]:1,::1",
            "ipv6:[fe80::1%eth0]:1,[::1]:50051",
        );
        check("ipv4:50051", "ipv4:50051");
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
            ("::1%", "[::1%]:1"),
            ("::1%a b", "[::1%a b]:1"),
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
            "! target 'ftp://x' has scheme 'ftp'; known are dns, ipv4, ipv6, unix, unix-abstract and http",
        );
        for (host, target) in [
            ("::1", "ipv4:[::1]:1"),
            ("1.2.3.4", "ipv6:1.2.3.4"),
            ("x", "ipv4:x"),
        ] {
            check(
                target,
                &format!("! '{host}' is no address of the family of target '{target}'"),
            );
        }
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
        assert_eq!(authority("[fe80::1%eth0]:1"), "[fe80::1]:1");
        assert_eq!(authority("ipv6:[fe80::1%eth0]:1,::1"), "[fe80::1]:1");
        assert_eq!(authority("unix:/run/guide.sock"), "localhost");
        assert_eq!(authority("unix-abstract:guide"), "localhost");
        assert_eq!(Target::default().authority(), "localhost:50051");
    }
}

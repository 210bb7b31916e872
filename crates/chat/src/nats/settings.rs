use std::fmt;
use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_nats::{ConnectOptions, ServerAddr};
use percent_encoding::percent_decode_str;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::limits::Limits;

/// Where the NATS servers are, and which of their streams holds the notes.
///
/// # Examples
///
/// ```
/// use route_guide_chat::NatsSettings;
///
/// let settings = NatsSettings {
///     servers: vec!["nats://a.example:4222".into(), "nats://b.example:4222".into()],
///     ..NatsSettings::default()
/// };
/// assert_eq!(settings.stream, "ROUTE_NOTES");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct NatsSettings {
    /// The servers to try, each as `HOST`, `HOST:PORT`, `nats://HOST:PORT` or `tls://HOST:PORT`. One is enough: the
    /// others of its cluster are learned from it. A name and a password may stand before the host, as in
    /// `nats://NAME:PASSWORD@HOST`, or a token, as in `nats://TOKEN@HOST`; they are used for all servers.
    pub servers: Vec<String>,
    /// The name of the stream.
    pub stream: String,
    /// What the subjects of the notes begin with; the latitude and the longitude follow.
    pub prefix: String,
    /// On how many servers of the cluster the stream is kept, if it has to be created.
    pub replicas: NonZeroUsize,
    /// A credentials file as `nsc` writes it, with a user's token and key.
    pub credentials: Option<PathBuf>,
    /// What TLS connections need.
    pub tls: NatsTls,
    /// What the notebook forgets, and when: the local copy, and the stream if it has to be created.
    pub limits: Limits,
    /// How long an append waits for a cluster that does not answer, as it does not while it elects a leader.
    pub patience: Duration,
}

/// Files for TLS connections to NATS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NatsTls {
    /// Certificates of the authorities to trust, in PEM, instead of those of the machine. Without TLS no connection is
    /// made then.
    pub ca: Option<PathBuf>,
    /// The certificate to show, in PEM, with those between it and its authority.
    pub cert: Option<PathBuf>,
    /// The key of that certificate, in PEM.
    pub key: Option<PathBuf>,
}

impl Default for NatsSettings {
    /// A server on this machine, the stream `ROUTE_NOTES` on one server, subjects below `route.notes`, and ten seconds
    /// of patience: NATS may take nine to elect a leader.
    fn default() -> Self {
        Self {
            servers: vec!["nats://localhost:4222".to_owned()],
            stream: "ROUTE_NOTES".to_owned(),
            prefix: "route.notes".to_owned(),
            replicas: NonZeroUsize::MIN,
            credentials: None,
            tls: NatsTls::default(),
            limits: Limits::default(),
            patience: Duration::from_secs(10),
        }
    }
}

impl fmt::Debug for NatsSettings {
    /// Leaves out the addresses, which may contain passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsSettings")
            .field("stream", &self.stream)
            .field("prefix", &self.prefix)
            .field("replicas", &self.replicas)
            .field("credentials", &self.credentials)
            .field("tls", &self.tls)
            .field("limits", &self.limits)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

/// Why a notebook on NATS was not started. That NATS cannot be reached is no reason.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// There is no address to connect to.
    #[error("no NATS server is given")]
    NoServer,
    /// An address cannot be understood.
    #[error("NATS server number {number} is not an address: {reason}")]
    Server {
        /// Which of the addresses, counted from 1; the address itself may contain a password.
        number: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// NATS does not allow the stream's name.
    #[error(
        "{name:?} is no name for a NATS stream: it may not be empty or contain spaces or any of . * > / \\"
    )]
    StreamName {
        /// The name.
        name: String,
    },
    /// NATS does not allow the prefix in subjects.
    #[error(
        "{prefix:?} is no prefix for NATS subjects: it is words joined by dots, without spaces, * and >"
    )]
    Prefix {
        /// The prefix.
        prefix: String,
    },
    /// NATS does not keep so many copies.
    #[error("{replicas} replicas are more than the 5 that NATS keeps of a stream")]
    Replicas {
        /// How many were asked for.
        replicas: usize,
    },
    /// The addresses carry different names or passwords.
    #[error("the addresses of NATS carry different names or passwords, and one is used for all")]
    Identities,
    /// A certificate is given without its key, or a key without its certificate.
    #[error("a TLS certificate for NATS needs its key, and a key its certificate")]
    HalfIdentity,
    /// A file cannot be read, or does not contain what it should.
    #[error("{}: {what}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What it should be.
        what: &'static str,
        /// What went wrong.
        source: io::Error,
    },
    /// The thread that talks to NATS cannot be started.
    #[error("the thread that talks to NATS cannot be started")]
    Thread {
        /// What the operating system said.
        source: io::Error,
    },
}

impl StartError {
    pub(super) fn thread(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        let source = io::Error::other(error);
        Self::Thread { source }
    }
}

impl NatsSettings {
    /// Checks one address as [`servers`](Self::servers) takes it.
    ///
    /// # Errors
    ///
    /// What is wrong with it, without the address itself, which may contain a password.
    pub fn check_server(server: &str) -> Result<(), String> {
        address(server).map(drop)
    }

    /// Checks the settings and reads the files that they name.
    pub(super) fn connection(&self) -> Result<(Vec<ServerAddr>, ConnectOptions), StartError> {
        if self.servers.is_empty() {
            return Err(StartError::NoServer);
        }
        let servers = (1..)
            .zip(&self.servers)
            .map(|(number, server)| {
                address(server).map_err(|reason| StartError::Server { number, reason })
            })
            .collect::<Result<Vec<_>, _>>()?;
        self.check_names()?;

        let mut options = identify(ConnectOptions::new(), &servers)?;
        if let Some(path) = &self.credentials {
            let what = "not a NATS credentials file";
            options = read(path, "cannot read the NATS credentials")
                .and_then(|text| options.credentials(&text).map_err(fault(path, what)))?;
        }
        if let Some(path) = &self.tls.ca {
            certificates(path)?;
            options = options
                .add_root_certificates(path.clone())
                .require_tls(true);
        }
        match (&self.tls.cert, &self.tls.key) {
            (Some(cert), Some(key)) => {
                certificates(cert)?;
                private_key(key)?;
                options = options.add_client_certificate(cert.clone(), key.clone());
            }
            (None, None) => {}
            _ => return Err(StartError::HalfIdentity),
        }
        Ok((servers, options))
    }

    fn check_names(&self) -> Result<(), StartError> {
        let is_word = |word: &str| {
            !word.is_empty()
                && !word.contains(|c: char| {
                    c.is_whitespace() || c.is_control() || ['*', '>'].contains(&c)
                })
        };
        if !is_word(&self.stream) || self.stream.contains(['.', '/', '\\']) {
            let name = self.stream.clone();
            return Err(StartError::StreamName { name });
        }
        // Subjects with a dollar in front are those of NATS itself.
        if !self.prefix.split('.').all(is_word) || self.prefix.starts_with('$') {
            let prefix = self.prefix.clone();
            return Err(StartError::Prefix { prefix });
        }
        if self.replicas.get() > 5 {
            let replicas = self.replicas.get();
            return Err(StartError::Replicas { replicas });
        }
        Ok(())
    }
}

fn address(text: &str) -> Result<ServerAddr, String> {
    // One string with several addresses would be taken for one host with a strange name.
    if text.contains([',', ' ']) {
        return Err("it holds more than one".to_owned());
    }
    let address: ServerAddr = text.parse().map_err(|error: io::Error| error.to_string())?;
    if !matches!(address.scheme(), "nats" | "tls") {
        return Err(format!(
            "its scheme is {}, not nats or tls",
            address.scheme()
        ));
    }
    if address.host().is_empty() {
        return Err("it names no host".to_owned());
    }
    Ok(address)
}

/// Takes the name and password, or the token, that stand before a host: the client does not look there.
fn identify(options: ConnectOptions, servers: &[ServerAddr]) -> Result<ConnectOptions, StartError> {
    let identity = |server: &ServerAddr| {
        let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let name = server.username().map(plain)?;
        Some((name, server.password().map(plain)))
    };
    let mut identities = servers.iter().filter_map(identity);
    let Some(first) = identities.next() else {
        return Ok(options);
    };
    // The servers of a cluster know the same people, and which of them it will be is open.
    if identities.any(|other| other != first) {
        return Err(StartError::Identities);
    }
    Ok(match first {
        (name, Some(password)) => options.user_and_password(name, password),
        (token, None) => options.token(token),
    })
}

fn certificates(path: &Path) -> Result<(), StartError> {
    let what = "not a file of certificates in PEM";
    let text = read(path, "cannot read the certificates for NATS")?;
    let mut found = CertificateDer::pem_slice_iter(text.as_bytes());
    let first = found
        .next()
        .unwrap_or(Err(rustls_pki_types::pem::Error::NoItemsFound));
    first
        .and_then(|_first| found.try_for_each(|next| next.map(drop)))
        .map_err(|error| fault(path, what)(io::Error::new(io::ErrorKind::InvalidData, error)))
}

fn private_key(path: &Path) -> Result<(), StartError> {
    let what = "not a file with a private key in PEM";
    let text = read(path, "cannot read the key for NATS")?;
    PrivateKeyDer::from_pem_slice(text.as_bytes())
        .map(drop)
        .map_err(|error| fault(path, what)(io::Error::new(io::ErrorKind::InvalidData, error)))
}

fn read(path: &Path, what: &'static str) -> Result<String, StartError> {
    fs::read_to_string(path).map_err(fault(path, what))
}

fn fault(path: &Path, what: &'static str) -> impl FnOnce(io::Error) -> StartError {
    let path = path.to_owned();
    move |source| StartError::File { path, what, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(change: impl FnOnce(&mut NatsSettings)) -> String {
        let mut settings = NatsSettings::default();
        change(&mut settings);
        settings
            .connection()
            .map(|_connection| ())
            .expect_err("the settings are refused")
            .to_string()
    }

    #[test]
    fn good_settings_are_taken() {
        for server in [
            "localhost",
            "localhost:4222",
            "nats://[::1]:1",
            "tls://a:b@c.d",
        ] {
            let settings = NatsSettings {
                servers: vec![server.to_owned()],
                ..NatsSettings::default()
            };
            assert!(settings.connection().is_ok(), "{server}");
        }
    }

    #[test]
    fn bad_settings_are_named() {
        let server = |text: &str| {
            let text = text.to_owned();
            refusal(|settings| settings.servers.push(text))
        };
        assert_eq!(
            refusal(|settings| settings.servers.clear()),
            "no NATS server is given"
        );
        for (text, reason) in [
            ("a:4222,b:4222", "it holds more than one"),
            ("http://a:4222", "invalid scheme for NATS server URL: http"),
            ("ws://a:4222", "its scheme is ws, not nats or tls"),
        ] {
            let expected = format!("NATS server number 2 is not an address: {reason}");
            assert_eq!(server(text), expected);
        }
        assert!(server("nats://name:secret@a:99999").starts_with("NATS server number 2"));
        assert!(!server("nats://name:secret@a:99999").contains("secret"));
        for name in ["", "A.B", "A B", "A*", "A/B"] {
            let message = refusal(|settings| settings.stream = name.to_owned());
            assert!(
                message.starts_with(&format!("{name:?} is no name")),
                "{message}"
            );
        }
        for prefix in ["", "a..b", ".a", "a.", "a b", "a.*", "a.>", "$JS.notes"] {
            let message = refusal(|settings| settings.prefix = prefix.to_owned());
            assert!(
                message.starts_with(&format!("{prefix:?} is no prefix")),
                "{message}"
            );
        }
        let six = NonZeroUsize::new(6).unwrap();
        assert!(refusal(|settings| settings.replicas = six).starts_with("6 replicas"));
        let other = "nats://name:other@b".to_owned();
        let two = vec!["nats://name:secret@a".to_owned(), other];
        let message = refusal(|settings| settings.servers = two);
        assert!(message.contains("different names") && !message.contains("secret"));
        let key = Some(PathBuf::from("key.pem"));
        assert!(refusal(|settings| settings.tls.key = key).contains("its certificate"));
    }

    #[test]
    fn bad_files_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let absent = dir.path().join("absent");
        let wrong = dir.path().join("wrong");
        fs::write(&wrong, "nothing of the kind").unwrap();
        for path in [&absent, &wrong] {
            let path = || Some(path.clone());
            let messages = [
                refusal(|settings| settings.credentials = path()),
                refusal(|settings| settings.tls.ca = path()),
                refusal(|settings| {
                    settings.tls.cert = path();
                    settings.tls.key = path();
                }),
            ];
            for message in messages {
                assert!(
                    message.starts_with(&path().unwrap().display().to_string()),
                    "{message}"
                );
            }
        }
    }

    #[test]
    fn passwords_are_not_printed() {
        let settings = NatsSettings {
            servers: vec!["nats://name:secret@host".to_owned()],
            ..NatsSettings::default()
        };
        assert!(!format!("{settings:?}").contains("secret"));
    }
}

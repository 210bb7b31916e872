use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use crate::limits::Limits;

mod check;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_printed() {
        let settings = NatsSettings {
            servers: vec!["nats://name:secret@host".to_owned()],
            ..NatsSettings::default()
        };
        assert!(!format!("{settings:?}").contains("secret"));
    }
}

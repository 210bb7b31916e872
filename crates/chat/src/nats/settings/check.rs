use std::fs;
use std::io;
use std::path::Path;

use async_nats::{ConnectOptions, ServerAddr};
use percent_encoding::percent_decode_str;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::{NatsSettings, StartError};

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
    pub(in super::super) fn connection(
        &self,
    ) -> Result<(Vec<ServerAddr>, ConnectOptions), StartError> {
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
    use std::num::NonZeroUsize;
    use std::path::PathBuf;

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
}

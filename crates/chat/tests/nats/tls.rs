//! Connections to NATS over TLS, with certificates on both sides and a password.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use route_guide_chat::{
    AppendError, Author, NatsNotebook, NatsSettings, NatsTls, Notebook, SyncState,
};
use route_guide_testkit::NatsServer;
use tempfile::TempDir;

use crate::kit::{draft, kept, open, place, settings};

/// An authority, and what it has signed, as files.
struct Papers {
    dir: TempDir,
}

impl Papers {
    fn new() -> Self {
        let papers = Self {
            dir: TempDir::new().unwrap(),
        };
        let mut authority = CertificateParams::new([]).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority =
            CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        fs::write(papers.path("ca.pem"), authority.pem()).unwrap();
        for name in ["server", "client"] {
            let key = KeyPair::generate().unwrap();
            let certificate = CertificateParams::new(["127.0.0.1".to_owned()])
                .unwrap()
                .signed_by(&key, &authority)
                .unwrap();
            fs::write(papers.path(&format!("{name}.pem")), certificate.pem()).unwrap();
            fs::write(papers.path(&format!("{name}.key")), key.serialize_pem()).unwrap();
        }
        papers
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    async fn server(&self) -> NatsServer {
        let path = |name: &str| self.path(name).display().to_string();
        NatsServer::start_with(&format!(
            "authorization {{ user: driver, password: \"s3:cr@et\" }}\n\
             tls {{ cert_file: \"{}\", key_file: \"{}\", ca_file: \"{}\", verify: true }}\n",
            path("server.pem"),
            path("server.key"),
            path("ca.pem"),
        ))
        .await
    }
}

fn with_password(server: &NatsServer, password: &str) -> NatsSettings {
    let mut settings = settings(server);
    settings.servers = vec![
        server
            .url()
            .replace("nats://", &format!("tls://driver:{password}@")),
    ];
    settings
}

fn tls(ca: &Path, identity: Option<&Papers>) -> NatsTls {
    NatsTls {
        ca: Some(ca.to_owned()),
        cert: identity.map(|papers| papers.path("client.pem")),
        key: identity.map(|papers| papers.path("client.key")),
    }
}

#[tokio::test]
async fn notes_go_over_tls_with_a_certificate_and_a_password() {
    if !NatsServer::available() {
        return;
    }
    let papers = Papers::new();
    let server = papers.server().await;
    let notebook = open(NatsSettings {
        tls: tls(&papers.path("ca.pem"), Some(&papers)),
        ..with_password(&server, "s3%3Acr%40et")
    })
    .await;
    let note = draft(place(1), "in secret", Author::unique());
    notebook.append(note).await.unwrap();
    assert_eq!(kept(&*notebook, place(1)), ["in secret"]);
}

#[tokio::test]
async fn without_the_right_papers_nats_is_away() {
    if !NatsServer::available() {
        return;
    }
    let (papers, strangers) = (Papers::new(), Papers::new());
    let server = papers.server().await;
    let cases = [
        (
            "a wrong password",
            "wrong",
            tls(&papers.path("ca.pem"), Some(&papers)),
        ),
        (
            "no certificate",
            "s3%3Acr%40et",
            tls(&papers.path("ca.pem"), None),
        ),
        (
            "another authority",
            "s3%3Acr%40et",
            tls(&strangers.path("ca.pem"), Some(&papers)),
        ),
        (
            "a stranger's certificate",
            "s3%3Acr%40et",
            tls(&papers.path("ca.pem"), Some(&strangers)),
        ),
    ];
    let refused = cases.map(|(case, password, tls)| {
        let settings = NatsSettings {
            tls,
            ..with_password(&server, password)
        };
        (case, NatsNotebook::start(settings).unwrap())
    });
    // They have had more time than one that has the right ones.
    let admitted = open(NatsSettings {
        tls: tls(&papers.path("ca.pem"), Some(&papers)),
        ..with_password(&server, "s3%3Acr%40et")
    })
    .await;
    for (case, notebook) in refused {
        assert_eq!(
            *notebook.sync_state().borrow(),
            SyncState::Unavailable,
            "{case}"
        );
        let note = draft(place(1), "x", Author::unique());
        let outcome = notebook.append(note).await;
        assert!(
            matches!(outcome, Err(AppendError::Unavailable { .. })),
            "{case}"
        );
    }
    assert_eq!(kept(&*admitted, place(1)), [""; 0]);
}

//! Connections to NATS with a credentials file: a user's token, signed by an account, which an operator has signed.

use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use nkeys::KeyPair;
use route_guide_chat::{AppendError, Author, NatsNotebook, NatsSettings, Notebook, SyncState};
use route_guide_testkit::NatsServer;
use tempfile::TempDir;

use crate::kit::{draft, kept, open, place, settings};

/// What NATS calls an account, with the operator above it.
struct Account {
    operator: KeyPair,
    account: KeyPair,
}

impl Account {
    fn new() -> Self {
        Self {
            operator: KeyPair::new_operator(),
            account: KeyPair::new_account(),
        }
    }

    /// Starts a server that knows only this operator, the account, and one for itself.
    async fn server(&self) -> NatsServer {
        let system = KeyPair::new_account();
        let without_end =
            r#""subs": -1, "conn": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1"#;
        let for_notes = format!(
            r#"{without_end}, "wildcards": true, "mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1"#
        );
        let account = |key: &KeyPair, limits: &str| {
            let claims = format!(r#""type": "account", "limits": {{ {limits} }}"#);
            token(&self.operator, key, &claims)
        };
        NatsServer::start_with(&format!(
            "operator: {}\nsystem_account: {}\nresolver: MEMORY\nresolver_preload: {{ {}: {}, {}: {} }}\n",
            token(&self.operator, &self.operator, r#""type": "operator""#),
            system.public_key(),
            system.public_key(),
            account(&system, without_end),
            self.account.public_key(),
            account(&self.account, &for_notes),
        ))
        .await
    }

    /// Writes the file of a new user, as `nsc` does.
    fn user(&self, dir: &TempDir) -> PathBuf {
        let user = KeyPair::new_user();
        let claims = r#""type": "user", "subs": -1, "data": -1, "payload": -1"#;
        let text = format!(
            "-----BEGIN NATS USER JWT-----\n{}\n------END NATS USER JWT------\n\n\
             -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
            token(&self.account, &user, claims),
            user.seed().unwrap(),
        );
        let path = dir.path().join(user.public_key());
        fs::write(&path, text).unwrap();
        path
    }
}

/// Makes a token in which one key says something about another. NATS knows a token by the first letters of its JSON, which
/// therefore has no space there.
fn token(issuer: &KeyPair, subject: &KeyPair, claims: &str) -> String {
    let head = r#"{"typ": "JWT", "alg": "ed25519-nkey"}"#;
    let body = format!(
        r#"{{"jti": "x", "iat": 0, "iss": {:?}, "sub": {:?}, "name": "x", "nats": {{ "version": 2, {claims} }} }}"#,
        issuer.public_key(),
        subject.public_key(),
    );
    let encoded = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let signed = format!("{}.{}", encoded(head.as_bytes()), encoded(body.as_bytes()));
    let signature = issuer.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", encoded(&signature))
}

#[tokio::test]
async fn a_credentials_file_is_what_opens_the_door() {
    if !NatsServer::available() {
        return;
    }
    let dir = TempDir::new().unwrap();
    let account = Account::new();
    let server = account.server().await;
    let with = |credentials| NatsSettings {
        credentials,
        ..settings(&server)
    };
    let stranger = Account::new().user(&dir);
    let refused =
        [None, Some(stranger)].map(|credentials| NatsNotebook::start(with(credentials)).unwrap());

    let notebook = open(with(Some(account.user(&dir)))).await;
    let note = draft(place(1), "in confidence", Author::unique());
    notebook.append(note).await.unwrap();
    assert_eq!(kept(&*notebook, place(1)), ["in confidence"]);
    // They have had more time than the one that was let in.
    for notebook in refused {
        assert_eq!(*notebook.sync_state().borrow(), SyncState::Unavailable);
        let outcome = notebook
            .append(draft(place(1), "x", Author::unique()))
            .await;
        assert!(
            matches!(outcome, Err(AppendError::Unavailable { .. })),
            "{outcome:?}"
        );
    }
}

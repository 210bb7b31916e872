//! The engines that keep notes, each behind our server.

use std::path::Path;

use anyhow::Context;
use route_guide_testkit::NatsServer;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// An engine, and what it needs while it is used.
#[derive(Debug)]
pub struct NoteStore {
    /// What it is called in a table.
    pub name: &'static str,
    /// The value of `--chat-store`.
    pub flag: String,
    _folder: Option<TempDir>,
    _nats: Option<(NatsServer, Runtime)>,
}

impl NoteStore {
    /// Notes in the server's memory.
    #[must_use]
    pub fn memory() -> Self {
        Self {
            name: "in memory",
            flag: "memory".to_owned(),
            _folder: None,
            _nats: None,
        }
    }

    /// Notes in a file in a new folder inside this one.
    ///
    /// # Errors
    ///
    /// If there can be no such folder.
    pub fn file(inside: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir_in(inside)
            .with_context(|| format!("cannot make a folder in {}", inside.display()))?;
        Ok(Self {
            name: "in a file",
            flag: format!("file:{}", folder.path().display()),
            _folder: Some(folder),
            _nats: None,
        })
    }

    /// Notes in a NATS server of its own; nothing if there is no such program.
    ///
    /// # Errors
    ///
    /// If there is no thread for it.
    pub fn nats() -> anyhow::Result<Option<Self>> {
        if !NatsServer::available() {
            return Ok(None);
        }
        let runtime = Runtime::new()?;
        let server = runtime.block_on(NatsServer::start());
        Ok(Some(Self {
            name: "in NATS",
            flag: server.url(),
            _folder: None,
            _nats: Some((server, runtime)),
        }))
    }
}

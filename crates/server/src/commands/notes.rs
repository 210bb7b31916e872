//! `route-guide-server notes`: what can be done with notes that are kept in a folder, while no server uses it.

use std::io::{self, Write as _};

use anyhow::{Context, bail};
use clap::Subcommand;
use route_guide_chat::FileNotebook;

use crate::ChatStore;
use crate::cli::chat_store;

/// The flags of `notes`.
#[derive(Clone, Debug, clap::Args)]
pub struct NotesFlags {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    /// Set the notes in a folder aside, also damaged ones: the next server there begins with none
    Reset {
        /// The folder, as `file:FOLDER`; no server may be using it
        #[arg(
            long,
            value_name = "STORE",
            env = "ROUTE_GUIDE_CHAT_STORE",
            hide_env_values = true
        )]
        #[arg(value_parser = chat_store)]
        chat_store: ChatStore,
    },
}

impl NotesFlags {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let Action::Reset { chat_store } = &self.action;
        let ChatStore::File(folder) = chat_store else {
            bail!("only notes in a folder can be reset: name it with --chat-store file:FOLDER");
        };
        let line = match FileNotebook::reset(folder)? {
            Some(kept) => format!("the notes are kept in {}\n", kept.display()),
            None => format!("there are no notes in {}\n", folder.display()),
        };
        io::stdout()
            .write_all(line.as_bytes())
            .context("cannot write to stdout")
    }
}

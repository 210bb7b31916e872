//! The commands of `route-guide-server` that do not serve.

mod import;
mod info;
mod notes;
mod progress;

pub use import::ImportFlags;
pub use info::InfoFlags;
pub use notes::NotesFlags;

use clap::Subcommand;

/// What `route-guide-server` can do besides serving.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Make a snapshot of feature files, to serve with --features
    Import(ImportFlags),
    /// Print what is in a snapshot
    Info(InfoFlags),
    /// Set aside the notes that are kept in a folder
    Notes(NotesFlags),
}

impl Command {
    /// Carries the command out.
    ///
    /// # Errors
    ///
    /// Whatever went wrong, with the file it concerns.
    pub fn run(&self) -> anyhow::Result<()> {
        match self {
            Self::Import(flags) => flags.run(),
            Self::Info(flags) => flags.run(),
            Self::Notes(flags) => flags.run(),
        }
    }
}

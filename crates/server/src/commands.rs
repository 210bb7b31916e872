//! The commands of `route-guide-server` that do not serve: `import` and `info`.

mod import;
mod info;
mod progress;

pub use import::ImportFlags;
pub use info::InfoFlags;

use clap::Subcommand;

/// What `route-guide-server` can do besides serving.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Make a snapshot of feature files, to serve with --features
    Import(ImportFlags),
    /// Print what is in a snapshot
    Info(InfoFlags),
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
        }
    }
}

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Why the store file could not be read or written.
#[derive(Debug)]
pub struct StoreFault {
    file: PathBuf,
    cause: Cause,
}

#[derive(Debug)]
pub(super) enum Cause {
    /// The store or the operating system reported it.
    Reported(redb::Error),
    /// The store panicked, which it does on some damaged files.
    Panicked,
    /// What was read makes no sense.
    Damaged(String),
    /// The file was written by a version of this program that it does not know.
    Version(u64),
}

impl StoreFault {
    pub(super) fn new(file: &Path, cause: Cause) -> Self {
        Self {
            file: file.to_owned(),
            cause,
        }
    }

    /// Returns the store file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Returns whether there was no room for the write: the disk, a quota or the largest size of a file is exhausted.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.io().is_some_and(|error| {
            matches!(
                error.kind(),
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
            )
        })
    }

    fn io(&self) -> Option<&io::Error> {
        match &self.cause {
            Cause::Reported(redb::Error::Io(error)) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for StoreFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file.display())?;
        match &self.cause {
            Cause::Reported(error) => match self.io() {
                Some(error) => error.fmt(f),
                None => error.fmt(f),
            },
            Cause::Panicked => f.write_str("the store panicked"),
            Cause::Damaged(what) => f.write_str(what),
            Cause::Version(found) => write!(f, "it has version {found}, not {VERSION}"),
        }
    }
}

impl Error for StoreFault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            Cause::Reported(error) => Some(error),
            _ => None,
        }
    }
}

/// The version of the tables and records in the store.
pub(super) const VERSION: u64 = 1;

/// Why a notebook on disk was not opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process, or another notebook of this one, has the directory.
    #[error("{} is in use by another process", dir.display())]
    InUse {
        /// The directory.
        dir: PathBuf,
    },
    /// The store file cannot be made sense of. It is as it was, or at worst repaired to an earlier state.
    #[error("{fault}: the notes cannot be read")]
    Damaged {
        /// What is wrong, and in which file.
        fault: StoreFault,
    },
    /// The store file was written by another version of this program.
    #[error("{fault}: the notes were written by another version of this program")]
    Version {
        /// Which version, and which file.
        fault: StoreFault,
    },
    /// The directory or a file in it cannot be read or written.
    #[error("cannot open the notes in {}", path.display())]
    Io {
        /// The directory or the file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

impl From<StoreFault> for OpenError {
    fn from(fault: StoreFault) -> Self {
        let StoreFault { file, cause } = fault;
        match cause {
            Cause::Reported(redb::Error::DatabaseAlreadyOpen) => Self::InUse {
                dir: file.parent().unwrap_or(&file).to_owned(),
            },
            // What is no store at all, or ends too early, is reported in these two kinds.
            Cause::Reported(redb::Error::Io(source))
                if !matches!(
                    source.kind(),
                    ErrorKind::InvalidData | ErrorKind::UnexpectedEof
                ) =>
            {
                Self::Io { path: file, source }
            }
            Cause::Version(_) => Self::Version {
                fault: StoreFault { file, cause },
            },
            cause => Self::Damaged {
                fault: StoreFault { file, cause },
            },
        }
    }
}

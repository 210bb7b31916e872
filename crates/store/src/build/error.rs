//! The errors of building a data set.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::format::layout::MAX_LEN;
use crate::format::record::MAX_NAME_BYTES;

/// The error for a feature that a data set cannot take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PushError {
    /// There are as many features as positions of 32 bits can number.
    TooMany,
    /// The name is longer than a message can be.
    NameTooLong {
        /// The length of the name.
        name_bytes: usize,
    },
}

impl fmt::Display for PushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany => write!(f, "more than {MAX_LEN} features"),
            Self::NameTooLong { name_bytes } => write!(
                f,
                "a name of {name_bytes} bytes is longer than {MAX_NAME_BYTES}"
            ),
        }
    }
}

impl Error for PushError {}

/// The error for a snapshot that could not be written.
///
/// Unless it is [`SyncFolder`](Self::SyncFolder), the file that was there before is untouched and nothing is left behind.
#[derive(Debug)]
#[non_exhaustive]
pub enum WriteError {
    /// There is something under the name that is no file and should not be replaced by one: a folder, a device, a pipe.
    NotAFile {
        /// Its path.
        path: PathBuf,
    },
    /// No temporary file could be made in the folder.
    Create {
        /// The folder that the file should be in.
        folder: PathBuf,
        /// What the operating system says.
        cause: io::Error,
    },
    /// The temporary file could not be written to its end, or not to the disk.
    Write {
        /// The file that it should have become.
        path: PathBuf,
        /// How long the file should have become.
        file_bytes: u64,
        /// What the operating system says.
        cause: io::Error,
    },
    /// The temporary file is complete and could not be renamed.
    Replace {
        /// The file that it should have become.
        path: PathBuf,
        /// What the operating system says.
        cause: io::Error,
    },
    /// The new file is in place, but a power failure might bring back the old one.
    SyncFolder {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        cause: io::Error,
    },
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAFile { path } => {
                let path = path.display();
                write!(f, "cannot replace {path}: it is not a regular file")
            }
            Self::Create { folder, cause } => {
                write!(f, "cannot create a file in {}: {cause}", folder.display())
            }
            Self::Write {
                path,
                file_bytes,
                cause,
            } if cause.kind() == io::ErrorKind::StorageFull => {
                let path = path.display();
                write!(
                    f,
                    "cannot write {path}: no space for its {file_bytes} bytes: {cause}"
                )
            }
            Self::Write { path, cause, .. } => {
                write!(f, "cannot write {}: {cause}", path.display())
            }
            Self::Replace { path, cause } => {
                write!(f, "cannot replace {}: {cause}", path.display())
            }
            Self::SyncFolder { path, cause } => {
                let path = path.display();
                write!(
                    f,
                    "{path} is written, but may not outlast a power failure: {cause}"
                )
            }
        }
    }
}

impl Error for WriteError {}

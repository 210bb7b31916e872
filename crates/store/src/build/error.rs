//! The errors of building a data set.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::format::layout::MAX_LEN;
use crate::format::record::MAX_NAME_BYTES;

/// The error for a feature that cannot be added to a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PushError {
    /// There are already as many features as 32-bit positions can number.
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
/// Except after [`SyncFolder`](Self::SyncFolder), the old file is untouched and no other file remains.
#[derive(Debug)]
#[non_exhaustive]
pub enum WriteError {
    /// The path exists and is not a regular file but, for instance, a folder, a device or a pipe.
    NotAFile {
        /// Its path.
        path: PathBuf,
    },
    /// A temporary file cannot be created in the folder.
    Create {
        /// The folder of the output file.
        folder: PathBuf,
        /// What the operating system says.
        cause: io::Error,
    },
    /// The temporary file cannot be written completely, or not synced to the disk.
    Write {
        /// The output file.
        path: PathBuf,
        /// The length of a complete file.
        file_bytes: u64,
        /// What the operating system says.
        cause: io::Error,
    },
    /// The temporary file is complete and cannot be renamed.
    Replace {
        /// The output file.
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

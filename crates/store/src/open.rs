//! Opening a snapshot file.

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::format::check;
use crate::format::error::SnapshotError;
use crate::format::header;
use crate::map;
use crate::store::Store;

/// The error for a snapshot file that cannot be opened.
///
/// The message is complete on one line: file, section, offset and value. [`Error::source`] therefore has nothing to
/// add; the causes are in the variants.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// The file cannot be opened or mapped.
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        cause: io::Error,
    },
    /// It is no file that can be mapped, but for instance a folder or a pipe.
    NotAFile {
        /// Its path.
        path: PathBuf,
    },
    /// The file does not even begin as a snapshot does; it may be of another format.
    NotASnapshot {
        /// The file.
        path: PathBuf,
        /// How that can be told.
        cause: SnapshotError,
    },
    /// The file is a snapshot and not sound.
    Snapshot {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        cause: SnapshotError,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, cause } => write!(f, "cannot read {}: {cause}", path.display()),
            Self::NotAFile { path } => {
                let path = path.display();
                write!(f, "cannot read {path}: it is not a regular file")
            }
            Self::NotASnapshot { path, cause } | Self::Snapshot { path, cause } => {
                write!(f, "cannot open {}: {cause}", path.display())
            }
        }
    }
}

impl Error for OpenError {}

/// Opens the snapshot at `path`.
pub(crate) fn open(path: &Path) -> Result<Store, OpenError> {
    let read = |cause| OpenError::Read {
        path: path.to_owned(),
        cause,
    };
    let not_a_file = || OpenError::NotAFile {
        path: path.to_owned(),
    };
    // Opening a pipe would wait for somebody who writes to it, and take that from whoever reads it.
    if !std::fs::metadata(path).map_err(read)?.is_file() {
        return Err(not_a_file());
    }
    let file = File::open(path).map_err(read)?;
    let metadata = file.metadata().map_err(read)?;
    if !metadata.is_file() {
        return Err(not_a_file());
    }
    // An empty file has no bytes to be mapped.
    let bytes = match metadata.len() {
        0 => Bytes::new(),
        _ => map::map(&file).map_err(read)?,
    };
    let begins_as_one = header::looks_like_snapshot(&bytes);
    let image = check::image(bytes).map_err(|cause| {
        let path = path.to_owned();
        if begins_as_one {
            OpenError::Snapshot { path, cause }
        } else {
            OpenError::NotASnapshot { path, cause }
        }
    })?;
    // The checks have touched every page of the index. A new map has none yet, so that what a process holds in memory
    // is what its queries have asked for.
    let untouched = map::map(&file).map_err(read)?;
    Ok(Store::of(image.moved_to(untouched)))
}

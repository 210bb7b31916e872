//! Opening snapshots.

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::format::check_index;
use crate::format::error::SnapshotError;
use crate::format::header::{self, Header};
use crate::format::image::Image;
use crate::map;
use crate::store::Store;

impl Store {
    /// Opens a snapshot file, mapping it into memory.
    ///
    /// This reads and checks everything but the records, which takes a few milliseconds for a million features. Records
    /// are checked the first time that a query needs them. Processes that have opened the same file share its pages.
    ///
    /// The file must not be changed while it is open. To replace it, rename another file over it, as
    /// [`Builder::write`](crate::Builder::write) does: this store then keeps the old one. Truncating it ends the
    /// process.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if the file cannot be mapped, or is not a sound snapshot.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let read = |cause| OpenError::Read {
            path: path.to_owned(),
            cause,
        };
        let not_a_file = || OpenError::NotAFile {
            path: path.to_owned(),
        };
        // Opening a pipe would wait for a writer, and take its bytes from the intended reader.
        if !std::fs::metadata(path).map_err(read)?.is_file() {
            return Err(not_a_file());
        }
        let file = File::open(path).map_err(read)?;
        let metadata = file.metadata().map_err(read)?;
        if !metadata.is_file() {
            return Err(not_a_file());
        }
        // An empty file cannot be mapped.
        let bytes = match metadata.len() {
            0 => Bytes::new(),
            _ => map::map(&file).map_err(read)?,
        };
        let begins_as_one = header::looks_like_snapshot(&bytes);
        let image = checked_image(bytes).map_err(|cause| {
            let path = path.to_owned();
            if begins_as_one {
                OpenError::Snapshot { path, cause }
            } else {
                OpenError::NotASnapshot { path, cause }
            }
        })?;
        // The checks have touched every page of the index. A new map has touched none, so the resident memory of the
        // process is what its queries need.
        let untouched = map::map(&file).map_err(read)?;
        Ok(Self::of(image.moved_to(untouched)))
    }

    /// Opens a snapshot that is in memory.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] if it is not sound.
    pub fn from_snapshot(bytes: Bytes) -> Result<Self, SnapshotError> {
        checked_image(bytes).map(Self::of)
    }
}

/// Makes an image of bytes from outside. Everything but the records is checked here, the records when they are needed.
fn checked_image(bytes: Bytes) -> Result<Image, SnapshotError> {
    let header = Header::decode(&bytes)?;
    let image = Image::new(bytes, header).with_unchecked_records();
    check_index::check(&image)?;
    Ok(image)
}

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
    /// The path is not a regular file but, for instance, a folder or a pipe.
    NotAFile {
        /// Its path.
        path: PathBuf,
    },
    /// The file does not begin like a snapshot. It may be of another format.
    NotASnapshot {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: SnapshotError,
    },
    /// The file is a damaged snapshot.
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

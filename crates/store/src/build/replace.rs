//! Writing a snapshot file so that there is always a whole one under its name.

use std::error::Error;
use std::fmt;
use std::fs::{self, File, Metadata};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};

use crate::build::plan::{Head, Plan};
use crate::build::temporary::Temporary;

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

/// Checks that a file can be written to the folder of `path`, and that it would replace nothing but a file.
pub(crate) fn check(path: &Path) -> Result<(), WriteError> {
    create(path).map(drop)
}

/// Writes a snapshot to a temporary file in the same folder, and then to the place of `path`.
pub(crate) fn write(path: &Path, plan: &Plan) -> Result<Head, WriteError> {
    write_by(path, plan, |file| write_all(file, plan))
}

/// Writes a snapshot, its head last.
fn write_all(file: &mut (impl Write + Seek), plan: &Plan) -> io::Result<Head> {
    let head = plan.write(file)?;
    file.rewind()?;
    file.write_all(&head.bytes)?;
    file.flush()?;
    Ok(head)
}

fn write_by(
    path: &Path,
    plan: &Plan,
    write: impl FnOnce(&mut File) -> io::Result<Head>,
) -> Result<Head, WriteError> {
    let failed = |cause| WriteError::Write {
        path: path.to_owned(),
        file_bytes: plan.layout().file_bytes() as u64,
        cause,
    };
    let (mut temporary, target) = create(path)?;
    let head = write(temporary.file()).map_err(failed)?;
    temporary.file().sync_all().map_err(failed)?;
    let folder = folder(&target);
    temporary
        .persist(folder, &target)
        .map_err(|cause| WriteError::Replace {
            path: path.to_owned(),
            cause,
        })?;
    sync(folder).map_err(|cause| WriteError::SyncFolder {
        path: path.to_owned(),
        cause,
    })?;
    Ok(head)
}

/// Makes the temporary file, and returns it with the path whose place it is to take.
///
/// A link counts as what it leads to: that is replaced, and the link stays. The new file has the permissions of the old one,
/// and its owner and group where the system allows it.
fn create(path: &Path) -> Result<(Temporary, PathBuf), WriteError> {
    let failed = |folder: &Path, cause| WriteError::Create {
        folder: folder.to_owned(),
        cause,
    };
    let target = target(path).map_err(|cause| failed(folder(path), cause))?;
    let old = fs::metadata(&target).ok();
    if old.as_ref().is_some_and(|found| !found.is_file()) {
        let path = path.to_owned();
        return Err(WriteError::NotAFile { path });
    }
    let folder = folder(&target);
    let created = Temporary::create(folder).and_then(|mut temporary| {
        if let Some(old) = old {
            resemble(temporary.file(), &old)?;
        }
        Ok(temporary)
    });
    let temporary = created.map_err(|cause| failed(folder, cause))?;
    Ok((temporary, target))
}

/// Returns where the links at a path lead. There need not be anything yet.
fn target(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut target = path.to_owned();
            // This ends: links in a circle are another error.
            while let Ok(link) = fs::read_link(&target) {
                target = folder(&target).join(link);
            }
            Ok(target)
        }
        found => found,
    }
}

/// Gives a file the permissions of another one.
fn resemble(file: &File, old: &Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        // Only the administrator may give a file to another user. Its permissions are what matters.
        let _ = fchown(file, Some(old.uid()), Some(old.gid()));
    }
    file.set_permissions(old.permissions())
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Sees to it that the new name is on the disk.
#[cfg(unix)]
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::SeekFrom;

    use route_guide_geo::E7Point;

    use super::*;
    use crate::build::builder::{Builder, Order};
    use crate::store::Store;

    /// A disk with room for so many bytes.
    struct Disk<'f> {
        file: &'f mut File,
        free_bytes: usize,
    }

    impl Write for Disk<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.free_bytes == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let written = self
                .file
                .write(&bytes[..bytes.len().min(self.free_bytes)])?;
            self.free_bytes -= written;
            Ok(written)
        }

        fn flush(&mut self) -> io::Result<()> {
            self.file.flush()
        }
    }

    impl Seek for Disk<'_> {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.file.seek(to)
        }
    }

    #[test]
    fn a_disk_that_is_full_at_any_byte_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("places.rgs");
        let old = b"what was there before";
        std::fs::write(&path, old).unwrap();
        let mut builder = Builder::new();
        for i in 0..40 {
            let at = E7Point::unbounded(i * 7_919 % 100, i * 104_729 % 100);
            builder.push(at, "somewhere").unwrap();
        }
        let plan = Plan::new(builder, Order::Input);
        // The head is written twice, the first time as zeros.
        let needed = plan.layout().file_bytes() + plan.layout().table_end();
        let write = |free_bytes| {
            write_by(&path, &plan, |file| {
                write_all(&mut Disk { file, free_bytes }, &plan)
            })
        };
        for free_bytes in 0..needed {
            let error = write(free_bytes).map(drop).unwrap_err();
            let expected = format!("cannot write {}: no space for its ", path.display());
            assert!(error.to_string().starts_with(&expected), "{error}");
            assert_eq!(std::fs::read(&path).unwrap(), old);
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        }
        write(needed).map(drop).unwrap();
        let store = Store::open(&path).unwrap();
        store.verify().unwrap();
        assert_eq!(store.len(), 40);
    }
}

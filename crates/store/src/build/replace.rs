//! Replacing a file atomically.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use crate::build::error::WriteError;
use crate::build::temporary::Temporary;

/// Checks that a file can be created in the folder of `path`, and that `path` is a regular file or free.
pub(super) fn check(path: &Path) -> Result<(), WriteError> {
    create(path).map(drop)
}

/// Writes a file of `file_bytes` with `write`, syncs it to the disk and renames it to `path`.
pub(super) fn write<T>(
    path: &Path,
    file_bytes: u64,
    write: impl FnOnce(&mut File) -> io::Result<T>,
) -> Result<T, WriteError> {
    let failed = |cause| WriteError::Write {
        path: path.to_owned(),
        file_bytes,
        cause,
    };
    let (mut temporary, target) = create(path)?;
    let written = write(temporary.file()).map_err(failed)?;
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
    Ok(written)
}

/// Creates the temporary file, and returns it with the path that it will be renamed to.
///
/// Symbolic links are followed: their target is replaced and the link stays. The new file gets the permissions of the
/// old one, and its owner and group where the system allows it.
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

/// Resolves the symbolic links at a path, whose target need not exist.
fn target(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut target = path.to_owned();
            // This terminates, because a circle of links is another error.
            while let Ok(link) = fs::read_link(&target) {
                target = folder(&target).join(link);
            }
            Ok(target)
        }
        found => found,
    }
}

/// Copies permissions and, where possible, the owner.
fn resemble(file: &File, old: &Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        // Only the administrator can change the owner. The permissions are what matters.
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

/// Syncs the folder, so that the rename survives a power failure.
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
    use std::io::{Seek, SeekFrom, Write};

    use route_guide_geo::E7Point;

    use super::*;
    use crate::build::names::Names;
    use crate::build::order::Order;
    use crate::build::plan::Plan;
    use crate::build::points::Points;
    use crate::format::layout::{ENTRY_BYTES, HEADER_BYTES};
    use crate::store::Store;

    /// A disk with a limited number of free bytes.
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
        let (mut points, mut names) = (Points::default(), Names::default());
        for i in 0..40 {
            points.push(E7Point::unbounded(i * 7_919 % 100, i * 104_729 % 100));
            names.push("somewhere");
        }
        let plan = Plan::new(points, names, Order::Input);
        // The header is written twice, the first time as zeros.
        let needed = usize::try_from(plan.file_bytes()).unwrap() + HEADER_BYTES + 10 * ENTRY_BYTES;
        let write = |free_bytes| {
            write(&path, plan.file_bytes(), |file| {
                plan.write(&mut Disk { file, free_bytes })
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

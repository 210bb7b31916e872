//! A temporary file that is renamed when it is complete.

use std::fs::File;
use std::io;
use std::path::Path;

use tempfile::{NamedTempFile, TempPath};

/// A file that is renamed to a path in its folder when it is complete, and removed if it is dropped before.
///
/// Where the system supports it, the file has no name until then, so that nothing remains of it if the process is
/// killed either. Elsewhere its name begins with `.route-guide-`.
#[derive(Debug)]
pub(crate) struct Temporary {
    file: File,
    name: Option<TempPath>,
}

impl Temporary {
    pub(crate) fn create(folder: &Path) -> io::Result<Self> {
        if let Ok(file) = nameless(folder) {
            return Ok(Self { file, name: None });
        }
        let (file, name) = named(folder)?.into_parts();
        let name = Some(name);
        Ok(Self { file, name })
    }

    pub(crate) const fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Renames the file to `path`, which must be in `folder`, and replaces what is there.
    pub(crate) fn persist(self, folder: &Path, path: &Path) -> io::Result<()> {
        let name = match self.name {
            Some(name) => name,
            // A file without a name cannot replace another, so it first gets a temporary one.
            None => builder()
                .make_in(folder, |name| link(&self.file, name))?
                .into_temp_path(),
        };
        name.persist(path).map_err(|error| error.error)
    }
}

fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".route-guide-").suffix(".tmp");
    builder
}

fn named(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = builder();
    // Temporary files are readable by their owner only. This one becomes an ordinary file.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

/// The open files of a process on Linux, through which a file without a name can be linked.
#[cfg(target_os = "linux")]
const OPEN_FILES: &str = "/proc/self/fd";

#[cfg(target_os = "linux")]
fn nameless(folder: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};

    if !Path::new(OPEN_FILES).exists() {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    Ok(rustix::fs::open(folder, flags, Mode::from_raw_mode(0o666))?.into())
}

#[cfg(target_os = "linux")]
fn link(file: &File, name: &Path) -> io::Result<()> {
    use std::os::fd::AsRawFd;

    use rustix::fs::{AtFlags, CWD};

    let open = format!("{OPEN_FILES}/{}", file.as_raw_fd());
    rustix::fs::linkat(CWD, open, CWD, name, AtFlags::SYMLINK_FOLLOW)?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn nameless(_: &Path) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
fn link(_: &File, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    fn names_in(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    fn check(create: impl FnOnce(&Path) -> Temporary, names_before: usize) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("places.rgs");
        fs::write(&path, "old").unwrap();
        let mut temporary = create(folder.path());
        temporary.file().write_all(b"new").unwrap();
        assert_eq!(names_in(folder.path()), 1 + names_before);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        temporary.persist(folder.path(), &path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names_in(folder.path()), 1);
    }

    /// A killed import left a hidden file with everything it had written, and nothing removed it.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_without_a_name_leaves_nothing_behind_a_process_that_is_killed() {
        check(
            |folder| {
                let file = nameless(folder).unwrap();
                Temporary { file, name: None }
            },
            0,
        );
    }

    #[test]
    fn a_file_with_a_name_takes_that_of_another_too() {
        check(
            |folder| {
                let (file, name) = named(folder).unwrap().into_parts();
                let name = Some(name);
                Temporary { file, name }
            },
            1,
        );
    }

    #[test]
    fn a_file_that_is_given_up_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        drop(Temporary::create(folder.path()).unwrap());
        drop(named(folder.path()).unwrap());
        assert_eq!(names_in(folder.path()), 0);
    }
}

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::fault::OpenError;
use crate::clock::Clock;

/// The right to a directory, as long as this process holds it.
#[derive(Debug)]
pub(super) struct DirLock {
    dir: PathBuf,
    _lock: File,
}

/// The store in the directory.
const STORE_FILE: &str = "notes.redb";

/// Held for as long as the notebook is open. The store has a lock of its own, but lets go of it when it is opened anew
/// after a failure.
const LOCK_FILE: &str = "notes.lock";

impl DirLock {
    pub(super) fn new(dir: &Path) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Io {
            path: dir.to_owned(),
            source,
        };
        fs::create_dir_all(dir).map_err(failed)?;
        let lock = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(dir.join(LOCK_FILE))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::InUse {
                    dir: dir.to_owned(),
                });
            }
            // On a file system without locks the store's own has to do.
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        Ok(Self {
            dir: dir.to_owned(),
            _lock: lock,
        })
    }

    pub(super) fn store_file(&self) -> PathBuf {
        self.dir.join(STORE_FILE)
    }

    /// Puts the names in the directory on disk.
    pub(super) fn sync(&self) -> Result<(), OpenError> {
        self.try_sync().map_err(|source| OpenError::Io {
            path: self.dir.clone(),
            source,
        })
    }

    #[cfg(unix)]
    fn try_sync(&self) -> io::Result<()> {
        File::open(&self.dir)?.sync_all()
    }

    #[cfg(not(unix))]
    #[expect(
        clippy::unnecessary_wraps,
        reason = "directories are synced on Unix only"
    )]
    fn try_sync(&self) -> io::Result<()> {
        Ok(())
    }

    /// Gives the store file another name, and returns it.
    pub(super) fn set_aside(&self, wall: &dyn Clock) -> Result<Option<PathBuf>, OpenError> {
        let file = self.store_file();
        let seconds = wall.now().as_secs();
        let mut names = (0_u32..).map(|number| match number {
            0 => format!("{STORE_FILE}.{seconds}"),
            _ => format!("{STORE_FILE}.{seconds}-{number}"),
        });
        let kept = names
            .find_map(|name| Some(self.dir.join(name)).filter(|path| !path.exists()))
            .expect("some number is free");
        match fs::rename(&file, &kept) {
            Ok(()) => Ok(Some(kept)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(OpenError::Io { path: file, source }),
        }
    }
}

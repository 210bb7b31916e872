//! The features that are served now, and how newer ones take their place.

mod load;

use std::convert::Infallible;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use route_guide_store::Store;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

use crate::settings::{FeatureSource, LoadOptions};

pub use load::DataError;
use load::load;

/// How often a data file is looked at for a change.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// A data set that can be replaced while it is served.
///
/// Calls take the [`Store`] that is current when they begin and keep it to their end.
#[derive(Debug)]
pub struct DataSet {
    current: ArcSwap<Store>,
    source: FeatureSource,
    options: LoadOptions,
    /// The data file before it was loaded at first.
    first: Option<Fingerprint>,
}

impl DataSet {
    /// Loads the features from their source.
    ///
    /// # Errors
    ///
    /// [`DataError`] if a file cannot be loaded.
    pub fn load(source: FeatureSource, options: LoadOptions) -> Result<Self, DataError> {
        // Taken before, so that a file which changes while it is loaded is loaded again.
        let first = match &source {
            FeatureSource::File(path) => Fingerprint::of(path).ok(),
            FeatureSource::Published => None,
        };
        let store = load(&source, options)?;
        Ok(Self {
            current: ArcSwap::from_pointee(store),
            source,
            options,
            first,
        })
    }

    /// Returns the features that are current.
    #[must_use]
    pub fn store(&self) -> Arc<Store> {
        self.current.load_full()
    }

    /// Whether there is a file to load again.
    pub(crate) fn is_of_a_file(&self) -> bool {
        matches!(self.source, FeatureSource::File(_))
    }

    /// Loads the source again and, if that goes well, makes it current.
    ///
    /// Calls that have begun finish on the features they began with.
    ///
    /// # Errors
    ///
    /// [`DataError`] if the file cannot be loaded; the current features stay.
    pub fn reload(&self) -> Result<(), DataError> {
        let store = load(&self.source, self.options)?;
        self.current.store(Arc::new(store));
        Ok(())
    }

    /// Reloads a data file whenever it changes, and when `asked`. Does not end.
    ///
    /// A change counts once the file has been left alone for a second, so that a file which is being
    /// written is not read half-way.
    pub(crate) async fn keep_current(self: &Arc<Self>, asked: &Notify) -> Infallible {
        let FeatureSource::File(path) = &self.source else {
            return std::future::pending().await;
        };
        let mut looks = interval(LOOK_INTERVAL);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut loaded = self.first.clone();
        let mut seen = loaded.clone();
        loop {
            let wanted = tokio::select! {
                _ = looks.tick() => {
                    let now = Fingerprint::of(path).ok();
                    let settled = now == seen;
                    seen = now;
                    settled && seen.is_some() && seen != loaded
                }
                () = asked.notified() => {
                    seen = Fingerprint::of(path).ok();
                    true
                }
            };
            if wanted {
                loaded.clone_from(&seen);
                self.reload_and_tell(path).await;
            }
        }
    }

    async fn reload_and_tell(self: &Arc<Self>, path: &Path) {
        let data_set = Arc::clone(self);
        // Loading takes long: on a thread where nobody waits for the next event.
        let reloaded = spawn_blocking(move || data_set.reload()).await;
        match reloaded {
            Ok(Ok(())) => {
                let features = self.store().len();
                tracing::info!(features, file = %path.display(), "features reloaded");
            }
            Ok(Err(error)) => {
                tracing::error!("features not reloaded, the old ones stay: {error}");
            }
            Err(error) => {
                tracing::error!("features not reloaded, the old ones stay: {error}");
            }
        }
    }
}

/// What tells one state of a file from another without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fingerprint {
    /// When content or permissions changed, in seconds and nanoseconds.
    changed: (i64, i64),
    len: u64,
    inode: u64,
}

impl Fingerprint {
    fn of(path: &Path) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt;

        let found = fs::metadata(path)?;
        Ok(Self {
            changed: (found.ctime(), found.ctime_nsec()),
            len: found.len(),
            inode: found.ino(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tokio::sync::mpsc;

    use super::*;

    fn data_set(path: &Path) -> DataSet {
        DataSet::load(FeatureSource::File(path.to_owned()), LoadOptions::default()).unwrap()
    }

    const ONE: &str = r#"[{"location": {}, "name": "one"}]"#;
    const TWO: &str = r#"[{"location": {}, "name": "one"}, {"location": {}, "name": "two"}]"#;

    fn file(content: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("places.json");
        fs::write(&path, content).unwrap();
        (folder, path)
    }

    #[test]
    fn a_call_that_has_begun_keeps_its_features() {
        let (_folder, path) = file(ONE);
        let data_set = data_set(&path);
        let begun = data_set.store();
        fs::write(&path, TWO).unwrap();
        data_set.reload().unwrap();
        assert_eq!((begun.len(), data_set.store().len()), (1, 2));
    }

    #[test]
    fn a_bad_file_leaves_the_old_features() {
        let (_folder, path) = file(ONE);
        let data_set = data_set(&path);
        for bad in ["", "[]", "[{]", "{\"feature\": 1}"] {
            fs::write(&path, bad).unwrap();
            assert!(data_set.reload().is_err(), "{bad:?}");
            assert_eq!(data_set.store().len(), 1);
        }
        fs::remove_file(&path).unwrap();
        assert!(data_set.reload().is_err());
        assert_eq!(data_set.store().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_changed_file_is_loaded_and_so_is_one_that_somebody_asks_for() {
        let (_folder, path) = file(ONE);
        let data_set = Arc::new(data_set(&path));
        let ask = Arc::new(Notify::new());
        let (done, mut seen) = mpsc::unbounded_channel();
        let (kept, asked) = (Arc::clone(&data_set), Arc::clone(&ask));
        tokio::spawn(async move { kept.keep_current(&asked).await });
        let watched = Arc::clone(&data_set);
        tokio::spawn(async move {
            let mut ticks = interval(Duration::from_millis(100));
            let mut len = 1;
            loop {
                ticks.tick().await;
                if watched.store().len() != len {
                    len = watched.store().len();
                    let _ = done.send(len);
                }
            }
        });
        // The first look at the file is over once somebody else has had a turn after it.
        tokio::time::sleep(LOOK_INTERVAL / 2).await;
        fs::write(&path, TWO).unwrap();
        assert_eq!(seen.recv().await, Some(2), "after the file changed");
        fs::write(&path, ONE).unwrap();
        ask.notify_one();
        assert_eq!(seen.recv().await, Some(1), "after being asked");
    }

    /// The new file had come while the old one was read, and was never looked at.
    #[tokio::test(start_paused = true)]
    async fn a_file_that_changes_while_it_is_loaded_at_first_is_loaded_again() {
        let (_folder, path) = file(ONE);
        let data_set = Arc::new(data_set(&path));
        fs::write(&path, TWO).unwrap();
        let kept = Arc::clone(&data_set);
        tokio::spawn(async move { kept.keep_current(&Notify::new()).await });
        let mut ticks = interval(Duration::from_millis(100));
        while data_set.store().len() != 2 {
            ticks.tick().await;
        }
    }
}

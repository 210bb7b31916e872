use std::collections::VecDeque;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use redb::Database;
use route_guide_geo::E7Point;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::{Semaphore, oneshot};

use crate::clock::{Clock, MonotonicClock, WallClock};
use crate::limits::Limits;
use crate::logs::{Entry, HasLogs, NoteLogs, WhenFull};
use crate::note::{Draft, Index};
use crate::notebook::{
    Append, AppendError, Closing, Notebook, Page, PageLimit, SubscribeError, Usage,
};
use crate::subscription::{Subscriber, Subscription};
use crate::timeline::Timeline;

pub use caught::panic_becomes_error;
use dir_lock::DirLock;
pub use fault::{OpenError, StoreFault};
use store::{Connect, Opened, Store};
use writer::{Command, Request, Shared, Writer};

mod caught;
mod dir_lock;
mod fault;
mod record;
mod store;
mod writer;

#[cfg(test)]
mod tests;

/// The notebook of one server, kept in a file.
///
/// **What any stream has received is on disk before it is delivered**: it survives the end of the process, of whatever
/// kind, and of the machine, as far as the disk keeps what it has confirmed. Notes that arrive during one write to disk
/// go together into the next, so many streams are not slower than one.
///
/// Everything is also in memory, where it is read from; the bounds of [`Limits`] hold there as for a
/// [`MemoryNotebook`](crate::MemoryNotebook), and the file follows them.
///
/// # Age
///
/// Notes age by the monotonic clock while the notebook is open, and by the wall clock while it is closed. A wall clock
/// that is set while the notebook is open changes nothing. One that is set back while it is closed brings nothing back
/// and keeps nothing for ever: the age that a note had at the last write counts, and it goes on from there.
///
/// # Closing
///
/// [`close`](Notebook::close) waits until what is under way is written and ends the thread that writes; dropping the notebook
/// does the same, and blocks for the time of a few writes to disk. A process that is killed loses nothing but has to check its file when
/// it starts again.
///
/// # Examples
///
/// ```
/// use route_guide_chat::{Author, Draft, FileNotebook, Index, Limits, Notebook, PageLimit};
/// use route_guide_geo::E7Point;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let dir = tempfile::tempdir()?;
/// let place = E7Point::default();
/// let draft = Draft::new(place, "ice on the bridge", Author::unique());
///
/// let notebook = FileNotebook::open(dir.path(), Limits::default())?;
/// notebook.append(draft).await?;
/// notebook.close().await;
///
/// let notebook = FileNotebook::open(dir.path(), Limits::default())?;
/// let page = notebook.read(place, Index::START, PageLimit::default());
/// assert_eq!(page.notes[0].message(), "ice on the bridge");
/// # Ok(())
/// # }
/// ```
pub struct FileNotebook {
    shared: Arc<Shared>,
    commands: UnboundedSender<Command>,
    /// Bounds what waits for the writer, in KiB of text and one more a note.
    room: Arc<Semaphore>,
    writer: Mutex<Option<JoinHandle<()>>>,
    file: PathBuf,
    numbering: u64,
}

/// What may wait for the writer: 64 MiB of text, or as many thousand notes.
const ROOM_KIB: u32 = 64 * 1024;

/// Memory for pages of the file. They are read when the notebook is opened, and then only to be changed.
const CACHE_BYTES: usize = 32 * 1024 * 1024;

/// Notes given back in one go by [`FileNotebook::expire`], so that the lock is never held for long.
const SWEPT_PER_LOCK: usize = 1_024;

impl FileNotebook {
    /// Opens the notebook in a directory, and makes both if they are not there.
    ///
    /// All of it is read and checked, which takes about two seconds for a million notes. It blocks.
    ///
    /// # Errors
    ///
    /// [`OpenError`], which says what to do about it. Nothing panics, whatever the file contains.
    pub fn open(dir: impl AsRef<Path>, limits: Limits) -> Result<Self, OpenError> {
        Self::with_clocks(dir, limits, &WallClock, Arc::new(MonotonicClock::new()))
    }

    /// Opens the notebook with clocks of the caller's: `wall` is asked once, `ticks` from then on.
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open).
    pub fn with_clocks(
        dir: impl AsRef<Path>,
        limits: Limits,
        wall: &dyn Clock,
        ticks: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let lock = DirLock::new(dir.as_ref())?;
        Self::on(lock, limits, wall, ticks, Box::new(connect))
    }

    /// Makes the notebook in a directory one that is not there, whether or not it can be read. The file stays under a name
    /// with the time in it, which is returned; `None` if there was no file.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if the directory is in use, is not there, or cannot be written to.
    pub fn reset(dir: impl AsRef<Path>) -> Result<Option<PathBuf>, OpenError> {
        let dir = dir.as_ref();
        // Opening makes directories; a mistyped name should not become one here.
        std::fs::metadata(dir).map_err(|source| OpenError::Io {
            path: dir.to_owned(),
            source,
        })?;
        let lock = DirLock::new(dir)?;
        let kept = lock.set_aside(&WallClock)?;
        lock.sync()?;
        Ok(kept)
    }

    fn on(
        lock: DirLock,
        limits: Limits,
        wall: &dyn Clock,
        ticks: Arc<dyn Clock>,
        connect: Connect,
    ) -> Result<Self, OpenError> {
        let file = lock.store_file();
        let (mut store, opened) = Store::open(&file, connect)?;
        let Opened { numbering, marks } = opened;
        lock.sync()?;

        let timeline = Timeline::new(wall.now(), marks.seen, ticks);
        let opened = timeline.now();
        let mut logs = NoteLogs::new(limits, WhenFull::Forget);
        logs.see(opened);
        logs.retire(marks.retired);
        let mut forgotten = VecDeque::new();
        store.load(|serial, record| {
            // Nothing is younger than the time at the opening.
            let written = record.written.min(opened);
            logs.resume_at(serial + 1);
            if opened.saturating_sub(written) >= limits.max_age
                || !logs.fits(record.note.message_bytes())
            {
                logs.retire(record.note.index());
                forgotten.push_back(serial);
                return;
            }
            let mut garbage = Vec::new();
            logs.restore(record.note, serial, written, &mut garbage);
            forgotten.extend(garbage.iter().map(Entry::serial));
        })?;
        let usage = logs.usage();
        tracing::info!(
            file = %file.display(), notes = usage.notes, forgotten = forgotten.len(),
            "opened the route notes"
        );

        let shared = Shared::new(logs, forgotten, timeline);
        let (commands, received) = unbounded_channel();
        let writer = Writer::new(Arc::clone(&shared), store, received);
        let thread = thread::Builder::new().name("route-notes".into());
        let writer = thread
            .spawn(move || {
                writer.run();
                drop(lock);
            })
            .map_err(|source| OpenError::Io {
                path: file.clone(),
                source,
            })?;
        Ok(Self {
            shared,
            commands,
            room: Arc::new(Semaphore::new(ROOM_KIB as usize)),
            writer: Mutex::new(Some(writer)),
            file,
            numbering,
        })
    }

    /// Returns the store file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Ends the writer once it has written what is under way, and waits for it.
    fn stop(&self) {
        // An error means that the writer has already ended.
        let _ = self.commands.send(Command::Close);
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(writer) = writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the thread that writes route notes has panicked");
        }
    }

    async fn append_later(&self, draft: Draft) -> Result<crate::Receipt, AppendError> {
        self.shared.lock().logs.admit(&draft)?;
        let weight = u32::try_from(draft.message_bytes() / 1024).unwrap_or(u32::MAX);
        let weight = weight.saturating_add(1).min(ROOM_KIB);
        let room = Arc::clone(&self.room).acquire_many_owned(weight).await;
        let (reply, receipt) = oneshot::channel();
        let request = Request {
            draft,
            reply,
            room: room.map_err(|_closed| AppendError::Closed)?,
        };
        self.commands
            .send(Command::Append(request))
            .map_err(|_ended| AppendError::Closed)?;
        receipt.await.unwrap_or(Err(AppendError::Closed))
    }
}

impl Notebook for FileNotebook {
    fn append(&self, draft: Draft) -> Append<'_> {
        Append::later(self.append_later(draft))
    }

    fn read(&self, place: E7Point, after: Index, limit: PageLimit) -> Page {
        let now = self.shared.now();
        self.shared.lock().logs.read(place, after, limit, now)
    }

    fn subscribe(
        &self,
        place: E7Point,
        subscriber: &Arc<Subscriber>,
    ) -> Result<Subscription, SubscribeError> {
        self.shared.subscribe(place, subscriber)
    }

    fn expire(&self) {
        loop {
            let garbage = self.shared.lock().sweep(self.shared.now(), SWEPT_PER_LOCK);
            if garbage.len() < SWEPT_PER_LOCK {
                break;
            }
        }
        let mut state = self.shared.lock();
        state.logs.shrink();
        if !state.forgotten.is_empty() {
            drop(state);
            // A notebook that is closed has nothing left to tidy.
            let _ = self.commands.send(Command::Tidy);
        }
    }

    fn usage(&self) -> Usage {
        self.shared.lock().logs.usage()
    }

    fn numbering(&self) -> u64 {
        self.numbering
    }

    fn close(&self) -> Closing<'_> {
        Box::pin(async {
            // An error means that the writer has already ended.
            let _ = self.commands.send(Command::Close);
            // The writer drops its end of the channel after its store.
            self.commands.closed().await;
            self.stop();
        })
    }
}

impl Drop for FileNotebook {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for FileNotebook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileNotebook")
            .field("file", &self.file)
            .field("usage", &self.usage())
            .finish_non_exhaustive()
    }
}

fn connect(file: &Path) -> Result<Database, redb::DatabaseError> {
    Database::builder().set_cache_size(CACHE_BYTES).create(file)
}

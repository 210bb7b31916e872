//! Faults between the store and the disk.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::ops::Bound;
use std::path::Path;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use redb::backends::FileBackend;
use redb::{BackendError, DatabaseError, StorageBackend};
use tempfile::TempDir;

use super::writer::SHORTEST_PAUSE;
use super::*;
use crate::clock::ManualClock;
use crate::note::Author;

/// What the disk does, changed while the store is open.
#[derive(Debug, Default)]
struct DiskFault {
    kind: AtomicU8,
    /// Writes that still succeed before the fault begins.
    writes_left: AtomicUsize,
    faults: AtomicUsize,
    /// How often the store was opened.
    opened: AtomicUsize,
    clock: Arc<ManualClock>,
}

const FINE: u8 = 0;
const FULL: u8 = 1;
const BROKEN: u8 = 2;
const UNSYNCED: u8 = 3;
const PANICKING: u8 = 4;

impl DiskFault {
    fn turn(&self, kind: u8, writes_left: usize) {
        self.writes_left.store(writes_left, Ordering::SeqCst);
        self.kind.store(kind, Ordering::SeqCst);
        self.pass();
    }

    /// Lets the time go by after which a disk is tried again.
    fn pass(&self) {
        self.clock.advance(SHORTEST_PAUSE);
    }

    fn on_write(&self) -> io::Result<()> {
        let kind = self.kind.load(Ordering::SeqCst);
        if !matches!(kind, FULL | BROKEN | PANICKING) {
            return Ok(());
        }
        let left = self.writes_left.load(Ordering::SeqCst);
        if left > 0 {
            self.writes_left.store(left - 1, Ordering::SeqCst);
            return Ok(());
        }
        self.faults.fetch_add(1, Ordering::SeqCst);
        match kind {
            FULL => Err(ErrorKind::StorageFull.into()),
            BROKEN => Err(io::Error::other("the disk is broken")),
            _ => panic!("the store panics"),
        }
    }

    fn on_sync(&self) -> io::Result<()> {
        if self.kind.load(Ordering::SeqCst) == UNSYNCED {
            self.faults.fetch_add(1, Ordering::SeqCst);
            return Err(io::Error::other("the disk does not answer"));
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Faulty {
    file: FileBackend,
    fault: Arc<DiskFault>,
}

impl StorageBackend for Faulty {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.fault.on_sync()?;
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.fault.on_write()?;
        self.file.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }
}

fn open(dir: &Path, fault: &Arc<DiskFault>, limits: Limits) -> FileNotebook {
    try_open(dir, fault, limits).unwrap()
}

fn try_open(dir: &Path, fault: &Arc<DiskFault>, limits: Limits) -> Result<FileNotebook, OpenError> {
    let fault = Arc::clone(fault);
    let clock = Arc::clone(&fault.clock);
    let connect = move |file: &Path| -> Result<Database, DatabaseError> {
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(file)?;
        fault.opened.fetch_add(1, Ordering::SeqCst);
        Database::builder().create_with_backend(Faulty {
            file: FileBackend::new(file)?,
            fault: Arc::clone(&fault),
        })
    };
    let lock = DirLock::new(dir).unwrap();
    FileNotebook::on(lock, limits, &*clock, clock.clone(), Box::new(connect))
}

fn place() -> E7Point {
    E7Point::unbounded(1, 2)
}

async fn append(notebook: &FileNotebook, message: &str) -> Result<Index, AppendError> {
    let draft = Draft::new(place(), message, Author::unique());
    notebook.append(draft).await.map(|receipt| receipt.index)
}

fn kept(notebook: &FileNotebook) -> Vec<String> {
    let limit = PageLimit {
        notes: std::num::NonZeroUsize::MAX,
        len_bytes: usize::MAX,
    };
    let page = notebook.read(place(), Index::START, limit);
    page.notes
        .iter()
        .map(|note| note.message().to_owned())
        .collect()
}

/// A first start on a full disk left a file without a head. When there was room again, every later start took it for a
/// damaged notebook.
#[tokio::test]
async fn a_first_start_that_fails_does_not_spoil_the_next() {
    for kind in [FULL, BROKEN, UNSYNCED, PANICKING] {
        for writes_left in 0.. {
            let dir = TempDir::new().unwrap();
            let fault = Arc::new(DiskFault::default());
            fault.turn(kind, writes_left);
            let is_over = match try_open(dir.path(), &fault, Limits::default()) {
                // The fault would have come later, or not until the closing.
                Ok(_) => true,
                // It may also have come after the file had got its name.
                Err(_) => writes_left > 1_000,
            };
            fault.turn(FINE, 0);
            let notebook = open(dir.path(), &fault, Limits::default());
            append(&notebook, "first").await.unwrap();
            if is_over || kind == UNSYNCED {
                break;
            }
        }
    }
}

#[test]
fn what_a_killed_first_start_has_left_is_made_anew() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("notes.redb.new"), [0; 4_096]).unwrap();
    drop(open(dir.path(), &Arc::default(), Limits::default()));
    assert!(!dir.path().join("notes.redb.new").exists());
    drop(open(dir.path(), &Arc::default(), Limits::default()));
}

/// Whatever goes wrong after however many writes: the append fails, nobody sees its note, no index is lost, all that was
/// delivered is there, and when the disk is fine again the next note is taken.
#[tokio::test]
async fn a_failed_write_loses_nothing_and_is_got_over() {
    for kind in [FULL, BROKEN, UNSYNCED, PANICKING] {
        for writes_left in 0..12 {
            let case = format!("fault {kind} after {writes_left} writes");
            let dir = TempDir::new().unwrap();
            let fault = Arc::new(DiskFault::default());
            let notebook = open(dir.path(), &fault, Limits::default());
            let subscriber = Arc::new(Subscriber::new(Author::unique()));
            let _subscription = notebook.subscribe(place(), &subscriber).unwrap();
            let mut delivered = Vec::new();
            for number in 0..3 {
                let message = format!("before {number}");
                append(&notebook, &message).await.unwrap();
                delivered.push(message);
            }
            subscriber.take();

            fault.turn(kind, writes_left);
            for number in 0..10 {
                let message = format!("during {number}");
                fault.pass();
                match append(&notebook, &message).await {
                    Ok(index) => {
                        delivered.push(message);
                        assert_eq!(index.get(), delivered.len() as u64, "{case}");
                    }
                    Err(AppendError::DiskFull { source }) => {
                        assert_eq!(kind, FULL, "{case}");
                        assert!(source.to_string().contains("notes.redb: "), "{source}");
                        subscriber.take();
                    }
                    Err(AppendError::Storage { .. }) => assert_ne!(kind, FULL, "{case}"),
                    Err(error) => panic!("{case}: {error}"),
                }
                assert_eq!(kept(&notebook), delivered, "{case}");
            }
            assert!(
                fault.faults.load(Ordering::SeqCst) > 0,
                "{case}: nothing happened"
            );

            fault.turn(FINE, 0);
            let index = append(&notebook, "after").await.unwrap();
            delivered.push("after".to_owned());
            assert_eq!(index.get(), delivered.len() as u64, "{case}");
            assert_eq!(kept(&notebook), delivered, "{case}");
            drop(notebook);
            let notebook = FileNotebook::open(
                dir.path(),
                Limits {
                    max_age: std::time::Duration::MAX,
                    ..Limits::default()
                },
            )
            .unwrap();
            assert_eq!(kept(&notebook), delivered, "{case}, opened again");
        }
    }
}

/// A process that ends while its disk is full still has everything that was delivered.
#[tokio::test]
async fn closing_on_a_full_disk_loses_nothing() {
    let dir = TempDir::new().unwrap();
    let fault = Arc::new(DiskFault::default());
    let endless = Limits {
        max_age: std::time::Duration::MAX,
        ..Limits::default()
    };
    let notebook = open(dir.path(), &fault, endless);
    append(&notebook, "a").await.unwrap();
    let before = notebook.usage();
    fault.turn(FULL, 0);
    assert!(append(&notebook, "b").await.is_err());
    let elsewhere = Draft::new(E7Point::default(), "c", Author::unique());
    assert!(notebook.append(elsewhere).await.is_err());
    assert_eq!(
        notebook.usage(),
        before,
        "a refused note leaves nothing behind"
    );
    drop(notebook);
    let notebook = FileNotebook::open(dir.path(), endless).unwrap();
    assert_eq!(kept(&notebook)[..1], ["a"]);
}

/// Each refused note opened the store anew, which takes the longer the more notes there are.
#[tokio::test]
async fn a_full_disk_is_tried_now_and_then_and_not_by_every_note() {
    let dir = TempDir::new().unwrap();
    let fault = Arc::new(DiskFault::default());
    let notebook = open(dir.path(), &fault, Limits::default());
    append(&notebook, "a").await.unwrap();
    fault.turn(FULL, 0);
    let opened = || fault.opened.load(Ordering::SeqCst);
    let before = opened();
    for _ in 0..1_000 {
        let refused = append(&notebook, "b").await;
        assert!(matches!(refused, Err(AppendError::DiskFull { .. })));
    }
    assert_eq!(opened(), before, "the first attempt was on the open store");
    fault.pass();
    for _ in 0..1_000 {
        append(&notebook, "b").await.unwrap_err();
    }
    assert_eq!(opened(), before + 1);
    fault.turn(FINE, 0);
    append(&notebook, "c").await.unwrap();
    assert_eq!(kept(&notebook), ["a", "c"]);
}

/// What is forgotten while the disk is full is forgotten on disk later.
#[tokio::test]
async fn what_is_forgotten_in_between_is_removed_later() {
    let dir = TempDir::new().unwrap();
    let fault = Arc::new(DiskFault::default());
    let one = Limits {
        notes_per_place: std::num::NonZeroUsize::MIN,
        max_age: std::time::Duration::MAX,
        ..Limits::default()
    };
    let notebook = open(dir.path(), &fault, one);
    append(&notebook, "a").await.unwrap();
    append(&notebook, "b").await.unwrap();
    fault.turn(FULL, 0);
    assert!(append(&notebook, "c").await.is_err());
    notebook.expire();
    assert!(append(&notebook, "d").await.is_err());
    fault.turn(FINE, 0);
    append(&notebook, "e").await.unwrap();
    drop(notebook);
    let many = Limits {
        notes_per_place: std::num::NonZeroUsize::MAX,
        ..one
    };
    let notebook = FileNotebook::open(dir.path(), many).unwrap();
    assert_eq!(kept(&notebook), ["e"]);
}

//! A damaged store is refused or read whole; it never takes the process with it.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use route_guide_chat::{
    AppendError, Author, Draft, FileNotebook, Index, Limits, Notebook, OpenError, PageLimit,
};
use route_guide_geo::E7Point;
use tempfile::TempDir;
use tokio::runtime::Builder;

const PLACES: i32 = 5;
const NOTES: usize = 200;

/// A small store, closed in an orderly way, and one whose process was killed, each with the fewest notes that it may be
/// read with. After a kill, damage to the last commit looks like a commit that was cut off: that note may be gone.
static STORES: LazyLock<[(Vec<u8>, usize); 2]> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().build().unwrap();
    let dir = TempDir::new().unwrap();
    let notebook = open(dir.path()).unwrap();
    for number in 0..NOTES {
        runtime.block_on(append(&notebook, number)).unwrap();
    }
    let killed = fs::read(notebook.file()).unwrap();
    runtime.block_on(notebook.close());
    let closed = fs::read(notebook.file()).unwrap();
    [(closed, NOTES), (killed, NOTES - 1)]
});

fn open(dir: &Path) -> Result<FileNotebook, OpenError> {
    FileNotebook::open(dir, Limits::default())
}

async fn append(notebook: &FileNotebook, number: usize) -> Result<(), AppendError> {
    let lat = i32::try_from(number).unwrap() % PLACES;
    let draft = Draft::new(
        E7Point::unbounded(lat, 0),
        &format!("{number} {}", "x".repeat(number)),
        Author::unique(),
    );
    notebook.append(draft).await.map(drop)
}

/// Returns how many of the notes are there; those must be the oldest ones, and as they were.
fn notes_in_order(notebook: &FileNotebook) -> usize {
    let limit = PageLimit {
        notes: NonZeroUsize::MAX,
        len_bytes: usize::MAX,
    };
    let mut numbers = Vec::new();
    for lat in 0..PLACES {
        let page = notebook.read(E7Point::unbounded(lat, 0), Index::START, limit);
        for note in page.notes {
            let (number, rest) = note.message().split_once(' ').unwrap();
            let number: usize = number.parse().unwrap();
            assert_eq!(rest, "x".repeat(number));
            numbers.push(number);
        }
    }
    numbers.sort_unstable();
    assert!(numbers.iter().copied().eq(0..numbers.len()), "{numbers:?}");
    numbers.len()
}

/// Opens a store. If that succeeds, it writes to it and opens it once more.
fn check(store: &[u8], at_least: usize) -> Option<usize> {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("notes.redb");
    fs::write(&file, store).unwrap();
    match open(dir.path()) {
        Ok(notebook) => {
            let found = notes_in_order(&notebook);
            assert!(found >= at_least, "{found} notes are left");
            let runtime = Builder::new_current_thread().build().unwrap();
            let is_written = runtime.block_on(append(&notebook, found)).is_ok();
            drop(notebook);
            if is_written {
                let notebook = open(dir.path()).unwrap();
                assert_eq!(notes_in_order(&notebook), found + 1);
            }
            Some(found)
        }
        Err(refused) => {
            let message = refused.to_string();
            assert!(message.contains("notes.redb"), "{message}");
            // There is always a way to begin again, and the damaged file stays.
            let kept = FileNotebook::reset(dir.path()).unwrap();
            let fresh = FileNotebook::open(dir.path(), Limits::default()).unwrap();
            assert_eq!(fresh.usage().notes, 0);
            assert!(kept.is_some_and(|kept| kept.exists()));
            None
        }
    }
}

#[test]
fn the_undamaged_stores_are_read_whole() {
    for (store, _) in STORES.iter() {
        assert_eq!(check(store, NOTES), Some(NOTES));
    }
}

/// The file's head decides over everything else, so every bit of it is tried.
#[test]
fn no_bit_of_the_head_takes_the_process_down() {
    for (store, at_least) in STORES.iter() {
        for byte in 0..320 {
            let mut damaged = store.clone();
            damaged[byte] ^= 1 << (byte % 8);
            check(&damaged, *at_least);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn flipped_bits(store in 0..2_usize, flips in prop::collection::vec((any::<prop::sample::Index>(), 0..8), 1..20)) {
        let (mut damaged, at_least) = STORES[store].clone();
        for (byte, bit) in flips {
            let byte = byte.index(damaged.len());
            damaged[byte] ^= 1_u8 << bit;
        }
        check(&damaged, at_least);
    }

    #[test]
    fn overwritten_stretches(store in 0..2_usize, at in any::<prop::sample::Index>(), len in 1..20_000_usize, byte in any::<u8>()) {
        let (mut damaged, at_least) = STORES[store].clone();
        let at = at.index(damaged.len());
        let end = (at + len).min(damaged.len());
        damaged[at..end].fill(byte);
        check(&damaged, at_least);
    }

    #[test]
    fn a_lost_end(store in 0..2_usize, len in any::<prop::sample::Index>()) {
        let (store, at_least) = &STORES[store];
        let len = len.index(store.len());
        // An empty file is a new notebook.
        prop_assume!(len > 0);
        check(&store[..len], *at_least);
    }
}

//! What is in the file when the notebook is opened again.
#![expect(clippy::unwrap_used, reason = "a helper may fail its test")]

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use route_guide_chat::{
    AppendError, Author, Conversation, ConversationLimits, Draft, FileNotebook, Index, Limits,
    ManualClock, Notebook, OpenError, PageLimit,
};
use route_guide_geo::E7Point;
use tempfile::TempDir;
use tokio::task::JoinSet;

fn place(number: usize) -> E7Point {
    E7Point::unbounded(i32::try_from(number).unwrap(), -7)
}

fn draft(number: usize, message: impl Into<Box<str>>) -> Draft {
    Draft {
        place: place(number),
        message: message.into(),
        author: Author::unique(),
    }
}

async fn write(notebook: &FileNotebook, number: usize, messages: &[&str]) {
    for message in messages {
        notebook.append(draft(number, *message)).await.unwrap();
    }
}

fn kept(notebook: &FileNotebook, number: usize) -> Vec<String> {
    let whole = PageLimit {
        notes: NonZeroUsize::MAX,
        len_bytes: usize::MAX,
    };
    let page = notebook.read(place(number), Index::START, whole);
    page.notes
        .iter()
        .map(|note| note.message().to_owned())
        .collect()
}

/// Opens the notebook at a time of the wall clock, with a clock for the time from then on.
fn open_at(dir: &Path, limits: Limits, seconds: u64) -> (FileNotebook, Arc<ManualClock>) {
    let [wall, ticks] = [(); 2].map(|()| Arc::new(ManualClock::default()));
    wall.set(Duration::from_secs(seconds));
    let notebook = FileNotebook::with_clocks(dir, limits, &*wall, ticks.clone()).unwrap();
    (notebook, ticks)
}

fn an_hour() -> Limits {
    Limits {
        max_age: Duration::from_secs(3_600),
        ..Limits::default()
    }
}

#[tokio::test]
async fn notes_come_back_with_their_text_author_and_index() {
    let dir = TempDir::new().unwrap();
    let texts = ["", "\0\u{1b}[2J\r\n", "北京 🚧", &"å".repeat(1_000_000)];
    let author = Author::unique();
    {
        let notebook = FileNotebook::open(dir.path(), Limits::default()).unwrap();
        for text in texts {
            let note = Draft {
                author,
                ..draft(1, text)
            };
            notebook.append(note).await.unwrap();
        }
    }
    for _ in 0..3 {
        let notebook = FileNotebook::open(dir.path(), Limits::default()).unwrap();
        let limit = PageLimit {
            len_bytes: usize::MAX,
            ..PageLimit::default()
        };
        let page = notebook.read(place(1), Index::START, limit);
        let found: Vec<_> = page
            .notes
            .iter()
            .map(|note| (note.message(), note.author(), note.index().get()))
            .collect();
        let expected: Vec<_> = (1..)
            .zip(texts)
            .map(|(index, text)| (text, author, index))
            .collect();
        assert!(found == expected);
        assert_eq!((page.missed, page.newest), (0, Index::new(4)));
    }
}

/// A stream of the new process is handed all old notes: it has written none of them.
#[tokio::test]
async fn indexes_go_on_and_old_notes_are_news() {
    let dir = TempDir::new().unwrap();
    let mut old = Vec::new();
    for round in 0..3_u64 {
        let notebook = Arc::new(FileNotebook::open(dir.path(), Limits::default()).unwrap());
        let mut chat = Conversation::shared(notebook.clone(), ConversationLimits::default());
        chat.post(place(1), round.to_string()).await.unwrap();
        let mut received = Vec::new();
        while let Some(page) = chat.next_page().unwrap() {
            received.extend(page.iter().map(|note| note.message().to_owned()));
        }
        assert_eq!(received, old);
        old.push(round.to_string());
        drop(chat);
        let page = notebook.read(place(1), Index::new(round), PageLimit::default());
        assert_eq!(page.notes[0].index(), Index::new(round + 1));
    }
}

#[tokio::test]
async fn a_closed_notebook_takes_no_notes_and_can_be_read() {
    let dir = TempDir::new().unwrap();
    let notebook = FileNotebook::open(dir.path(), Limits::default()).unwrap();
    write(&notebook, 1, &["a"]).await;
    notebook.close();
    notebook.close();
    let refused = notebook.append(draft(1, "b")).await;
    assert!(matches!(refused, Err(AppendError::Closed)));
    notebook.expire();
    assert_eq!(kept(&notebook, 1), ["a"]);
}

#[tokio::test]
async fn what_is_under_way_when_it_closes_is_written_or_refused() {
    let dir = TempDir::new().unwrap();
    let notebook = Arc::new(FileNotebook::open(dir.path(), Limits::default()).unwrap());
    let mut writers = JoinSet::new();
    for number in 0..500 {
        let notebook = Arc::clone(&notebook);
        writers.spawn(async move { (number, notebook.append(draft(number, "x")).await) });
    }
    writers.join_next().await.unwrap().unwrap().1.unwrap();
    let closing = Arc::clone(&notebook);
    tokio::task::spawn_blocking(move || closing.close())
        .await
        .unwrap();
    let mut written = Vec::new();
    while let Some(outcome) = writers.join_next().await {
        match outcome.unwrap() {
            (number, Ok(_)) => written.push(number),
            (_, Err(error)) => assert!(matches!(error, AppendError::Closed)),
        }
    }
    drop(notebook);
    let notebook = FileNotebook::open(dir.path(), Limits::default()).unwrap();
    for number in written {
        assert_eq!(kept(&notebook, number), ["x"]);
    }
}

#[test]
fn a_directory_has_one_notebook_at_a_time() {
    let dir = TempDir::new().unwrap();
    let notebook = FileNotebook::open(dir.path(), Limits::default()).unwrap();
    let refusals = [
        FileNotebook::open(dir.path(), Limits::default()).map(drop),
        FileNotebook::open_fresh(dir.path(), Limits::default()).map(drop),
    ];
    for refused in refusals {
        let expected = format!("{} is in use by another process", dir.path().display());
        assert_eq!(refused.unwrap_err().to_string(), expected);
    }
    drop(notebook);
    FileNotebook::open(dir.path(), Limits::default()).unwrap();
}

#[tokio::test]
async fn bounds_hold_when_it_is_opened_again() {
    let dir = TempDir::new().unwrap();
    {
        let notebook = FileNotebook::open(dir.path(), Limits::default()).unwrap();
        write(&notebook, 1, &["a", "b", "c"]).await;
        write(&notebook, 2, &["d", "e"]).await;
        write(&notebook, 1, &["f"]).await;
    }
    let check = |per_place, total, first: &[&str], second: &[&str]| {
        let limits = Limits {
            notes_per_place: NonZeroUsize::new(per_place).unwrap(),
            notes_total: NonZeroUsize::new(total).unwrap(),
            ..Limits::default()
        };
        let notebook = FileNotebook::open(dir.path(), limits).unwrap();
        assert_eq!(
            (kept(&notebook, 1), kept(&notebook, 2)),
            (strings(first), strings(second))
        );
    };
    check(9, 9, &["a", "b", "c", "f"], &["d", "e"]);
    check(3, 9, &["b", "c", "f"], &["d", "e"]);
    // What was forgotten does not come back under wider bounds.
    check(9, 9, &["b", "c", "f"], &["d", "e"]);
    check(9, 4, &["c", "f"], &["d", "e"]);
    check(9, 2, &["f"], &["e"]);
    check(9, 9, &["f"], &["e"]);
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

/// A place that was emptied begins anew; the file never mixes the two logs.
#[tokio::test]
async fn an_emptied_place_begins_anew_on_disk_too() {
    let dir = TempDir::new().unwrap();
    let limits = Limits {
        notes_total: NonZeroUsize::new(2).unwrap(),
        ..Limits::default()
    };
    let notebook = FileNotebook::open(dir.path(), limits).unwrap();
    write(&notebook, 1, &["a", "b"]).await;
    write(&notebook, 2, &["c", "d"]).await;
    write(&notebook, 1, &["e"]).await;
    // The process ends before anything is tidied up: nothing but what the appends did is in the file.
    drop(notebook);
    let notebook = FileNotebook::open(dir.path(), limits).unwrap();
    assert_eq!(
        (kept(&notebook, 1), kept(&notebook, 2)),
        (strings(&["e"]), strings(&["d"]))
    );
}

#[tokio::test]
async fn notes_age_while_the_notebook_is_closed() {
    let dir = TempDir::new().unwrap();
    let (notebook, ticks) = open_at(dir.path(), an_hour(), 100_000);
    write(&notebook, 1, &["a"]).await;
    ticks.advance(Duration::from_secs(600));
    write(&notebook, 1, &["b"]).await;
    drop(notebook);
    let (notebook, ticks) = open_at(dir.path(), an_hour(), 103_599);
    assert_eq!(kept(&notebook, 1), ["a", "b"]);
    ticks.advance(Duration::from_secs(1));
    assert_eq!(kept(&notebook, 1), ["b"]);
    drop(notebook);
    let (notebook, _) = open_at(dir.path(), an_hour(), 104_200);
    assert_eq!(notebook.usage().notes, 0);
}

/// Set back while it is closed: what was gone stays gone, what is there goes when its hour of running time is over.
#[tokio::test]
async fn a_clock_set_back_neither_brings_back_nor_keeps_for_ever() {
    let dir = TempDir::new().unwrap();
    let (notebook, ticks) = open_at(dir.path(), an_hour(), 100_000);
    write(&notebook, 1, &["a"]).await;
    ticks.advance(Duration::from_secs(3_000));
    write(&notebook, 1, &["b"]).await;
    ticks.advance(Duration::from_secs(600));
    assert_eq!(kept(&notebook, 1), ["b"]);
    drop(notebook);
    // A year back, and to the time before anything was written.
    for seconds in [100_000 - 31_536_000_i64, 0, 1] {
        let (notebook, _) = open_at(dir.path(), an_hour(), u64::try_from(seconds).unwrap_or(0));
        assert_eq!(kept(&notebook, 1), ["b"]);
    }
    let (notebook, ticks) = open_at(dir.path(), an_hour(), 50_000);
    write(&notebook, 1, &["c"]).await;
    ticks.advance(Duration::from_secs(2_999));
    assert_eq!(kept(&notebook, 1), ["b", "c"]);
    ticks.advance(Duration::from_secs(1));
    assert_eq!(kept(&notebook, 1), ["c"]);
    ticks.advance(Duration::from_secs(600));
    assert_eq!(kept(&notebook, 1), [""; 0]);
}

/// A clock that was far ahead for one run, and is then right again, leaves no note that outlives its hour of running time.
#[tokio::test]
async fn a_clock_that_was_ahead_makes_nothing_immortal() {
    let dir = TempDir::new().unwrap();
    let (notebook, _) = open_at(dir.path(), an_hour(), 10_000_000_000);
    write(&notebook, 1, &["a"]).await;
    drop(notebook);
    let (notebook, ticks) = open_at(dir.path(), an_hour(), 100_000);
    assert_eq!(kept(&notebook, 1), ["a"]);
    ticks.advance(Duration::from_secs(3_600));
    assert_eq!(kept(&notebook, 1), [""; 0]);
    notebook.expire();
    drop(notebook);
    let (notebook, _) = open_at(dir.path(), an_hour(), 100_000);
    assert_eq!(notebook.usage().notes, 0);
}

/// Ticks that go back, which they never should, bring nothing back either.
#[tokio::test]
async fn ticks_that_go_back_change_nothing() {
    let dir = TempDir::new().unwrap();
    let (notebook, ticks) = open_at(dir.path(), an_hour(), 100_000);
    write(&notebook, 1, &["a"]).await;
    ticks.advance(Duration::from_secs(3_600));
    assert_eq!(kept(&notebook, 1), [""; 0]);
    ticks.set(Duration::ZERO);
    assert_eq!(kept(&notebook, 1), [""; 0]);
    write(&notebook, 1, &["b"]).await;
    assert_eq!(kept(&notebook, 1), ["b"]);
}

/// Written ten times over, the file is no longer than four times the bound in bytes, and 16 MiB for what is under way.
#[tokio::test]
async fn the_file_stops_growing() {
    const BOUND: usize = 4 * 1024 * 1024;
    let limits = Limits {
        bytes_total: BOUND,
        ..Limits::default()
    };
    for (places, len_bytes) in [(1_000_000, 100), (10, 100), (50, 20_000), (1_000_000, 0)] {
        let dir = TempDir::new().unwrap();
        let notebook = Arc::new(FileNotebook::open(dir.path(), limits).unwrap());
        let (mut number, text) = (0, "x".repeat(len_bytes));
        let mut written = 0;
        while written < 10 * BOUND {
            let mut writers = JoinSet::new();
            for _ in 0..500 {
                let note = draft(number % places, text.as_str());
                let notebook = Arc::clone(&notebook);
                writers.spawn(async move { notebook.append(note).await });
                number += 1;
                written += 192 + len_bytes;
            }
            while let Some(outcome) = writers.join_next().await {
                outcome.unwrap().unwrap();
            }
            let len = fs::metadata(notebook.file()).unwrap().len();
            assert!(
                len <= 4 * BOUND as u64 + 16 * 1024 * 1024,
                "{len} bytes after {written}, notes of {len_bytes} at {places} places"
            );
        }
    }
}

/// When all notes have expired, the file has none of them left.
#[tokio::test]
async fn expired_notes_leave_the_file() {
    let dir = TempDir::new().unwrap();
    let (notebook, ticks) = open_at(dir.path(), an_hour(), 100_000);
    let notebook = Arc::new(notebook);
    let mut writers = JoinSet::new();
    for number in 0..30_000 {
        let notebook = Arc::clone(&notebook);
        let note = draft(number % 1_000, "x".repeat(100));
        writers.spawn(async move { notebook.append(note).await });
    }
    while let Some(outcome) = writers.join_next().await {
        outcome.unwrap().unwrap();
    }
    ticks.advance(Duration::from_secs(3_600));
    notebook.expire();
    notebook.close();
    let file = notebook.file().to_owned();
    drop(notebook);
    let endless = Limits {
        max_age: Duration::MAX,
        ..Limits::default()
    };
    let (notebook, _) = open_at(dir.path(), endless, 0);
    assert_eq!(notebook.usage().notes, 0);
    drop(notebook);
    assert!(fs::metadata(file).unwrap().len() < 2 * 1024 * 1024);
}

#[tokio::test]
async fn starting_fresh_keeps_the_old_file() {
    let dir = TempDir::new().unwrap();
    let (fresh, none) = FileNotebook::open_fresh(dir.path(), Limits::default()).unwrap();
    assert_eq!(none, None);
    write(&fresh, 1, &["old"]).await;
    let file = fresh.file().to_owned();
    drop(fresh);
    let before = fs::read(&file).unwrap();

    let mut names = Vec::new();
    for _ in 0..3 {
        let (fresh, kept_as) = FileNotebook::open_fresh(dir.path(), Limits::default()).unwrap();
        assert_eq!(fresh.usage().notes, 0);
        names.push(kept_as.unwrap());
    }
    assert_eq!(fs::read(&names[0]).unwrap(), before);
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 3, "no file is written over");

    // The old file is a notebook like any other.
    fs::rename(&names[0], &file).unwrap();
    let notebook = FileNotebook::open(dir.path(), Limits::default()).unwrap();
    assert_eq!(kept(&notebook, 1), ["old"]);
}

#[test]
fn a_file_of_something_else_is_refused_and_left_alone() {
    let check = |contents: &[u8], expected: &str| {
        let dir = TempDir::new().unwrap();
        let file = dir.path().join("notes.redb");
        fs::write(&file, contents).unwrap();
        let refused = FileNotebook::open(dir.path(), Limits::default()).unwrap_err();
        assert!(matches!(refused, OpenError::Damaged { .. }), "{refused:?}");
        let message = refused.to_string();
        assert!(
            message.contains("notes.redb") && message.contains(expected),
            "{message}"
        );
        assert_eq!(fs::read(&file).unwrap(), contents);
    };
    check(b"First, I wrote a diary.", "start with an empty notebook");
    check(&vec![0; 100_000], "start with an empty notebook");

    // Another program's store.
    let dir = TempDir::new().unwrap();
    let database = redb::Database::create(dir.path().join("notes.redb")).unwrap();
    let writing = database.begin_write().unwrap();
    let other = redb::TableDefinition::<u64, u64>::new("other");
    writing.open_table(other).unwrap().insert(1, 2).unwrap();
    writing.commit().unwrap();
    drop(database);
    let refused = FileNotebook::open(dir.path(), Limits::default()).unwrap_err();
    assert!(
        refused.to_string().contains("it is not a notebook"),
        "{refused}"
    );
}

#[test]
fn a_later_version_is_refused() {
    let dir = TempDir::new().unwrap();
    drop(FileNotebook::open(dir.path(), Limits::default()).unwrap());
    let database = redb::Database::create(dir.path().join("notes.redb")).unwrap();
    let writing = database.begin_write().unwrap();
    let meta = redb::TableDefinition::<&str, u64>::new("meta");
    writing
        .open_table(meta)
        .unwrap()
        .insert("version", 2)
        .unwrap();
    writing.commit().unwrap();
    drop(database);
    let refused = FileNotebook::open(dir.path(), Limits::default()).unwrap_err();
    assert!(matches!(refused, OpenError::Version { .. }), "{refused:?}");
    assert!(
        refused.to_string().contains("it has version 2, not 1"),
        "{refused}"
    );
}

#[test]
fn a_directory_that_cannot_be_is_named() {
    let dir = TempDir::new().unwrap();
    let occupied = dir.path().join("occupied");
    fs::write(&occupied, "a file").unwrap();
    let refused = FileNotebook::open(&occupied, Limits::default()).unwrap_err();
    assert!(matches!(refused, OpenError::Io { .. }), "{refused:?}");
    assert!(refused.to_string().contains("occupied"), "{refused}");
}

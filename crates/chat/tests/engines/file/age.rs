//! How notes age in a file that is closed and opened again, under clocks that are set.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use route_guide_chat::{Author, FileNotebook, Limits, ManualClock, Notebook};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::kit::{draft, kept, place, write};

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
async fn notes_age_while_the_notebook_is_closed() {
    let dir = TempDir::new().unwrap();
    let (notebook, ticks) = open_at(dir.path(), an_hour(), 100_000);
    write(&notebook, place(1), &["a"]).await;
    ticks.advance(Duration::from_secs(600));
    write(&notebook, place(1), &["b"]).await;
    drop(notebook);
    let (notebook, ticks) = open_at(dir.path(), an_hour(), 103_599);
    assert_eq!(kept(&notebook, place(1)), ["a", "b"]);
    ticks.advance(Duration::from_secs(1));
    assert_eq!(kept(&notebook, place(1)), ["b"]);
    drop(notebook);
    let (notebook, _) = open_at(dir.path(), an_hour(), 104_200);
    assert_eq!(notebook.usage().notes, 0);
}

/// Set back while it is closed: what was gone stays gone, what is there goes when its hour of running time is over.
#[tokio::test]
async fn a_clock_set_back_neither_brings_back_nor_keeps_for_ever() {
    let dir = TempDir::new().unwrap();
    let (notebook, ticks) = open_at(dir.path(), an_hour(), 100_000);
    write(&notebook, place(1), &["a"]).await;
    ticks.advance(Duration::from_secs(3_000));
    write(&notebook, place(1), &["b"]).await;
    ticks.advance(Duration::from_secs(600));
    assert_eq!(kept(&notebook, place(1)), ["b"]);
    drop(notebook);
    // A year back, and to the time before anything was written.
    for seconds in [100_000 - 31_536_000_i64, 0, 1] {
        let (notebook, _) = open_at(dir.path(), an_hour(), u64::try_from(seconds).unwrap_or(0));
        assert_eq!(kept(&notebook, place(1)), ["b"]);
    }
    let (notebook, ticks) = open_at(dir.path(), an_hour(), 50_000);
    write(&notebook, place(1), &["c"]).await;
    ticks.advance(Duration::from_secs(2_999));
    assert_eq!(kept(&notebook, place(1)), ["b", "c"]);
    ticks.advance(Duration::from_secs(1));
    assert_eq!(kept(&notebook, place(1)), ["c"]);
    ticks.advance(Duration::from_secs(600));
    assert_eq!(kept(&notebook, place(1)), [""; 0]);
}

/// A clock that was far ahead for one run, and is then right again, leaves no note that outlives its hour of running time.
#[tokio::test]
async fn a_clock_that_was_ahead_makes_nothing_immortal() {
    let dir = TempDir::new().unwrap();
    let (notebook, _) = open_at(dir.path(), an_hour(), 10_000_000_000);
    write(&notebook, place(1), &["a"]).await;
    drop(notebook);
    let (notebook, ticks) = open_at(dir.path(), an_hour(), 100_000);
    assert_eq!(kept(&notebook, place(1)), ["a"]);
    ticks.advance(Duration::from_secs(3_600));
    assert_eq!(kept(&notebook, place(1)), [""; 0]);
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
    write(&notebook, place(1), &["a"]).await;
    ticks.advance(Duration::from_secs(3_600));
    assert_eq!(kept(&notebook, place(1)), [""; 0]);
    ticks.set(Duration::ZERO);
    assert_eq!(kept(&notebook, place(1)), [""; 0]);
    write(&notebook, place(1), &["b"]).await;
    assert_eq!(kept(&notebook, place(1)), ["b"]);
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
        let note = draft(place(number % 1_000), "x".repeat(100), Author::unique());
        writers.spawn(async move { notebook.append(note).await });
    }
    while let Some(outcome) = writers.join_next().await {
        outcome.unwrap().unwrap();
    }
    ticks.advance(Duration::from_secs(3_600));
    notebook.expire();
    notebook.close().await;
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

//! What is in the file when the notebook is opened again.

use std::fs;
use std::num::NonZeroUsize;
use std::sync::Arc;

use route_guide_chat::{
    AppendError, Author, Conversation, ConversationLimits, FileNotebook, Index, Limits, Notebook,
    PageLimit,
};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::kit::{draft, kept, place, write};

#[tokio::test]
async fn notes_come_back_with_their_text_author_and_index() {
    let dir = TempDir::new().unwrap();
    let texts = ["", "\0\u{1b}[2J\r\n", "北京 🚧", &"å".repeat(1_000_000)];
    let author = Author::unique();
    {
        let notebook = FileNotebook::open(dir.path(), Limits::default()).unwrap();
        for text in texts {
            let note = draft(place(1), text, author);
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
    write(&notebook, place(1), &["a"]).await;
    notebook.close().await;
    notebook.close().await;
    let refused = notebook
        .append(draft(place(1), "b", Author::unique()))
        .await;
    assert!(matches!(refused, Err(AppendError::Closed)));
    notebook.expire();
    assert_eq!(kept(&notebook, place(1)), ["a"]);
}

#[tokio::test]
async fn what_is_under_way_when_it_closes_is_written_or_refused() {
    let dir = TempDir::new().unwrap();
    let notebook = Arc::new(FileNotebook::open(dir.path(), Limits::default()).unwrap());
    let mut writers = JoinSet::new();
    for number in 0..500 {
        let notebook = Arc::clone(&notebook);
        writers.spawn(async move {
            let note = draft(place(number), "x", Author::unique());
            (number, notebook.append(note).await)
        });
    }
    writers.join_next().await.unwrap().unwrap().1.unwrap();
    notebook.close().await;
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
        assert_eq!(kept(&notebook, place(number)), ["x"]);
    }
}

#[tokio::test]
async fn bounds_hold_when_it_is_opened_again() {
    let dir = TempDir::new().unwrap();
    {
        let notebook = FileNotebook::open(dir.path(), Limits::default()).unwrap();
        write(&notebook, place(1), &["a", "b", "c"]).await;
        write(&notebook, place(2), &["d", "e"]).await;
        write(&notebook, place(1), &["f"]).await;
    }
    let check = |per_place, total, first: &[&str], second: &[&str]| {
        let limits = Limits {
            notes_per_place: NonZeroUsize::new(per_place).unwrap(),
            notes_total: NonZeroUsize::new(total).unwrap(),
            ..Limits::default()
        };
        let notebook = FileNotebook::open(dir.path(), limits).unwrap();
        assert_eq!(
            (kept(&notebook, place(1)), kept(&notebook, place(2))),
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
    write(&notebook, place(1), &["a", "b"]).await;
    write(&notebook, place(2), &["c", "d"]).await;
    write(&notebook, place(1), &["e"]).await;
    // The process ends before anything is tidied up: nothing but what the appends did is in the file.
    drop(notebook);
    let notebook = FileNotebook::open(dir.path(), limits).unwrap();
    assert_eq!(
        (kept(&notebook, place(1)), kept(&notebook, place(2))),
        (strings(&["e"]), strings(&["d"]))
    );
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
                let note = draft(place(number % places), text.as_str(), Author::unique());
                let notebook = Arc::clone(&notebook);
                writers.spawn(async move { notebook.append(note).await });
                number += 1;
                written += 256 + len_bytes;
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

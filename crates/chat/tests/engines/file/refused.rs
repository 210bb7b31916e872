//! Directories and files that are refused, and how to start fresh beside them.

use std::fs;

use route_guide_chat::{FileNotebook, Limits, Notebook, OpenError};
use tempfile::TempDir;

use crate::kit::{kept, place, write};

#[test]
fn a_directory_has_one_notebook_at_a_time() {
    let dir = TempDir::new().unwrap();
    let notebook = FileNotebook::open(dir.path(), Limits::default()).unwrap();
    let refusals = [
        FileNotebook::open(dir.path(), Limits::default()).map(drop),
        FileNotebook::reset(dir.path()).map(drop),
    ];
    for refused in refusals {
        let expected = format!("{} is in use by another process", dir.path().display());
        assert_eq!(refused.unwrap_err().to_string(), expected);
    }
    drop(notebook);
    FileNotebook::open(dir.path(), Limits::default()).unwrap();
}

#[tokio::test]
async fn starting_fresh_keeps_the_old_file() {
    let dir = TempDir::new().unwrap();
    assert_eq!(FileNotebook::reset(dir.path()).unwrap(), None);
    let fresh = FileNotebook::open(dir.path(), Limits::default()).unwrap();
    write(&fresh, place(1), &["old"]).await;
    let file = fresh.file().to_owned();
    drop(fresh);
    let before = fs::read(&file).unwrap();

    let mut names = Vec::new();
    for _ in 0..3 {
        let kept_as = FileNotebook::reset(dir.path()).unwrap();
        let fresh = FileNotebook::open(dir.path(), Limits::default()).unwrap();
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
    assert_eq!(kept(&notebook, place(1)), ["old"]);
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
    check(b"First, I wrote a diary.", "the notes cannot be read");
    check(&vec![0; 100_000], "the notes cannot be read");

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

//! Indexes of a place grow for as long as its numbering lasts, also when all of its notes have gone in between.

use std::sync::Arc;

use route_guide_chat::{
    Author, Conversation, ConversationLimits, Draft, FileNotebook, Limits, MemoryNotebook, Notebook,
};
use route_guide_geo::E7Point;

fn place(number: i32) -> E7Point {
    E7Point::unbounded(number, number)
}

fn two_in_all() -> Limits {
    Limits {
        notes_total: 2.try_into().unwrap(),
        ..Limits::default()
    }
}

async fn write(notebook: &Arc<dyn Notebook>, place: E7Point, count: usize) {
    for _ in 0..count {
        let draft = Draft::new(place, "ok", Author::unique());
        notebook.append(draft).await.unwrap();
    }
}

/// Returns the index of the first note kept at the place 1, as a reader learns it that comes back.
async fn first(notebook: &Arc<dyn Notebook>) -> u64 {
    let mut reader = Conversation::of_logs(Arc::clone(notebook), ConversationLimits::default());
    reader.follow(place(1)).await.unwrap().unwrap().first.get()
}

/// A reader had seen two notes; they expired, two new ones took their numbers, and it was shown nothing.
async fn indexes_go_on(notebook: &Arc<dyn Notebook>) {
    assert_eq!(first(notebook).await, 1);
    write(notebook, place(1), 2).await;
    assert_eq!(first(notebook).await, 1);
    write(notebook, place(2), 2).await;
    assert_eq!(notebook.usage().places, 1);
    assert_eq!(first(notebook).await, 3);
    write(notebook, place(1), 1).await;
    assert_eq!(first(notebook).await, 3);
    // Another place that is made anew counts on as well, rather than from an index that somebody may know.
    write(notebook, place(1), 2).await;
    assert_eq!(first(notebook).await, 4);
}

#[tokio::test]
async fn in_memory() {
    let notebook: Arc<dyn Notebook> = Arc::new(MemoryNotebook::new(two_in_all()));
    indexes_go_on(&notebook).await;
    let other = MemoryNotebook::new(two_in_all());
    assert_ne!(notebook.numbering(), other.numbering());
}

#[tokio::test]
async fn in_a_file_across_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let open = || -> Arc<dyn Notebook> {
        Arc::new(FileNotebook::open(folder.path(), two_in_all()).unwrap())
    };
    let notebook = open();
    indexes_go_on(&notebook).await;
    let numbering = notebook.numbering();
    // The place 1 has had five notes, and all are gone.
    write(&notebook, place(3), 2).await;
    drop(notebook);

    let notebook = open();
    assert_eq!(notebook.numbering(), numbering);
    assert_eq!(first(&notebook).await, 6);
    drop(notebook);

    let elsewhere = tempfile::tempdir().unwrap();
    let other = FileNotebook::open(elsewhere.path(), two_in_all()).unwrap();
    assert_ne!(other.numbering(), numbering);
}

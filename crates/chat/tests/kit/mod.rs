//! What the tests of the engines have in common.

use std::num::NonZeroUsize;

use route_guide_chat::{Author, Draft, Index, Notebook, PageLimit};
use route_guide_geo::E7Point;

pub(crate) fn place(lat: i32) -> E7Point {
    E7Point::unbounded(lat, -7)
}

pub(crate) fn draft(place: E7Point, message: impl AsRef<str>, author: Author) -> Draft {
    Draft::new(place, message.as_ref(), author)
}

/// Writes notes, each by an author of its own.
pub(crate) async fn write(notebook: &dyn Notebook, place: E7Point, texts: &[&str]) {
    for text in texts {
        let note = draft(place, *text, Author::unique());
        notebook.append(note).await.unwrap();
    }
}

/// Returns the texts that are kept at a place.
pub(crate) fn kept(notebook: &dyn Notebook, place: E7Point) -> Vec<String> {
    let page = notebook.read(place, Index::START, whole());
    page.notes
        .iter()
        .map(|note| note.message().to_owned())
        .collect()
}

pub(crate) fn whole() -> PageLimit {
    PageLimit {
        notes: NonZeroUsize::MAX,
        len_bytes: usize::MAX,
    }
}

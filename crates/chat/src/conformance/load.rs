//! Many streams at once.

use std::collections::HashMap;
use std::sync::Arc;

use route_guide_geo::E7Point;
use tokio::task::JoinSet;

use super::{Engine, at_most, due, place, post};
use crate::{Author, Conversation, Draft, Index, Notebook};

const WRITERS: usize = 8;
const READERS: usize = 4;
const NOTES: usize = 1_000;

/// Every reader gets every note of every writer once, and those of one writer in the order in which they were written.
pub async fn many_threads(engine: &Engine) {
    let desk = engine
        .open(|limits| limits.notes_per_place = at_most(2 * WRITERS * NOTES))
        .await;
    let mut readers = JoinSet::new();
    for _ in 0..READERS {
        let mut chat = desk.stream();
        post(&mut chat, place(1), "hello").await;
        due(&mut chat);
        readers.spawn(read_all(chat));
    }
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        writers.spawn(write_all(Arc::clone(&desk.notebook), place(1)));
    }
    while let Some(written) = writers.join_next().await {
        written.expect("a writer comes to its end");
    }
    while let Some(read) = readers.join_next().await {
        read.expect("a reader comes to its end");
    }
    assert_eq!(desk.usage().watches, 0);
}

async fn write_all(notebook: Arc<dyn Notebook>, place: E7Point) {
    let author = Author::unique();
    let mut last = Index::START;
    for number in 0..NOTES {
        let draft = Draft {
            place,
            message: number.to_string().into(),
            author,
        };
        let receipt = notebook
            .append(draft)
            .await
            .expect("the notebook takes the note");
        assert!(receipt.index > last);
        last = receipt.index;
        if number % 10 == 0 {
            tokio::task::yield_now().await;
        }
    }
}

async fn read_all(mut chat: Conversation) {
    let mut next_of: HashMap<Author, usize> = HashMap::new();
    let mut read = 0;
    // This is the loop of a servicer: read until the turn is over, then wait. One lost wake-up, and it never ends.
    while read < WRITERS * NOTES {
        chat.woken().await;
        while let Some(page) = chat.next_page().expect("nothing is missed") {
            for note in page.iter().filter(|note| note.message() != "hello") {
                let next = next_of.entry(note.author()).or_default();
                assert_eq!(note.message(), next.to_string());
                *next += 1;
                read += 1;
            }
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(next_of.len(), WRITERS);
    assert!(chat.next_page().expect("nothing is missed").is_none());
}

/// One note reaches a thousand waiting streams, each once.
pub async fn one_note_for_a_thousand(engine: &Engine) {
    let desk = engine
        .open(|limits| limits.notes_per_place = at_most(1_001))
        .await;
    let mut chats: Vec<_> = (0..1_000).map(|_| desk.stream()).collect();
    for chat in &mut chats {
        post(chat, place(1), "hello").await;
    }
    for chat in &mut chats {
        assert_eq!(due(chat).len(), 999);
    }
    let mut streams = JoinSet::new();
    for mut chat in chats {
        streams.spawn(async move {
            chat.woken().await;
            (due(&mut chat), due(&mut chat))
        });
    }
    desk.others_write(place(1), 7..8).await;
    while let Some(received) = streams.join_next().await {
        assert_eq!(
            received.expect("the stream reads the note"),
            (vec!["7".to_owned()], vec![])
        );
    }
    assert_eq!(desk.usage().watches, 0);
}

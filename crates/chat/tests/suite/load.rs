//! Many streams at once.

use std::collections::HashMap;
use std::sync::Arc;

use route_guide_chat::{Author, Conversation, Draft, Index, Note, Notebook, PageLimit};
use route_guide_geo::E7Point;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::{Engine, at_most, due, place, post, texts, whole};

const WRITERS: usize = 8;
const READERS: usize = 4;
const NOTES: usize = 1_000;

/// Every reader gets every note of every writer once, and those of one writer in the order in which they were written.
pub(crate) async fn many_threads(engine: &Engine) {
    let fixture = engine
        .open(|limits| limits.notes_per_place = at_most(2 * WRITERS * NOTES))
        .await;
    let mut readers = JoinSet::new();
    for _ in 0..READERS {
        let mut chat = fixture.stream();
        post(&mut chat, place(1), "hello").await;
        due(&mut chat);
        readers.spawn(read_all(chat));
    }
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        writers.spawn(write_all(Arc::clone(&fixture.notebook), place(1)));
    }
    while let Some(written) = writers.join_next().await {
        written.expect("a writer comes to its end");
    }
    while let Some(read) = readers.join_next().await {
        read.expect("a reader comes to its end");
    }
    assert_eq!(fixture.usage().subscriptions, 0);
}

async fn write_all(notebook: Arc<dyn Notebook>, place: E7Point) {
    let author = Author::unique();
    let mut last = Index::START;
    for number in 0..NOTES {
        let draft = Draft::new(place, &number.to_string(), author);
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

/// Streams that post and read at the same time, each in a servicer's loop, see one log: after each own note all of it from
/// the beginning, without that note, and then on without a gap or a repetition.
pub(crate) async fn everybody_talks(engine: &Engine) {
    const STREAMS: usize = 6;
    const POSTS: usize = 60;
    let fixture = engine
        .open(|limits| limits.notes_per_place = at_most(STREAMS * POSTS))
        .await;
    let mut clients = JoinSet::new();
    let mut streams = JoinSet::new();
    for _ in 0..STREAMS {
        let (client, requests) = mpsc::channel(1);
        clients.spawn(async move {
            for number in 0..POSTS {
                client
                    .send(number.to_string())
                    .await
                    .expect("the stream reads on");
                tokio::task::yield_now().await;
            }
            client.closed().await;
        });
        streams.spawn(talk(fixture.stream(), requests, STREAMS * POSTS));
    }
    while let Some(stream) = streams.join_next().await {
        let (author, answers) = stream.expect("a stream comes to its end");
        let log = fixture.notebook.read(place(1), Index::START, whole()).notes;
        let own: Vec<_> = log
            .iter()
            .filter(|note| note.author() == author)
            .map(Note::index)
            .collect();
        assert_eq!((own.len(), answers.len()), (POSTS, POSTS));
        for (own, answer) in own.into_iter().zip(answers) {
            let last = answer.last().copied().unwrap_or(own).max(own);
            let expected: Vec<_> = (1..=last.get())
                .map(Index::new)
                .filter(|&index| index != own)
                .collect();
            assert_eq!(answer, expected, "after the own note {own}");
        }
    }
    while let Some(client) = clients.join_next().await {
        client.expect("a client comes to its end");
    }
}

/// Posts what is requested and reads what is due until the whole log has been seen. Returns, for each own note, which notes
/// came after it.
async fn talk(
    mut chat: Conversation,
    mut requests: mpsc::Receiver<String>,
    log_len: usize,
) -> (Author, Vec<Vec<Index>>) {
    let mut answers: Vec<Vec<Index>> = Vec::new();
    loop {
        while let Some(page) = chat.next_page().expect("nothing is missed") {
            let answer = answers
                .last_mut()
                .expect("nothing is due before the first note");
            answer.extend(page.iter().map(Note::index));
            tokio::task::yield_now().await;
        }
        if answers
            .last()
            .is_some_and(|answer| answer.len() == log_len - 1)
        {
            return (chat.author(), answers);
        }
        tokio::select! {
            Some(message) = requests.recv() => {
                post(&mut chat, place(1), &message).await;
                answers.push(Vec::new());
            }
            () = chat.woken() => {}
        }
    }
}

/// Streams that post and read in turn at a full place are handed all news, although each note pushes out one that a replay
/// has yet to come to.
pub(crate) async fn a_full_place(engine: &Engine) {
    const STREAMS: usize = 3;
    let fixture = engine
        .open(|limits| limits.notes_per_place = at_most(10))
        .await;
    fixture.others_write(place(1), 0..10).await;
    let page = PageLimit {
        notes: at_most(3),
        ..PageLimit::default()
    };
    let mut streams: Vec<_> = (0..STREAMS)
        .map(|_| (fixture.stream_with(|limits| limits.page = page), Vec::new()))
        .collect();
    for (chat, _) in &mut streams {
        post(chat, place(1), "hello").await;
    }
    let mut posted = Vec::new();
    for turn in 0..600 {
        let writer = turn % STREAMS;
        let (chat, seen) = &mut streams[writer];
        if let Some(page) = chat.next_page().expect("nothing is missed") {
            see(seen, &page);
        } else {
            posted.push((writer, format!("note {turn}")));
            post(chat, place(1), &format!("note {turn}")).await;
        }
    }
    assert!(posted.len() > 50, "the streams come to post: {posted:?}");
    for (reader, (mut chat, mut seen)) in streams.into_iter().enumerate() {
        while let Some(page) = chat.next_page().expect("nothing is missed") {
            see(&mut seen, &page);
        }
        let by_others =
            |(writer, note): &(usize, String)| (*writer != reader).then(|| note.clone());
        let expected: Vec<_> = posted.iter().filter_map(by_others).collect();
        seen.retain(|note| expected.contains(note));
        assert_eq!(seen, expected, "stream {reader}");
    }
}

/// Takes down which notes of a page are seen for the first time.
fn see(seen: &mut Vec<String>, page: &[Note]) {
    for text in texts(page) {
        if !seen.contains(&text) {
            seen.push(text);
        }
    }
}

/// One note reaches a thousand waiting streams, each once.
pub(crate) async fn one_note_for_a_thousand(engine: &Engine) {
    let fixture = engine
        .open(|limits| limits.notes_per_place = at_most(1_001))
        .await;
    let mut chats: Vec<_> = (0..1_000).map(|_| fixture.stream()).collect();
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
    fixture.others_write(place(1), 7..8).await;
    while let Some(received) = streams.join_next().await {
        assert_eq!(
            received.expect("the stream reads the note"),
            (vec!["7".to_owned()], vec![])
        );
    }
    assert_eq!(fixture.usage().subscriptions, 0);
}

//! A server that was cut off from NATS tells its streams where retention removed notes meanwhile.

use std::sync::Arc;

use route_guide_chat::{
    Author, ChatError, Conversation, ConversationLimits, Limits, NatsNotebook, NatsSettings,
    Notebook, SubscribeError,
};
use route_guide_geo::E7Point;
use route_guide_testkit::NatsServer;

use crate::kit::{Wire, draft, due, kept, open, place, received, settings, stream};

/// Two notebooks that keep ten notes a place, the first of which is at the end of a wire.
async fn here_and_there(
    server: &NatsServer,
) -> (Wire, Arc<NatsNotebook>, Arc<NatsNotebook>, NatsSettings) {
    let wire = Wire::to(server).await;
    let limits = Limits {
        notes_per_place: 10.try_into().unwrap(),
        ..Limits::default()
    };
    let near = NatsSettings {
        limits,
        ..settings(server)
    };
    let far = NatsSettings {
        servers: vec![wire.url.clone()],
        ..near.clone()
    };
    (wire, open(far).await, open(near.clone()).await, near)
}

async fn write(notebook: &NatsNotebook, place: E7Point, numbers: std::ops::Range<usize>) {
    let author = Author::unique();
    for number in numbers {
        let note = draft(place, number.to_string(), author);
        notebook.append(note).await.unwrap();
    }
}

/// Reads until one of the notes has the text `last`, and returns the texts and the places where notes were missed.
async fn told(chat: &mut Conversation, last: &str) -> (Vec<String>, Vec<E7Point>) {
    let (mut notes, mut missed) = (Vec::new(), Vec::new());
    while notes.last().is_none_or(|text| text != last) {
        match chat.next_page() {
            Ok(Some(page)) => notes.extend(page.iter().map(|note| note.message().to_owned())),
            Ok(None) => chat.woken().await,
            Err(ChatError::Missed { place, count }) => {
                assert!(count > 0);
                missed.push(place);
            }
            Err(error) => panic!("{error}"),
        }
    }
    (notes, missed)
}

fn numbers(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|number| number.to_string()).collect()
}

#[tokio::test]
async fn what_was_removed_meanwhile_is_told_for_each_place() {
    if !NatsServer::available() {
        return;
    }
    let server = NatsServer::start().await;
    let (wire, here, there, _) = here_and_there(&server).await;
    let mut reader = stream(&here);
    for lat in 1..=4 {
        reader.post(place(lat), "reader").await.unwrap();
    }
    write(&there, place(1), 0..3).await;
    write(&there, place(4), 0..3).await;
    assert_eq!(received(&mut reader, 6).await.len(), 6);

    wire.cut(&here).await;
    write(&there, place(1), 3..30).await;
    write(&there, place(2), 0..5).await;
    write(&there, place(1), 30..60).await;
    write(&there, place(3), 0..11).await;
    assert_eq!(due(&mut reader), [""; 0], "nothing is heard meanwhile");
    wire.mend(&here).await;

    // Of the 57 at the first place ten are left, of the eleven at the third one has gone, elsewhere nothing.
    let (notes, missed) = told(&mut reader, "10").await;
    let expected = [numbers(0..5), numbers(50..60), numbers(1..11)].concat();
    assert_eq!(notes, expected);
    assert_eq!(missed, [place(1), place(3)]);

    // It goes on as if nothing had been.
    for lat in 1..=4 {
        write(&there, place(lat), 7..8).await;
    }
    assert_eq!(received(&mut reader, 4).await, ["7", "7", "7", "7"]);
    for lat in 1..=4 {
        assert_eq!(kept(&*here, place(lat)), kept(&*there, place(lat)));
    }
}

#[tokio::test]
async fn a_server_that_started_later_knows_of_gaps_like_the_others() {
    if !NatsServer::available() {
        return;
    }
    let server = NatsServer::start().await;
    let (wire, here, there, near) = here_and_there(&server).await;
    let mut reader = stream(&here);
    reader.post(place(1), "reader").await.unwrap();
    write(&there, place(1), 0..25).await;
    told(&mut reader, "24").await;

    wire.cut(&here).await;
    write(&there, place(1), 25..40).await;
    // Only the last ten are in the stream that this one reads.
    let late = open(near).await;
    write(&late, place(1), 40..70).await;
    wire.mend(&here).await;
    let expected = (numbers(60..70), vec![place(1)]);
    assert_eq!(told(&mut reader, "69").await, expected);
}

#[tokio::test]
async fn a_place_whose_notes_have_all_gone_misses_some() {
    if !NatsServer::available() {
        return;
    }
    let server = NatsServer::start().await;
    let (wire, here, there, near) = here_and_there(&server).await;
    let mut reader = stream(&here);
    reader.post(place(1), "reader").await.unwrap();
    wire.cut(&here).await;
    write(&there, place(1), 0..3).await;
    // All notes of the place go, and with the server that wrote them whoever knows how many they were.
    let client = async_nats::connect(server.url()).await.unwrap();
    let stream_of_nats = async_nats::jetstream::new(client)
        .get_stream("ROUTE_NOTES")
        .await
        .unwrap();
    stream_of_nats
        .purge()
        .filter("route.notes.1.-7")
        .await
        .unwrap();
    drop(there);
    let late = open(near).await;
    write(&late, place(2), 0..3).await;
    write(&late, place(1), 3..4).await;
    wire.mend(&here).await;
    let expected = (numbers(3..4), vec![place(1)]);
    assert_eq!(told(&mut reader, "3").await, expected);
}

/// Who came back to a server that had just started was told of fewer notes than it had been shown, and then shown them
/// again: a place was followed before the notes there had been read.
#[tokio::test]
async fn a_place_is_followed_once_its_notes_have_been_read() {
    if !NatsServer::available() {
        return;
    }
    let server = NatsServer::start().await;
    let (wire, here, there, near) = here_and_there(&server).await;
    write(&there, place(1), 0..3).await;

    let fresh = Arc::new(NatsNotebook::start(near).unwrap());
    let mut reader = reader_of_logs(&fresh);
    let kept = loop {
        match reader.follow(place(1)).await {
            Ok(kept) => break kept,
            // It may have taken long to connect.
            Err(error) => assert_is_away(&error),
        }
    };
    assert_eq!(kept.unwrap().count, 3);
    assert_eq!(due(&mut reader), numbers(0..3));

    // A server that has lost its connection does not know what there is either.
    wire.cut(&here).await;
    let mut reader = reader_of_logs(&here);
    assert_is_away(&reader.follow(place(1)).await.unwrap_err());
    write(&there, place(1), 3..5).await;
    wire.mend(&here).await;
    assert_eq!(reader.follow(place(1)).await.unwrap().unwrap().count, 5);
    assert_eq!(due(&mut reader), numbers(0..5));
}

fn reader_of_logs(notebook: &Arc<NatsNotebook>) -> Conversation {
    Conversation::of_logs(notebook.clone(), ConversationLimits::default())
}

fn assert_is_away(error: &ChatError) {
    let ChatError::Subscription(SubscribeError::Unavailable { retry_after, .. }) = error else {
        panic!("NATS is away, but got {error:?}");
    };
    assert!(!retry_after.is_zero());
}

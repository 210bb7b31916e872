//! What happens when NATS is away, or not as it should be.

use std::collections::HashSet;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::Context;
use route_guide_chat::{
    AppendError, Author, ChatError, NatsFault, NatsNotebook, NatsSettings, Notebook, SyncState,
};
use route_guide_testkit::NatsServer;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::kit::{draft, due, kept, open, place, settings, stream};

/// A bound for what should happen at once, on a machine that does much else.
const SOON: Duration = Duration::from_secs(60);

async fn jetstream(server: &NatsServer) -> Context {
    async_nats::jetstream::new(async_nats::connect(server.url()).await.unwrap())
}

#[tokio::test]
async fn a_notebook_starts_without_nats_and_is_ready_when_it_is_there() {
    if !NatsServer::available() {
        return;
    }
    let mut server = NatsServer::start().await;
    server.kill();
    let notebook = NatsNotebook::start(settings(&server)).unwrap();
    let author = Author::unique();
    match notebook.append(draft(place(1), "early", author)).await {
        Err(AppendError::Unavailable {
            retry_after,
            source,
        }) => {
            assert!(!retry_after.is_zero());
            assert_eq!(source.to_string(), NatsFault::Disconnected.to_string());
        }
        other => panic!("NATS is away, but got {other:?}"),
    }
    assert_eq!(*notebook.sync_state().borrow(), SyncState::Unavailable);
    server.restart().await;
    notebook.ready().await;
    let late = draft(place(1), "late", author);
    assert_eq!(notebook.append(late).await.unwrap().index.get(), 1);
}

#[tokio::test]
async fn streams_wait_while_nats_is_restarted_and_miss_nothing() {
    if !NatsServer::available() {
        return;
    }
    let mut server = NatsServer::start().await;
    let here = open(settings(&server)).await;
    let there = open(settings(&server)).await;
    let mut reader = stream(&here);
    reader.post(place(1), "reader").await.unwrap();

    // Appends go on all the time. Those that fail are not repeated: it is open whether they were written.
    let (tell_away, mut is_away) = watch::channel(false);
    let writer = tokio::spawn(async move {
        let author = Author::unique();
        let (mut written, mut since_away) = (Vec::new(), 0);
        for number in 0.. {
            let note = draft(place(1), number.to_string(), author);
            match there.append(note).await {
                Ok(_) => {
                    written.push(number);
                    since_away += 1;
                }
                Err(AppendError::Unavailable { .. } | AppendError::Unconfirmed { .. }) => {
                    tell_away.send_replace(true);
                    since_away = 0;
                }
                Err(error) => panic!("{error}"),
            }
            // It was away, and has come back for good.
            if *tell_away.borrow() && since_away == 100 {
                there.append(draft(place(1), "end", author)).await.unwrap();
                break;
            }
        }
        written
    });
    let mut received: Vec<u64> = Vec::new();
    let mut has_ended = false;
    while !has_ended {
        reader.woken().await;
        for text in due(&mut reader) {
            match text.parse() {
                Ok(number) => received.push(number),
                Err(_) => has_ended = true,
            }
        }
        if received.len() > 300 && !*is_away.borrow() {
            server.kill();
            is_away.wait_for(|is_away| *is_away).await.unwrap();
            server.restart().await;
        }
    }
    let written = writer.await.unwrap();
    assert!(received.is_sorted_by(|a, b| a < b), "in order, none twice");
    let received: HashSet<_> = received.into_iter().collect();
    for number in written {
        assert!(received.contains(&number), "note {number} was acknowledged");
    }
}

#[tokio::test]
async fn an_append_does_not_wait_long_for_nats() {
    if !NatsServer::available() {
        return;
    }
    let mut server = NatsServer::start().await;
    let patient = NatsSettings {
        patience: 10 * SOON,
        ..settings(&server)
    };
    let notebook = open(patient).await;
    let author = Author::unique();
    notebook
        .append(draft(place(1), "kept", author))
        .await
        .unwrap();
    server.kill();
    let append = notebook.append(draft(place(1), "lost", author));
    let outcome = timeout(SOON, append).await.expect("it is told soon");
    // Whether the note was on its way when the server died decides which.
    assert!(matches!(
        outcome,
        Err(AppendError::Unavailable { .. } | AppendError::Unconfirmed { .. })
    ));
    // What has been read is there.
    assert_eq!(kept(&*notebook, place(1)), ["kept"]);
}

#[tokio::test]
async fn what_is_no_note_is_skipped() {
    if !NatsServer::available() {
        return;
    }
    let server = NatsServer::start().await;
    let notebook = open(settings(&server)).await;
    let jetstream = jetstream(&server).await;
    let headers = |id: &str, context: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", id);
        headers.insert("Route-Notes", context);
        headers
    };
    let author = Author::unique().to_u128();
    let id = |number: u64| format!("{author:032x}-{number}");
    // NATS takes only the first message under one id.
    let somebody = || format!("{:032x}-0", Author::unique().to_u128());
    let messages: [(&str, HeaderMap, &[u8]); 6] = [
        ("route.notes.1.-7", HeaderMap::new(), b"without headers"),
        (
            "route.notes.north.west",
            headers(&somebody(), "0 0"),
            b"nowhere",
        ),
        ("route.notes.1.-7", headers("nobody", "0 0"), b"by nobody"),
        ("route.notes.1.-7", headers(&somebody(), "0 0"), b"\xff\xfe"),
        // As another server writes them, even if what it claims to know makes no sense.
        (
            "route.notes.1.-7",
            headers(&id(5), "999999 999999"),
            b"a note",
        ),
        ("route.notes.1.-7", headers(&id(4), "0 0"), b"one before it"),
    ];
    for (subject, headers, payload) in messages {
        let sent = jetstream.publish_with_headers(subject, headers, payload.into());
        sent.await.unwrap().await.unwrap();
    }
    let last = draft(place(1), "last", Author::unique());
    let receipt = notebook.append(last).await.unwrap();
    assert_eq!((receipt.index.get(), receipt.earlier), (2, 1));
    assert_eq!(kept(&*notebook, place(1)), ["a note", "last"]);
    assert_eq!(notebook.usage().places, 1);
    // Another server that reads it all at once sees the same.
    let again = open(settings(&server)).await;
    assert_eq!(kept(&*again, place(1)), ["a note", "last"]);
}

#[tokio::test]
async fn a_stream_that_is_deleted_is_made_anew_and_its_readers_are_told() {
    if !NatsServer::available() {
        return;
    }
    let server = NatsServer::start().await;
    let notebook = open(settings(&server)).await;
    let mut reader = stream(&notebook);
    reader.post(place(1), "reader").await.unwrap();
    let author = Author::unique();
    for number in 0..3 {
        let note = draft(place(1), number.to_string(), author);
        notebook.append(note).await.unwrap();
    }
    jetstream(&server)
        .await
        .delete_stream("ROUTE_NOTES")
        .await
        .unwrap();
    // It may still be there at the first attempts; they are answered in the end.
    let appended = async {
        loop {
            match notebook.append(draft(place(1), "new", author)).await {
                Ok(receipt) => break receipt,
                Err(AppendError::Unavailable { .. } | AppendError::Unconfirmed { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    };
    let receipt = timeout(2 * SOON, appended).await.expect("it is made anew");
    // Attempts that were not confirmed may be there too.
    assert_eq!(receipt.earlier + 1, kept(&*notebook, place(1)).len() as u64);
    let error = loop {
        match reader.next_page() {
            Ok(Some(_)) => {}
            Ok(None) => reader.woken().await,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, ChatError::Missed { .. }), "{error:?}");
    let here = kept(&*notebook, place(1));
    assert!(here.iter().all(|text| text == "new"), "{here:?}");
    let again = open(settings(&server)).await;
    assert_eq!(kept(&*again, place(1)), here);
}

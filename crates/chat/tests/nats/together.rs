//! Several servers of this program on one server of NATS, and one that is started again.

use std::sync::Arc;
use std::time::Duration;

use route_guide_chat::{
    AppendError, Author, Clock, Conversation, Index, ManualClock, MonotonicClock, NatsNotebook,
    Notebook, WallClock,
};
use route_guide_testkit::NatsServer;

use crate::kit::{draft, due, kept, open, place, received, settings, stream, whole, write};

#[tokio::test]
async fn a_notebook_that_is_started_again_has_its_notes() {
    if !NatsServer::available() {
        return;
    }
    let server = NatsServer::start().await;
    let author = Author::unique();
    let notebook = open(settings(&server)).await;
    for number in 0..150 {
        let note = draft(place(number % 3), number.to_string(), author);
        notebook.append(note).await.unwrap();
    }
    notebook.close().await;
    assert!(matches!(
        notebook.append(draft(place(0), "late", author)).await,
        Err(AppendError::Closed)
    ));
    let before: Vec<_> = (0..3).map(|lat| kept(&*notebook, place(lat))).collect();
    assert_eq!(before[1].len(), 50);
    drop(notebook);

    let notebook = open(settings(&server)).await;
    let after: Vec<_> = (0..3).map(|lat| kept(&*notebook, place(lat))).collect();
    assert_eq!(after, before);
    let page = notebook.read(place(2), Index::START, whole());
    assert!(page.notes.iter().all(|note| note.author() == author));
    assert_eq!(page.missed, 0);
}

#[tokio::test]
async fn streams_of_two_servers_exchange_notes_in_one_order() {
    if !NatsServer::available() {
        return;
    }
    let server = NatsServer::start().await;
    let mut wide = settings(&server);
    wide.limits.notes_per_place = 1_000.try_into().unwrap();
    let (here, there) = (open(wide.clone()).await, open(wide).await);
    let (mut driver, mut dispatcher) = (stream(&here), stream(&there));
    driver.post(place(1), "ice on the bridge").await.unwrap();
    assert_eq!(due(&mut driver), [""; 0]);
    dispatcher
        .post(place(1), "grit is on its way")
        .await
        .unwrap();
    assert_eq!(due(&mut dispatcher), ["ice on the bridge"]);
    assert_eq!(received(&mut driver, 1).await, ["grit is on its way"]);

    // Both write as fast as they can, and both servers have the same log of it.
    let write = async |chat: &mut Conversation, name: &str| {
        for number in 0..300 {
            chat.post(place(2), format!("{name} {number}"))
                .await
                .unwrap();
            due(chat);
        }
    };
    tokio::join!(
        write(&mut driver, "driver"),
        write(&mut dispatcher, "dispatcher")
    );
    driver.post(place(2), "over").await.unwrap();
    // Notes of the driver that came after the dispatcher's last one are due before it.
    while received(&mut dispatcher, 1).await.last().unwrap() != "over" {}
    let [one, other] = [&here, &there].map(|notebook| kept(&**notebook, place(2)));
    assert_eq!(one, other);
    assert_eq!(one.last().unwrap(), "over");
}

#[tokio::test]
async fn each_note_of_another_server_comes_once_and_in_order() {
    if !NatsServer::available() {
        return;
    }
    let server = NatsServer::start().await;
    let (here, there) = (open(settings(&server)).await, open(settings(&server)).await);
    let mut reader = stream(&here);
    reader.post(place(1), "reader").await.unwrap();
    let writer = tokio::spawn(async move {
        let author = Author::unique();
        for number in 0..2_000 {
            let note = draft(place(1), number.to_string(), author);
            there.append(note).await.unwrap();
        }
    });
    let mut next = 0;
    while next < 2_000 {
        reader.woken().await;
        for text in due(&mut reader) {
            assert_eq!(text, next.to_string());
            next += 1;
        }
    }
    writer.await.unwrap();
    // Its own note does not come, not even in the end.
    assert_eq!(due(&mut reader), [""; 0]);
}

/// A server whose clock was ahead by the age of notes expired the notes of all others when they came, without a word.
#[tokio::test]
async fn a_server_whose_clock_is_wrong_by_hours_has_the_notes_of_all() {
    if !NatsServer::available() {
        return;
    }
    let server = NatsServer::start().await;
    let right = open(settings(&server)).await;
    write(&*right, place(1), &["before"]).await;
    let hours = Duration::from_secs(5 * 3_600);
    for wall in [
        WallClock.now() + hours,
        WallClock.now().saturating_sub(hours),
    ] {
        let clock = Arc::new(ManualClock::default());
        clock.set(wall);
        let ticks = Arc::new(MonotonicClock::new());
        let wrong = NatsNotebook::with_clocks(settings(&server), clock, ticks).unwrap();
        let wrong = Arc::new(wrong);
        wrong.ready().await;
        let mut reader = stream(&wrong);
        reader.post(place(1), "from a wrong clock").await.unwrap();
        assert_eq!(due(&mut reader)[0], "before");
        write(&*right, place(1), &["from a right one"]).await;
        assert_eq!(received(&mut reader, 1).await, ["from a right one"]);
        wrong.expire();
        assert_eq!(kept(&*wrong, place(1)), kept(&*right, place(1)));
    }
    assert_eq!(kept(&*right, place(1)).len(), 5);
}

#[tokio::test]
async fn notes_age_from_the_time_at_which_they_were_stored() {
    if !NatsServer::available() {
        return;
    }
    let server = NatsServer::start().await;
    let notebook = open(settings(&server)).await;
    write(&*notebook, place(1), &["stored"]).await;
    // Each of these servers has read the note only now, and yet it grows too old for them.
    let mut short = settings(&server);
    short.limits.max_age = Duration::from_secs(1);
    while !kept(&*open(short.clone()).await, place(1)).is_empty() {}
    assert_eq!(kept(&*open(settings(&server)).await, place(1)), ["stored"]);

    // While a server runs, they age by its ticks.
    let ticks = Arc::new(ManualClock::default());
    let notebook =
        NatsNotebook::with_clocks(settings(&server), Arc::new(WallClock), ticks.clone()).unwrap();
    notebook.ready().await;
    ticks.advance(Duration::from_secs(3_000));
    assert_eq!(kept(&notebook, place(1)), ["stored"]);
    ticks.advance(Duration::from_secs(600));
    assert_eq!(kept(&notebook, place(1)), [""; 0]);
    notebook.expire();
    assert_eq!(notebook.usage().notes, 0);
}

#[tokio::test]
async fn a_note_longer_than_a_message_is_refused_with_both_lengths() {
    if !NatsServer::available() {
        return;
    }
    let server = NatsServer::start_with("max_payload: 1MB\n").await;
    let notebook = open(settings(&server)).await;
    let author = Author::unique();
    let long = "x".repeat(1024 * 1024);
    let (len_bytes, limit_bytes) = match notebook.append(draft(place(1), long, author)).await {
        Err(AppendError::TooLong {
            len_bytes,
            limit_bytes,
        }) => (len_bytes, limit_bytes),
        other => panic!("the note should be refused, but got {other:?}"),
    };
    assert_eq!(len_bytes, 1024 * 1024);
    let longest = "x".repeat(limit_bytes);
    notebook
        .append(draft(place(1), longest.clone(), author))
        .await
        .unwrap();
    assert_eq!(kept(&*notebook, place(1)), [longest]);
}

#[tokio::test]
async fn a_stream_with_other_limits_is_used_as_it_is() {
    if !NatsServer::available() {
        return;
    }
    let server = NatsServer::start().await;
    let mut narrow = settings(&server);
    narrow.limits.notes_per_place = 3.try_into().unwrap();
    drop(open(narrow).await);
    let notebook = open(settings(&server)).await;
    let author = Author::unique();
    for number in 0..5 {
        let note = draft(place(1), number.to_string(), author);
        notebook.append(note).await.unwrap();
    }
    // This copy keeps what its own limits allow; one that is read from the stream has what the stream keeps.
    assert_eq!(kept(&*notebook, place(1)).len(), 5);
    let notebook = open(settings(&server)).await;
    assert_eq!(kept(&*notebook, place(1)), ["2", "3", "4"]);
}

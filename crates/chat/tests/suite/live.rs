//! What a stream is handed because others write.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use route_guide_chat::{ChatError, Conversation, PageLimit};

use super::{Engine, answers, at_most, due, numbers, place, post, texts};

/// A note reaches all streams that have posted at its place, and no others.
pub(crate) async fn notes_reach_those_who_posted(engine: &Engine) {
    let fixture = engine.open(|_| {}).await;
    let mut followers: Vec<_> = (0..3).map(|_| fixture.stream()).collect();
    for chat in &mut followers {
        post(chat, place(1), "hello").await;
        due(chat);
    }
    for chat in &mut followers {
        due(chat);
    }
    let mut elsewhere = fixture.stream();
    post(&mut elsewhere, place(2), "hello").await;
    let mut silent = fixture.stream();

    fixture.others_write(place(1), 7..8).await;
    for chat in &mut followers {
        chat.woken().await;
        assert_eq!(due(chat), ["7"]);
    }
    for chat in [&mut elsewhere, &mut silent] {
        assert!(is_asleep(chat));
        assert_eq!(due(chat), [""; 0]);
    }
}

/// A stream is not handed its own note, neither in answer nor as news.
pub(crate) async fn nothing_is_echoed(engine: &Engine) {
    let fixture = engine.open(|_| {}).await;
    let mut chat = fixture.stream();
    assert_eq!(answers(&mut chat, place(1), "own").await, [""; 0]);
    assert_eq!(due(&mut chat), [""; 0]);
    // A post that was given up half-way may have been written: it is no news to its author either.
    let unread = fixture.append(place(1), "given up", chat.author()).await;
    fixture.others_write(place(1), 7..8).await;
    assert_eq!(due(&mut chat), ["7"]);
    assert_eq!(unread.index.get(), 2);
}

/// A note comes once: live, or in the replay of a note that the stream posts before reading it.
pub(crate) async fn each_note_once(engine: &Engine) {
    let fixture = engine.open(|_| {}).await;
    let page = PageLimit {
        notes: at_most(3),
        ..PageLimit::default()
    };
    let mut chat = fixture.stream_with(|limits| limits.page = page);
    let mut other = fixture.stream();
    post(&mut chat, place(1), "own").await;
    let mut received = Vec::new();
    for number in 0..20 {
        post(&mut other, place(1), &number.to_string()).await;
        if number % 3 == 0 {
            received.extend(due(&mut chat));
        }
    }
    received.extend(due(&mut chat));
    assert_eq!(received, numbers(0..20));
    assert!(is_asleep(&chat));
}

/// A turn hands out what was due when it began, and ends although others write as fast as the stream reads.
pub(crate) async fn a_turn_ends(engine: &Engine) {
    let fixture = engine.open(|_| {}).await;
    let page = PageLimit {
        notes: at_most(1),
        ..PageLimit::default()
    };
    let mut chat = fixture.stream_with(|limits| limits.page = page);
    post(&mut chat, place(1), "own").await;
    fixture.others_write(place(1), 0..5).await;
    let mut received = Vec::new();
    while let Some(page) = chat.next_page().expect("nothing is missed") {
        received.extend(texts(&page));
        let next = 4 + received.len();
        fixture.others_write(place(1), next..next + 1).await;
    }
    assert_eq!(received, numbers(0..5));
    // The others were not forgotten.
    chat.woken().await;
    assert_eq!(due(&mut chat), numbers(5..10));
}

/// What was written before the client closed its side is there in the turn after it, at all places, however much it is.
pub(crate) async fn half_close_flushes(engine: &Engine) {
    let fixture = engine.open(|_| {}).await;
    let mut chat = fixture.stream();
    for number in 0..5 {
        post(&mut chat, place(number), "own").await;
    }
    for number in 0..5 {
        fixture.others_write(place(number), 0..100 - number).await;
    }
    assert_eq!(due(&mut chat).len(), 100 + 99 + 98 + 97 + 96);
}

/// Waiting can be given up and begun again at any moment without losing a wake-up.
pub(crate) async fn waits_can_be_given_up(engine: &Engine) {
    let fixture = engine.open(|_| {}).await;
    let mut chat = fixture.stream();
    post(&mut chat, place(1), "own").await;
    for number in 0..10 {
        {
            let mut waiting = pin!(chat.woken());
            assert!(
                waiting
                    .as_mut()
                    .poll(&mut Context::from_waker(Waker::noop()))
                    .is_pending()
            );
            fixture.others_write(place(1), number..number + 1).await;
        }
        chat.woken().await;
        // It stays awake until it has read.
        chat.woken().await;
        assert_eq!(due(&mut chat), numbers(number..number + 1));
        assert!(is_asleep(&chat));
    }
}

/// One stream follows ten thousand places.
pub(crate) async fn ten_thousand_places(engine: &Engine) {
    let fixture = engine.open(|_| {}).await;
    let mut chat = fixture.stream();
    for number in 0..10_000 {
        assert_eq!(answers(&mut chat, place(number), "own").await, [""; 0]);
    }
    let mut expected = Vec::new();
    for number in (0..10_000).step_by(7) {
        fixture
            .others_write(place(number), number..number + 1)
            .await;
        expected.push(number.to_string());
    }
    assert_eq!(due(&mut chat), expected);
}

/// A stream posts at as many places as it may, and after that still at those.
pub(crate) async fn places_are_bounded(engine: &Engine) {
    let fixture = engine.open(|_| {}).await;
    let mut chat = fixture.stream_with(|limits| limits.places = at_most(2));
    post(&mut chat, place(1), "a").await;
    post(&mut chat, place(2), "b").await;
    match chat.post(place(3), "c").await {
        Err(ChatError::TooManyPlaces { limit }) => assert_eq!(limit, 2),
        other => panic!("a third place should be refused, but got {other:?}"),
    }
    assert_eq!(fixture.kept(place(3)), [""; 0]);
    assert_eq!(answers(&mut chat, place(1), "d").await, ["a"]);
}

/// When a conversation is dropped, its registrations and the places that only it held are gone.
pub(crate) async fn a_dropped_conversation_leaves_nothing(engine: &Engine) {
    let fixture = engine.open(|limits| limits.notes_total = at_most(1)).await;
    let mut chat = fixture.stream();
    for number in 0..100 {
        post(&mut chat, place(number), "own").await;
    }
    let mut other = fixture.stream();
    post(&mut other, place(7), "hello").await;
    assert_eq!(
        (fixture.usage().places, fixture.usage().subscriptions),
        (100, 101)
    );
    drop(chat);
    assert_eq!(
        (fixture.usage().places, fixture.usage().subscriptions),
        (1, 1)
    );
    drop(other);
    assert_eq!(
        (fixture.usage().places, fixture.usage().subscriptions),
        (1, 0)
    );
}

/// Returns whether the stream has no reason to look for notes.
fn is_asleep(chat: &Conversation) -> bool {
    pin!(chat.woken())
        .poll(&mut Context::from_waker(Waker::noop()))
        .is_pending()
}

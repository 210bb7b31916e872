//! What a stream is handed in answer to its own note.

use route_guide_chat::PageLimit;

use super::{Engine, answers, at_most, due, numbers, place, post, slow_reader, texts};

/// Three notes at one place bring back nothing, the first, and the first two.
pub(crate) async fn one_place_thrice(engine: &Engine) {
    let fixture = engine.open(|_| {}).await;
    let mut chat = fixture.stream();
    assert_eq!(answers(&mut chat, place(0), "0").await, [""; 0]);
    assert_eq!(answers(&mut chat, place(0), "1").await, ["0"]);
    assert_eq!(answers(&mut chat, place(0), "2").await, ["0", "1"]);
    assert_eq!(due(&mut chat), [""; 0]);
}

/// The tutorial's client gets back its first note and its third.
pub(crate) async fn the_tutorials_five_notes(engine: &Engine) {
    let fixture = engine.open(|_| {}).await;
    let mut chat = fixture.stream();
    let mut received = Vec::new();
    let notes = [
        ("First", 0, 0),
        ("Second", 0, 1),
        ("Third", 1, 0),
        ("Fourth", 0, 0),
        ("Fifth", 1, 0),
    ];
    for (message, lat, lon) in notes {
        let place = route_guide_geo::E7Point::unbounded(lat, lon);
        received.extend(answers(&mut chat, place, message).await);
    }
    assert_eq!(received, ["First", "Third"]);
}

/// A replay holds the notes of all streams, also of those that have ended.
pub(crate) async fn other_streams_are_included(engine: &Engine) {
    let fixture = engine.open(|_| {}).await;
    let mut gone = fixture.stream();
    post(&mut gone, place(1), "gone").await;
    drop(gone);
    let mut other = fixture.stream();
    post(&mut other, place(1), "other").await;
    post(&mut other, place(2), "elsewhere").await;

    let mut chat = fixture.stream();
    assert_eq!(answers(&mut chat, place(1), "own").await, ["gone", "other"]);
    assert_eq!(
        answers(&mut chat, place(1), "again").await,
        ["gone", "other", "own"]
    );
}

/// A replay begins at the beginning, whatever the stream has been handed before.
pub(crate) async fn live_notes_are_replayed_too(engine: &Engine) {
    let fixture = engine.open(|_| {}).await;
    let mut chat = fixture.stream();
    let mut other = fixture.stream();
    post(&mut chat, place(1), "a").await;
    post(&mut other, place(1), "b").await;
    assert_eq!(due(&mut chat), ["b"]);
    assert_eq!(answers(&mut chat, place(1), "c").await, ["a", "b"]);
    // Live notes that were due but not read yet come with the replay, and only once.
    post(&mut other, place(1), "d").await;
    assert_eq!(
        answers(&mut chat, place(1), "e").await,
        ["a", "b", "c", "d"]
    );
    assert_eq!(due(&mut chat), [""; 0]);
}

/// A replay longer than a page comes in order and whole, whatever the size of the page.
pub(crate) async fn oldest_first_over_many_pages(engine: &Engine) {
    for (notes, len_bytes) in [
        (1, 1_000),
        (2, 1_000),
        (7, 1_000),
        (64, 1_000),
        (1_000, 1_000),
        (64, 0),
        (64, 5),
    ] {
        let fixture = engine.open(|_| {}).await;
        let page = PageLimit {
            notes: at_most(notes),
            len_bytes,
        };
        let mut chat = fixture.stream_with(|limits| limits.page = page);
        fixture.others_write(place(1), 0..100).await;
        assert_eq!(
            answers(&mut chat, place(1), "own").await,
            numbers(0..100),
            "{page:?}"
        );
    }
}

/// Notes written after the stream's own are not part of the replay, and still come once.
pub(crate) async fn a_replay_ends_before_its_note(engine: &Engine) {
    let fixture = engine.open(|_| {}).await;
    let page = PageLimit {
        notes: at_most(2),
        ..PageLimit::default()
    };
    let mut chat = fixture.stream_with(|limits| limits.page = page);
    fixture.others_write(place(1), 0..3).await;
    post(&mut chat, place(1), "own").await;
    fixture.others_write(place(1), 3..6).await;
    assert_eq!(due(&mut chat), numbers(0..6));
    assert_eq!(due(&mut chat), [""; 0]);
}

/// A note that takes the place of the last one kept is answered with that one.
pub(crate) async fn the_last_kept_note_is_replayed(engine: &Engine) {
    let fixture = engine
        .open(|limits| limits.notes_per_place = at_most(1))
        .await;
    let mut chat = fixture.stream();
    let mut other = fixture.stream();
    assert_eq!(answers(&mut chat, place(1), "a").await, [""; 0]);
    assert_eq!(answers(&mut other, place(1), "b").await, ["a"]);
    assert_eq!(answers(&mut chat, place(1), "c").await, ["b"]);
    assert_eq!(due(&mut other), ["c"]);

    // The same for the bound in total, which here pushes out the note of another place first.
    let fixture = engine.open(|limits| limits.notes_total = at_most(2)).await;
    let mut chat = fixture.stream();
    post(&mut chat, place(2), "elsewhere").await;
    assert_eq!(answers(&mut chat, place(1), "a").await, [""; 0]);
    assert_eq!(answers(&mut chat, place(1), "b").await, ["a"]);
    assert_eq!(answers(&mut chat, place(1), "c").await, ["a", "b"]);
    assert_eq!(answers(&mut chat, place(1), "d").await, ["b", "c"]);
}

/// A replay tells what is kept when it is read: what is removed before, which the stream was never waiting for, is no loss.
pub(crate) async fn what_goes_meanwhile_is_passed_over(engine: &Engine) {
    for gone in 1..=9 {
        let (fixture, mut chat) = slow_reader(engine).await;
        fixture.others_write(place(1), 0..9).await;
        post(&mut chat, place(1), "own").await;
        // The place is full, so each further note pushes one out.
        fixture.others_write(place(1), 9..9 + gone).await;
        assert_eq!(due(&mut chat), numbers(gone..9 + gone));

        // The same in the midst of the replay.
        fixture.others_write(place(1), 20..30).await;
        due(&mut chat);
        assert_eq!(answers(&mut chat, place(1), "again").await.len(), 10);
        post(&mut chat, place(1), "and again").await;
        let first = chat.next_page().expect("nothing is missed");
        // It is the one that the own note pushed out.
        assert_eq!(first.map(|page| texts(&page)), Some(numbers(21..22)));
        fixture.others_write(place(1), 30..30 + gone).await;
        let mut rest = numbers(22 + gone..30);
        rest.extend((gone < 9).then(|| "again".to_owned()));
        rest.extend(numbers(30..30 + gone));
        assert_eq!(due(&mut chat), rest);
    }
}

/// Several notes posted before anything is read have a replay each, in order.
pub(crate) async fn replays_do_not_mix(engine: &Engine) {
    let fixture = engine.open(|_| {}).await;
    let mut chat = fixture.stream();
    for (number, message) in [(1, "a"), (1, "b"), (2, "x"), (1, "c"), (2, "y")] {
        post(&mut chat, place(number), message).await;
    }
    assert_eq!(due(&mut chat), ["a", "a", "b", "x"]);
}

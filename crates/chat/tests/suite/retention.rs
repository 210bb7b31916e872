//! What is forgotten, and what is not.

use std::sync::Arc;
use std::time::Duration;

use route_guide_chat::{AppendError, Author, Draft, Usage};
use tokio::task::JoinSet;

use super::{Engine, answers, at_most, due, numbers, place, post};

/// A place keeps its newest notes.
pub(crate) async fn the_newest_of_a_place_stay(engine: &Engine) {
    let fixture = engine
        .open(|limits| limits.notes_per_place = at_most(3))
        .await;
    fixture.others_write(place(1), 0..2).await;
    fixture.others_write(place(2), 0..2).await;
    assert_eq!(fixture.kept(place(1)), numbers(0..2));
    fixture.others_write(place(1), 2..10).await;
    assert_eq!(fixture.kept(place(1)), numbers(7..10));
    assert_eq!(fixture.kept(place(2)), numbers(0..2));
    assert_eq!(fixture.usage().notes, 5);
}

/// In total the newest notes stay, wherever they are.
pub(crate) async fn the_newest_of_all_stay(engine: &Engine) {
    let fixture = engine.open(|limits| limits.notes_total = at_most(4)).await;
    for number in 0..6 {
        fixture
            .others_write(place(number % 2), number..number + 1)
            .await;
    }
    assert_eq!(
        (fixture.kept(place(0)), fixture.kept(place(1))),
        (vec!["2".into(), "4".into()], vec!["3".into(), "5".into()])
    );
    fixture.others_write(place(2), 6..9).await;
    assert_eq!(
        (fixture.kept(place(0)), fixture.kept(place(1))),
        (vec![], vec!["5".into()])
    );
    assert_eq!(fixture.kept(place(2)), numbers(6..9));
    assert_eq!(fixture.usage().notes, 4);
}

/// The bytes in total stay below their bound with notes of any size, and one long note takes the place of many.
pub(crate) async fn bytes_are_bounded(engine: &Engine) {
    const BOUND: usize = 100_000;
    let fixture = engine.open(|limits| limits.bytes_total = BOUND).await;
    let author = Author::unique();
    for number in 0..2_000 {
        let length = [0, 1, 100, 3_000, 90_000][number % 5] >> (number % 3);
        fixture
            .append(place(number % 37), &"x".repeat(length), author)
            .await;
        let usage = fixture.usage();
        assert!(
            usage.bytes <= BOUND && usage.notes > 0,
            "after note {number}: {usage:?}"
        );
    }
    fixture
        .append(place(1), &"x".repeat(BOUND * 9 / 10), author)
        .await;
    let long = fixture.kept(place(1)).pop().expect("a note");
    assert_eq!(long.len(), BOUND * 9 / 10);
}

/// A note larger than the notebook is refused, and nothing is forgotten for it.
pub(crate) async fn a_note_that_cannot_fit_is_refused(engine: &Engine) {
    let fixture = engine.open(|limits| limits.bytes_total = 10_000).await;
    let mut chat = fixture.stream();
    post(&mut chat, place(1), "a").await;
    let before = fixture.usage();
    for place in [place(1), place(2)] {
        let draft = Draft::new(place, &"x".repeat(10_000), Author::unique());
        match fixture.notebook.append(draft).await {
            Err(AppendError::TooLarge {
                len_bytes,
                limit_bytes,
            }) => assert_eq!((len_bytes, limit_bytes), (10_000, 10_000)),
            other => panic!("the note should be refused, but got {other:?}"),
        }
        assert!(chat.post(place, "x".repeat(10_000)).await.is_err());
    }
    assert_eq!(
        fixture.usage(),
        before,
        "no place and no watch is left behind"
    );
    assert_eq!(
        answers(&mut chat, place(1), "b").await,
        ["a"],
        "the stream goes on"
    );
}

/// A note can be read until it has the full age, and not any more then, even if nobody calls for tidying up.
pub(crate) async fn notes_expire_on_time(engine: &Engine) {
    const AGE: Duration = Duration::from_secs(3_600);
    let fixture = engine.open(|limits| limits.max_age = AGE).await;
    fixture.others_write(place(1), 0..1).await;
    fixture.clock.advance(AGE / 2);
    fixture.others_write(place(1), 1..2).await;
    fixture
        .clock
        .set(AGE.saturating_sub(Duration::from_nanos(1)));
    assert_eq!(fixture.kept(place(1)), numbers(0..2));
    fixture.clock.set(AGE);
    assert_eq!(fixture.kept(place(1)), numbers(1..2));
    let mut chat = fixture.stream();
    assert_eq!(answers(&mut chat, place(1), "own").await, ["1"]);
    fixture.clock.advance(AGE);
    assert_eq!(answers(&mut chat, place(1), "again").await, [""; 0]);
    assert_eq!(due(&mut chat), [""; 0]);
}

/// A long note pushes out many notes past their age; they are not part of its replay either.
pub(crate) async fn the_expired_make_room_unseen(engine: &Engine) {
    let fixture = engine
        .open(|limits| {
            limits.notes_per_place = at_most(1_000);
            limits.bytes_total = 200_000;
        })
        .await;
    fixture.others_write(place(1), 0..300).await;
    fixture.clock.advance(Duration::from_secs(3_600));
    fixture.others_write(place(1), 300..301).await;
    let receipt = fixture
        .append(place(1), &"x".repeat(180_000), Author::unique())
        .await;
    assert_eq!(receipt.earlier, 1);
    assert!(
        receipt.displaced.iter().all(|note| note.message() == "300"),
        "{receipt:?}"
    );
}

/// Tidying up gives back all notes past their age, and their places.
pub(crate) async fn expired_notes_are_given_back(engine: &Engine) {
    const AGE: Duration = Duration::from_secs(3_600);
    let fixture = engine.open(|limits| limits.max_age = AGE).await;
    for number in 0..3_000 {
        fixture.others_write(place(number), 0..2).await;
    }
    fixture.clock.advance(Duration::from_secs(1));
    fixture.others_write(place(0), 2..3).await;
    fixture.clock.set(AGE);
    fixture.notebook.expire();
    assert_eq!((fixture.usage().notes, fixture.usage().places), (1, 1));
    fixture.clock.advance(Duration::from_secs(1));
    fixture.notebook.expire();
    assert_eq!(fixture.usage(), Usage::default());
}

/// A place with heavy traffic does not push out an old note elsewhere, nor does it leave anything behind.
pub(crate) async fn a_busy_place_beside_an_old_note(engine: &Engine) {
    let fixture = engine
        .open(|limits| limits.notes_total = at_most(150))
        .await;
    fixture.others_write(place(1), 0..1).await;
    fixture.others_write(place(2), 0..200).await;
    let busy = fixture.usage();
    fixture.others_write(place(2), 100..200).await;
    fixture.others_write(place(2), 0..1_000).await;
    fixture.others_write(place(2), 100..200).await;
    assert_eq!(fixture.usage(), busy);
    assert_eq!(fixture.kept(place(1)), ["0"]);
    assert_eq!(fixture.kept(place(2)), numbers(100..200));
}

/// Two hundred thousand places keep to the bound in total.
pub(crate) async fn many_places_keep_to_the_bound(engine: &Engine) {
    let fixture = engine
        .open(|limits| limits.notes_total = at_most(10_000))
        .await;
    // A thousand at a time: an engine that writes to disk is not to be asked for 200 000 writes one after the other.
    for wave in 0..200 {
        let mut writers = JoinSet::new();
        for number in wave * 1_000..(wave + 1) * 1_000 {
            let notebook = Arc::clone(&fixture.notebook);
            let draft = Draft::new(place(number), "0", Author::unique());
            writers.spawn(async move { notebook.append(draft).await });
        }
        while let Some(written) = writers.join_next().await {
            let written = written.expect("a writer comes to its end");
            assert_eq!(written.expect("the notebook takes the note").earlier, 0);
        }
        assert!(fixture.usage().notes <= 10_000);
    }
    assert_eq!(
        (fixture.usage().notes, fixture.usage().places),
        (10_000, 10_000)
    );
    assert_eq!(fixture.kept(place(189_999)), [""; 0]);
    assert_eq!(fixture.kept(place(190_000)), ["0"]);
}

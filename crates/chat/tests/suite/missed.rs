//! What a reader is told when retention was faster.

use std::time::Duration;

use super::{Engine, answers, due, missed, numbers, place, post, slow_reader, texts};

/// Live notes: exactly those after the cursor that are gone.
pub(crate) async fn live_notes(engine: &Engine) {
    for written in [9, 10, 11, 12, 50, 1_000] {
        let (fixture, mut chat) = slow_reader(engine).await;
        post(&mut chat, place(1), "own").await;
        fixture.others_write(place(1), 0..written).await;
        if written > 10 {
            assert_eq!(missed(&mut chat), (place(1), written as u64 - 10));
        }
        assert_eq!(due(&mut chat), numbers(written.saturating_sub(10)..written));
    }
}

/// A gap that begins in the replay and goes on behind the stream's own note counts from there on.
pub(crate) async fn a_gap_from_a_replay_on(engine: &Engine) {
    let (fixture, mut chat) = slow_reader(engine).await;
    fixture.others_write(place(1), 0..8).await;
    post(&mut chat, place(1), "own").await;
    assert_eq!(
        texts(
            &chat
                .next_page()
                .expect("nothing is missed")
                .expect("a page")
        ),
        numbers(0..3)
    );
    fixture.others_write(place(1), 8..108).await;
    assert_eq!(missed(&mut chat), (place(1), 90));
    assert_eq!(due(&mut chat), numbers(98..108));

    // Just the replay and the own note are gone.
    let (fixture, mut chat) = slow_reader(engine).await;
    fixture.others_write(place(1), 0..8).await;
    post(&mut chat, place(1), "own").await;
    fixture.others_write(place(1), 8..18).await;
    assert_eq!(due(&mut chat), numbers(8..18));
}

/// Notes that were news when the stream posted, and that are removed while it reads the replay that has them, are missed.
/// Those before and between them that it knew are not.
pub(crate) async fn news_in_a_replay(engine: &Engine) {
    for gone in 0..=10_usize {
        let (fixture, mut chat) = slow_reader(engine).await;
        fixture.others_write(place(1), 0..4).await;
        assert_eq!(answers(&mut chat, place(1), "own").await, numbers(0..4));
        fixture.others_write(place(1), 4..8).await;
        post(&mut chat, place(1), "again").await;
        // Kept are 0 to 3, the own note, 4 to 7, and the own one again.
        fixture.others_write(place(1), 8..8 + gone).await;
        let news_gone = gone.saturating_sub(5).min(4);
        if news_gone > 0 {
            assert_eq!(missed(&mut chat), (place(1), news_gone as u64));
        }
        let mut expected = numbers(gone.min(4)..4);
        expected.extend((gone < 5).then(|| "own".to_owned()));
        expected.extend(numbers(4 + news_gone..8 + gone));
        assert_eq!(due(&mut chat), expected, "{gone}");
    }
}

/// Live notes that went unread are missed even if the stream has posted again meanwhile; the replay follows.
pub(crate) async fn before_an_own_note(engine: &Engine) {
    let (fixture, mut chat) = slow_reader(engine).await;
    post(&mut chat, place(1), "own").await;
    fixture.others_write(place(1), 0..25).await;
    post(&mut chat, place(1), "again").await;
    // Kept at that moment were the last ten.
    assert_eq!(missed(&mut chat), (place(1), 15));
    assert_eq!(due(&mut chat), numbers(15..25));
    assert_eq!(due(&mut chat), [""; 0]);
}

/// Notes that grew too old before they were read are missed like any others.
pub(crate) async fn by_age(engine: &Engine) {
    let (fixture, mut chat) = slow_reader(engine).await;
    fixture.others_write(place(1), 0..4).await;
    post(&mut chat, place(1), "own").await;
    fixture.others_write(place(1), 4..6).await;
    fixture.clock.advance(Duration::from_secs(1_800));
    fixture.others_write(place(1), 6..8).await;
    fixture.clock.advance(Duration::from_secs(1_800));
    // The first four were there before the stream came.
    assert_eq!(missed(&mut chat), (place(1), 2));
    assert_eq!(due(&mut chat), numbers(6..8));
    fixture.others_write(place(1), 8..10).await;
    fixture.clock.advance(Duration::from_secs(3_600));
    fixture.notebook.expire();
    assert_eq!(missed(&mut chat), (place(1), 2));
    assert_eq!(due(&mut chat), [""; 0]);
}

/// Notes that were gone before the stream came, that it has read, or that are its own, are not missed.
pub(crate) async fn only_what_was_owed(engine: &Engine) {
    let (fixture, mut chat) = slow_reader(engine).await;
    fixture.others_write(place(1), 0..30).await;
    assert_eq!(answers(&mut chat, place(1), "own").await, numbers(20..30));
    for number in 30..60 {
        fixture.others_write(place(1), number..number + 1).await;
        assert_eq!(due(&mut chat), [number.to_string()]);
    }
    // Its own note is pushed out by exactly ten others.
    post(&mut chat, place(1), "again").await;
    due(&mut chat);
    fixture.others_write(place(1), 60..70).await;
    assert_eq!(due(&mut chat), numbers(60..70));
    // Neither are notes of places where it never posted.
    fixture.others_write(place(2), 0..30).await;
    assert_eq!(due(&mut chat), [""; 0]);
}

/// A reader that stalled for a long time is told once for each place, and then reads on as if nothing had been.
pub(crate) async fn a_stalled_reader_goes_on(engine: &Engine) {
    let (fixture, mut chat) = slow_reader(engine).await;
    for number in 0..3 {
        post(&mut chat, place(number), "own").await;
    }
    for number in 0..3 {
        fixture
            .others_write(place(number), 0..20 * (number + 1))
            .await;
    }
    for number in 0..3 {
        let written = 20 * (number + 1);
        assert_eq!(missed(&mut chat), (place(number), written as u64 - 10));
        let mut received = Vec::new();
        while received.len() < 10 {
            received.extend(texts(
                &chat.next_page().expect("told before").expect("a page"),
            ));
        }
        assert_eq!(received, numbers(written - 10..written));
    }
    assert_eq!(due(&mut chat), [""; 0]);
    fixture.others_write(place(1), 7..8).await;
    assert_eq!(due(&mut chat), ["7"]);
}

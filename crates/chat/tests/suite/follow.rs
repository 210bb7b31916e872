//! What a stream is handed that follows places, and sees their logs as they are.

use route_guide_chat::{Author, Conversation};

use super::{Engine, answers, at_most, due, missed, place, post};

/// Who follows a place is handed what is kept there, and then what others write, each note once.
pub(crate) async fn what_is_kept_and_what_comes(engine: &Engine) {
    let fixture = engine.open(|_| {}).await;
    fixture.others_write(place(1), 0..3).await;
    let mut chat = fixture.stream_of_logs();
    assert_eq!(followed(&mut chat).await, 3);
    assert_eq!(due(&mut chat), ["0", "1", "2"]);
    fixture.others_write(place(1), 3..5).await;
    fixture.others_write(place(2), 9..10).await;
    chat.woken().await;
    assert_eq!(due(&mut chat), ["3", "4"]);
    assert_eq!(followed(&mut chat).await, 0, "followed already");
    assert_eq!(due(&mut chat), [""; 0]);
}

/// The stream's own notes stand where they were written, and are not answered with what was handed out before.
pub(crate) async fn a_log_as_it_is(engine: &Engine) {
    let fixture = engine.open(|_| {}).await;
    let mut chat = fixture.stream_of_logs();
    fixture.others_write(place(1), 0..1).await;
    assert_eq!(followed(&mut chat).await, 1);
    post(&mut chat, place(1), "a").await;
    fixture.others_write(place(1), 1..2).await;
    post(&mut chat, place(1), "b").await;
    assert_eq!(due(&mut chat), ["0", "a", "1", "b"]);
    assert_eq!(answers(&mut chat, place(1), "c").await, ["c"]);
}

/// A place where the stream posts is followed from then on, from the first note that was kept.
pub(crate) async fn a_place_that_is_posted_at(engine: &Engine) {
    let fixture = engine.open(|_| {}).await;
    fixture.others_write(place(1), 0..2).await;
    let mut chat = fixture.stream_of_logs();
    assert_eq!(answers(&mut chat, place(1), "a").await, ["0", "1", "a"]);
    assert_eq!(answers(&mut chat, place(1), "b").await, ["b"]);
    fixture.others_write(place(1), 2..3).await;
    chat.woken().await;
    assert_eq!(due(&mut chat), ["2"]);
}

/// A note that makes room for the stream's first one at the place is handed out all the same.
pub(crate) async fn what_makes_room(engine: &Engine) {
    let fixture = engine
        .open(|limits| limits.notes_per_place = at_most(2))
        .await;
    fixture.others_write(place(1), 0..2).await;
    let mut chat = fixture.stream_of_logs();
    assert_eq!(answers(&mut chat, place(1), "a").await, ["0", "1", "a"]);
}

/// A place without notes can be followed too, and stays while it is.
pub(crate) async fn an_empty_place(engine: &Engine) {
    let fixture = engine.open(|_| {}).await;
    let mut chat = fixture.stream_of_logs();
    assert_eq!(followed(&mut chat).await, 0);
    assert_eq!(due(&mut chat), [""; 0]);
    fixture.others_write(place(1), 0..1).await;
    chat.woken().await;
    assert_eq!(due(&mut chat), ["0"]);
    drop(chat);
    assert_eq!(fixture.usage().subscriptions, 0);
}

/// What retention takes before it was read is counted, as for every stream.
pub(crate) async fn what_is_missed(engine: &Engine) {
    let fixture = engine
        .open(|limits| limits.notes_per_place = at_most(2))
        .await;
    fixture.others_write(place(1), 0..2).await;
    let mut chat = fixture.stream_of_logs();
    assert_eq!(followed(&mut chat).await, 2);
    fixture.others_write(place(1), 2..5).await;
    assert_eq!(missed(&mut chat), (place(1), 3));
    assert_eq!(due(&mut chat), ["3", "4"]);
}

/// The notes of one author are counted where they are kept.
pub(crate) async fn what_an_author_has_left(engine: &Engine) {
    let fixture = engine
        .open(|limits| limits.notes_per_place = at_most(3))
        .await;
    let author = Author::unique();
    let mut chat = fixture.stream_of_logs().written_by(author);
    for text in ["a", "b"] {
        post(&mut chat, place(1), text).await;
    }
    fixture.others_write(place(1), 0..1).await;
    assert_eq!(chat.kept_of(author, place(1)), 2);
    fixture.others_write(place(1), 1..2).await;
    assert_eq!(chat.kept_of(author, place(1)), 1);
    assert_eq!(chat.kept_of(author, place(2)), 0);
}

/// Follows the place 1, and returns how many notes are kept there.
async fn followed(chat: &mut Conversation) -> u64 {
    let followed = chat.follow(place(1)).await;
    let followed = followed.expect("the place can be followed");
    followed.map_or(0, |kept| kept.count)
}

//! Which notes of a chat have been seen before.
//!
//! A server answers each note with all earlier ones at its place. That suits a program, but a person at a terminal would
//! read the whole conversation again after each line typed. Notes have no number, so this tells a repeat by its text.

use std::collections::HashMap;
use std::time::Duration;

use route_guide_proto::routeguide::RouteNote;
use tokio::time::Instant;

/// For how long after a note was sent what comes back may be a repeat. Later, an old text is somebody's new note.
const ANSWER_TIME: Duration = Duration::from_secs(5);

/// The notes of a conversation, place by place.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    places: HashMap<(i32, i32), Place>,
}

#[derive(Debug, Default)]
struct Place {
    texts: HashMap<String, Text>,
    answered_until: Option<Instant>,
}

/// How often a text stands at a place.
#[derive(Clone, Copy, Debug, Default)]
struct Text {
    known: usize,
    /// How many of the known ones the answer to the last note has yet to repeat.
    due: usize,
}

impl Repeats {
    /// Remembers a note that is sent now.
    pub(super) fn sent(&mut self, note: &RouteNote) {
        let place = self.place(note);
        place.texts.retain(|_, text| {
            // What the last answer did not repeat, the server no longer keeps.
            text.known -= text.due;
            text.due = text.known;
            text.known > 0
        });
        place.texts.entry(note.message.clone()).or_default().known += 1;
        place.answered_until = Instant::now().checked_add(ANSWER_TIME);
    }

    /// Tells whether a note that has come in is news, and takes it down.
    pub(super) fn is_news(&mut self, note: &RouteNote) -> bool {
        let place = self.place(note);
        let is_answer = (place.answered_until).is_some_and(|until| Instant::now() < until);
        let text = place.texts.entry(note.message.clone()).or_default();
        if is_answer && text.due > 0 {
            text.due -= 1;
            return false;
        }
        text.known += 1;
        true
    }

    fn place(&mut self, note: &RouteNote) -> &mut Place {
        let at = note.location.unwrap_or_default();
        self.places.entry((at.latitude, at.longitude)).or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use route_guide_proto::routeguide::{Point, RouteNote};

    use super::Repeats;

    fn note(latitude: i32, message: &str) -> RouteNote {
        RouteNote {
            location: Some(Point {
                latitude,
                longitude: 0,
            }),
            message: message.to_owned(),
        }
    }

    /// Returns the texts that are news among those that come in.
    fn news(repeats: &mut Repeats, texts: &[&'static str]) -> Vec<&'static str> {
        let is_news = |text: &&&str| repeats.is_news(&note(0, text));
        texts.iter().filter(is_news).copied().collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_note_is_news_once() {
        let mut repeats = Repeats::default();
        repeats.sent(&note(0, "mine"));
        assert_eq!(news(&mut repeats, &["a", "ok", "ok"]), ["a", "ok", "ok"]);
        // Live, and then as part of the answer.
        assert_eq!(news(&mut repeats, &["b"]), ["b"]);
        repeats.sent(&note(0, "mine too"));
        let answer = ["a", "ok", "ok", "mine", "b", "c"];
        assert_eq!(news(&mut repeats, &answer), ["c"]);
        repeats.sent(&note(0, "ok"));
        let answer = ["a", "ok", "ok", "mine", "b", "mine too", "c"];
        assert!(news(&mut repeats, &answer).is_empty());
        assert_eq!(news(&mut repeats, &["ok"]), ["ok"]);
    }

    #[tokio::test(start_paused = true)]
    async fn places_do_not_mix() {
        let mut repeats = Repeats::default();
        repeats.sent(&note(0, "x"));
        repeats.sent(&note(0, "y"));
        assert!(repeats.is_news(&note(1, "x")));
        assert!(!repeats.is_news(&note(0, "x")));
    }

    #[tokio::test(start_paused = true)]
    async fn an_old_text_is_news_again_when_the_server_has_forgotten_it() {
        let mut repeats = Repeats::default();
        repeats.sent(&note(0, "ok"));
        // The answer to this one has no note any more.
        repeats.sent(&note(0, "anyone?"));
        tokio::time::advance(Duration::from_secs(6)).await;
        assert_eq!(news(&mut repeats, &["ok"]), ["ok"]);

        repeats.sent(&note(0, "1"));
        repeats.sent(&note(0, "2"));
        assert_eq!(news(&mut repeats, &["ok"]), ["ok"]);
    }
}

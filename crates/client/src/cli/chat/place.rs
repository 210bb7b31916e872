//! One place of a chat: which of its notes have been shown, and which of the writer's own have arrived.

use std::collections::VecDeque;

use route_guide_geo::E7Point;

/// How many of the latest notes are remembered, to recognise them when a server hands them out again.
const REMEMBERED: usize = 1_000;

/// A place whose log a server hands out: every note once and in order, the writer's own included.
#[derive(Debug)]
pub(super) struct Place {
    at: E7Point,
    /// Whether the call that is open hands this place out.
    pub(super) is_followed: bool,
    seen: VecDeque<String>,
    /// Whether there were more than are remembered.
    is_cut: bool,
    /// The notes that a server keeps, while they come in again after a connection was lost.
    again: Option<Again>,
    /// Own notes that were sent and have not come back.
    on_the_way: VecDeque<String>,
}

#[derive(Debug)]
struct Again {
    count: u64,
    notes: Vec<String>,
}

/// What is to be done about notes that came in.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    /// Notes of others, to be shown.
    pub(super) notes: Vec<String>,
    /// Own notes that did not arrive before the connection was lost.
    pub(super) unsent: VecDeque<String>,
    /// Whether some notes may have come and gone while there was no connection.
    pub(super) may_miss: bool,
}

impl Place {
    pub(super) fn new(at: E7Point) -> Self {
        Self {
            at,
            is_followed: false,
            seen: VecDeque::new(),
            is_cut: false,
            again: None,
            on_the_way: VecDeque::new(),
        }
    }

    pub(super) fn at(&self) -> E7Point {
        self.at
    }

    /// Takes down that an own note is on its way.
    pub(super) fn sent(&mut self, text: &str) {
        self.on_the_way.push_back(text.to_owned());
    }

    /// Returns the own notes of which it is not known whether they arrived.
    pub(super) fn on_the_way(&self) -> impl Iterator<Item = &str> {
        self.on_the_way.iter().map(String::as_str)
    }

    /// Stops waiting for own notes to come back, and tells whether there were any.
    pub(super) fn give_up(&mut self) -> bool {
        let any = !self.on_the_way.is_empty();
        self.on_the_way.clear();
        any
    }

    /// Whether it is still open which notes have arrived. Until then none should be sent.
    pub(super) fn is_catching_up(&self) -> bool {
        self.again.is_some()
    }

    /// A new call hands out the place from the beginning, `count` notes at first.
    ///
    /// `is_same` says whether they can be those that were there before.
    pub(super) fn begin(&mut self, count: u64, is_same: bool) -> News {
        self.is_followed = true;
        if !is_same {
            self.seen.clear();
            self.is_cut = false;
        }
        self.again = Some(Again {
            count,
            notes: Vec::new(),
        });
        self.settle()
    }

    /// The call that handed the place out has ended.
    pub(super) fn end(&mut self) {
        self.is_followed = false;
        self.again = None;
    }

    /// A note has come in.
    pub(super) fn received(&mut self, text: String) -> News {
        match &mut self.again {
            Some(again) => {
                again.notes.push(text);
                self.settle()
            }
            None => News {
                notes: self.news(text).into_iter().collect(),
                ..News::default()
            },
        }
    }

    /// Compares what a server keeps with what was seen, once all of it is there.
    fn settle(&mut self) -> News {
        let Some(again) = self
            .again
            .take_if(|again| again.notes.len() as u64 >= again.count)
        else {
            return News::default();
        };
        let known = self.known(&again.notes);
        let may_miss = known == 0 && !self.seen.is_empty() && !again.notes.is_empty();
        let new = again.notes.into_iter().skip(known);
        let notes = new.filter_map(|text| self.news(text)).collect();
        News {
            notes,
            unsent: std::mem::take(&mut self.on_the_way),
            may_miss,
        }
    }

    /// Takes a note down; returns it unless it is the writer's own.
    fn news(&mut self, text: String) -> Option<String> {
        if self.seen.len() == REMEMBERED {
            self.seen.pop_front();
            self.is_cut = true;
        }
        self.seen.push_back(text.clone());
        if self.on_the_way.front() == Some(&text) {
            self.on_the_way.pop_front();
            return None;
        }
        Some(text)
    }

    /// Returns how many notes at the front of a log have been seen.
    ///
    /// A log grows at its end and loses notes at its front, so what is kept of what was seen is the end of that, and the
    /// start of the log. Notes have no number: of several ways in which the two overlap the longest is taken.
    fn known(&self, log: &[String]) -> usize {
        let agrees = |known: &usize| {
            let overlap = (*known).min(self.seen.len());
            // Beyond what is remembered there is nothing to compare with.
            (overlap == *known || self.is_cut)
                && log[..*known]
                    .iter()
                    .rev()
                    .zip(self.seen.iter().rev())
                    .all(|(a, b)| a == b)
        };
        (0..=log.len()).rev().find(agrees).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use route_guide_geo::E7Point;

    use super::{News, Place, REMEMBERED};

    fn texts(notes: &[&str]) -> Vec<String> {
        notes.iter().map(|&text| text.to_owned()).collect()
    }

    /// A place where these notes have been seen, and whose connection is lost.
    fn place(seen: &[&str]) -> Place {
        let mut place = Place::new(E7Point::default());
        assert_eq!(place.begin(0, true), News::default());
        for text in seen {
            assert_eq!(place.received((*text).to_owned()).notes, [*text]);
        }
        place.end();
        place
    }

    /// What a server's log brings that a new call hands out.
    fn resumed(place: &mut Place, log: &[&str], is_same: bool) -> News {
        let mut news = place.begin(log.len() as u64, is_same);
        for (index, text) in log.iter().enumerate() {
            assert!(place.is_catching_up(), "{index}");
            assert_eq!(news, News::default());
            news = place.received((*text).to_owned());
        }
        assert!(!place.is_catching_up());
        news
    }

    #[test]
    fn after_a_lost_connection_only_what_is_new_is_news() {
        let check = |seen: &[&str], log: &[&str], expected: &[&str]| {
            let news = resumed(&mut place(seen), log, true);
            assert_eq!(news.notes, expected, "{seen:?} {log:?}");
        };
        check(&["a", "b"], &["a", "b"], &[]);
        check(&["a", "b"], &["a", "b", "c"], &["c"]);
        check(&["a", "b", "c"], &["b", "c", "d"], &["d"]);
        check(&[], &["a"], &["a"]);
        check(&["a"], &[], &[]);
        check(&["a", "ok"], &["a", "ok", "ok"], &["ok"]);
        check(&["ok", "ok"], &["ok", "ok", "ok"], &["ok"]);
        // All that was seen is gone.
        check(&["a", "b"], &["c", "d"], &["c", "d"]);
    }

    #[test]
    fn what_may_have_come_and_gone_is_told() {
        assert!(resumed(&mut place(&["a"]), &["b"], true).may_miss);
        assert!(!resumed(&mut place(&["a"]), &["a", "b"], true).may_miss);
        assert!(!resumed(&mut place(&["a"]), &["b"], false).may_miss);
    }

    /// A server had been restarted with its notes in memory, and somebody had said hello once more: the second hello was
    /// taken for the first, and not shown.
    #[test]
    fn notes_of_another_life_are_all_news() {
        let news = resumed(&mut place(&["hello"]), &["hello"], false);
        assert_eq!(news.notes, ["hello"]);
    }

    #[test]
    fn own_notes_are_no_news_and_come_back_as_a_sign() {
        let mut place = place(&["a"]);
        resumed(&mut place, &["a"], true);
        place.sent("mine");
        place.sent("mine too");
        assert_eq!(place.received("b".into()).notes, ["b"]);
        assert_eq!(place.received("mine".into()).notes, [""; 0]);
        assert_eq!(place.on_the_way().collect::<Vec<_>>(), ["mine too"]);
        place.end();
        // The second one got through, and its sign did not.
        let log = ["a", "b", "mine", "mine too", "c"];
        let news = resumed(&mut place, &log, true);
        assert_eq!((news.notes, news.unsent.len()), (texts(&["c"]), 0));
    }

    #[test]
    fn an_own_note_that_did_not_arrive_is_to_be_sent_again() {
        let mut place = place(&["a"]);
        place.sent("mine");
        let news = resumed(&mut place, &["a", "b"], true);
        assert_eq!(news.notes, ["b"]);
        assert_eq!(news.unsent, ["mine"]);
        // The same if the place is empty, as in a server that has forgotten everything.
        place.sent("mine");
        assert_eq!(resumed(&mut place, &[], false).unsent, ["mine"]);
    }

    #[test]
    fn more_notes_than_are_remembered_are_recognised_by_the_last_ones() {
        let log: Vec<_> = (0..REMEMBERED + 50).map(|n| n.to_string()).collect();
        let mut log: Vec<_> = log.iter().map(String::as_str).collect();
        let mut place = place(&log);
        log.push("new");
        assert_eq!(resumed(&mut place, &log, true).notes, ["new"]);
    }

    proptest! {
        /// Whatever is cut off the front of a log of distinct notes, and however it grows, each note is shown once.
        #[test]
        fn each_note_is_shown_once(seen in 0_usize..30, forgotten in 0_usize..40, more in 0_usize..10) {
            let log: Vec<_> = (0..seen + more).map(|n| n.to_string()).collect();
            let log: Vec<_> = log.iter().map(String::as_str).collect();
            let kept = &log[forgotten.min(log.len())..];
            let news = resumed(&mut place(&log[..seen]), kept, true);
            prop_assert_eq!(news.notes, &log[seen.max(forgotten).min(log.len())..]);
        }
    }
}

//! One place of a chat: which of its notes have been shown, and which of the writer's own have arrived.
//!
//! A server that follows a place says which index the first note of its log has, so each note that comes has one too. After
//! a lost connection the indexes tell what is new and how much is gone. Where they cannot be compared, the texts are.
//!
//! Notes have no author. While a call is open, the first note with the text of one's own that is on its way is taken for
//! it: two equal texts look the same whoever wrote them. That is no proof that one's own has arrived, so the next call asks
//! the server how many notes the call before has left, and corrects what was assumed.

use std::collections::VecDeque;

use route_guide_geo::E7Point;

use super::following::Kept;

/// How many of the latest notes are remembered, to recognise them when a server hands them out again.
const REMEMBERED: usize = 1_000;

/// A place whose log a server hands out: every note once and in order, the writer's own included.
#[derive(Debug)]
pub(super) struct Place {
    at: E7Point,
    /// Whether the call that is open hands this place out.
    pub(super) is_followed: bool,
    /// The index of the last note that has come; `None` before the first call.
    position: Option<u64>,
    seen: VecDeque<String>,
    /// Whether there were more than are remembered.
    is_cut: bool,
    /// The notes that a server keeps, while they come in when a call begins.
    again: Option<Again>,
    /// Own notes that the last call has sent, in order.
    sent: VecDeque<Own>,
    /// How many of these have come back, as far as their text tells. They are the first ones.
    returned: usize,
}

#[derive(Debug)]
struct Again {
    kept: Kept,
    notes: Vec<String>,
}

#[derive(Debug)]
struct Own {
    text: String,
    /// The index of the last note that had come when it was sent. Its own is higher.
    after: u64,
    /// The index of the note that was taken for it.
    index: Option<u64>,
}

/// How the log that a call hands out continues the one of the call before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Since {
    /// The indexes are the same.
    Same,
    /// The notes are the same, their indexes are not.
    Renumbered,
    /// The notes of before are gone.
    Lost,
}

/// What is to be done about notes that came in.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    /// Notes of others, to be shown.
    pub(super) notes: Vec<String>,
    /// Own notes that did not arrive before the connection was lost.
    pub(super) unsent: VecDeque<String>,
    /// Own notes that may have arrived: whatever the server has kept since does not tell.
    pub(super) doubtful: Vec<String>,
    /// How many notes at most came and went while there was no connection.
    pub(super) missed: u64,
    /// Whether some may have, and their number is not known.
    pub(super) may_miss: bool,
}

impl Place {
    pub(super) fn new(at: E7Point) -> Self {
        Self {
            at,
            is_followed: false,
            position: None,
            seen: VecDeque::new(),
            is_cut: false,
            again: None,
            sent: VecDeque::new(),
            returned: 0,
        }
    }

    pub(super) fn at(&self) -> E7Point {
        self.at
    }

    /// Remembers that an own note is on its way.
    pub(super) fn sent(&mut self, text: &str) {
        self.sent.push_back(Own {
            text: text.to_owned(),
            after: self.position.unwrap_or(0),
            index: None,
        });
        // What came back long ago needs no correction any more.
        if self.sent.len() > REMEMBERED && self.returned > 0 {
            self.sent.pop_front();
            self.returned -= 1;
        }
    }

    /// Returns the own notes of which it is not known whether they arrived.
    pub(super) fn on_the_way(&self) -> impl Iterator<Item = &str> {
        let waiting = self.sent.iter().skip(self.returned);
        waiting.map(|own| own.text.as_str())
    }

    /// Stops waiting for own notes to come back, and tells whether there were any.
    pub(super) fn give_up(&mut self) -> bool {
        let any = self.on_the_way().next().is_some();
        self.settled();
        any
    }

    /// Whether it is still open which notes have arrived. Until then none should be sent.
    pub(super) fn is_catching_up(&self) -> bool {
        self.again.is_some()
    }

    /// A new call hands out the place from the beginning, the notes that are kept first.
    pub(super) fn begin(&mut self, kept: Kept, since: Since) -> News {
        self.is_followed = true;
        if since != Since::Same {
            self.position = None;
        }
        if since == Since::Lost {
            self.seen.clear();
            self.is_cut = false;
        }
        self.again = Some(Again {
            kept,
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
        let Some(Again { kept, notes }) = self
            .again
            .take_if(|again| again.notes.len() as u64 >= again.kept.count)
        else {
            return News::default();
        };
        let before_kept = kept.first - 1;
        let mut news = News::default();
        let position = self
            .position
            .filter(|position| self.agrees(*position, kept, &notes));
        let known = if let Some(position) = position {
            news.missed = before_kept.saturating_sub(position);
            self.correct(kept, &mut news);
            usize::try_from(position.saturating_sub(before_kept)).unwrap_or(notes.len())
        } else {
            self.sent.drain(..std::mem::take(&mut self.returned));
            let known = self.known(&notes);
            news.may_miss = known == 0 && !self.seen.is_empty() && !notes.is_empty();
            known
        };

        self.position = Some(before_kept + known as u64);
        for text in notes.into_iter().skip(known) {
            news.notes.extend(self.news(text));
        }
        // The server has counted those that are left here, or has not said how many there are.
        let is_counted = position.is_some() && kept.own.is_some() && !self.may_be_gone(kept);
        for own in self.sent.drain(self.returned..) {
            if is_counted {
                continue;
            }
            if news.may_miss || (position.is_some() && own.after < before_kept) {
                news.doubtful.push(own.text);
            } else {
                news.unsent.push_back(own.text);
            }
        }
        self.settled();
        news
    }

    /// Whether what is kept continues what was seen up to an index. It does not if the server's notes come from an old
    /// copy of its folder.
    fn agrees(&self, position: u64, kept: Kept, notes: &[String]) -> bool {
        let Some(index) = position.checked_sub(kept.first) else {
            return true;
        };
        let kept = usize::try_from(index)
            .ok()
            .and_then(|index| notes.get(index));
        match (kept, self.seen.back()) {
            (Some(kept), Some(seen)) => kept == seen,
            (kept, _) => kept.is_some(),
        }
    }

    /// Takes back what the server's own count does not confirm.
    fn correct(&mut self, kept: Kept, news: &mut News) {
        // What came back and has been evicted since is not counted any more.
        while let Some(index) = self.sent.front().and_then(|own| own.index)
            && index < kept.first
        {
            self.sent.pop_front();
            self.returned -= 1;
        }
        let Some(count) = kept.own else {
            return;
        };
        if self.may_be_gone(kept) {
            return;
        }
        // A call posts its notes in order, so those that arrived are the first ones.
        let arrived =
            usize::try_from(count).map_or(self.sent.len(), |count| count.min(self.sent.len()));
        for own in self.sent.drain(arrived..) {
            if own.index.is_some() {
                // It was somebody else's, and has not been shown.
                news.notes.push(own.text.clone());
            }
            news.unsent.push_back(own.text);
        }
        self.returned = self.returned.min(arrived);
    }

    /// Whether an own note may have come and gone, so that what is kept does not tell.
    fn may_be_gone(&self, kept: Kept) -> bool {
        self.sent.iter().any(|own| own.after + 1 < kept.first)
    }

    fn settled(&mut self) {
        self.sent.clear();
        self.returned = 0;
    }

    /// Takes a note down; returns it unless it is the writer's own.
    fn news(&mut self, text: String) -> Option<String> {
        let index = self.position.unwrap_or(0) + 1;
        self.position = Some(index);
        if self.seen.len() == REMEMBERED {
            self.seen.pop_front();
            self.is_cut = true;
        }
        self.seen.push_back(text.clone());
        match self.sent.get_mut(self.returned) {
            Some(own) if own.text == text => {
                own.index = Some(index);
                self.returned += 1;
                None
            }
            _ => Some(text),
        }
    }

    /// Returns how many notes at the front of a log have been seen, by their texts.
    ///
    /// A log grows at its end and loses notes at its front, so what is kept of what was seen is the end of that, and the
    /// start of the log. Of several ways in which the two overlap the longest is taken.
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

    use super::{Kept, News, Place, REMEMBERED, Since};

    /// A place where these notes have been seen, and whose connection is lost.
    fn place(seen: &[&str]) -> Place {
        let mut place = Place::new(E7Point::default());
        let empty = Kept {
            count: 0,
            first: 1,
            own: None,
        };
        assert_eq!(place.begin(empty, Since::Same), News::default());
        for text in seen {
            assert_eq!(place.received((*text).to_owned()).notes, [*text]);
        }
        place.end();
        place
    }

    /// What a log brings that a new call hands out. The index of its first note is given, and how many are the call's own.
    fn resumed(
        place: &mut Place,
        since: Since,
        first: u64,
        log: &[&str],
        own: Option<u64>,
    ) -> News {
        let kept = Kept {
            count: log.len() as u64,
            first,
            own,
        };
        let mut news = place.begin(kept, since);
        for (index, text) in log.iter().enumerate() {
            assert!(place.is_catching_up(), "{index}");
            assert_eq!(news, News::default());
            news = place.received((*text).to_owned());
        }
        assert!(!place.is_catching_up());
        news
    }

    /// A chat had seen "ok" and "ok"; while it was away two more came, which pushed the first two out. Nothing was shown.
    #[test]
    fn indexes_tell_what_is_new_and_how_much_is_gone() {
        let check = |seen: &[&str], first, log: &[&str], expected: &[&str], missed| {
            let news = resumed(&mut place(seen), Since::Same, first, log, None);
            assert_eq!(news.notes, expected, "{seen:?} {log:?}");
            assert_eq!(news.missed, missed, "{seen:?} {log:?}");
            assert!(!news.may_miss);
        };
        check(&["ok", "ok"], 3, &["ok", "ok"], &["ok", "ok"], 0);
        check(&["ok", "ok"], 4, &["ok", "ok"], &["ok", "ok"], 1);
        check(&["ok", "ok"], 2, &["ok", "ok"], &["ok"], 0);
        check(&["ok", "ok"], 1, &["ok", "ok"], &[], 0);
        check(&["a", "b"], 1, &["a", "b", "c"], &["c"], 0);
        check(&["a"], 5, &[], &[], 3);
        check(&[], 3, &["c"], &["c"], 2);
        check(&[], 1, &[], &[], 0);
    }

    #[test]
    fn where_indexes_do_not_compare_texts_do() {
        let check = |seen: &[&str], log: &[&str], expected: &[&str]| {
            let news = resumed(&mut place(seen), Since::Renumbered, 70, log, None);
            assert_eq!(news.notes, expected, "{seen:?} {log:?}");
        };
        check(&["a", "b"], &["a", "b"], &[]);
        check(&["a", "b"], &["a", "b", "c"], &["c"]);
        check(&["a", "b", "c"], &["b", "c", "d"], &["d"]);
        check(&[], &["a"], &["a"]);
        check(&["a"], &[], &[]);
        check(&["a", "ok"], &["a", "ok", "ok"], &["ok"]);
        // All that was seen is gone.
        check(&["a", "b"], &["c", "d"], &["c", "d"]);
        let gone = |since| resumed(&mut place(&["a"]), since, 1, &["b"], None).may_miss;
        assert!(gone(Since::Renumbered));
        assert!(!gone(Since::Lost));
        // From then on the new indexes count.
        let mut place = place(&["a"]);
        resumed(&mut place, Since::Renumbered, 70, &["a", "ok"], None);
        place.end();
        let news = resumed(&mut place, Since::Same, 72, &["ok"], None);
        assert_eq!((news.notes.len(), news.missed), (1, 0));
    }

    /// Somebody put yesterday's copy of the folder back.
    #[test]
    fn indexes_that_contradict_what_was_seen_do_not_count() {
        let news = resumed(
            &mut place(&["a", "b", "c"]),
            Since::Same,
            1,
            &["a", "x", "y"],
            None,
        );
        assert_eq!(news.notes, ["a", "x", "y"]);
        assert!(news.may_miss);
        let news = resumed(
            &mut place(&["a", "b", "c"]),
            Since::Same,
            1,
            &["a", "b"],
            None,
        );
        assert!(news.may_miss, "{news:?}");
    }

    /// A server had been restarted with its notes in memory, and somebody had said hello once more: the second hello was
    /// taken for the first, and not shown.
    #[test]
    fn notes_of_another_life_are_all_news() {
        let news = resumed(&mut place(&["hello"]), Since::Lost, 1, &["hello"], None);
        assert_eq!(news.notes, ["hello"]);
    }

    #[test]
    fn own_notes_are_no_news_and_come_back_as_a_sign() {
        for own in [None, Some(2)] {
            let mut place = place(&["a"]);
            resumed(&mut place, Since::Same, 1, &["a"], None);
            place.sent("mine");
            place.sent("mine too");
            assert_eq!(place.received("b".into()).notes, ["b"]);
            assert_eq!(place.received("mine".into()).notes, [""; 0]);
            assert_eq!(place.on_the_way().collect::<Vec<_>>(), ["mine too"]);
            place.end();
            // The second one got through, and its sign did not.
            let log = ["a", "b", "mine", "mine too", "c"];
            let news = resumed(&mut place, Since::Same, 1, &log, own);
            assert_eq!((news.notes, news.unsent.len()), (vec!["c".to_owned()], 0));
        }
    }

    /// Somebody else's "ok" came back for one's own, which had been lost with the connection.
    #[test]
    fn the_same_text_of_somebody_else_is_no_sign() {
        let mut place = place(&["a"]);
        resumed(&mut place, Since::Same, 1, &["a"], None);
        place.sent("ok");
        assert_eq!(place.received("ok".into()).notes, [""; 0]);
        place.end();
        let news = resumed(&mut place, Since::Same, 1, &["a", "ok"], Some(0));
        assert_eq!(
            (&*news.notes, news.unsent.len()),
            (&["ok".to_owned()][..], 1)
        );

        // It comes while there is no connection.
        place.sent("ok");
        place.end();
        let news = resumed(&mut place, Since::Same, 1, &["a", "ok", "ok"], Some(0));
        assert_eq!((news.notes.len(), news.unsent.len()), (1, 1));

        // Both are there: one is shown.
        place.sent("ok");
        assert_eq!(place.received("ok".into()).notes, [""; 0]);
        place.end();
        let log = ["a", "ok", "ok", "ok", "ok"];
        let news = resumed(&mut place, Since::Same, 1, &log, Some(1));
        assert_eq!((news.notes.len(), news.unsent.len()), (1, 0));
    }

    #[test]
    fn an_own_note_that_did_not_arrive_is_to_be_sent_again() {
        for own in [None, Some(0)] {
            let mut place = place(&["a"]);
            place.sent("mine");
            let news = resumed(&mut place, Since::Same, 1, &["a", "b"], own);
            assert_eq!(news.notes, ["b"]);
            assert_eq!(news.unsent, ["mine"]);
            // The same if the place is empty, as in a server that has forgotten everything.
            place.sent("mine");
            assert_eq!(
                resumed(&mut place, Since::Lost, 1, &[], own).unsent,
                ["mine"]
            );
        }
    }

    /// Sending it again could leave it there twice.
    #[test]
    fn an_own_note_that_may_have_come_and_gone_is_doubtful() {
        let mut place = place(&["a"]);
        place.sent("mine");
        let news = resumed(&mut place, Since::Same, 4, &["x", "y"], Some(0));
        assert_eq!(
            (news.missed, &*news.doubtful),
            (2, &["mine".to_owned()][..])
        );
        assert!(news.unsent.is_empty());
    }

    #[test]
    fn more_notes_than_are_remembered_are_recognised_by_the_last_ones() {
        let log: Vec<_> = (0..REMEMBERED + 50).map(|n| n.to_string()).collect();
        let mut log: Vec<_> = log.iter().map(String::as_str).collect();
        let seen = log.clone();
        log.push("new");
        for since in [Since::Same, Since::Renumbered] {
            let news = resumed(&mut place(&seen), since, 1, &log, None);
            assert_eq!(news.notes, ["new"]);
        }
    }

    proptest! {
        /// Whatever is cut off the front of a log, and however it grows, each note is shown once, and the rest is counted.
        #[test]
        fn each_note_is_shown_or_counted(seen in 0_usize..30, forgotten in 0_usize..40, more in 0_usize..10, kinds in 1_usize..4) {
            let log: Vec<_> = (0..seen + more).map(|n| (n % kinds).to_string()).collect();
            let log: Vec<_> = log.iter().map(String::as_str).collect();
            let gone = forgotten.min(log.len());
            let news = resumed(&mut place(&log[..seen]), Since::Same, gone as u64 + 1, &log[gone..], None);
            prop_assert_eq!(news.notes, &log[seen.max(gone)..]);
            prop_assert_eq!(news.missed, gone.saturating_sub(seen) as u64);
        }
    }
}

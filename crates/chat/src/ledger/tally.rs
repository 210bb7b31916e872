use std::time::Duration;

use super::{Entry, Ledger, Serial};
use crate::note::{Draft, Index};
use crate::notebook::Receipt;
use route_guide_geo::E7Point;

/// How many notes a place has had, of a log that others keep and that is read from there.
///
/// Numbers in it are the log's own, which other servers count too; an [`Index`] is what streams of this process go by.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// How many notes there had been before those that the indexes count. Unknown until the first note lands.
    before: Option<u64>,
    /// How many notes had been removed unseen, anywhere, when it was last certain how many the place has had.
    unseen: u64,
}

/// How many notes a place had had, as of a note of the whole log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    /// The last note of the whole log that had been read by whoever counted.
    pub(crate) seen: Serial,
    /// How many of the place there were up to there. Too high if that was not known, never too low.
    pub(crate) notes: u64,
}

/// The notes of the whole log that were removed before they could be read here. At which places they were is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unseen {
    /// How many they are.
    pub(crate) notes: u64,
    /// The last of them.
    pub(crate) last: Serial,
}

impl Ledger {
    /// Returns how many notes a place has had, `seen` being the last note of all that has been read.
    ///
    /// Where nothing is known of a place, it is assumed that all notes were there: later numbers must not be lower.
    pub(crate) fn count(&self, place: E7Point, seen: Serial) -> Count {
        let counted = self
            .places
            .get(&place)
            .and_then(|log| Some(log.tally.before?.saturating_add(log.newest.get())));
        let notes = counted.unwrap_or(seen);
        Count { seen, notes }
    }

    /// Writes a note that has been read from the whole log as its number `serial`.
    ///
    /// The note's own count tells how many notes of its place were removed before they could be read here. They take
    /// indexes, so that streams learn of them, and the place's notes before them go, as they have gone where they came
    /// from. What the count cannot tell, because it is older than the last note removed, a later note's will.
    pub(crate) fn land_counted(
        &mut self,
        draft: Draft,
        written: Duration,
        serial: Serial,
        count: Count,
        unseen: Unseen,
        garbage: &mut Vec<Entry>,
    ) -> Receipt {
        let place = draft.place;
        let log = self.places.entry(place).or_default();
        let first = log
            .notes
            .partition_point(|entry| entry.serial <= count.seen);
        let reported = count.notes.saturating_add((log.notes.len() - first) as u64);
        let possible = unseen.notes.saturating_sub(log.tally.unseen);
        let counted = |before: u64| before.saturating_add(log.newest.get());
        let (missed, open) = match log.tally.before {
            // Nobody is owed what came before the first note.
            None => (0, 0),
            Some(before) => {
                let missed = reported.saturating_sub(counted(before)).min(possible);
                let uncertain = unseen.last.saturating_sub(count.seen);
                (missed, (possible - missed).min(uncertain))
            }
        };
        let newest = log.newest.plus(missed);
        // Two servers may have begun to count at different times. All go on from the higher number.
        let counted = counted(log.tally.before.unwrap_or(0)).saturating_add(missed);
        let tally = Tally {
            before: Some(reported.max(counted).saturating_sub(newest.get())),
            unseen: unseen.notes.saturating_sub(open),
        };
        if missed > 0 {
            self.skip_to(place, newest, garbage);
        }
        self.places.entry(place).or_default().tally = tally;
        self.next_serial = serial;
        self.write(draft, written, garbage)
    }

    /// Makes `newest` the last index given out at a place, and forgets the notes there.
    fn skip_to(&mut self, place: E7Point, newest: Index, garbage: &mut Vec<Entry>) {
        while let Some(entry) = self.pop_front(place) {
            garbage.push(entry);
        }
        self.places.entry(place).or_default().newest = newest;
    }

    /// Returns the last index given out at a place.
    pub(crate) fn newest(&self, place: E7Point) -> Index {
        self.places
            .get(&place)
            .map_or(Index::START, |log| log.newest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::WhenFull;
    use crate::limits::Limits;
    use crate::note::Author;
    use crate::notebook::PageLimit;

    /// A copy of a log that others keep.
    struct Copy {
        ledger: Ledger,
        unseen: Unseen,
        seen: Serial,
    }

    impl Copy {
        fn new() -> Self {
            Self {
                ledger: Ledger::new(Limits::default(), WhenFull::Forget),
                unseen: Unseen::default(),
                seen: 0,
            }
        }

        /// Reads the note `serial`, and returns the index it gets. Those before it that were not read are gone.
        fn read(&mut self, place: E7Point, serial: Serial, seen: Serial, notes: u64) -> u64 {
            let gone = serial - self.seen - 1;
            if gone > 0 {
                self.unseen.notes += gone;
                self.unseen.last = serial - 1;
            }
            self.seen = serial;
            let draft = Draft {
                place,
                message: "x".into(),
                author: Author::unique(),
            };
            let count = Count { seen, notes };
            let mut garbage = Vec::new();
            let receipt = self.ledger.land_counted(
                draft,
                Duration::ZERO,
                serial,
                count,
                self.unseen,
                &mut garbage,
            );
            receipt.index.get()
        }

        fn kept(&mut self, place: E7Point) -> usize {
            let page = PageLimit::default();
            let page = self.ledger.read(place, Index::START, page, Duration::ZERO);
            page.notes.len()
        }
    }

    fn place(lat: i32) -> E7Point {
        E7Point::unbounded(lat, 0)
    }

    #[test]
    fn a_note_tells_how_many_are_gone_before_it() {
        let mut copy = Copy::new();
        assert_eq!(copy.read(place(1), 1, 0, 0), 1);
        assert_eq!(copy.read(place(2), 2, 1, 1), 1);
        // Of the 17 that are gone, 12 were at the first place and none at the second.
        assert_eq!(copy.read(place(2), 20, 19, 2), 2);
        assert_eq!(copy.read(place(1), 21, 20, 13), 14);
        assert_eq!((copy.kept(place(1)), copy.kept(place(2))), (1, 2));
        // What has been told once is not told again.
        assert_eq!(copy.read(place(1), 22, 20, 13), 15);
        assert_eq!(copy.read(place(1), 23, 22, 15), 16);
    }

    #[test]
    fn what_a_note_cannot_know_yet_a_later_one_tells() {
        let mut copy = Copy::new();
        copy.read(place(1), 1, 0, 0);
        // Sent when its server had read up to 4, where the place had two more; 5 to 9 are gone too.
        assert_eq!(copy.read(place(1), 10, 4, 3), 4);
        // Sent at the same time by another server.
        assert_eq!(copy.read(place(1), 11, 5, 4), 6);
        // This one knows: three of 5 to 9 were here, one of which has been told.
        assert_eq!(copy.read(place(1), 12, 11, 8), 9);
        assert_eq!(copy.read(place(1), 13, 12, 9), 10);
    }

    #[test]
    fn where_nothing_is_gone_nothing_is_missed() {
        let mut copy = Copy::new();
        assert_eq!(copy.read(place(1), 1, 0, 0), 1);
        // A server that knew nothing of the place, and one that knew less.
        assert_eq!(copy.read(place(1), 2, 0, 1_000), 2);
        assert_eq!(copy.read(place(1), 3, 2, 5), 3);
        assert_eq!(copy.kept(place(1)), 3);
    }

    #[test]
    fn where_nobody_remembers_all_that_is_gone_counts() {
        let mut copy = Copy::new();
        copy.read(place(1), 1, 0, 0);
        // What is assumed of a place of which nothing is known.
        let count = copy.ledger.count(place(3), 30);
        assert_eq!((count.seen, count.notes), (30, 30));
        assert_eq!(copy.read(place(1), 31, 30, 30), 31);
        // From then on it is known.
        assert_eq!(copy.ledger.count(place(1), 31).notes, 31);
    }
}

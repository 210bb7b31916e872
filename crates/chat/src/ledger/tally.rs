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

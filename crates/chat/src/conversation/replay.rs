use std::collections::VecDeque;

use route_guide_geo::E7Point;

use crate::note::{Index, Note};
use crate::notebook::{Notebook, PageLimit, Receipt};

/// The earlier notes that one posted note asks for, as far as they have not been handed out yet.
#[derive(Debug)]
pub(super) struct Replay {
    place: E7Point,
    /// Everything up to here is settled.
    after: Index,
    /// The posted note, before which the replay ends.
    until: Index,
    /// Notes after here were news to the stream when it posted. Those before are told as far as they are kept.
    known: Index,
    /// The first notes of the replay, if the posted one pushed them out of the notebook. They take no more memory than
    /// the posted note and the largest of them.
    displaced: VecDeque<Note>,
}

/// Notes of a replay that are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    /// How many of them the stream was owed, because they were news to it.
    pub(super) news: u64,
    /// The last index of the gap, which may lie beyond the replay.
    pub(super) last: Index,
}

impl Replay {
    /// Makes the replay for a note, or `None` if there is nothing to replay.
    ///
    /// `cursor` is how far the stream had read the place before, if it followed it. If retention went past it, the replay
    /// begins there, and so finds the gap.
    pub(super) fn new(place: E7Point, receipt: Receipt, cursor: Option<Index>) -> Option<Self> {
        let Receipt {
            index: until,
            earlier,
            displaced,
        } = receipt;
        let before_kept = until.minus(earlier.saturating_add(1));
        let after = cursor.map_or(before_kept, |cursor| cursor.min(before_kept));
        let replay = Self {
            place,
            after,
            until,
            known: cursor.unwrap_or(until),
            displaced: displaced.into(),
        };
        (!replay.is_over()).then_some(replay)
    }

    pub(super) fn place(&self) -> E7Point {
        self.place
    }

    pub(super) fn is_over(&self) -> bool {
        self.left() == 0
    }

    /// Returns how many notes are still to come, if none goes.
    fn left(&self) -> u64 {
        self.until.minus(1).since(self.after)
    }

    /// Returns the next notes, at least one.
    pub(super) fn next(
        &mut self,
        notebook: &dyn Notebook,
        limit: PageLimit,
    ) -> Result<Vec<Note>, Gap> {
        let limit = limit.at_most(self.left());
        let (notes, missed) = if let Some(first) = self.displaced.front() {
            let missed = first.index().minus(1).since(self.after);
            let notes = if missed == 0 {
                limit.fill(self.displaced.iter())
            } else {
                Vec::new()
            };
            self.displaced.drain(..notes.len());
            (notes, missed)
        } else {
            let page = notebook.read(self.place, self.after, limit);
            (page.notes, page.missed)
        };
        match notes.last() {
            Some(last) if missed == 0 => {
                self.after = last.index();
                Ok(notes)
            }
            // An engine that returns neither notes nor a gap has lost them all the same.
            _ => Err(self.skip(if missed == 0 { self.left() } else { missed })),
        }
    }

    fn skip(&mut self, missed: u64) -> Gap {
        let last = self.after.plus(missed);
        let behind = last.min(self.until.minus(1));
        let news = behind.since(self.after.max(self.known));
        self.after = behind;
        Gap { news, last }
    }
}

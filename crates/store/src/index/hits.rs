//! The hits of a rectangle in data-set order.

use std::iter::Peekable;
use std::ops::Range;
use std::vec;

use route_guide_geo::E7Rectangle;

use crate::format::layout::BLOCK;
use crate::index::Index;
use crate::index::boxes;
use crate::index::ranges::Walk;

/// The positions of the hits as runs, ascending.
///
/// It does not borrow the index: each step is shown the same one again. No step takes longer than about a millisecond,
/// whatever the data set and the rectangle, and whatever is still to come takes 64 KiB at most.
#[derive(Clone, Debug)]
pub(crate) enum Hits {
    /// The data set is in curve order: a walk through the index meets the hits in it.
    AsFound(Walk),
    /// Every feature.
    All(Range<u32>),
    /// Not too many hits: the next of them, found by a walk and sorted.
    Sorted { area: E7Rectangle, batch: Batch },
    /// Many hits: all points are looked at.
    Scanned(Scan),
}

impl Hits {
    pub(crate) fn new(index: &Index<'_>, area: E7Rectangle) -> Self {
        if index.positions.is_none() {
            return Self::AsFound(Walk::new(index, area));
        }
        if index
            .bounds()
            .is_some_and(|bounds| area.contains(bounds.lo()) && area.contains(bounds.hi()))
        {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "an index has fewer than u32::MAX slots"
            )]
            return Self::All(0..index.len() as u32);
        }
        match Batch::find(index, area, 0) {
            Some(batch) => Self::Sorted { area, batch },
            None => Self::Scanned(Scan::new(area)),
        }
    }

    /// Returns the next run of positions. An empty one says that there may be more, and that the search has taken so
    /// long since the last empty one that others should have their turn.
    pub(crate) fn next_run(&mut self, index: &Index<'_>) -> Option<Range<u32>> {
        match self {
            Self::AsFound(walk) => walk.next(index),
            Self::All(rest) => Some(std::mem::take(rest)).filter(|all| !all.is_empty()),
            Self::Sorted { area, batch } => {
                if let Some(run) = batch.next_run() {
                    return Some(run);
                }
                *batch = Batch::find(index, *area, batch.rest?)?;
                Some(0..0)
            }
            Self::Scanned(scan) => scan.next_run(index),
        }
    }
}

/// Some hits in the order of the data set.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    positions: Peekable<vec::IntoIter<u32>>,
    /// Where the next batch begins, if there is one.
    rest: Option<u32>,
}

impl Batch {
    /// How many positions are kept. Tests have many small batches.
    const LEN: usize = if cfg!(test) { 10 } else { 16 << 10 };

    /// How many hits a walk goes through for one batch of them.
    const MOST_HITS: usize = 256 << 10;

    /// Looks for the first hits from a position on, `None` if there are so many hits that a scan takes less time.
    fn find(index: &Index<'_>, area: E7Rectangle, from: u32) -> Option<Self> {
        // A look at one point takes a thirtieth of the time in which a hit is found and sorted.
        let most_hits = (index.len() / 32).min(Self::MOST_HITS);
        let mut hits = 0;
        let mut first = Vec::new();
        // From here on hits are left to the next batch.
        let mut past = u32::MAX;
        for range in index.ranges(area) {
            hits += range.len();
            if hits > most_hits {
                return None;
            }
            for position in range.filter_map(|slot| index.position(slot)) {
                if first.len() == 2 * Self::LEN {
                    past = Self::keep_least(&mut first);
                }
                if (from..past).contains(&position) {
                    first.push(position);
                }
            }
        }
        if first.len() > Self::LEN {
            past = Self::keep_least(&mut first);
        }
        first.sort_unstable();
        first.shrink_to_fit();
        // Should positions be there twice, as in a file that a wrong writer made, the next batch goes on all the same.
        let after = first.last().map_or(0, |last| last + 1);
        Some(Self {
            positions: first.into_iter().peekable(),
            rest: (past < u32::MAX).then_some(past.max(after)),
        })
    }

    /// Keeps as many positions as a batch has, and returns the least of the others.
    fn keep_least(positions: &mut Vec<u32>) -> u32 {
        let (_, &mut least, _) = positions.select_nth_unstable(Self::LEN);
        positions.truncate(Self::LEN);
        least
    }

    fn next_run(&mut self) -> Option<Range<u32>> {
        let start = self.positions.next()?;
        let mut past = start + 1;
        while self.positions.next_if_eq(&past).is_some() {
            past += 1;
        }
        Some(start..past)
    }
}

/// A look at every point of the data set, block by block.
#[derive(Clone, Debug)]
pub(crate) struct Scan {
    area: E7Rectangle,
    /// The block that is looked at next.
    block: usize,
    /// The first position of the one before, and a bit for each hit in it that is still to come.
    start: u32,
    hits: u32,
    /// How many blocks are left to be looked at before others have their turn.
    turn: u32,
}

impl Scan {
    /// So many blocks, more than a hundred thousand points, take about a tenth of a millisecond. Tests have many short turns.
    const TURN: u32 = if cfg!(test) { 2 } else { 4 << 10 };

    fn new(area: E7Rectangle) -> Self {
        Self {
            area,
            block: 0,
            start: 0,
            hits: 0,
            turn: Self::TURN,
        }
    }

    fn next_run(&mut self, index: &Index<'_>) -> Option<Range<u32>> {
        while self.hits == 0 {
            if self.turn == 0 {
                self.turn = Self::TURN;
                return Some(0..0);
            }
            let (lats, lons) = index.block_by_position(self.block)?;
            self.hits = boxes::hits(lats, lons, self.area);
            #[expect(
                clippy::cast_possible_truncation,
                reason = "an index has fewer than u32::MAX slots"
            )]
            let start = (self.block * BLOCK) as u32;
            self.start = start;
            self.block += 1;
            self.turn -= 1;
        }
        let run = boxes::take_run(&mut self.hits);
        Some(self.start + run.start..self.start + run.end)
    }
}

#[cfg(test)]
mod tests {
    use route_guide_geo::E7Point;

    use super::*;
    use crate::samples::image_of;

    /// All runs, the empty ones too.
    fn runs(points: &[E7Point], area: E7Rectangle) -> Vec<Range<u32>> {
        let image = image_of(points);
        let mut hits = Hits::new(&Index::of(&image), area);
        std::iter::from_fn(|| hits.next_run(&Index::of(&image))).collect()
    }

    /// From one corner to the other and back, so that the order is not that of the curve.
    fn to_and_fro(len: i32) -> Vec<E7Point> {
        let side = |i| if i % 2 == 0 { i } else { 1_000_000 - i };
        (0..len)
            .map(|i| E7Point::unbounded(side(i), side(i)))
            .collect()
    }

    fn below(most: i32) -> E7Rectangle {
        E7Rectangle::new(E7Point::unbounded(0, 0), E7Point::unbounded(most, most))
    }

    /// A listing of half of a large file took tens of milliseconds of a thread before its first feature.
    #[test]
    fn a_search_for_many_hits_lets_others_have_their_turn() {
        let mut points = to_and_fro(1_000);
        points.rotate_left(1);
        points.sort_by_key(|point| point.lat() < 10_000);
        // The hits are the second half of the points, which begins after seven turns.
        let runs = runs(&points, below(10_000));
        assert_eq!(runs[..7], [const { 0..0 }; 7]);
        let found: Vec<u32> = runs.into_iter().flatten().collect();
        assert_eq!(found, (500..1_000).collect::<Vec<_>>());
    }

    /// Each listing that waited for its client held a list of all of its features.
    #[test]
    fn not_too_many_hits_are_found_a_batch_at_a_time() {
        let points = to_and_fro(1_000);
        // Every other one of the first sixty.
        let runs = runs(&points, below(59));
        let batches: Vec<_> = runs.split(Range::is_empty).map(<[_]>::len).collect();
        assert_eq!(batches, [10, 10, 10]);
        let found: Vec<u32> = runs.into_iter().flatten().collect();
        assert_eq!(found, (0..60).step_by(2).collect::<Vec<_>>());
    }
}

//! The hits of a rectangle in data-set order.

use std::iter::Peekable;
use std::ops::Range;
use std::vec;

use route_guide_geo::E7Rectangle;

use crate::format::layout::BLOCK;
use crate::index::Index;
use crate::index::boxes;
use crate::index::ranges::Walk;

/// The positions of the hits as ascending runs.
///
/// It does not borrow the index: the caller passes the same index to each step. A step takes at most about a
/// millisecond for any data set and rectangle, and the state takes at most 64 KiB.
#[derive(Clone, Debug)]
pub(crate) enum Hits {
    /// The data set is in curve order, in which a walk through the index finds the hits.
    AsFound(Walk),
    /// Every feature.
    All(Range<u32>),
    /// Few hits: the next of them, found by a walk and sorted.
    Sorted { area: E7Rectangle, batch: Batch },
    /// Many hits: all points are scanned.
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

    /// Returns the next run of positions. An empty run is a pause: the search goes on, but has taken so long that
    /// other work should run first.
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
    /// The first position of the next batch, if there is one.
    rest: Option<u32>,
}

impl Batch {
    /// The number of positions in a batch. Tests use many small batches.
    const LEN: usize = if cfg!(test) { 10 } else { 16 << 10 };

    /// The most hits that a walk visits for one batch.
    const MOST_HITS: usize = 256 << 10;

    /// Finds the first hits from a position on, `None` if there are so many hits that a scan is faster.
    fn find(index: &Index<'_>, area: E7Rectangle, from: u32) -> Option<Self> {
        // Scanning a point takes a thirtieth of the time of finding and sorting a hit.
        let most_hits = (index.len() / 32).min(Self::MOST_HITS);
        let mut hits = 0;
        let mut first = Vec::new();
        // Hits from this position on belong to the next batch.
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
        // A faulty writer can repeat positions. The next batch must begin later even then.
        let after = first.last().map_or(0, |last| last + 1);
        Some(Self {
            positions: first.into_iter().peekable(),
            rest: (past < u32::MAX).then_some(past.max(after)),
        })
    }

    /// Keeps the least positions, as many as a batch has, and returns the least of the others.
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

/// A scan of all points of the data set, block by block.
#[derive(Clone, Debug)]
pub(crate) struct Scan {
    area: E7Rectangle,
    /// The next block.
    block: usize,
    /// The first position of the current block, and a bit for each of its hits that has not been returned.
    start: u32,
    hits: u32,
    /// The number of blocks before the next pause.
    turn: u32,
}

impl Scan {
    /// The number of blocks between pauses: more than a hundred thousand points, about a tenth of a millisecond.
    /// Tests use many short turns.
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

    /// Returns all runs, including the empty ones.
    fn runs(points: &[E7Point], area: E7Rectangle) -> Vec<Range<u32>> {
        let image = image_of(points);
        let mut hits = Hits::new(&Index::of(&image), area);
        std::iter::from_fn(|| hits.next_run(&Index::of(&image))).collect()
    }

    /// Points that alternate between two corners, which is not the order of the curve.
    fn to_and_fro(len: i32) -> Vec<E7Point> {
        let side = |i| if i % 2 == 0 { i } else { 1_000_000 - i };
        (0..len)
            .map(|i| E7Point::unbounded(side(i), side(i)))
            .collect()
    }

    fn below(most: i32) -> E7Rectangle {
        E7Rectangle::new(E7Point::unbounded(0, 0), E7Point::unbounded(most, most))
    }

    /// A listing of half of a large file blocked its thread for tens of milliseconds before the first feature.
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

    /// Each listing that waited for its client held the positions of all of its features.
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

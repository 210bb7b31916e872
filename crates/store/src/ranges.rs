//! The answer to a rectangle, as ranges of slots.

use std::iter::FusedIterator;
use std::ops::Range;

use route_guide_geo::E7Rectangle;

use crate::boxes::{self, BLOCK, FAN_OUT};
use crate::index::PackedIndex;

/// The slots of a [`PackedIndex`] whose points lie in an area: ascending ranges, none empty, no two adjacent.
#[derive(Clone, Debug)]
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct Ranges<'a> {
    index: &'a PackedIndex,
    area: E7Rectangle,
    /// The nodes between the root and where the walk is, the deepest last.
    path: [Visit; MAX_LEVELS],
    depth: usize,
    /// What is left of a block that the area cuts: its first slot, and a bit for each hit.
    block_start: u32,
    block_hits: u32,
    /// The range that the next one may still extend.
    pending: Range<u32>,
}

/// A node that is being walked: which children are left, and which of them lie wholly inside.
#[derive(Clone, Copy, Debug, Default)]
struct Visit {
    level: usize,
    node: usize,
    touching: u32,
    inside: u32,
}

/// Levels of boxes over 2³² points in blocks of 2⁵ with a fan-out of 2⁴.
const MAX_LEVELS: usize = 7;

impl<'a> Ranges<'a> {
    pub(crate) fn new(index: &'a PackedIndex, area: E7Rectangle) -> Self {
        let path = [Visit::default(); MAX_LEVELS];
        let mut ranges = Self {
            index,
            area,
            path,
            depth: 0,
            block_start: 0,
            block_hits: 0,
            pending: 0..0,
        };
        if let Some(top) = index.levels.len().checked_sub(1) {
            ranges.enter(top, 0);
        }
        ranges
    }

    /// Goes down into a node.
    fn enter(&mut self, level: usize, node: usize) {
        let children = self.index.child_count(level, node);
        let (touching, inside) = self.index.levels[level][node].judge(self.area, children);
        self.path[self.depth] = Visit {
            level,
            node,
            touching,
            inside,
        };
        self.depth += 1;
    }

    /// Returns the next range as the walk meets it, perhaps adjacent to the one before.
    fn walk(&mut self) -> Option<Range<u32>> {
        loop {
            if self.block_hits != 0 {
                return Some(self.run_of_hits());
            }
            let visit = self.path.get_mut(self.depth.checked_sub(1)?)?;
            if visit.touching == 0 {
                self.depth -= 1;
                continue;
            }
            let bit = visit.touching & visit.touching.wrapping_neg();
            visit.touching ^= bit;
            let child = visit.node * FAN_OUT + bit.trailing_zeros() as usize;
            let level = visit.level;
            if visit.inside & bit != 0 {
                return Some(self.slots(level, child));
            }
            if let Some(below) = level.checked_sub(1) {
                self.enter(below, child);
            } else {
                let (lats, lons) = self.index.block(child);
                self.block_hits = boxes::hits(lats, lons, self.area);
                self.block_start = self.slots(0, child).start;
            }
        }
    }

    /// Takes the first run of neighbouring hits off the block that is being walked.
    fn run_of_hits(&mut self) -> Range<u32> {
        let first = self.block_hits.trailing_zeros();
        let past = first + (self.block_hits >> first).trailing_ones();
        // A run to the very end would shift by the whole width, which is why this may come out as nothing.
        self.block_hits &= u32::MAX.checked_shl(past).unwrap_or_default();
        self.block_start + first..self.block_start + past
    }

    /// Returns the slots below a box.
    fn slots(&self, level: usize, child: usize) -> Range<u32> {
        let span = BLOCK << (FAN_OUT.trailing_zeros() as usize * level);
        let start = child * span;
        let end = (start + span).min(self.index.len());
        #[expect(
            clippy::cast_possible_truncation,
            reason = "an index has at most u32::MAX slots"
        )]
        let slots = start as u32..end as u32;
        slots
    }
}

impl Iterator for Ranges<'_> {
    type Item = Range<u32>;

    fn next(&mut self) -> Option<Range<u32>> {
        loop {
            match self.walk() {
                Some(range) if range.start == self.pending.end => self.pending.end = range.end,
                Some(range) => {
                    let done = std::mem::replace(&mut self.pending, range);
                    if !done.is_empty() {
                        return Some(done);
                    }
                }
                None => {
                    let last = std::mem::take(&mut self.pending);
                    return (!last.is_empty()).then_some(last);
                }
            }
        }
    }
}

impl FusedIterator for Ranges<'_> {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use route_guide_geo::E7Point;

    use super::*;
    use crate::samples::{any_rectangle, index_of, points};

    fn check(points: &[E7Point], area: E7Rectangle) -> Result<(), TestCaseError> {
        let index = index_of(points);
        let ranges: Vec<_> = index.ranges(area).collect();
        for range in &ranges {
            prop_assert!(range.start < range.end, "{range:?} is empty");
        }
        for pair in ranges.windows(2) {
            prop_assert!(
                pair[0].end < pair[1].start,
                "{:?} and {:?} should be one",
                pair[0],
                pair[1]
            );
        }
        let found: Vec<u32> = ranges.iter().cloned().flatten().collect();
        let expected: Vec<u32> = (0..)
            .map_while(|slot| Some((slot, index.point(slot)?)))
            .filter(|(_, point)| area.contains(*point))
            .map(|(slot, _)| slot)
            .collect();
        prop_assert_eq!(&found, &expected);
        prop_assert_eq!(
            index.count(area),
            points.iter().filter(|point| area.contains(**point)).count()
        );
        Ok(())
    }

    proptest! {
        /// The ranges hold exactly the slots of the points inside, and no two of them could be one.
        #[test]
        fn ranges_agree_with_a_scan((points, area) in points().prop_flat_map(|points| {
            let area = any_rectangle(&points);
            (Just(points), area)
        })) {
            check(&points, area)?;
        }
    }

    #[test]
    fn a_rectangle_around_everything_is_one_range() {
        let everything = E7Rectangle::new(
            E7Point::unbounded(i32::MIN, i32::MIN),
            E7Point::unbounded(i32::MAX, i32::MAX),
        );
        for len in [0, 1, 31, 32, 33, 511, 512, 513, 8_191, 8_192, 8_193] {
            let points: Vec<_> = (0..len)
                .map(|i| E7Point::unbounded(i * 7_919 % 1_000, i * 104_729 % 1_000))
                .collect();
            let index = index_of(&points);
            let expected: Vec<_> = std::iter::once(0..len.cast_unsigned())
                .filter(|range| !range.is_empty())
                .collect();
            assert_eq!(
                index.ranges(everything).collect::<Vec<_>>(),
                expected,
                "{len}"
            );
            assert_eq!(index.count(everything), points.len(), "{len}");
        }
    }
}

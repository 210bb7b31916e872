//! The answer to a rectangle, as ranges of slots.

use std::iter::FusedIterator;
use std::ops::Range;

use route_guide_geo::E7Rectangle;

use crate::format::layout::{BLOCK, FAN_OUT, MAX_LEVELS};
use crate::index::Index;
use crate::index::boxes;

/// The slots of an [`Index`] whose points lie in an area: ascending ranges, none empty, no two adjacent.
#[derive(Clone, Debug)]
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub(crate) struct Ranges<'a> {
    index: Index<'a>,
    walk: Walk,
}

impl<'a> Index<'a> {
    /// Returns the slots of all points in an area as ranges: ascending, none empty, no two adjacent.
    pub(crate) fn ranges(self, area: E7Rectangle) -> Ranges<'a> {
        let walk = Walk::new(&self, area);
        Ranges { index: self, walk }
    }

    /// Returns the number of points in an area, without reading those in boxes wholly inside.
    pub(crate) fn count(self, area: E7Rectangle) -> usize {
        self.ranges(area).map(|range| range.len()).sum()
    }
}

impl Iterator for Ranges<'_> {
    type Item = Range<u32>;

    fn next(&mut self) -> Option<Range<u32>> {
        self.walk.next(&self.index)
    }
}

impl FusedIterator for Ranges<'_> {}

/// A walk through the boxes of an index. It does not borrow the index: the caller passes the same one to each step.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    area: E7Rectangle,
    /// The current node of each level, from the root down.
    path: [Visit; MAX_LEVELS],
    depth: usize,
    /// The first slot of a block that the area cuts, and a bit for each hit that has not been returned.
    block_start: u32,
    block_hits: u32,
    /// The last range, which the next one may extend.
    pending: Range<u32>,
}

/// A visited node: its children that are left, and those of them that lie inside the area.
#[derive(Clone, Copy, Debug, Default)]
struct Visit {
    node: u32,
    touching: u32,
    inside: u32,
}

impl Walk {
    pub(crate) fn new(index: &Index<'_>, area: E7Rectangle) -> Self {
        let mut walk = Self {
            area,
            path: [Visit::default(); MAX_LEVELS],
            depth: 0,
            block_start: 0,
            block_hits: 0,
            pending: 0..0,
        };
        if index.levels.count() > 0 {
            walk.enter(index, 0);
        }
        walk
    }

    pub(crate) fn next(&mut self, index: &Index<'_>) -> Option<Range<u32>> {
        loop {
            match self.step(index) {
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

    /// Descends into a node of the level below.
    fn enter(&mut self, index: &Index<'_>, node: u32) {
        let level = index.levels.count() - 1 - self.depth;
        let children = index.levels.child_count(level, node as usize);
        let (touching, inside) =
            boxes::judge(index.node(level, node as usize), self.area, children);
        self.path[self.depth] = Visit {
            node,
            touching,
            inside,
        };
        self.depth += 1;
    }

    /// Returns the next range, which may be adjacent to the one before.
    fn step(&mut self, index: &Index<'_>) -> Option<Range<u32>> {
        loop {
            if self.block_hits != 0 {
                let run = boxes::take_run(&mut self.block_hits);
                return Some(self.block_start + run.start..self.block_start + run.end);
            }
            let visit = self.path.get_mut(self.depth.checked_sub(1)?)?;
            if visit.touching == 0 {
                self.depth -= 1;
                continue;
            }
            let bit = visit.touching & visit.touching.wrapping_neg();
            visit.touching ^= bit;
            let child = visit.node * FAN_OUT_U32 + bit.trailing_zeros();
            let level = index.levels.count() - self.depth;
            if visit.inside & bit != 0 {
                return Some(slots(index, level, child));
            }
            if level > 0 {
                self.enter(index, child);
            } else {
                let (lats, lons) = index.block(child as usize);
                self.block_hits = boxes::hits(lats, lons, self.area);
                self.block_start = slots(index, 0, child).start;
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "sixteen")]
const FAN_OUT_U32: u32 = FAN_OUT as u32;

/// Returns the slots below a box.
fn slots(index: &Index<'_>, level: usize, child: u32) -> Range<u32> {
    let span = BLOCK << (FAN_OUT.trailing_zeros() as usize * level);
    let start = child as usize * span;
    let end = (start + span).min(index.len());
    #[expect(
        clippy::cast_possible_truncation,
        reason = "an index has fewer than u32::MAX slots"
    )]
    let slots = start as u32..end as u32;
    slots
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use route_guide_geo::E7Point;

    use super::*;
    use crate::samples::{any_rectangle, image_of, points};

    fn check(points: &[E7Point], area: E7Rectangle) -> Result<(), TestCaseError> {
        let image = image_of(points);
        let index = Index::of(&image);
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
        /// The ranges hold exactly the slots of the points inside, and no two ranges are adjacent.
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
            let image = image_of(&points);
            let index = Index::of(&image);
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

//! The packed spatial index.

use std::fmt;

use route_guide_geo::{E7Point, E7Rectangle};

use crate::boxes::{self, BLOCK, FAN_OUT, Node};
use crate::hilbert;
use crate::lookup::PointTable;
use crate::nearest::{Neighbor, Search};
use crate::ranges::Ranges;

/// Points sorted along a Hilbert curve, with bounding boxes over blocks of them.
///
/// The place of a point in the sorted order is its *slot*; its place in the data set it came from is its *position*. An
/// answer to a rectangle is a few ranges of slots, because points that are close to each other are mostly close on the
/// curve too, and because a box that lies wholly inside the rectangle stands for all its points without a look at them.
///
/// Beside the eight bytes of a point's coordinates the boxes take half a byte a point, the table for exact look-up
/// eight, and, for a data set that is not in curve order itself, the permutation four.
///
/// # Examples
///
/// ```
/// use route_guide_geo::{E7Point, E7Rectangle};
/// use route_guide_store::PackedIndex;
///
/// let index = PackedIndex::new(&[50, 10, 30], &[50, 10, 30]);
/// let area = E7Rectangle::new(E7Point::new(0, 0)?, E7Point::new(30, 30)?);
/// assert_eq!(index.count(area), 2);
/// let mut positions: Vec<_> = index.ranges(area).flatten().filter_map(|slot| index.position(slot)).collect();
/// positions.sort();
/// assert_eq!(positions, [1, 2]);
/// # Ok::<(), route_guide_geo::OutOfRange>(())
/// ```
pub struct PackedIndex {
    pub(crate) lats: Vec<i32>,
    pub(crate) lons: Vec<i32>,
    /// Boxes from blocks upwards. A node of level 0 has the boxes of sixteen blocks, one of level 1 those of sixteen
    /// nodes of level 0, and so on; the last level is one node.
    pub(crate) levels: Vec<Vec<Node>>,
    /// The position of each slot, absent if they are all the same.
    positions: Option<Vec<u32>>,
    table: PointTable,
}

impl PackedIndex {
    /// Makes the index of the points with these latitudes and longitudes in E7 units.
    ///
    /// # Panics
    ///
    /// If the two slices are not of the same length, or longer than `u32::MAX`.
    #[must_use]
    pub fn new(lats: &[i32], lons: &[i32]) -> Self {
        assert_eq!(lats.len(), lons.len(), "each point has two coordinates");
        let order = curve_order(lats, lons);
        let gather = |from: &[i32]| {
            order
                .iter()
                .map(|&position| from[position as usize])
                .collect::<Vec<_>>()
        };
        let (lats, lons) = (gather(lats), gather(lons));
        let levels = levels(&lats, &lons);
        let table = PointTable::new(&lats, &lons);
        let in_data_set_order = order
            .iter()
            .zip(0..)
            .all(|(&position, slot)| position == slot);
        Self {
            lats,
            lons,
            levels,
            positions: (!in_data_set_order).then_some(order),
            table,
        }
    }

    /// Returns how many points there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.lats.len()
    }

    /// Tells whether there is no point at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.lats.is_empty()
    }

    /// Tells whether every slot is its own position, because the data set is in curve order.
    #[must_use]
    pub const fn keeps_order(&self) -> bool {
        self.positions.is_none()
    }

    /// Returns the point in a slot.
    #[must_use]
    pub fn point(&self, slot: u32) -> Option<E7Point> {
        let slot = slot as usize;
        Some(E7Point::unbounded(
            *self.lats.get(slot)?,
            *self.lons.get(slot)?,
        ))
    }

    /// Returns the data-set position of the point in a slot.
    #[must_use]
    pub fn position(&self, slot: u32) -> Option<u32> {
        match &self.positions {
            Some(positions) => positions.get(slot as usize).copied(),
            None => ((slot as usize) < self.len()).then_some(slot),
        }
    }

    /// Returns the slot of exactly this point, of several that with the first position.
    #[must_use]
    pub fn find(&self, at: E7Point) -> Option<u32> {
        self.table.find(at, &self.lats, &self.lons)
    }

    /// Returns the slots of all points in an area as ranges: ascending, none empty, no two adjacent.
    pub fn ranges(&self, area: E7Rectangle) -> Ranges<'_> {
        Ranges::new(self, area)
    }

    /// Returns how many points lie in an area, without a look at those in boxes wholly inside.
    #[must_use]
    pub fn count(&self, area: E7Rectangle) -> usize {
        self.ranges(area).map(|range| range.len()).sum()
    }

    /// Returns the point closest to `to` by great-circle distance, if it is at most `within_meters` away.
    ///
    /// Of points at the same distance it is the first in data-set order. Infinity lifts the limit. Across ±180° and
    /// around the poles distances are what they are on the globe.
    #[must_use]
    pub fn nearest(&self, to: E7Point, within_meters: f64) -> Option<Neighbor> {
        self.nearest_k(to, 1, within_meters).pop()
    }

    /// Returns up to `wanted` points closest to `to`, closest first, under the rules of [`nearest`](Self::nearest).
    #[must_use]
    pub fn nearest_k(&self, to: E7Point, wanted: usize, within_meters: f64) -> Vec<Neighbor> {
        Search::new(self, to, wanted, within_meters).run()
    }

    /// Returns how many boxes the nodes of a level have in all.
    pub(crate) fn box_count(&self, level: usize) -> usize {
        match level.checked_sub(1) {
            Some(below) => self.levels[below].len(),
            None => self.len().div_ceil(BLOCK),
        }
    }

    /// Returns how many boxes one node has.
    pub(crate) fn child_count(&self, level: usize, node: usize) -> usize {
        (self.box_count(level) - node * FAN_OUT).min(FAN_OUT)
    }

    /// Returns the coordinates of a block.
    pub(crate) fn block(&self, block: usize) -> (&[i32], &[i32]) {
        let start = block * BLOCK;
        let end = (start + BLOCK).min(self.len());
        (&self.lats[start..end], &self.lons[start..end])
    }
}

impl fmt::Debug for PackedIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PackedIndex")
            .field("len", &self.len())
            .field("levels", &self.levels.len())
            .field("keeps_order", &self.keeps_order())
            .finish_non_exhaustive()
    }
}

/// Returns the positions of all points in curve order, those at one point in data-set order.
fn curve_order(lats: &[i32], lons: &[i32]) -> Vec<u32> {
    assert!(
        u32::try_from(lats.len()).is_ok(),
        "positions are 32 bits wide"
    );
    // One wide integer compares without a branch, which makes sorting a third faster than a pair does.
    let mut keyed: Vec<u128> = lats
        .iter()
        .zip(lons)
        .zip(0_u32..)
        .map(|((&lat, &lon), position)| {
            u128::from(hilbert::key(lat, lon)) << 32 | u128::from(position)
        })
        .collect();
    keyed.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the position is in the low 32 bits"
    )]
    keyed.into_iter().map(|keyed| keyed as u32).collect()
}

/// Builds all levels of boxes over points in curve order.
fn levels(lats: &[i32], lons: &[i32]) -> Vec<Vec<Node>> {
    let blocks = lats.chunks(BLOCK).zip(lons.chunks(BLOCK));
    let mut levels = vec![Node::pack(
        blocks.map(|(lats, lons)| boxes::bounds(lats, lons)),
    )];
    while let Some(top) = levels.last().filter(|level| level.len() > 1) {
        let next = Node::pack(top.iter().map(Node::bounds));
        levels.push(next);
    }
    levels.retain(|level| !level.is_empty());
    levels
}

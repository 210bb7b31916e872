//! Exact look-up: which slot holds this point.

use route_guide_geo::E7Point;

/// A hash table of slots, open addressing with linear probing.
///
/// It keeps no coordinates of its own: a probe compares those of the slot. At eight bytes a point that is a third of a
/// map from points to slots, and an array of plain integers can lie in a file as it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cells<'a>(pub(crate) &'a [u32]);

/// What stands in a cell without a slot. There are fewer slots, so no slot has this number.
pub(crate) const FREE: u32 = u32::MAX;

/// How many cells there are for each point: half of them stay free, which keeps probes to one or two cells.
pub(crate) const CELLS_PER_POINT: usize = 2;

impl Cells<'_> {
    /// Returns the slot with exactly this point, the coordinates of the slots being `lats` and `lons`.
    pub(crate) fn find(self, at: E7Point, lats: &[i32], lons: &[i32]) -> Option<u32> {
        if self.0.is_empty() {
            return None;
        }
        let mut cell = home(at, self.0.len());
        loop {
            let slot = self.0[cell];
            if slot == FREE {
                return None;
            }
            if lats[slot as usize] == at.lat() && lons[slot as usize] == at.lon() {
                return Some(slot);
            }
            cell = after(cell, self.0.len());
        }
    }
}

impl Cells<'_> {
    /// Returns how many of some points are there.
    ///
    /// A search waits for memory twice: for its cell, and for the coordinates of the slot in it. Searching for several
    /// points side by side, the waits overlap.
    pub(crate) fn count(self, points: &[E7Point], lats: &[i32], lons: &[i32]) -> usize {
        const ABREAST: usize = 16;
        let Some(last) = lats.len().checked_sub(1) else {
            return 0;
        };
        let mut count = 0;
        for points in points.chunks(ABREAST) {
            let mut slots = [FREE; ABREAST];
            for (slot, &at) in slots.iter_mut().zip(points) {
                *slot = self.0[home(at, self.0.len())];
            }
            let mut others = 0_u32;
            for (index, (&slot, at)) in slots.iter().zip(points).enumerate() {
                // A free cell is compared with any slot, and does not count.
                let any = (slot as usize).min(last);
                let same = u32::from((lats[any] == at.lat()) & (lons[any] == at.lon()));
                let taken = u32::from(slot != FREE);
                count += (taken & same) as usize;
                others |= (taken & (same ^ 1)) << index;
            }
            while others != 0 {
                let at = points[others.trailing_zeros() as usize];
                count += usize::from(self.find(at, lats, lons).is_some());
                others &= others - 1;
            }
        }
        count
    }
}

/// Makes the table for points in curve order; of several at one place it holds the first.
pub(crate) fn table(points: impl ExactSizeIterator<Item = E7Point>) -> Vec<u32> {
    let mut cells = vec![FREE; points.len() * CELLS_PER_POINT];
    let mut last = None;
    for (point, slot) in points.zip(0..) {
        // In curve order equal points follow each other.
        if last.replace(point) == Some(point) {
            continue;
        }
        let mut cell = home(point, cells.len());
        while cells[cell] != FREE {
            cell = after(cell, cells.len());
        }
        cells[cell] = slot;
    }
    cells
}

/// Returns the cell, of so many, where the search for a point begins.
fn home(at: E7Point, cells: usize) -> usize {
    // 2⁶⁴ divided by the golden ratio, the usual multiplier, and another number without a pattern.
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    const SALT: u64 = 0xd1b5_4a32_d192_ed03;
    let point = u64::from(at.lat().cast_unsigned()) << 32 | u64::from(at.lon().cast_unsigned());
    // Folding the two halves of the product lets every bit of the point reach the top ones.
    let product = u128::from(point ^ SALT) * u128::from(MULTIPLIER);
    let hash = product >> 64 ^ product & u128::from(u64::MAX);
    // The top bits of hash × length are a number below the length, without a division.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "below the number of cells, which is a usize"
    )]
    let cell = ((hash * cells as u128) >> 64) as usize;
    cell
}

const fn after(cell: usize, cells: usize) -> usize {
    if cell + 1 == cells { 0 } else { cell + 1 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::{image_of, points};

    proptest! {
        /// Every point is found in the slot of its first position, and nothing is found where nothing is.
        #[test]
        fn look_up_agrees_with_a_scan(points in points(), lat: i32, lon: i32) {
            let image = image_of(&points);
            let absent = E7Point::unbounded(lat, lon);
            for &at in points.iter().take(100).chain([&absent]) {
                let expected = points.iter().position(|point| *point == at);
                let found = image.cells().find(at, image.lats(), image.lons());
                let position = found.and_then(|slot| image.index().position(slot));
                prop_assert_eq!(position.map(|position| position as usize), expected);
            }
            let asked: Vec<_> = points.iter().copied().chain([absent]).collect();
            let expected = points.len() + usize::from(points.contains(&absent));
            prop_assert_eq!(image.cells().count(&asked, image.lats(), image.lons()), expected);
        }
    }

    #[test]
    fn points_at_one_place_take_one_cell() {
        let cells = table([E7Point::unbounded(7, -7); 1_000].into_iter());
        let taken: Vec<_> = cells.iter().filter(|&&slot| slot != FREE).collect();
        assert_eq!(taken, [&0]);
    }

    #[test]
    fn points_on_a_grid_or_a_line_do_not_pile_up() {
        let check = |points: Vec<(i32, i32)>| {
            let points: Vec<_> = points
                .into_iter()
                .map(|(lat, lon)| E7Point::unbounded(lat, lon))
                .collect();
            let cells = table(points.iter().copied());
            let probes = |slot: usize| {
                let home = home(points[slot], cells.len());
                (0..cells.len())
                    .find(|step| cells[(home + step) % cells.len()] as usize == slot)
                    .unwrap()
                    + 1
            };
            let total: usize = (0..points.len()).map(probes).sum();
            // Half full, linear probing needs 1.5 probes for a hit with perfect hashing.
            assert!(
                total < points.len() * 2,
                "{total} probes for {} points",
                points.len()
            );
        };
        let side = 100;
        for scale in [1, 1_000, 1 << 16, 10_000_000] {
            check(
                (0..side * side)
                    .map(|i| (i / side * scale, i % side * scale))
                    .collect(),
            );
            check(
                (0..side * side)
                    .map(|i| (i * (scale / 50).max(1), 0))
                    .collect(),
            );
            check(
                (0..side * side)
                    .map(|i| (0, i * (scale / 50).max(1)))
                    .collect(),
            );
            check(
                (0..side * side)
                    .map(|i| (i * (scale / 50).max(1), i))
                    .collect(),
            );
        }
    }
}

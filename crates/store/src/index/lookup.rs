//! Exact look-up of a point.

use route_guide_geo::E7Point;

use crate::format::cell::{CELLS_PER_POINT, FREE, slot_bits};
use crate::format::image::Image;
use crate::format::section::Section;

/// A hash table of slots with open addressing and linear probing.
///
/// It holds no coordinates: a probe compares those of the slot. Eight bytes a point are a third of a map from points
/// to slots, and an array of integers can be mapped from a file. The bits of a cell that no slot needs hold a part of
/// the point's hash, the *tag*, so that most probes of other points end without reading coordinates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cells<'a> {
    cells: &'a [u32],
    /// The bits of a cell that hold its slot.
    slot_bits: u32,
}

impl<'a> Cells<'a> {
    pub(crate) fn of(image: &'a Image) -> Self {
        Self::new(bytemuck::cast_slice(image.section(Section::Find)))
    }

    const fn new(cells: &'a [u32]) -> Self {
        let slot_bits = slot_bits(cells.len() / CELLS_PER_POINT);
        Self { cells, slot_bits }
    }

    /// Returns the slot in a cell that is not free.
    const fn slot(self, content: u32) -> u32 {
        content & self.slot_bits
    }

    /// Returns the slot of a point. `lats` and `lons` are the coordinates by slot.
    pub(crate) fn find(self, at: E7Point, lats: &[i32], lons: &[i32]) -> Option<u32> {
        let mut probe = Probe::new(self, at)?;
        loop {
            let slot = probe.candidate(self)?;
            if is_at(slot, at, lats, lons) {
                return Some(slot);
            }
            probe.step(self);
        }
    }

    /// Returns the number of points that are in the table.
    ///
    /// A search waits for memory twice: for its cell, and for the coordinates of its slot. Searching for several
    /// points together overlaps the waits.
    pub(crate) fn count(self, points: &[E7Point], lats: &[i32], lons: &[i32]) -> usize {
        const ABREAST: usize = 32;
        let mut count = 0;
        for points in points.chunks(ABREAST) {
            // Load one cell for each point, without a branch that would wait for it.
            let mut probes = [Probe::default(); ABREAST];
            for (probe, &at) in probes.iter_mut().zip(points) {
                *probe = Probe::new(self, at).unwrap_or_default();
            }
            // Then find the candidate slots.
            let mut candidates = [(0, E7Point::default()); ABREAST];
            let mut found = 0;
            for (probe, &at) in probes.iter_mut().zip(points) {
                let candidate = probe.candidate(self);
                candidates[found] = (candidate.unwrap_or_default(), at);
                found += usize::from(candidate.is_some());
            }
            // Then compare their coordinates.
            let mut others = 0_u32;
            for (index, (slot, at)) in candidates[..found].iter().enumerate() {
                let same = is_at(*slot, *at, lats, lons);
                count += usize::from(same);
                others |= u32::from(!same) << index;
            }
            // A tag that matches by chance is rare.
            while others != 0 {
                let (_, at) = candidates[others.trailing_zeros() as usize];
                count += usize::from(self.find(at, lats, lons).is_some());
                others &= others - 1;
            }
        }
        count
    }
}

/// Returns whether a slot holds a point. A slot that is out of range does not: a mapped file can change after its
/// checks.
#[inline]
fn is_at(slot: u32, at: E7Point, lats: &[i32], lons: &[i32]) -> bool {
    let slot = slot as usize;
    match (lats.get(slot), lons.get(slot)) {
        (Some(&lat), Some(&lon)) => (lat == at.lat()) & (lon == at.lon()),
        _ => false,
    }
}

/// A search for a point, once around the table at most.
#[derive(Clone, Copy)]
struct Probe {
    home: usize,
    cell: usize,
    content: u32,
    tag: u32,
}

impl Default for Probe {
    /// Returns a search that has ended.
    fn default() -> Self {
        Self {
            home: 0,
            cell: 0,
            content: FREE,
            tag: 0,
        }
    }
}

impl Probe {
    /// Begins in the first cell of a point, `None` if the table is empty.
    fn new(cells: Cells<'_>, at: E7Point) -> Option<Self> {
        let hash = hash(at);
        let home = home(hash, cells.cells.len());
        Some(Self {
            home,
            cell: home,
            content: *cells.cells.get(home)?,
            tag: tag(hash, cells.slot_bits),
        })
    }

    /// Advances to a cell with the right tag and returns its slot.
    fn candidate(&mut self, cells: Cells<'_>) -> Option<u32> {
        while self.content != FREE {
            if self.content & !cells.slot_bits == self.tag {
                return Some(cells.slot(self.content));
            }
            self.step(cells);
        }
        None
    }

    fn step(&mut self, cells: Cells<'_>) {
        self.cell = after(self.cell, cells.cells.len());
        self.content = if self.cell == self.home {
            FREE
        } else {
            cells.cells[self.cell]
        };
    }
}

/// Makes the table of points in curve order. It holds the first of equal points.
pub(crate) fn table(points: impl ExactSizeIterator<Item = E7Point>) -> Vec<u32> {
    let mut cells = vec![FREE; points.len() * CELLS_PER_POINT];
    let slot_bits = slot_bits(points.len());
    let mut last = None;
    for (point, slot) in points.zip(0..) {
        // In curve order equal points are adjacent.
        if last.replace(point) == Some(point) {
            continue;
        }
        let hash = hash(point);
        let mut cell = home(hash, cells.len());
        while cells[cell] != FREE {
            cell = after(cell, cells.len());
        }
        cells[cell] = slot | tag(hash, slot_bits);
    }
    cells
}

/// Returns the tag of a hash. It has none of the bits that select the cell.
#[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
const fn tag(hash: u64, slot_bits: u32) -> u32 {
    hash as u32 & !slot_bits
}

fn hash(at: E7Point) -> u64 {
    // 2⁶⁴ divided by the golden ratio, the usual multiplier, and a random number.
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    const SALT: u64 = 0xd1b5_4a32_d192_ed03;
    let point = u64::from(at.lat().cast_unsigned()) << 32 | u64::from(at.lon().cast_unsigned());
    // Folding the halves of the product lets every bit of the point influence the top bits.
    let product = u128::from(point ^ SALT) * u128::from(MULTIPLIER);
    #[expect(clippy::cast_possible_truncation, reason = "both halves are 64 bits")]
    let hash = (product >> 64) as u64 ^ product as u64;
    hash
}

/// Returns the first cell for a hash.
fn home(hash: u64, cells: usize) -> usize {
    // The top bits of hash × length are below the length, without a division.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "below the number of cells, which is a usize"
    )]
    let cell = ((u128::from(hash) * cells as u128) >> 64) as usize;
    cell
}

const fn after(cell: usize, cells: usize) -> usize {
    if cell + 1 == cells { 0 } else { cell + 1 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::index::Index;
    use crate::samples::{image_of, points};

    proptest! {
        /// Every point is found in the slot of its first position, and absent points are not found.
        #[test]
        fn look_up_agrees_with_a_scan(points in points(), lat: i32, lon: i32) {
            let image = image_of(&points);
            let absent = E7Point::unbounded(lat, lon);
            for &at in points.iter().take(100).chain([&absent]) {
                let expected = points.iter().position(|point| *point == at);
                let found = Cells::of(&image).find(at, image.lats(), image.lons());
                let position = found.and_then(|slot| Index::of(&image).position(slot));
                prop_assert_eq!(position.map(|position| position as usize), expected);
            }
            let asked: Vec<_> = points.iter().copied().chain([absent]).collect();
            let expected = points.len() + usize::from(points.contains(&absent));
            prop_assert_eq!(Cells::of(&image).count(&asked, image.lats(), image.lons()), expected);
        }
    }

    #[test]
    fn points_at_one_place_take_one_cell() {
        let cells = table([E7Point::unbounded(7, -7); 1_000].into_iter());
        let taken = cells.iter().filter(|&&content| content != FREE);
        let slots: Vec<_> = taken
            .map(|&content| Cells::new(&cells).slot(content))
            .collect();
        assert_eq!(slots, [0]);
    }

    #[test]
    fn points_on_a_grid_or_a_line_do_not_pile_up() {
        let check = |points: Vec<(i32, i32)>| {
            let points: Vec<_> = points
                .into_iter()
                .map(|(lat, lon)| E7Point::unbounded(lat, lon))
                .collect();
            let cells = table(points.iter().copied());
            let table = Cells::new(&cells);
            // The number of cells read until the point is found, and of slots whose coordinates are compared.
            let (mut total, mut candidates) = (0, 0);
            for (slot, &point) in points.iter().enumerate() {
                let mut probe = Probe::new(table, point).unwrap();
                let first = probe.cell;
                while probe.candidate(table).unwrap() as usize != slot {
                    probe.step(table);
                    candidates += 1;
                }
                total += (probe.cell + cells.len() - first) % cells.len() + 1;
            }
            // With ten thousand slots, eighteen bits are left for the tag: false matches are rare.
            assert!(
                candidates <= points.len() / 1_000,
                "{candidates} tags in vain"
            );
            // In a half-full table, linear probing with perfect hashing needs 1.5 probes for a hit.
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

//! The numbers of the format, and the offset of each section as it follows from the number of features.

use std::ops::Range;

use crate::format::cell::CELLS_PER_POINT;
use crate::format::section::{LISTED, Section};

#[cfg(not(all(target_endian = "little", target_pointer_width = "64")))]
compile_error!(
    "snapshots are mapped as they lie: little-endian, and larger than 32 bits can address"
);

/// The version of the format that this crate reads and writes.
pub(crate) const VERSION: u32 = 1;

/// The length of the header.
pub(crate) const HEADER_BYTES: usize = 64;

/// The length of an entry of the section table.
pub(crate) const ENTRY_BYTES: usize = 32;

/// The offset of each section is a multiple of this: a cache line.
pub(crate) const ALIGNMENT: usize = 64;

/// The number of records between two offsets in `OFFS`.
pub(crate) const GROUP: usize = 8;

/// The number of bytes of `RECS` that share a checksum.
///
/// The system reads at least as much from a file. Smaller pages make every check dearer, larger ones the first look-up
/// in each.
pub(crate) const PAGE_BYTES: usize = 4096;

/// The number of points in a block, the smallest thing that has a box.
pub(crate) const BLOCK: usize = 32;

/// The number of boxes in a node.
pub(crate) const FAN_OUT: usize = 16;

/// The length of a node: four edges of each box.
const NODE_BYTES: usize = 4 * FAN_OUT * size_of::<i32>();

/// The greatest number of features: the greatest `u32` marks free cells, and every range of slots needs an end.
pub(crate) const MAX_LEN: usize = u32::MAX as usize - 1;

/// Levels of boxes over 2³² points in blocks of 2⁵ with a fan-out of 2⁴.
pub(crate) const MAX_LEVELS: usize = 7;

/// The ranges of all sections in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    len: usize,
    has_order: bool,
    /// By [`Section::index`].
    ranges: [Range<usize>; Section::COUNT],
    levels: Levels,
}

impl Layout {
    /// Lays out `len` features whose records take `records_bytes`. `None` if that is more than the format allows.
    pub(crate) fn new(len: usize, has_order: bool, records_bytes: usize) -> Option<Self> {
        if len > MAX_LEN {
            return None;
        }
        let levels = Levels::new(len);
        let mut ranges = [const { 0..0 }; Section::COUNT];
        let mut end = HEADER_BYTES + ENTRY_BYTES * sections(has_order).count();
        ranges[Section::Header.index()] = 0..HEADER_BYTES;
        ranges[Section::Table.index()] = HEADER_BYTES..end;
        for section in sections(has_order) {
            let bytes = match section {
                Section::Boxs => levels.node_count() * NODE_BYTES,
                Section::Find => len * CELLS_PER_POINT * size_of::<u32>(),
                Section::Offs => (len.div_ceil(GROUP) + 1) * size_of::<u64>(),
                Section::Recs => records_bytes,
                Section::Sums => records_bytes.div_ceil(PAGE_BYTES) * size_of::<u32>(),
                _ => len * size_of::<i32>(),
            };
            let start = end.checked_next_multiple_of(ALIGNMENT)?;
            end = start.checked_add(bytes)?;
            ranges[section.index()] = start..end;
        }
        // A slice cannot be longer.
        isize::try_from(end).is_ok().then_some(Self {
            len,
            has_order,
            ranges,
            levels,
        })
    }

    /// Returns how many features there are.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Returns whether there are positions: there are none if every slot is its own position.
    pub(crate) const fn has_order(&self) -> bool {
        self.has_order
    }

    /// Returns the range of a section in the file, empty if it is absent.
    pub(crate) const fn range(&self, section: Section) -> &Range<usize> {
        &self.ranges[section.index()]
    }

    /// Returns the listed sections in the order of the file.
    pub(crate) fn sections(&self) -> impl Iterator<Item = Section> + use<> {
        sections(self.has_order)
    }

    /// Returns the length of the file.
    pub(crate) const fn file_bytes(&self) -> usize {
        self.range(Section::Sums).end
    }

    pub(crate) const fn levels(&self) -> &Levels {
        &self.levels
    }
}

fn sections(has_order: bool) -> impl Iterator<Item = Section> {
    LISTED
        .into_iter()
        .filter(move |section| has_order || !section.is_of_order())
}

/// The levels of boxes, from blocks upwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Levels {
    /// The first node of each level, and after the last one the number of all nodes.
    starts: [u32; MAX_LEVELS + 1],
    /// The number of boxes over blocks.
    blocks: u32,
    count: u8,
}

impl Levels {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "there are fewer nodes than points, and at most seven levels"
    )]
    fn new(len: usize) -> Self {
        let blocks = len.div_ceil(BLOCK);
        let mut starts = [0; MAX_LEVELS + 1];
        let mut count = 0;
        let mut boxes = blocks;
        while boxes > 1 || (boxes == 1 && count == 0) {
            let nodes = boxes.div_ceil(FAN_OUT);
            starts[count + 1] = starts[count] + nodes as u32;
            count += 1;
            boxes = nodes;
        }
        Self {
            starts,
            blocks: blocks as u32,
            count: count as u8,
        }
    }

    /// Returns the number of levels, zero without points.
    pub(crate) const fn count(&self) -> usize {
        self.count as usize
    }

    /// Returns the number of nodes on all levels.
    pub(crate) const fn node_count(&self) -> usize {
        self.starts[self.count as usize] as usize
    }

    /// Returns the range of nodes of a level.
    pub(crate) const fn nodes(&self, level: usize) -> Range<usize> {
        self.starts[level] as usize..self.starts[level + 1] as usize
    }

    /// Returns the number of boxes that a node uses, sixteen but for the last of a level.
    pub(crate) fn child_count(&self, level: usize, node: usize) -> usize {
        let boxes = match level.checked_sub(1) {
            Some(below) => self.nodes(below).len(),
            None => self.blocks as usize,
        };
        boxes.saturating_sub(node * FAN_OUT).min(FAN_OUT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_takes_as_many_bytes_as_the_documentation_says() {
        let tenths = |has_order| {
            let (len, records) = (10_000_000, 600_000_000);
            let layout = Layout::new(len, has_order, records).unwrap();
            ((layout.file_bytes() - records) * 10).div_ceil(len)
        };
        assert_eq!((tenths(false), tenths(true)), (176, 296));
    }

    #[test]
    fn levels_follow_the_document() {
        let check = |len, nodes: &[usize]| {
            let levels = Levels::new(len);
            let found: Vec<_> = (0..levels.count())
                .map(|level| levels.nodes(level).len())
                .collect();
            assert_eq!(found, nodes, "{len}");
            assert_eq!(levels.node_count(), nodes.iter().sum::<usize>(), "{len}");
        };
        check(0, &[]);
        check(1, &[1]);
        check(512, &[1]);
        check(513, &[2, 1]);
        check(8_192, &[16, 1]);
        check(8_193, &[17, 2, 1]);
        check(MAX_LEN, &[8_388_608, 524_288, 32_768, 2_048, 128, 8, 1]);
    }

    #[test]
    fn only_the_last_node_of_a_level_has_fewer_than_sixteen_children() {
        let levels = Levels::new(32 * 16 * 16 + 1);
        let counts = |level| -> Vec<_> {
            let nodes = 0..levels.nodes(level).len();
            nodes.map(|node| levels.child_count(level, node)).collect()
        };
        assert_eq!(counts(0), [[16; 16].as_slice(), &[1]].concat());
        assert_eq!(counts(1), [16, 1]);
        assert_eq!(counts(2), [2]);
    }

    #[test]
    fn what_cannot_be_laid_out_is_refused() {
        assert!(Layout::new(MAX_LEN, true, 0).is_some());
        assert!(Layout::new(MAX_LEN + 1, true, 0).is_none());
        assert!(Layout::new(1, true, usize::MAX).is_none());
        assert!(Layout::new(1, true, isize::MAX as usize).is_none());
    }
}

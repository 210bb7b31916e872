//! The hits of a rectangle in data-set order.

use std::iter::Peekable;
use std::ops::Range;
use std::vec;

use route_guide_geo::E7Rectangle;

use crate::index::Index;
use crate::ranges::Walk;

/// The positions of the hits as runs: ascending, none empty, no two adjacent.
///
/// It does not borrow the index: each step is shown the same one again.
#[derive(Clone, Debug)]
pub(crate) enum Hits {
    /// The data set is in curve order: a walk through the index meets the hits in it.
    AsFound(Walk),
    /// Every feature.
    All(Range<u32>),
    /// A few hits, sorted.
    Sorted(Peekable<vec::IntoIter<u32>>),
    /// Many hits: a bit for each position of the data set, and where the next run is looked for.
    Marked { words: Vec<u64>, from: usize },
}

impl Hits {
    pub(crate) fn new(index: &Index<'_>, area: E7Rectangle) -> Self {
        let walk = Walk::new(index, area);
        if index.positions.is_none() {
            return Self::AsFound(walk);
        }
        let count = index.count(area);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "an index has fewer than u32::MAX slots"
        )]
        if count == index.len() {
            return Self::All(0..count as u32);
        }
        // Thirty-two hits in a list take as much memory as bits for a thousand positions. From there on marking also
        // takes less time than sorting, and whatever a client asks for, a bit for each feature is all it gets.
        let positions = index
            .ranges(area)
            .flatten()
            .filter_map(|slot| index.position(slot));
        if count.saturating_mul(32) < index.len() {
            Self::sorted(count, positions)
        } else {
            Self::marked(index.len(), positions)
        }
    }

    fn sorted(count: usize, positions: impl Iterator<Item = u32>) -> Self {
        let mut list = Vec::with_capacity(count);
        list.extend(positions);
        list.sort_unstable();
        Self::Sorted(list.into_iter().peekable())
    }

    fn marked(len: usize, positions: impl Iterator<Item = u32>) -> Self {
        let mut words = vec![0_u64; len.div_ceil(64)];
        for position in positions {
            words[position as usize / 64] |= 1 << (position % 64);
        }
        Self::Marked { words, from: 0 }
    }

    /// Returns the next run of positions.
    pub(crate) fn next_run(&mut self, index: &Index<'_>) -> Option<Range<u32>> {
        match self {
            Self::AsFound(walk) => walk.next(index),
            Self::All(rest) => Some(std::mem::take(rest)).filter(|all| !all.is_empty()),
            Self::Sorted(positions) => {
                let start = positions.next()?;
                let mut past = start + 1;
                while positions.next_if_eq(&past).is_some() {
                    past += 1;
                }
                Some(start..past)
            }
            Self::Marked { words, from } => {
                let start = next_bit(words, *from, 0)?;
                let past = next_bit(words, start, u64::MAX).unwrap_or(words.len() * 64);
                *from = past;
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "an index has fewer than u32::MAX slots"
                )]
                Some(start as u32..past as u32)
            }
        }
    }
}

/// Returns the first bit from `from` on that is set, or, with all bits in `flip`, that is not.
fn next_bit(words: &[u64], from: usize, flip: u64) -> Option<usize> {
    let mut index = from / 64;
    let mut word = (words.get(index)? ^ flip) & u64::MAX << (from % 64);
    while word == 0 {
        index += 1;
        word = words.get(index)? ^ flip;
    }
    Some(index * 64 + word.trailing_zeros() as usize)
}

//! The answer to a rectangle, as features in data-set order.

use std::fmt;
use std::iter::FusedIterator;
use std::ops::Range;
use std::vec;

use route_guide_geo::E7Rectangle;

use crate::feature::{Feature, Position};
use crate::index::PackedIndex;
use crate::ranges::Ranges;
use crate::store::Store;

/// The features of a [`Store`] in a rectangle, in data-set order.
#[derive(Clone)]
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct Query<'a> {
    store: &'a Store,
    hits: Hits<'a>,
}

/// The positions of the hits, ascending.
#[derive(Clone)]
enum Hits<'a> {
    /// The data set is in curve order: the index meets the hits in it.
    AsFound {
        ranges: Ranges<'a>,
        current: Range<u32>,
    },
    /// A few hits, sorted.
    Sorted(vec::IntoIter<u32>),
    /// Many hits: a bit for each position of the data set, and the word that is being read.
    Marked {
        words: vec::IntoIter<u64>,
        word: u64,
        word_start: u32,
    },
}

impl<'a> Query<'a> {
    pub(crate) fn new(store: &'a Store, index: &'a PackedIndex, area: E7Rectangle) -> Self {
        let ranges = index.ranges(area);
        let hits = if index.keeps_order() {
            Hits::AsFound {
                ranges,
                current: 0..0,
            }
        } else {
            // Thirty-two hits in a list take as much memory as bits for a thousand positions. From there on marking also
            // takes less time than sorting, and whatever a client asks for, a bit for each feature is all it gets.
            let count: usize = ranges.clone().map(|range| range.len()).sum();
            let positions = ranges.flatten().filter_map(|slot| index.position(slot));
            if count.saturating_mul(32) < index.len() {
                Hits::sorted(count, positions)
            } else {
                Hits::marked(index.len(), positions)
            }
        };
        Self { store, hits }
    }
}

impl Hits<'_> {
    fn sorted(count: usize, positions: impl Iterator<Item = u32>) -> Self {
        let mut list = Vec::with_capacity(count);
        list.extend(positions);
        list.sort_unstable();
        Self::Sorted(list.into_iter())
    }

    fn marked(len: usize, positions: impl Iterator<Item = u32>) -> Self {
        let mut words = vec![0_u64; len.div_ceil(64)];
        for position in positions {
            words[position as usize / 64] |= 1 << (position % 64);
        }
        let mut words = words.into_iter();
        let word = words.next().unwrap_or_default();
        Self::Marked {
            words,
            word,
            word_start: 0,
        }
    }
}

impl Iterator for Hits<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        match self {
            Self::AsFound { ranges, current } => loop {
                if let Some(position) = current.next() {
                    return Some(position);
                }
                *current = ranges.next()?;
            },
            Self::Sorted(positions) => positions.next(),
            Self::Marked {
                words,
                word,
                word_start,
            } => {
                while *word == 0 {
                    *word = words.next()?;
                    *word_start += 64;
                }
                let position = *word_start + word.trailing_zeros();
                *word &= *word - 1;
                Some(position)
            }
        }
    }
}

impl<'a> Iterator for Query<'a> {
    type Item = Feature<'a>;

    fn next(&mut self) -> Option<Feature<'a>> {
        self.store.feature(Position::new(self.hits.next()?))
    }
}

impl FusedIterator for Query<'_> {}

impl fmt::Debug for Query<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query")
            .field("store", self.store)
            .finish_non_exhaustive()
    }
}

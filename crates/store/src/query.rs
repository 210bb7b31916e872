//! The answer to a rectangle, as features.

use std::fmt;
use std::iter::FusedIterator;
use std::ops::Range;

use crate::feature::{Feature, Position};
use crate::format::error::CorruptRecord;
use crate::format::image::Image;
use crate::format::record;
use crate::format::region::Region;
use crate::index::Index;
use crate::index::hits::Hits;

/// The features of a [`Store`](crate::Store) in a rectangle, in data-set order.
///
/// A damaged record is an error and ends the iterator. It cannot occur in a store made in memory, nor in one that has
/// been [verified](crate::Store::verify).
#[derive(Clone)]
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct Query<'a> {
    index: Index<'a>,
    region: Region<'a>,
    hits: Hits,
    /// The rest of the current run, and the offset of its first record.
    run: Range<u32>,
    start: usize,
    /// Whether an error has ended the query.
    failed: bool,
}

impl<'a> Query<'a> {
    pub(crate) fn new(image: &'a Image, hits: Hits) -> Self {
        Self {
            index: Index::of(image),
            region: image.region(),
            hits,
            run: 0..0,
            start: 0,
            failed: false,
        }
    }

    /// Returns the next feature like [`next`](Self::next), but stops at each pause.
    ///
    /// `Ok(None)` is a pause: the search has run for about a tenth of a millisecond since the last one. A thread with
    /// other work should do it now.
    ///
    /// # Errors
    ///
    /// [`CorruptRecord`] if the record, or one stored shortly before it, is damaged.
    pub fn step(&mut self) -> Option<Result<Option<Feature<'a>>, CorruptRecord>> {
        if self.failed {
            return None;
        }
        let found = if let Some(position) = self.run.next() {
            self.read(position)
        } else {
            self.run = self.hits.next_run(&self.index)?;
            let Some(position) = self.run.next() else {
                return Some(Ok(None));
            };
            self.region.start(position as usize).and_then(|start| {
                self.start = start;
                self.read(position)
            })
        };
        self.failed = found.is_err();
        Some(found.map(Some))
    }

    fn read(&mut self, position: u32) -> Result<Feature<'a>, CorruptRecord> {
        let record = self.region.record_from(position as usize, self.start)?;
        let (location, name) = record::decode(record)
            .ok_or_else(|| self.region.corrupt(position as usize, self.start))?;
        self.start += record.len();
        Ok(Feature::new(location, name, Position::new(position)))
    }
}

impl<'a> Iterator for Query<'a> {
    type Item = Result<Feature<'a>, CorruptRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(found) = self.step()?.transpose() {
                return Some(found);
            }
        }
    }
}

impl FusedIterator for Query<'_> {}

impl fmt::Debug for Query<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query")
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use route_guide_geo::{E7Point, E7Rectangle};

    use crate::store::Store;

    /// A search in a large file blocked its thread until it found the first feature.
    #[test]
    fn a_query_stops_at_the_pauses_of_its_search() {
        // The points are not in curve order, and the area contains the second half.
        let side = |i| if i < 500 { i + 1_000 } else { i };
        let point = |i| E7Point::unbounded(side(i), side(i));
        let store = Store::from_features((0..1_000).map(|i| (point(i), "")));
        let area = E7Rectangle::new(point(500), point(999));
        let mut query = store.query(area);
        let steps: Result<Vec<_>, _> = std::iter::from_fn(|| query.step()).collect();
        let steps = steps.unwrap();
        assert!(steps[..7].iter().all(Option::is_none), "{steps:?}");
        let found: Vec<_> = steps.into_iter().flatten().collect();
        let expected: Result<Vec<_>, _> = store.query(area).collect();
        assert_eq!(found.len(), 500);
        assert_eq!(Ok(found), expected);
    }
}

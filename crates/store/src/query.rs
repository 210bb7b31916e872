//! The answer to a rectangle, as features.

use std::fmt;
use std::iter::FusedIterator;
use std::ops::Range;

use crate::feature::{Feature, Position};
use crate::hits::Hits;
use crate::image::Image;
use crate::index::Index;
use crate::record;
use crate::region::{CorruptRecord, Region};

/// The features of a [`Store`](crate::Store) in a rectangle, in data-set order.
///
/// Damage ends it; [`failure`](Self::failure) then says so. That cannot happen to a store made in memory, nor
/// to one that has been [verified](crate::Store::verify).
#[derive(Clone)]
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct Query<'a> {
    index: Index<'a>,
    region: Region<'a>,
    hits: Hits,
    /// The rest of the run that is being read, and where its first record begins.
    run: Range<u32>,
    start: usize,
    failure: Option<CorruptRecord>,
}

impl<'a> Query<'a> {
    pub(crate) fn new(image: &'a Image, hits: Hits) -> Self {
        Self {
            index: image.index(),
            region: image.region(),
            hits,
            run: 0..0,
            start: 0,
            failure: None,
        }
    }

    /// Returns the damage that ended the query before its last feature.
    #[must_use]
    pub const fn failure(&self) -> Option<CorruptRecord> {
        self.failure
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
    type Item = Feature<'a>;

    fn next(&mut self) -> Option<Feature<'a>> {
        if self.failure.is_some() {
            return None;
        }
        let feature = if let Some(position) = self.run.next() {
            self.read(position)
        } else {
            while self.run.is_empty() {
                self.run = self.hits.next_run(&self.index)?;
            }
            let position = self.run.next()?;
            self.region.start(position as usize).and_then(|start| {
                self.start = start;
                self.read(position)
            })
        };
        feature.map_err(|failure| self.failure = Some(failure)).ok()
    }
}

impl FusedIterator for Query<'_> {}

impl fmt::Debug for Query<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query")
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}

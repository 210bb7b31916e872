//! The feature set and its queries.

use std::fmt;

use bytes::Bytes;
use route_guide_geo::{E7Point, E7Rectangle};

use crate::check_records;
use crate::feature::{Feature, Nearby, Position};
use crate::format::error::{CorruptRecord, SnapshotError};
use crate::format::image::Image;
use crate::format::record;
use crate::index::Index;
use crate::index::hits::Hits;
use crate::index::lookup::Cells;
use crate::index::nearest::Search;
use crate::info::Info;
use crate::query::Query;
use crate::records::Records;

#[cfg(test)]
mod tests;

/// A set of named points, immutable, in the order of its data set.
///
/// Several features may lie at one point, and a feature may have no name.
pub struct Store {
    image: Image,
}

impl Store {
    /// Checks all records now: each has its checksum, decodes, and is where the index says.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] for the first that is wrong.
    pub fn verify(&self) -> Result<(), SnapshotError> {
        check_records::check(&self.image)
    }

    /// Describes the store and its sections, without reading the records.
    #[must_use]
    pub fn info(&self) -> Info {
        Info::new(self.image.header(), self.index().bounds())
    }

    pub(crate) const fn of(image: Image) -> Self {
        Self { image }
    }

    /// Returns the number of features.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.image.layout().len()
    }

    /// Returns whether there is no feature.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the data-set version, a hash that changes with anything in the data set.
    ///
    /// The same features in the same order always have the same version.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.image.header().version
    }

    /// Returns whether a feature lies at exactly this point.
    #[must_use]
    pub fn contains(&self, at: E7Point) -> bool {
        self.slot(at).is_some()
    }

    /// Returns the number of `points` at which there is a feature. Repeated points count each time.
    ///
    /// For many points this is faster than [`contains`](Self::contains) for each.
    #[must_use]
    pub fn count_at(&self, points: &[E7Point]) -> usize {
        let image = &self.image;
        Cells::of(image).count(points, image.lats(), image.lons())
    }

    /// Returns the feature at exactly this point, the first in data-set order if there are several.
    ///
    /// # Errors
    ///
    /// [`CorruptRecord`] if the record, or one stored shortly before it, is damaged.
    pub fn find(&self, at: E7Point) -> Result<Option<Feature<'_>>, CorruptRecord> {
        self.position(at)
            .map_or(Ok(None), |position| self.feature(Position::new(position)))
    }

    /// Returns the record of the feature that [`find`](Self::find) returns: the 5-byte gRPC prefix and the encoded
    /// `routeguide.Feature`, not copied.
    ///
    /// # Errors
    ///
    /// [`CorruptRecord`] if the record, or one stored shortly before it, is damaged.
    pub fn find_record(&self, at: E7Point) -> Result<Option<Bytes>, CorruptRecord> {
        let Some(position) = self.position(at) else {
            return Ok(None);
        };
        let range = self.image.region().range(position as usize)?;
        Ok(Some(self.image.records(range)))
    }

    /// Returns the features inside a rectangle or on its edges, in data-set order, named or not.
    ///
    /// In [`Order::Spatial`](crate::Order::Spatial) the time is proportional to the number of features returned. In
    /// another order a large answer takes about ten milliseconds more for each ten million features of the data set.
    pub fn query(&self, area: E7Rectangle) -> Query<'_> {
        Query::new(&self.image, Hits::new(&self.index(), area))
    }

    /// Returns the records of the features that [`query`](Self::query) returns, as pieces of bytes.
    ///
    /// The iterator owns a reference to the data and borrows nothing.
    pub fn records(&self, area: E7Rectangle) -> Records {
        Records::new(&self.image, area)
    }

    /// Returns the number of features that [`query`](Self::query) would return, without reading most of them.
    #[must_use]
    pub fn count(&self, area: E7Rectangle) -> usize {
        self.index().count(area)
    }

    /// Returns the feature closest to a point by great-circle distance, if one is at most `within_meters` away.
    ///
    /// Of equally close features it is the first in data-set order. Infinity means no limit. Distances are measured
    /// across ±180° and over the poles.
    ///
    /// # Examples
    ///
    /// ```
    /// use route_guide_store::Store;
    ///
    /// let store = Store::from_features([("40.7838351,-74.6143763".parse()?, "Patriots Path")]);
    /// let nearby = store.nearest("40.7838,-74.6144".parse()?, 100.0)?.expect("a path in Mendham");
    /// assert_eq!(nearby.feature().name(), "Patriots Path");
    /// assert_eq!(nearby.distance_meters().round(), 4.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`CorruptRecord`] if the record of the feature is damaged.
    pub fn nearest(
        &self,
        to: E7Point,
        within_meters: f64,
    ) -> Result<Option<Nearby<'_>>, CorruptRecord> {
        Ok(self.nearest_k(to, 1, within_meters)?.pop())
    }

    /// Returns up to `wanted` features closest to a point, closest first, none more than `within_meters` away.
    ///
    /// Time and memory depend on the number of features returned, not on `wanted` or the distance.
    ///
    /// # Errors
    ///
    /// [`CorruptRecord`] if the record of one of the features is damaged.
    pub fn nearest_k(
        &self,
        to: E7Point,
        wanted: usize,
        within_meters: f64,
    ) -> Result<Vec<Nearby<'_>>, CorruptRecord> {
        let mut nearby = Vec::new();
        for neighbor in Search::new(self.index(), to, wanted, within_meters).run() {
            let feature = self.feature(Position::new(neighbor.position))?;
            nearby.extend(feature.map(|feature| Nearby::new(feature, neighbor.distance_meters)));
        }
        Ok(nearby)
    }

    /// Returns the feature at a position, `None` if there are not so many.
    ///
    /// # Errors
    ///
    /// [`CorruptRecord`] if the record, or one stored shortly before it, is damaged.
    pub fn feature(&self, position: Position) -> Result<Option<Feature<'_>>, CorruptRecord> {
        if position.index() >= self.len() {
            return Ok(None);
        }
        let region = self.image.region();
        let range = region.range(position.index())?;
        let (location, name) = record::decode(&region.records[range.clone()])
            .ok_or_else(|| region.corrupt(position.index(), range.start))?;
        Ok(Some(Feature::new(location, name, position)))
    }

    /// Returns all features in data-set order.
    pub fn features(&self) -> Query<'_> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a store has fewer than u32::MAX features"
        )]
        Query::new(&self.image, Hits::All(0..self.len() as u32))
    }

    fn index(&self) -> Index<'_> {
        Index::of(&self.image)
    }

    fn slot(&self, at: E7Point) -> Option<u32> {
        let image = &self.image;
        Cells::of(image).find(at, image.lats(), image.lons())
    }

    /// Returns the position of the first feature at a point.
    fn position(&self, at: E7Point) -> Option<u32> {
        let slot = self.slot(at)?;
        self.index().position(slot)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("image", &self.image).finish()
    }
}

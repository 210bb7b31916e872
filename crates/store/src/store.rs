//! The feature set and its two questions.

use std::fmt;
use std::path::Path;

use bytes::Bytes;
use route_guide_geo::{E7Point, E7Rectangle};

use crate::builder::{Builder, Order};
use crate::check;
use crate::fault::SnapshotError;
use crate::feature::{Feature, Nearby, Position};
use crate::hits::Hits;
use crate::image::Image;
use crate::info::Info;
use crate::nearest::{Neighbor, Search};
use crate::open::{self, OpenError};
use crate::query::Query;
use crate::record;
use crate::records::Records;
use crate::region::CorruptRecord;
use crate::verify;

#[cfg(test)]
mod tests;

/// A set of named points, immutable, in the order of its data set.
///
/// Several features may lie at one point, and a feature may have no name.
pub struct Store {
    image: Image,
}

impl Store {
    /// Makes a store of points with their names, in this order.
    ///
    /// # Panics
    ///
    /// If there are more than 2³² − 2 features, or a name is longer than 2 GiB.
    ///
    /// # Examples
    ///
    /// ```
    /// use route_guide_geo::E7Point;
    /// use route_guide_store::Store;
    ///
    /// let store = Store::from_features([(E7Point::default(), "here"), (E7Point::default(), "here, too")]);
    /// assert_eq!(store.find(E7Point::default()).map(|feature| feature.name()), Some("here"));
    /// ```
    pub fn from_features<N: AsRef<str>>(features: impl IntoIterator<Item = (E7Point, N)>) -> Self {
        let mut builder = Builder::new();
        for (location, name) in features {
            builder
                .push(location, name.as_ref())
                .expect("so many features, or so long a name, is documented to panic");
        }
        builder.into_store(Order::Input)
    }

    /// Opens a snapshot file, mapping it into memory.
    ///
    /// All of it but the records is read and checked, which takes a few milliseconds for a million features; pages that
    /// are used are shared with other processes that have opened the same file.
    ///
    /// The file must not be changed while it is open. To replace it, give another file its name, as
    /// [`Builder::write`] does: this store then still has the old one. Truncating it ends the process.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if the file cannot be mapped, or is not a sound snapshot.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        open::open(path)
    }

    /// Opens a snapshot that is in memory.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] if it is not sound.
    pub fn from_snapshot(bytes: Bytes) -> Result<Self, SnapshotError> {
        check::image(bytes).map(Self::of)
    }

    /// Reads all records and checks them too: they are as they were written, each decodes, and is at its place.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] at the first that is not.
    pub fn verify(&self) -> Result<(), SnapshotError> {
        verify::verify(&self.image)
    }

    /// Returns what is in the store, section by section, without reading the records.
    #[must_use]
    pub fn info(&self) -> Info {
        Info::of(&self.image)
    }

    pub(crate) const fn of(image: Image) -> Self {
        Self { image }
    }

    /// Returns how many features there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.image.layout().len()
    }

    /// Tells whether there is no feature at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the data-set version: a number that is another one if anything in the data set is different.
    ///
    /// The same features in the same order have the same version wherever and whenever they are loaded, but for a
    /// snapshot in an older format, which keeps the version that it was written with.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.image.version()
    }

    /// Tells whether a feature lies at exactly this point.
    #[must_use]
    pub fn contains(&self, at: E7Point) -> bool {
        self.slot(at).is_some()
    }

    /// Returns at how many of these points there is a feature; a point that is given twice counts twice.
    ///
    /// For many points this takes less time than asking for them one by one.
    #[must_use]
    pub fn count_at(&self, points: &[E7Point]) -> usize {
        let image = &self.image;
        image.cells().count(points, image.lats(), image.lons())
    }

    /// Returns the feature at exactly this point, the first in data-set order if there are several.
    ///
    /// A damaged record counts as no feature here; [`find_record`](Self::find_record) tells them apart.
    #[must_use]
    pub fn find(&self, at: E7Point) -> Option<Feature<'_>> {
        self.feature(Position::new(self.position(at)?))
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
        let range = self.image.region().range(position..position + 1)?;
        Ok(Some(self.image.records(range)))
    }

    /// Returns the features inside a rectangle or on its edges, in data-set order, named or not.
    ///
    /// Unless the data set is in [`Order::Spatial`], this takes time in proportion to the answer; the iterator then takes
    /// the same small time for each feature.
    pub fn query(&self, area: E7Rectangle) -> Query<'_> {
        Query::new(&self.image, Hits::new(&self.image.index(), area))
    }

    /// Returns the records of the features that [`query`](Self::query) returns, as runs of bytes.
    ///
    /// The iterator keeps the data alive and borrows nothing.
    pub fn records(&self, area: E7Rectangle) -> Records {
        Records::new(&self.image, area)
    }

    /// Returns how many features [`query`](Self::query) would return, without a look at most of them.
    #[must_use]
    pub fn count(&self, area: E7Rectangle) -> usize {
        self.image.index().count(area)
    }

    /// Returns the feature closest to a point by great-circle distance, if one is at most `within_meters` away.
    ///
    /// Of features equally close it is the first in data-set order. Infinity lifts the limit. Across ±180° and around
    /// the poles distances are what they are on the globe.
    ///
    /// # Examples
    ///
    /// ```
    /// use route_guide_store::Store;
    ///
    /// let store = Store::from_features([("40.7838351,-74.6143763".parse()?, "Patriots Path")]);
    /// let nearby = store.nearest("40.7838,-74.6144".parse()?, 100.0).expect("a path in Mendham");
    /// assert_eq!(nearby.feature().name(), "Patriots Path");
    /// assert_eq!(nearby.distance_meters().round(), 4.0);
    /// # Ok::<(), route_guide_geo::ParseError>(())
    /// ```
    #[must_use]
    pub fn nearest(&self, to: E7Point, within_meters: f64) -> Option<Nearby<'_>> {
        self.nearest_k(to, 1, within_meters).pop()
    }

    /// Returns up to `wanted` features closest to a point, closest first, none more than `within_meters` away.
    ///
    /// Time and memory follow the number of features returned, not `wanted` and not the distance.
    #[must_use]
    pub fn nearest_k(&self, to: E7Point, wanted: usize, within_meters: f64) -> Vec<Nearby<'_>> {
        let found = Search::new(self.image.index(), to, wanted, within_meters).run();
        found
            .iter()
            .filter_map(|neighbor| self.nearby(neighbor))
            .collect()
    }

    fn nearby(&self, neighbor: &Neighbor) -> Option<Nearby<'_>> {
        let feature = self.feature(Position::new(neighbor.position))?;
        Some(Nearby::new(feature, neighbor.distance_meters))
    }

    /// Returns the feature at a place of the data set, `None` if the data set is shorter or the record damaged.
    #[must_use]
    pub fn feature(&self, position: Position) -> Option<Feature<'_>> {
        if position.index() >= self.len() {
            return None;
        }
        let record = self.image.region().record(position.index()).ok()?;
        let (location, name) = record::decode(record)?;
        Some(Feature::new(location, name, position))
    }

    /// Returns all features in data-set order.
    pub fn features(&self) -> Query<'_> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a store has fewer than u32::MAX features"
        )]
        Query::new(&self.image, Hits::All(0..self.len() as u32))
    }

    fn slot(&self, at: E7Point) -> Option<u32> {
        let image = &self.image;
        image.cells().find(at, image.lats(), image.lons())
    }

    /// Returns the position of the first feature at a point.
    fn position(&self, at: E7Point) -> Option<u32> {
        let slot = self.slot(at)?;
        self.image.index().position(slot)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("image", &self.image).finish()
    }
}

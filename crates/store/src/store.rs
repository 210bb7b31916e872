//! The feature set and its two questions.

use std::collections::HashMap;
use std::fmt;
use std::iter::FusedIterator;
use std::path::Path;

use route_guide_geo::{E7Point, E7Rectangle};

use crate::builder::Builder;
use crate::feature::{Feature, Position};
use crate::load::{self, LoadError};
use crate::names::Names;

/// A set of named points, immutable, in the order of its data set.
///
/// Several features may lie at one point, and a feature may have no name.
pub struct Store {
    lats: Vec<i32>,
    lons: Vec<i32>,
    names: Names,
    first_at: HashMap<E7Point, Position>,
}

impl Store {
    /// Returns the 100 places of the published `RouteGuide` example, which are part of the program.
    #[must_use]
    #[expect(
        clippy::missing_panics_doc,
        reason = "tests load the embedded data set"
    )]
    pub fn published() -> Self {
        let json = include_str!("../../../data/route_guide_db.json");
        load::read_json(Path::new("route_guide_db.json"), json.as_bytes())
            .expect("the embedded data set is loaded by this crate's own tests")
    }

    /// Makes a store of points with their names, in this order.
    ///
    /// # Panics
    ///
    /// If there are more than `u32::MAX` features.
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
        let mut builder = Builder::default();
        for (location, name) in features {
            builder.names.write(name.as_ref());
            builder
                .push(location)
                .expect("so many features are documented to panic");
        }
        Self::new(builder)
    }

    /// Loads a JSON file, all of it or nothing.
    ///
    /// Both published shapes are read: an array of entries, and an object with such an array as `"feature"`. An entry
    /// is `{"location": {"latitude": 407838351, "longitude": -746143763}, "name": "…"}` with coordinates in E7. As in
    /// protobuf's JSON, whatever is absent or `null` is 0 or empty, a coordinate may also be written as a string, and
    /// unlike there, unknown fields are skipped, so that files with more in them load. A byte order mark is skipped too.
    ///
    /// # Errors
    ///
    /// [`LoadError`] if the file cannot be read, is not JSON, has another shape, or has a coordinate that is not a whole
    /// number or is off the globe. Its message is one line that names file, position, entry and value.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        load::read_file(path)
    }

    pub(crate) fn new(builder: Builder) -> Self {
        let Builder {
            mut lats,
            mut lons,
            mut names,
        } = builder;
        lats.shrink_to_fit();
        lons.shrink_to_fit();
        names.shrink_to_fit();
        let mut first_at = HashMap::with_capacity(lats.len());
        for ((&lat, &lon), position) in lats.iter().zip(&lons).zip(0..) {
            first_at
                .entry(E7Point::unbounded(lat, lon))
                .or_insert(Position::new(position));
        }
        Self {
            lats,
            lons,
            names,
            first_at,
        }
    }

    /// Returns how many features there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.lats.len()
    }

    /// Tells whether there is no feature at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.lats.is_empty()
    }

    /// Returns the feature at exactly this point, the first in data-set order if there are several.
    #[must_use]
    pub fn find(&self, at: E7Point) -> Option<Feature<'_>> {
        self.feature(*self.first_at.get(&at)?)
    }

    /// Returns the features inside a rectangle or on its edges, in data-set order, named or not.
    pub const fn query(&self, area: E7Rectangle) -> Query<'_> {
        Query {
            store: self,
            area,
            next: 0,
        }
    }

    /// Returns the feature at a place of the data set, `None` if the data set is shorter.
    #[must_use]
    pub fn feature(&self, position: Position) -> Option<Feature<'_>> {
        let index = position.index();
        let location = E7Point::unbounded(*self.lats.get(index)?, *self.lons.get(index)?);
        Some(Feature::new(location, self.names.get(index)?, position))
    }

    /// Returns all features in data-set order.
    pub fn features(&self) -> impl Iterator<Item = Feature<'_>> + Send {
        (0..).map_while(|index| self.feature(Position::new(index)))
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// The features of a [`Store`] in a rectangle, in data-set order.
#[derive(Clone, Debug)]
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct Query<'a> {
    store: &'a Store,
    area: E7Rectangle,
    next: u32,
}

impl<'a> Iterator for Query<'a> {
    type Item = Feature<'a>;

    fn next(&mut self) -> Option<Feature<'a>> {
        loop {
            let feature = self.store.feature(Position::new(self.next))?;
            self.next += 1;
            if self.area.contains(feature.location()) {
                return Some(feature);
            }
        }
    }
}

impl FusedIterator for Query<'_> {}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use route_guide_geo::Track;

    use super::*;

    #[test]
    fn the_published_places_are_a_hundred_and_36_have_no_name() {
        let store = Store::published();
        assert_eq!((store.len(), store.is_empty()), (100, false));
        assert_eq!(store.features().count(), 100);
        assert_eq!(
            store
                .features()
                .filter(|feature| feature.name().is_empty())
                .count(),
            36
        );
        let first = store.feature(Position::new(0)).unwrap();
        assert_eq!(first.name(), "Patriots Path, Mendham, NJ 07945, USA");
        assert_eq!(first.location().e7().to_string(), "407838351,-746143763");
        let last = store.feature(Position::new(99)).unwrap();
        assert_eq!(last.name(), "3 Hasta Way, Newton, NJ 07860, USA");
        assert_eq!(store.feature(Position::new(100)), None);
    }

    #[test]
    fn every_published_place_is_found_at_its_point() {
        let store = Store::published();
        for feature in store.features() {
            assert_eq!(store.find(feature.location()), Some(feature));
        }
        assert_eq!(store.find(E7Point::default()), None);
    }

    #[test]
    fn the_tutorials_rectangle_holds_all_published_places_in_order() {
        let store = Store::published();
        let found: Vec<_> = store
            .query("42,-73:40,-75".parse().unwrap())
            .map(|hit| hit.position().get())
            .collect();
        assert_eq!(found, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn tracks_over_the_published_places_have_the_published_length() {
        let store = Store::published();
        // Measured on the published servers.
        let all: Track = store.features().map(|feature| feature.location()).collect();
        assert_eq!((all.point_count(), all.whole_meters()), (100, 7_494_392));
        let unnamed: Track = store
            .features()
            .filter(|feature| feature.name().is_empty())
            .map(|feature| feature.location())
            .collect();
        assert_eq!(
            (unnamed.point_count(), unnamed.whole_meters()),
            (36, 2_588_654)
        );
    }

    #[test]
    fn an_empty_store_answers_nothing() {
        let store = Store::from_features(std::iter::empty::<(E7Point, &str)>());
        assert!(store.is_empty());
        assert_eq!(store.find(E7Point::default()), None);
        assert_eq!(store.query("-90,-180:90,180".parse().unwrap()).count(), 0);
    }

    #[test]
    fn points_off_the_globe_are_answered_like_any_other() {
        let nowhere = E7Point::unbounded(i32::MIN, i32::MAX);
        let store = Store::from_features([(nowhere, "nowhere")]);
        assert_eq!(store.find(nowhere).unwrap().name(), "nowhere");
        let everything = E7Rectangle::new(nowhere, E7Point::unbounded(i32::MAX, i32::MIN));
        assert_eq!(store.query(everything).count(), 1);
    }

    #[test]
    fn a_query_can_cross_threads() {
        fn check<T: Send + Sync>(_: &T) {}
        let store = Store::published();
        check(&store);
        check(&store.query(E7Rectangle::default()));
    }

    /// Few distinct coordinates, so that several features share a point and edges are hit.
    fn crowded_point() -> impl Strategy<Value = E7Point> {
        (-4_i32..=4, -4_i32..=4).prop_map(|(lat, lon)| E7Point::unbounded(lat, lon))
    }

    fn any_point() -> impl Strategy<Value = E7Point> {
        (any::<i32>(), any::<i32>()).prop_map(|(lat, lon)| E7Point::unbounded(lat, lon))
    }

    fn check_against_scan(
        points: &[E7Point],
        corners: [E7Point; 2],
        at: E7Point,
    ) -> Result<(), TestCaseError> {
        let named: Vec<_> = points
            .iter()
            .enumerate()
            .map(|(index, &point)| (point, index.to_string()))
            .collect();
        let store = Store::from_features(named.clone());
        let [a, b] = corners;
        let inside = |p: &E7Point| {
            (a.lat().min(b.lat())..=a.lat().max(b.lat())).contains(&p.lat())
                && (a.lon().min(b.lon())..=a.lon().max(b.lon())).contains(&p.lon())
        };
        let expected: Vec<_> = named
            .iter()
            .filter(|(point, _)| inside(point))
            .cloned()
            .collect();
        let found: Vec<_> = store
            .query(E7Rectangle::new(a, b))
            .map(|hit| (hit.location(), hit.name().to_owned()))
            .collect();
        prop_assert_eq!(found, expected);
        let first = named
            .iter()
            .find(|(point, _)| *point == at)
            .map(|(_, name)| name.as_str());
        prop_assert_eq!(store.find(at).map(|hit| hit.name()), first);
        Ok(())
    }

    proptest! {
        /// A query answers what a scan by definition answers, and a look-up the first match of one.
        #[test]
        fn answers_agree_with_a_scan_of_crowded_points(
            points in vec(crowded_point(), 0..200),
            corners in prop::array::uniform2(crowded_point()),
            at in crowded_point(),
        ) {
            check_against_scan(&points, corners, at)?;
        }

        /// The same for points anywhere, on the globe and off it.
        #[test]
        fn answers_agree_with_a_scan_of_scattered_points(
            points in vec(any_point(), 1..200),
            corners in prop::array::uniform2(any_point()),
            pick: prop::sample::Index,
        ) {
            check_against_scan(&points, corners, points[pick.index(points.len())])?;
        }
    }
}

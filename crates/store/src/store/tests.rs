use proptest::prelude::*;
use route_guide_geo::{Track, haversine_meters};

use super::*;
use crate::samples::{any_rectangle, place, points, published};

#[test]
fn the_published_places_are_a_hundred_and_36_have_no_name() {
    let store = published();
    assert_eq!((store.len(), store.is_empty()), (100, false));
    assert_eq!(store.features().count(), 100);
    assert_eq!(
        store
            .features()
            .map(Result::unwrap)
            .filter(|feature| feature.name().is_empty())
            .count(),
        36
    );
    let first = store.feature(Position::new(0)).unwrap().unwrap();
    assert_eq!(first.name(), "Patriots Path, Mendham, NJ 07945, USA");
    assert_eq!(first.location().e7().to_string(), "407838351,-746143763");
    let last = store.feature(Position::new(99)).unwrap().unwrap();
    assert_eq!(last.name(), "3 Hasta Way, Newton, NJ 07860, USA");
    assert_eq!(store.feature(Position::new(100)), Ok(None));
}

#[test]
fn every_published_place_is_found_at_its_point() {
    let store = published();
    for feature in store.features().map(Result::unwrap) {
        assert_eq!(store.find(feature.location()), Ok(Some(feature)));
    }
    assert_eq!(store.find(E7Point::default()), Ok(None));
}

#[test]
fn the_tutorials_rectangle_holds_all_published_places_in_order() {
    let store = published();
    let found: Vec<_> = store
        .query("42,-73:40,-75".parse().unwrap())
        .map(|hit| hit.unwrap().position().get())
        .collect();
    assert_eq!(found, (0..100).collect::<Vec<_>>());
}

#[test]
fn tracks_over_the_published_places_have_the_published_length() {
    let store = published();
    // Measured on the published servers.
    let features = || store.features().map(Result::unwrap);
    let all: Track = features().map(|feature| feature.location()).collect();
    assert_eq!((all.point_count(), all.whole_meters()), (100, 7_494_392));
    let unnamed: Track = features()
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
    assert_eq!(store.find(E7Point::default()), Ok(None));
    assert_eq!(store.query("-90,-180:90,180".parse().unwrap()).count(), 0);
}

#[test]
fn points_off_the_globe_are_answered_like_any_other() {
    let nowhere = E7Point::unbounded(i32::MIN, i32::MAX);
    let store = Store::from_features([(nowhere, "nowhere")]);
    assert_eq!(store.find(nowhere).unwrap().unwrap().name(), "nowhere");
    let everything = E7Rectangle::new(nowhere, E7Point::unbounded(i32::MAX, i32::MIN));
    assert_eq!(store.query(everything).count(), 1);
}

#[test]
fn a_query_can_cross_threads() {
    fn check<T: Send + Sync>(_: &T) {}
    let store = published();
    check(&store);
    check(&store.query(E7Rectangle::default()));
}

proptest! {
    /// The index is only an optimisation: a query answers what a scan by definition answers, in the same order, and
    /// a look-up the first match of one. Data sets in curve order take a path of their own.
    #[test]
    fn answers_agree_with_a_scan(
        (points, area, at) in points().prop_flat_map(|points| {
            let (area, at) = (any_rectangle(&points), place());
            (Just(points), area, at)
        }),
        in_curve_order: bool,
        pick in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut points = points;
        if in_curve_order {
            points.sort_by_key(|point| crate::index::hilbert::key(point.lat(), point.lon()));
        }
        let named: Vec<_> = points.iter().enumerate().map(|(index, &point)| (point, index.to_string())).collect();
        let store = Store::from_features(named.clone());
        prop_assert!(store.image.positions().is_none() || !in_curve_order);

        let named_at = |hit: Result<Feature<'_>, CorruptRecord>| hit.map(|hit| (hit.location(), hit.name().to_owned()));
        let all: Result<Vec<_>, _> = store.features().map(named_at).collect();
        prop_assert_eq!(all.as_ref(), Ok(&named));

        let (lo, hi) = (area.lo(), area.hi());
        let inside = |p: &E7Point| {
            lo.lat() <= p.lat() && p.lat() <= hi.lat() && lo.lon() <= p.lon() && p.lon() <= hi.lon()
        };
        let expected: Vec<_> = named.iter().filter(|(point, _)| inside(point)).cloned().collect();
        let found: Result<Vec<_>, _> = store.query(area).map(named_at).collect();
        prop_assert_eq!(store.count(area), expected.len());
        prop_assert_eq!(found, Ok(expected));

        let at = pick.filter(|_| !points.is_empty()).map_or(at, |pick| points[pick.index(points.len())]);
        let first = named.iter().find(|(point, _)| *point == at).map(|(_, name)| name.as_str());
        prop_assert_eq!(store.find(at).unwrap().map(|hit| hit.name()), first);
    }
}

#[test]
fn a_query_that_hits_few_of_many_and_one_that_hits_most_keep_the_order() {
    let point = |i: i32| E7Point::unbounded(i * 7_919 % 1_000, i * 104_729 % 1_000);
    let store = Store::from_features((0..5_000).map(|i| (point(i), "")));
    assert!(store.image.positions().is_some());
    let check = |corner| {
        let area = E7Rectangle::new(E7Point::default(), E7Point::unbounded(corner, corner));
        let expected: Vec<_> = (0..5_000).filter(|&i| area.contains(point(i))).collect();
        let found: Vec<_> = store
            .query(area)
            .map(|hit| hit.unwrap().position().get().cast_signed())
            .collect();
        assert_eq!(found, expected, "{corner}");
    };
    for corner in [0, 10, 50, 150, 200, 900, 1_000] {
        check(corner);
    }
}

#[test]
fn the_closest_features_come_with_their_distance() {
    let store = published();
    let from = store.feature(Position::new(7)).unwrap().unwrap().location();
    let found = store.nearest_k(from, 3, f64::INFINITY).unwrap();
    assert_eq!(found.len(), 3);
    assert_eq!(
        (
            found[0].feature().position().get(),
            found[0].distance_meters()
        ),
        (7, 0.0)
    );
    assert!(found.is_sorted_by_key(Nearby::distance_meters));
    let measured = found
        .iter()
        .map(|nearby| haversine_meters(from, nearby.feature().location()));
    assert!(measured.eq(found.iter().map(Nearby::distance_meters)));
    assert_eq!(store.nearest(E7Point::default(), 1_000.0), Ok(None));
    assert_eq!(
        store
            .nearest_k(from, usize::MAX, f64::INFINITY)
            .unwrap()
            .len(),
        100
    );
}

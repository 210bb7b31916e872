use proptest::prelude::*;

use super::*;
use crate::samples::{image_of, place, points};

/// The definition: all points by distance, then position, cut at the limit and the number.
fn by_scan(points: &[E7Point], to: E7Point, wanted: usize, within: f64) -> Vec<(u32, f64)> {
    let mut all: Vec<_> = points
        .iter()
        .zip(0..)
        .map(|(&point, position)| (position, haversine_meters(to, point)))
        .collect();
    all.retain(|&(_, meters)| meters <= within);
    all.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    all.truncate(wanted);
    all
}

fn by_index(points: &[E7Point], to: E7Point, wanted: usize, within: f64) -> Vec<(u32, f64)> {
    let image = image_of(points);
    let found = Search::new(Index::of(&image), to, wanted, within).run();
    found
        .iter()
        .map(|neighbor| (neighbor.position, neighbor.distance_meters))
        .collect()
}

proptest! {
    /// The search finds exactly what measuring every point finds, in the same order.
    #[test]
    fn nearest_agrees_with_a_scan(
        points in points(),
        to in place(),
        pick in prop::option::of(any::<prop::sample::Index>()),
        wanted in prop_oneof![Just(1_usize), 0..50_usize, Just(usize::MAX)],
        within in prop_oneof![Just(f64::INFINITY), 0.0..1e4, 0.0..21e6, Just(0.0)],
    ) {
        // The origin is as often near the data as anywhere.
        let to = pick.filter(|_| !points.is_empty()).map_or(to, |pick| points[pick.index(points.len())]);
        prop_assert_eq!(by_index(&points, to, wanted, within), by_scan(&points, to, wanted, within));
    }

    /// A bound is never greater than what it bounds.
    #[test]
    fn a_bound_is_below_the_distance_to_every_point_of_the_box(to in place(), a in place(), b in place(), c in place()) {
        let area = route_guide_geo::E7Rectangle::new(a, b);
        let (lo, hi) = (area.lo(), area.hi());
        let inside = E7Point::unbounded(c.lat().clamp(lo.lat(), hi.lat()), c.lon().clamp(lo.lon(), hi.lon()));
        let bound = Origin::new(to).bound(lo.lat(), hi.lat(), lo.lon(), hi.lon());
        prop_assert!(bound <= limit(haversine_meters(to, inside)));
    }
}

#[test]
fn the_sine_of_the_bounds_is_below_the_sine() {
    for step in 0..=10_000 {
        let x = FRAC_PI_2 * f64::from(step) / 10_000.0;
        let below = sine_below(x);
        assert!(
            below <= x.sin() * (1.0 + 1e-15) && below >= x.sin() * 0.9998,
            "{x}"
        );
    }
}

fn e7(text: &str) -> E7Point {
    text.parse().unwrap()
}

#[test]
fn the_shorter_way_may_cross_the_antimeridian_or_a_pole() {
    let check = |to: &str, points: &[&str], expected: &[u32]| {
        let points: Vec<_> = points.iter().map(|text| e7(text)).collect();
        let found: Vec<_> = by_index(&points, e7(to), points.len(), f64::INFINITY)
            .iter()
            .map(|found| found.0)
            .collect();
        assert_eq!(found, expected, "{to}");
    };
    check("0,179.9", &["0,179", "0,-179.9", "0,0"], &[1, 0, 2]);
    check("10,-180", &["10,-179", "10,180", "10,179.5"], &[1, 2, 0]);
    check("89.9,0", &["89,0", "89.9,180", "89.8,0"], &[2, 1, 0]);
    check("-90,17", &["-89,0", "-89.5,-163", "-90,100"], &[2, 1, 0]);
}

#[test]
fn the_limit_is_inclusive_and_nonsense_finds_nothing() {
    let points = [e7("0,0"), e7("1,0")];
    let degree = haversine_meters(points[0], points[1]);
    assert_eq!(by_index(&points, points[0], 9, degree).len(), 2);
    assert_eq!(by_index(&points, points[0], 9, degree.next_down()).len(), 1);
    assert_eq!(by_index(&points, points[0], 9, 0.0).len(), 1);
    for nonsense in [-1.0, f64::NEG_INFINITY, f64::NAN] {
        assert_eq!(by_index(&points, points[0], 9, nonsense), []);
    }
    assert_eq!(by_index(&points, points[0], 0, f64::INFINITY), []);
}

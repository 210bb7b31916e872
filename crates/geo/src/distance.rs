//! The distance between two points.

use crate::point::E7Point;

/// The radius of the sphere that distances are measured on, in metres.
pub const EARTH_RADIUS_METERS: f64 = 6_371_000.0;

/// Returns the great-circle distance between two points in metres.
///
/// This is the haversine formula on a sphere of [`EARTH_RADIUS_METERS`], step by step as in the published `RouteGuide`
/// servers, so that whole metres come out the same. It is symmetric to the last bit, and finite for every pair of
/// `i32` coordinates. On the real, flattened Earth the error is up to 0.6 %.
///
/// # Examples
///
/// ```
/// use route_guide_geo::{E7Point, haversine_meters};
///
/// let quarter = haversine_meters(E7Point::default(), E7Point::new(900_000_000, 0)?);
/// assert_eq!(quarter.round(), 10_007_543.0);
/// # Ok::<(), route_guide_geo::OutOfRange>(())
/// ```
///
/// # References
///
/// R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68 (2), 1984, p. 159.
#[must_use]
pub fn haversine_meters(a: E7Point, b: E7Point) -> f64 {
    End::of(a).meters_to(&End::of(b))
}

/// One end of a distance, with the values that both legs at a point of a track need.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct End {
    lat_degrees: f64,
    lon_degrees: f64,
    cos_lat: f64,
}

impl End {
    pub(crate) fn of(point: E7Point) -> Self {
        let lat_degrees = point.lat_degrees();
        Self {
            lat_degrees,
            lon_degrees: point.lon_degrees(),
            cos_lat: lat_degrees.to_radians().cos(),
        }
    }

    pub(crate) const fn cos_lat(&self) -> f64 {
        self.cos_lat
    }

    pub(crate) fn half_angles_to(&self, other: &Self) -> HalfAngles {
        HalfAngles {
            lat: (other.lat_degrees - self.lat_degrees).to_radians() / 2.0,
            lon: (other.lon_degrees - self.lon_degrees).to_radians() / 2.0,
        }
    }

    pub(crate) fn meters_to(&self, other: &Self) -> f64 {
        let half = self.half_angles_to(other);
        let (half_lat, half_lon) = (half.lat.sin(), half.lon.sin());
        let haversine = half_lat * half_lat + self.cos_lat * other.cos_lat * (half_lon * half_lon);
        // Rounding can push near-antipodal pairs a hair above 1, and a latitude beyond a pole has a negative cosine;
        // the square roots below would then be NaN.
        let haversine = haversine.clamp(0.0, 1.0);
        2.0 * EARTH_RADIUS_METERS * haversine.sqrt().atan2((1.0 - haversine).sqrt())
    }
}

/// Half of the angles between two points along both axes, in radians.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HalfAngles {
    pub(crate) lat: f64,
    pub(crate) lon: f64,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_point() -> impl Strategy<Value = E7Point> {
        let edge = |bound: i32| {
            prop_oneof![
                4 => -bound..=bound,
                1 => prop::sample::select(vec![-bound, 1 - bound, -1, 0, 1, bound - 1, bound]),
            ]
        };
        (edge(E7Point::MAX_LAT), edge(E7Point::MAX_LON))
            .prop_map(|(lat, lon)| E7Point::unbounded(lat, lon))
    }

    /// Half of the sphere's circumference, the greatest possible distance.
    const HALF_TURN: f64 = std::f64::consts::PI * EARTH_RADIUS_METERS;

    /// Truncated metres, as the wire carries them.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a distance on the globe is far below i64::MAX"
    )]
    fn whole(a: (i32, i32), b: (i32, i32)) -> i64 {
        haversine_meters(E7Point::unbounded(a.0, a.1), E7Point::unbounded(b.0, b.1)) as i64
    }

    #[test]
    fn known_distances_truncate_to_the_published_metres() {
        const NORTH: i32 = E7Point::MAX_LAT;
        const EAST: i32 = E7Point::MAX_LON;
        let check = |a, b, expected| {
            assert_eq!(whole(a, b), expected, "{a:?} to {b:?}");
            assert_eq!(whole(b, a), expected, "{b:?} to {a:?}");
        };
        check((0, 0), (0, 0), 0);
        // Antipodes: half of the circumference, π · 6 371 000 = 20 015 086.796.
        check((0, 0), (0, EAST), 20_015_086);
        check((0, 0), (0, -EAST), 20_015_086);
        check((NORTH, 0), (-NORTH, 0), 20_015_086);
        check((NORTH, -EAST), (-NORTH, EAST), 20_015_086);
        check(
            (450_000_000, 900_000_000),
            (-450_000_000, -900_000_000),
            20_015_086,
        );
        // A pole is one place, whatever the longitude.
        check((NORTH, 0), (NORTH, EAST), 0);
        check((-NORTH, -EAST), (-NORTH, 123_456_789), 0);
        check((NORTH, 77), (0, -1_234_567_890), 10_007_543);
        // 180° east and west are the same meridian.
        check((0, EAST), (0, -EAST), 0);
        check((0, 1_790_000_000), (0, -1_790_000_000), 222_389);
        // One degree of a meridian: π · 6 371 000 / 180 = 111 194.927.
        check((0, 0), (10_000_000, 0), 111_194);
        check((0, 0), (0, 10_000_000), 111_194);
        // At 60° north the parallel is half as long, and the great circle cuts a corner: 2 R asin(sin(0.5°) / 2).
        check((600_000_000, 0), (600_000_000, 10_000_000), 55_596);
    }

    #[test]
    fn one_step_is_about_eleven_millimetres() {
        let step = haversine_meters(E7Point::default(), E7Point::unbounded(1, 0));
        assert!((step - 0.011_119_492_664_455_9).abs() < 1e-12, "{step}");
    }

    proptest! {
        /// Swapping the ends changes nothing, to the last bit.
        #[test]
        fn distance_is_symmetric(a in any_point(), b in any_point()) {
            prop_assert_eq!(haversine_meters(a, b).to_bits(), haversine_meters(b, a).to_bits());
        }

        /// A distance lies between 0 and half of the circumference, and the distance from a point to itself is 0.
        #[test]
        fn distance_is_bounded(a in any_point(), b in any_point()) {
            prop_assert!((0.0..=HALF_TURN).contains(&haversine_meters(a, b)));
            prop_assert_eq!(haversine_meters(a, a).to_bits(), 0.0_f64.to_bits());
        }

        /// A detour is never shorter, within rounding: half an ulp of `a` near 1 is 0.13 m near the antipode.
        #[test]
        fn triangle_inequality_holds_within_rounding(a in any_point(), b in any_point(), c in any_point()) {
            let direct = haversine_meters(a, c);
            let detour = haversine_meters(a, b) + haversine_meters(b, c);
            let slack = if direct.max(detour) < 0.9 * HALF_TURN { 1e-6 } else { 0.5 };
            prop_assert!(direct <= detour + slack, "{direct} > {detour}");
        }

        /// The opposite point is half a turn away, within the same rounding.
        #[test]
        fn antipodes_are_half_a_turn_apart(a in any_point()) {
            let lon = if a.lon() > 0 { a.lon() - E7Point::MAX_LON } else { a.lon() + E7Point::MAX_LON };
            let opposite = E7Point::new(-a.lat(), lon).unwrap();
            prop_assert!(HALF_TURN - haversine_meters(a, opposite) < 0.5);
        }

        /// The haversine agrees with the angle between the two unit vectors, an independent formula.
        #[test]
        fn distance_agrees_with_the_angle_between_vectors(a in any_point(), b in any_point()) {
            let vector = |p: E7Point| {
                let (lat, lon) = (p.lat_degrees().to_radians(), p.lon_degrees().to_radians());
                [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
            };
            let ([ax, ay, az], [bx, by, bz]) = (vector(a), vector(b));
            let cross = [ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx];
            let sine = cross.iter().map(|x| x * x).sum::<f64>().sqrt();
            let angle = sine.atan2(ax * bx + ay * by + az * bz);
            prop_assert!((haversine_meters(a, b) - EARTH_RADIUS_METERS * angle).abs() < 0.5);
        }

        /// No pair of integers overflows or gives NaN, on the globe or off it.
        #[test]
        fn every_i32_has_a_finite_distance(a: (i32, i32), b: (i32, i32)) {
            let meters = haversine_meters(E7Point::unbounded(a.0, a.1), E7Point::unbounded(b.0, b.1));
            prop_assert!((0.0..=HALF_TURN).contains(&meters), "{meters}");
        }
    }

    #[test]
    fn integer_extremes_have_a_finite_distance() {
        let extremes = [i32::MIN, i32::MIN + 1, -1, 0, 1, i32::MAX - 1, i32::MAX];
        let points = || {
            extremes
                .iter()
                .flat_map(|&lat| extremes.map(|lon| E7Point::unbounded(lat, lon)))
        };
        for a in points() {
            for b in points() {
                let meters = haversine_meters(a, b);
                assert!((0.0..=HALF_TURN).contains(&meters), "{a:?} {b:?} {meters}");
            }
        }
    }
}

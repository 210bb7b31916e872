//! The length of a leg of a track, computed faster than [`haversine_meters`](crate::haversine_meters) for short legs.

use crate::distance::{EARTH_RADIUS_METERS, End};

/// The greatest half angle on either axis, in radians, of a short leg: 127 km of latitude. Beyond it the series below
/// would need more terms.
const SHORT_RADIANS: f64 = 0.02;

/// Returns what [`End::meters_to`] returns, to within its own rounding errors.
///
/// The sine and the arc tangent take most of the time of the haversine formula. For small angles the first terms of
/// their series are as exact.
pub(crate) fn leg_meters(from: &End, to: &End) -> f64 {
    let half = from.half_angles_to(to);
    if half.lat.abs().max(half.lon.abs()) > SHORT_RADIANS {
        return from.meters_to(to);
    }
    let (lat, lon) = (sine(half.lat), sine(half.lon));
    let haversine = lat * lat + from.cos_lat() * to.cos_lat() * (lon * lon);
    // A latitude beyond a pole has a negative cosine.
    let haversine = haversine.max(0.0);
    2.0 * EARTH_RADIUS_METERS * haversine.sqrt() * arc_per_sine(haversine)
}

/// Returns sin x: x − x³/3! + x⁵/5! − x⁷/7!. The next term is 10⁻¹⁹ of the sum.
fn sine(x: f64) -> f64 {
    let square = x * x;
    x + x * square * (-1.0 / 6.0 + square * (1.0 / 120.0 + square * (-1.0 / 5_040.0)))
}

/// Returns (arcsin s) / s for s² = `square`: 1 + s²/6 + 3s⁴/40 + 15s⁶/336 + 105s⁸/3456. The next term is 10⁻¹⁷.
fn arc_per_sine(square: f64) -> f64 {
    let rest = 15.0 / 336.0 + square * (105.0 / 3_456.0);
    1.0 + square * (1.0 / 6.0 + square * (3.0 / 40.0 + square * rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{E7Point, Track, haversine_meters};

    /// The rounding error that is allowed, relative to the distance: sixteen steps between neighbouring `f64`.
    const ROUNDING: f64 = 16.0 * f64::EPSILON;

    fn check(a: E7Point, b: E7Point) -> Result<(), TestCaseError> {
        let (plain, leg) = (haversine_meters(a, b), leg_meters(&End::of(a), &End::of(b)));
        prop_assert!((leg - plain).abs() <= plain * ROUNDING, "{leg} and {plain}");
        Ok(())
    }

    fn step(from: E7Point, (lat, lon): (i32, i32)) -> E7Point {
        E7Point::unbounded(
            from.lat().saturating_add(lat),
            from.lon().saturating_add(lon),
        )
    }

    /// Steps of every magnitude, up to twice the bound of a short leg, which is 22 918 311.8 in E7.
    fn any_step() -> impl Strategy<Value = (i32, i32)> {
        let along = || (0..=25_u32, any::<i32>()).prop_map(|(bits, step)| step % (1 << bits));
        (along(), along())
    }

    fn any_point() -> impl Strategy<Value = E7Point> {
        any::<(i32, i32)>().prop_map(|(lat, lon)| E7Point::unbounded(lat, lon))
    }

    proptest! {
        /// The series agree with the formula, on the globe and off it.
        #[test]
        fn a_leg_is_as_long_as_the_distance(from in any_point(), by in any_step()) {
            check(from, step(from, by))?;
        }

        /// A track has the same whole metres as the sum of the plain formula.
        #[test]
        fn a_track_has_the_metres_of_the_plain_formula(
            start in (-900_000_000..=900_000_000, -1_800_000_000..=1_800_000_000),
            steps in prop::collection::vec(any_step(), 1..300),
        ) {
            let mut points = vec![E7Point::unbounded(start.0, start.1)];
            for by in steps {
                points.push(step(points[points.len() - 1], by));
            }
            let plain: f64 = points.windows(2).map(|leg| haversine_meters(leg[0], leg[1])).sum();
            let track: Track = points.into_iter().collect();
            let off = (track.distance_meters() - plain).abs();
            prop_assert!(off <= plain * ROUNDING, "off by {off} of {plain}");
            // Less than 300 legs of 400 km, so off by less than half a micrometre: the whole metres differ only where
            // the sum is that close to one.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "as Track truncates")]
            let whole = plain as u64;
            prop_assert!(track.whole_meters() == whole || (plain - plain.round()).abs() <= off);
        }
    }

    #[test]
    fn a_leg_at_the_bounds_of_what_is_short_is_as_long_as_the_distance() {
        let bound = 22_918_311;
        for lat in [-bound - 1, -bound, -1, 0, 1, bound, bound + 1] {
            for lon in [-bound - 1, -bound, -1, 0, 1, bound, bound + 1] {
                for from in [(0, 0), (599_999_999, 1_799_999_999), (-899_999_999, 7)] {
                    let from = E7Point::unbounded(from.0, from.1);
                    check(from, step(from, (lat, lon))).unwrap();
                }
            }
        }
    }
}

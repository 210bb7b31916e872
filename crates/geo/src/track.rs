//! The length of a path, point by point.

use crate::distance::End;
use crate::leg::leg_meters;
use crate::point::E7Point;

/// A path, built point by point, with its number of points and its length.
///
/// The legs are summed as `f64` and the sum is truncated once, in [`Track::whole_meters`]. Truncating each leg instead
/// would lose nearly a third of a walker's track.
///
/// # Examples
///
/// ```
/// use route_guide_geo::{E7Point, Track};
///
/// let mut track = Track::default();
/// for lat in [0, 10_000_000, 0] {
///     track.push(E7Point::new(lat, 0)?);
/// }
/// assert_eq!((track.point_count(), track.whole_meters()), (3, 222_389));
/// # Ok::<(), route_guide_geo::OutOfRange>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Track {
    last: Option<End>,
    point_count: u64,
    distance_meters: f64,
}

impl Track {
    /// Adds the leg from the last point, if there is one, to `point`.
    pub fn push(&mut self, point: E7Point) {
        let end = End::of(point);
        if let Some(last) = self.last.replace(end) {
            self.distance_meters += leg_meters(&last, &end);
        }
        self.point_count = self.point_count.saturating_add(1);
    }

    /// Returns the number of points pushed.
    #[must_use]
    pub const fn point_count(&self) -> u64 {
        self.point_count
    }

    /// Returns the length of all legs in metres.
    #[must_use]
    pub const fn distance_meters(&self) -> f64 {
        self.distance_meters
    }

    /// Returns the length of all legs in whole metres, truncated once.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "truncation is the promise, and a sum of distances is never negative"
    )]
    pub const fn whole_meters(&self) -> u64 {
        self.distance_meters as u64
    }
}

impl Extend<E7Point> for Track {
    fn extend<I: IntoIterator<Item = E7Point>>(&mut self, points: I) {
        for point in points {
            self.push(point);
        }
    }
}

impl FromIterator<E7Point> for Track {
    fn from_iter<I: IntoIterator<Item = E7Point>>(points: I) -> Self {
        let mut track = Self::default();
        track.extend(points);
        track
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A walk up a meridian. One step of latitude is π · 6 371 000 / 180 / 10⁷ = 0.011 119 492 7 m.
    fn walk(legs: i32, steps_per_leg: i32) -> Track {
        (0..=legs)
            .map(|leg| E7Point::new(leg * steps_per_leg, 0).unwrap())
            .collect()
    }

    #[test]
    fn legs_are_truncated_once_at_the_end() {
        // 81 steps are 0.900 68 m: ten such legs make 9.007 m, where truncating each leg would make 0.
        assert_eq!(walk(10, 81).whole_meters(), 9);
        // 126 steps are 1.401 06 m: an hour of them makes 5 043.8 m, where truncating each leg would make 3 600.
        assert_eq!(walk(3_600, 126).whole_meters(), 5_043);
    }

    #[test]
    fn points_are_counted_and_the_first_has_no_leg() {
        assert_eq!(
            (
                Track::default().point_count(),
                Track::default().whole_meters()
            ),
            (0, 0)
        );
        let check = |points: &[(i32, i32)], count, meters| {
            let track: Track = points
                .iter()
                .map(|&(lat, lon)| E7Point::unbounded(lat, lon))
                .collect();
            assert_eq!(
                (track.point_count(), track.whole_meters()),
                (count, meters),
                "{points:?}"
            );
        };
        check(&[(407_838_351, -746_143_763)], 1, 0);
        check(&[(0, 0); 5], 5, 0);
        check(&[(0, 0), (0, E7Point::MAX_LON)], 2, 20_015_086);
        check(&[(0, E7Point::MAX_LON), (0, -E7Point::MAX_LON)], 2, 0);
    }

    #[test]
    fn a_track_longer_than_an_i32_keeps_its_length() {
        // 200 half turns of the globe: 200 · 20 015 086.796 m, above i32::MAX metres.
        let track: Track = (0..=200)
            .map(|i| E7Point::unbounded(0, E7Point::MAX_LON * (i % 2)))
            .collect();
        assert_eq!(track.whole_meters(), 4_003_017_359);
    }

    #[test]
    fn integer_extremes_keep_the_sum_finite() {
        let track: Track = [(i32::MIN, i32::MAX), (i32::MAX, i32::MIN), (0, 0)]
            .map(|(lat, lon)| E7Point::unbounded(lat, lon))
            .into_iter()
            .collect();
        assert!(track.distance_meters().is_finite());
    }
}

//! A position on the globe and the check that makes one.

use std::fmt;

use crate::axis::{Axis, OutOfRange, UNITS_PER_DEGREE};
use crate::coordinate::write_degrees;

/// A position in E7 fixed point: degrees × 10⁷, WGS 84. One step is about 11 mm of latitude.
///
/// Points order by latitude, then longitude. The default is 0,0, which is also what an absent `Point` means on the wire.
/// [`Display`](fmt::Display) writes degrees, exactly and without trailing zeros; [`FromStr`](std::str::FromStr) reads
/// them back to the same point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct E7Point {
    lat: i32,
    lon: i32,
}

impl E7Point {
    /// The latitude of the north pole in E7 units; the south pole's is its negative.
    pub const MAX_LAT: i32 = Axis::Latitude.bound();

    /// The greatest longitude in E7 units, 180° east; the least is its negative.
    pub const MAX_LON: i32 = Axis::Longitude.bound();

    /// Makes a point from a latitude and a longitude, both in E7 units.
    ///
    /// The bounds themselves are accepted. 180° east and 180° west stay different points, as they are on the wire.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`] if the latitude lies outside ±90° or the longitude outside ±180°; if both do, it names the latitude.
    ///
    /// # Examples
    ///
    /// ```
    /// use route_guide_geo::E7Point;
    ///
    /// assert_eq!(E7Point::new(407_838_351, -746_143_763)?.to_string(), "40.7838351,-74.6143763");
    /// assert!(E7Point::new(900_000_001, 0).is_err());
    /// # Ok::<(), route_guide_geo::OutOfRange>(())
    /// ```
    pub const fn new(lat: i32, lon: i32) -> Result<Self, OutOfRange> {
        if let Err(outside) = Axis::Latitude.check(lat) {
            return Err(outside);
        }
        if let Err(outside) = Axis::Longitude.check(lon) {
            return Err(outside);
        }
        Ok(Self { lat, lon })
    }

    /// Makes a point from any two integers, also off the globe.
    ///
    /// This is for servers that answer out-of-range points as the tutorial's server does. All arithmetic in this
    /// crate holds for every `i32`. Other code uses [`E7Point::new`].
    ///
    /// # Examples
    ///
    /// ```
    /// use route_guide_geo::{E7Point, haversine_meters};
    ///
    /// let nowhere = E7Point::unbounded(i32::MIN, i32::MAX);
    /// assert_eq!(nowhere.to_string(), "-214.7483648,214.7483647");
    /// assert!(haversine_meters(nowhere, E7Point::default()).is_finite());
    /// ```
    #[must_use]
    pub const fn unbounded(lat: i32, lon: i32) -> Self {
        Self { lat, lon }
    }

    /// Returns the latitude in E7 units.
    #[must_use]
    pub const fn lat(self) -> i32 {
        self.lat
    }

    /// Returns the longitude in E7 units.
    #[must_use]
    pub const fn lon(self) -> i32 {
        self.lon
    }

    /// Returns the latitude in degrees, the nearest `f64` to the exact value.
    #[must_use]
    pub fn lat_degrees(self) -> f64 {
        f64::from(self.lat) / f64::from(UNITS_PER_DEGREE)
    }

    /// Returns the longitude in degrees, the nearest `f64` to the exact value.
    #[must_use]
    pub fn lon_degrees(self) -> f64 {
        f64::from(self.lon) / f64::from(UNITS_PER_DEGREE)
    }

    /// Returns a printable form in E7 integers, which [`E7Point::parse_e7`] reads back.
    ///
    /// # Examples
    ///
    /// ```
    /// use route_guide_geo::E7Point;
    ///
    /// let point = E7Point::new(407_838_351, -746_143_763)?;
    /// assert_eq!(point.e7().to_string(), "407838351,-746143763");
    /// # Ok::<(), route_guide_geo::OutOfRange>(())
    /// ```
    #[must_use]
    pub fn e7(self) -> impl fmt::Display {
        E7(self)
    }
}

/// Writes `LAT,LON` in degrees: exact, trailing zeros trimmed, such as `40.7838351,-74.6143763` or `40,-75`.
impl fmt::Display for E7Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_degrees(f, self.lat)?;
        f.write_str(",")?;
        write_degrees(f, self.lon)
    }
}

struct E7(E7Point);

impl fmt::Display for E7 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.0.lat, self.0.lon)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn degrees_print_exactly_and_without_trailing_zeros() {
        let check = |lat, lon, expected: &str| {
            assert_eq!(E7Point::unbounded(lat, lon).to_string(), expected);
        };
        check(0, 0, "0,0");
        check(400_000_000, -750_000_000, "40,-75");
        check(407_838_351, -746_143_763, "40.7838351,-74.6143763");
        check(1, -1, "0.0000001,-0.0000001");
        check(-5_000_000, 10, "-0.5,0.000001");
        check(10_000_001, -10_000_010, "1.0000001,-1.000001");
        check(900_000_000, -1_800_000_000, "90,-180");
        check(i32::MAX, i32::MIN, "214.7483647,-214.7483648");
    }

    #[test]
    fn degrees_as_floats_are_the_nearest_to_the_exact_value() {
        let point = E7Point::unbounded(407_838_351, -746_143_763);
        assert_eq!(point.lat_degrees().to_string(), "40.7838351");
        assert_eq!(point.lon_degrees().to_string(), "-74.6143763");
    }

    #[test]
    fn points_order_by_latitude_first() {
        let mut points = [(1, -5), (0, 9), (1, -6), (-1, 3)].map(|(a, b)| E7Point::unbounded(a, b));
        points.sort();
        assert_eq!(
            points.map(|p| (p.lat(), p.lon())),
            [(-1, 3), (0, 9), (1, -6), (1, -5)]
        );
    }

    proptest! {
        /// Printing loses nothing, in degrees and in E7.
        #[test]
        fn what_is_printed_parses_back(lat in -900_000_000..=900_000_000, lon in -1_800_000_000..=1_800_000_000) {
            let point = E7Point::new(lat, lon).unwrap();
            prop_assert_eq!(point.to_string().parse(), Ok(point));
            prop_assert_eq!(E7Point::parse_e7(&point.e7().to_string()), Ok(point));
            prop_assert_eq!(E7Point::parse_any(&point.to_string()), Ok(point));
        }

        /// A point is made exactly when both coordinates lie within their bounds.
        #[test]
        fn new_accepts_exactly_the_globe(lat: i32, lon: i32) {
            let on_globe = i64::from(lat).abs() <= 900_000_000 && i64::from(lon).abs() <= 1_800_000_000;
            prop_assert_eq!(E7Point::new(lat, lon).is_ok(), on_globe);
        }

        /// Printing does not panic for any pair of integers, and the E7 form is the integers.
        #[test]
        fn every_i32_prints(lat: i32, lon: i32) {
            let point = E7Point::unbounded(lat, lon);
            prop_assert_eq!(point.e7().to_string(), format!("{lat},{lon}"));
            prop_assert_eq!(point.to_string().split(',').count(), 2);
        }
    }
}

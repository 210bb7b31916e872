//! A rectangle of latitudes and longitudes.

use std::fmt;

use crate::point::E7Point;

/// A rectangle between two parallels and two meridians, all four edges included.
///
/// The corners are normalised by minimum and maximum, so any two opposite corners give the same rectangle. For the
/// same reason a rectangle never crosses the antimeridian: between 179° and −179° it is the wide side through
/// Greenwich, as in the published servers.
///
/// # Examples
///
/// ```
/// use route_guide_geo::E7Rectangle;
///
/// let area: E7Rectangle = "42,-73:40,-75".parse()?;
/// assert_eq!(area.to_string(), "40,-75:42,-73");
/// assert!(area.contains("40,-73".parse()?));
/// # Ok::<(), route_guide_geo::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct E7Rectangle {
    lo: E7Point,
    hi: E7Point,
}

impl E7Rectangle {
    /// Makes the rectangle that has `a` and `b` as opposite corners, in any order.
    #[must_use]
    pub fn new(a: E7Point, b: E7Point) -> Self {
        Self {
            lo: E7Point::unbounded(a.lat().min(b.lat()), a.lon().min(b.lon())),
            hi: E7Point::unbounded(a.lat().max(b.lat()), a.lon().max(b.lon())),
        }
    }

    /// Returns the corner with the least latitude and the least longitude.
    #[must_use]
    pub const fn lo(self) -> E7Point {
        self.lo
    }

    /// Returns the corner with the greatest latitude and the greatest longitude.
    #[must_use]
    pub const fn hi(self) -> E7Point {
        self.hi
    }

    /// Returns whether the point lies inside or on an edge.
    #[must_use]
    pub const fn contains(self, point: E7Point) -> bool {
        self.lo.lat() <= point.lat()
            && point.lat() <= self.hi.lat()
            && self.lo.lon() <= point.lon()
            && point.lon() <= self.hi.lon()
    }
}

/// Writes `LAT,LON:LAT,LON` in degrees, the low corner first.
impl fmt::Display for E7Rectangle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.lo, self.hi)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_four_edges_are_inside() {
        let area = E7Rectangle::new(E7Point::unbounded(10, -20), E7Point::unbounded(30, 40));
        let check = |lat, lon, expected| {
            assert_eq!(
                area.contains(E7Point::unbounded(lat, lon)),
                expected,
                "{lat},{lon}"
            );
        };
        for (lat, lon) in [
            (10, -20),
            (10, 40),
            (30, -20),
            (30, 40),
            (10, 0),
            (30, 0),
            (20, -20),
            (20, 40),
        ] {
            check(lat, lon, true);
        }
        for (lat, lon) in [
            (9, 0),
            (31, 0),
            (20, -21),
            (20, 41),
            (i32::MIN, 0),
            (20, i32::MAX),
        ] {
            check(lat, lon, false);
        }
    }

    #[test]
    fn a_rectangle_across_the_antimeridian_is_the_wide_side() {
        let area: E7Rectangle = "10,179:-10,-179".parse().unwrap();
        assert!(area.contains(E7Point::default()));
        assert!(!area.contains(E7Point::new(0, E7Point::MAX_LON).unwrap()));
    }

    #[test]
    fn the_default_rectangle_holds_the_point_zero_only() {
        assert!(E7Rectangle::default().contains(E7Point::default()));
        assert!(!E7Rectangle::default().contains(E7Point::unbounded(0, 1)));
    }

    #[test]
    fn both_corners_are_read_in_the_same_unit() {
        let check = |text: &str, expected: &str| {
            assert_eq!(
                E7Rectangle::parse_any(text).unwrap().to_string(),
                expected,
                "{text}"
            );
        };
        check("40,-75:42,-73", "40,-75:42,-73");
        check("400000000,-750000000:420000000,-730000000", "40,-75:42,-73");
        // By itself 50,50 would be degrees. The other corner can only be E7, so both are.
        check("400000000,-750000000:50,50", "0.000005,-75:40,0.000005");
        check("0.5,0:1,1", "0.5,0:1,1");
    }

    proptest! {
        /// Any two opposite corners give the same rectangle, and containment is what its definition says.
        #[test]
        fn contains_is_a_comparison_on_each_axis(a: (i32, i32), b: (i32, i32), p: (i32, i32), inside: bool) {
            let area = E7Rectangle::new(E7Point::unbounded(a.0, a.1), E7Point::unbounded(b.0, b.1));
            let crossed = E7Rectangle::new(E7Point::unbounded(b.0, a.1), E7Point::unbounded(a.0, b.1));
            prop_assert_eq!(area, crossed);
            // A random point is seldom inside, so half of the points are folded into the rectangle.
            let between = |p: i32, a: i32, b: i32| if inside { p.clamp(a.min(b), a.max(b)) } else { p };
            let (lat, lon) = (between(p.0, a.0, b.0), between(p.1, a.1, b.1));
            let expected = (a.0.min(b.0)..=a.0.max(b.0)).contains(&lat) && (a.1.min(b.1)..=a.1.max(b.1)).contains(&lon);
            prop_assert_eq!(area.contains(E7Point::unbounded(lat, lon)), expected);
        }

        /// Printing a rectangle loses nothing.
        #[test]
        fn what_is_printed_parses_back(
            lats in prop::array::uniform2(-900_000_000..=900_000_000),
            lons in prop::array::uniform2(-1_800_000_000..=1_800_000_000),
        ) {
            let area = E7Rectangle::new(E7Point::unbounded(lats[0], lons[0]), E7Point::unbounded(lats[1], lons[1]));
            prop_assert_eq!(area.to_string().parse(), Ok(area));
        }
    }
}

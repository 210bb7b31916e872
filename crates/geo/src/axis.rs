//! Latitude and longitude by name, and the check that a coordinate is on the globe.

use std::error::Error;
use std::fmt;

use crate::point::E7Point;

/// One of a point's two coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Axis {
    /// North and south of the equator, ±90°.
    Latitude,
    /// East and west of Greenwich, ±180°.
    Longitude,
}

impl Axis {
    /// Returns the greatest magnitude a coordinate on this axis can have, in E7 units.
    #[must_use]
    pub const fn bound(self) -> i32 {
        match self {
            Self::Latitude => E7Point::MAX_LAT,
            Self::Longitude => E7Point::MAX_LON,
        }
    }

    /// Refuses a coordinate that is off the globe.
    pub(crate) const fn check(self, value: i32) -> Result<(), OutOfRange> {
        if value < -self.bound() || value > self.bound() {
            return Err(OutOfRange { axis: self, value });
        }
        Ok(())
    }
}

/// Writes `latitude` or `longitude`.
impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Latitude => "latitude",
            Self::Longitude => "longitude",
        })
    }
}

/// The error for a coordinate that lies off the globe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfRange {
    axis: Axis,
    value: i32,
}

impl OutOfRange {
    /// Returns which of the two coordinates is outside.
    #[must_use]
    pub const fn axis(&self) -> Axis {
        self.axis
    }

    /// Returns the refused coordinate in E7 units.
    #[must_use]
    pub const fn value(&self) -> i32 {
        self.value
    }

    /// Returns the greatest accepted magnitude in E7 units.
    #[must_use]
    pub const fn bound(&self) -> i32 {
        self.axis.bound()
    }
}

impl fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} is outside ±{}",
            self.axis,
            self.value,
            self.bound()
        )
    }
}

impl Error for OutOfRange {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_are_on_the_globe_and_the_next_step_is_not() {
        let check = |lat, lon, expected: Result<(), &str>| {
            let found = E7Point::new(lat, lon)
                .map(|_| ())
                .map_err(|e| e.to_string());
            assert_eq!(found, expected.map_err(str::to_owned), "{lat},{lon}");
        };
        check(900_000_000, 1_800_000_000, Ok(()));
        check(-900_000_000, -1_800_000_000, Ok(()));
        check(
            900_000_001,
            0,
            Err("latitude 900000001 is outside ±900000000"),
        );
        check(
            -900_000_001,
            0,
            Err("latitude -900000001 is outside ±900000000"),
        );
        check(
            0,
            1_800_000_001,
            Err("longitude 1800000001 is outside ±1800000000"),
        );
        check(
            0,
            -1_800_000_001,
            Err("longitude -1800000001 is outside ±1800000000"),
        );
        check(
            i32::MIN,
            i32::MIN,
            Err("latitude -2147483648 is outside ±900000000"),
        );
        check(
            0,
            i32::MAX,
            Err("longitude 2147483647 is outside ±1800000000"),
        );
    }

    #[test]
    fn an_out_of_range_error_tells_axis_value_and_bound() {
        let error = E7Point::new(1, i32::MIN).unwrap_err();
        assert_eq!(error.axis(), Axis::Longitude);
        assert_eq!(error.value(), i32::MIN);
        assert_eq!(error.bound(), 1_800_000_000);
    }
}

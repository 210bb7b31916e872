//! The two axes of the globe and their bounds.

use std::error::Error;
use std::fmt;

/// The number of E7 units in a degree.
pub(crate) const UNITS_PER_DEGREE: u32 = 10_000_000;

/// One of a point's two coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Axis {
    /// North and south of the equator, ±90°.
    Latitude,
    /// East and west of Greenwich, ±180°.
    Longitude,
}

impl Axis {
    /// Returns the greatest magnitude of a coordinate on this axis, in E7 units.
    #[must_use]
    pub const fn bound(self) -> i32 {
        match self {
            Self::Latitude => 900_000_000,
            Self::Longitude => 1_800_000_000,
        }
    }

    /// Returns the same in degrees.
    #[must_use]
    pub const fn bound_degrees(self) -> u32 {
        self.bound().unsigned_abs() / UNITS_PER_DEGREE
    }

    /// Refuses a coordinate that is off the globe.
    pub(crate) const fn check(self, value: i32) -> Result<i32, OutOfRange> {
        if value.unsigned_abs() > self.bound().unsigned_abs() {
            return Err(OutOfRange { axis: self, value });
        }
        Ok(value)
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
        use Axis::{Latitude, Longitude};
        let check = |axis: Axis, value, expected: Result<i32, &str>| {
            let found = axis.check(value).map_err(|error| error.to_string());
            assert_eq!(found, expected.map_err(str::to_owned), "{axis} {value}");
        };
        for (axis, bound) in [(Latitude, 900_000_000), (Longitude, 1_800_000_000)] {
            for outside in [bound + 1, -bound - 1, i32::MIN, i32::MAX] {
                let message = format!("{axis} {outside} is outside ±{bound}");
                check(axis, outside, Err(&message));
            }
            check(axis, bound, Ok(bound));
            check(axis, -bound, Ok(-bound));
        }
    }

    #[test]
    fn an_out_of_range_error_tells_axis_value_and_bound() {
        let error = Axis::Longitude.check(i32::MIN).unwrap_err();
        assert_eq!(error.axis(), Axis::Longitude);
        assert_eq!(error.value(), i32::MIN);
        assert_eq!(error.bound(), 1_800_000_000);
    }
}

//! Reading points from text, in exact decimal arithmetic.

use crate::axis::Axis;
use crate::decimal::Decimal;
use crate::point::E7Point;
use crate::rectangle::E7Rectangle;

pub use error::ParseError;

mod error;
#[cfg(test)]
mod tests;

/// Stands before a point or a rectangle in E7 units that could be taken for degrees.
const E7_MARK: &str = "e7:";

/// Whole numbers beyond this are no slip of somebody who meant degrees, such as a forgotten decimal point.
const LARGEST_SLIP: i64 = 1_000_000;

/// The unit that the numbers of a text are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Degrees,
    /// Degrees, for want of anything that says so.
    WholeDegrees,
    E7,
}

impl Unit {
    /// Tells the unit of a point or rectangle by the rule of [`E7Point::parse_any`], and returns the text without its mark.
    pub(crate) fn guess(text: &str) -> (Self, &str) {
        if let Some(marked) = text.trim_ascii_start().strip_prefix(E7_MARK) {
            return (Self::E7, marked);
        }
        if text.contains(['.', 'e', 'E']) {
            return (Self::Degrees, text);
        }
        let is_large = |number| {
            Decimal::split(number).is_some_and(|decimal| {
                decimal.scaled(0).unsigned_abs() > LARGEST_SLIP.unsigned_abs()
            })
        };
        let unit = if text.split([',', ':']).any(is_large) {
            Self::E7
        } else {
            Self::WholeDegrees
        };
        (unit, text)
    }
}

/// Reads `LAT,LON`.
pub(crate) fn point(text: &str, unit: Unit) -> Result<E7Point, ParseError> {
    let shape = || ParseError::NotAPoint {
        text: text.to_owned(),
    };
    let (lat, lon) = text.split_once(',').ok_or_else(shape)?;
    if lon.contains(',') {
        return Err(shape());
    }
    Ok(E7Point::unbounded(
        coordinate(Axis::Latitude, lat, unit)?,
        coordinate(Axis::Longitude, lon, unit)?,
    ))
}

/// Reads `LAT,LON:LAT,LON`.
pub(crate) fn rectangle(text: &str, unit: Unit) -> Result<E7Rectangle, ParseError> {
    let shape = || ParseError::NotARectangle {
        text: text.to_owned(),
    };
    let (a, b) = text.split_once(':').ok_or_else(shape)?;
    if b.contains(':') {
        return Err(shape());
    }
    Ok(E7Rectangle::new(point(a, unit)?, point(b, unit)?))
}

impl Axis {
    /// Reads one coordinate in decimal degrees, such as `-74.6143763`, and returns it in E7 units.
    ///
    /// It is rounded to seven decimals, half away from zero. Blanks around the number are allowed, a sign before it and an
    /// exponent behind it.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if the text is not a number, or the coordinate is off the globe.
    ///
    /// # Examples
    ///
    /// ```
    /// use route_guide_geo::Axis;
    ///
    /// assert_eq!(Axis::Longitude.parse_degrees("-74.6143763"), Ok(-746_143_763));
    /// assert!(Axis::Latitude.parse_degrees("91").is_err());
    /// ```
    pub fn parse_degrees(self, text: &str) -> Result<i32, ParseError> {
        coordinate(self, text, Unit::Degrees)
    }

    /// Reads one coordinate in E7 integers, such as `-746143763`.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if the text is not a whole number, or the coordinate is off the globe.
    pub fn parse_e7(self, text: &str) -> Result<i32, ParseError> {
        coordinate(self, text, Unit::E7)
    }
}

/// Reads one coordinate and checks that it is on the globe.
fn coordinate(axis: Axis, text: &str, unit: Unit) -> Result<i32, ParseError> {
    let text = text.trim_ascii();
    let owned = || text.to_owned();
    let decimal = Decimal::split(text);
    match unit {
        Unit::Degrees | Unit::WholeDegrees => {
            let decimal = decimal.ok_or_else(|| ParseError::NotDegrees {
                axis,
                text: owned(),
            })?;
            within(axis, decimal.scaled(7)).ok_or_else(|| match unit {
                Unit::WholeDegrees => ParseError::WholeDegreesOutOfRange {
                    axis,
                    text: owned(),
                },
                _ => ParseError::DegreesOutOfRange {
                    axis,
                    text: owned(),
                },
            })
        }
        Unit::E7 => {
            let whole = decimal.filter(|_| !text.contains(['.', 'e', 'E']));
            let decimal = whole.ok_or_else(|| ParseError::NotE7 {
                axis,
                text: owned(),
            })?;
            within(axis, decimal.scaled(0)).ok_or_else(|| ParseError::E7OutOfRange {
                axis,
                text: owned(),
            })
        }
    }
}

/// Returns the value as an `i32` if it is on the axis.
fn within(axis: Axis, units: i64) -> Option<i32> {
    i32::try_from(units)
        .ok()
        .filter(|units| units.unsigned_abs() <= axis.bound().unsigned_abs())
}

//! Reading points and rectangles from text.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use crate::axis::Axis;
use crate::coordinate::{CoordinateError, E7_MARK, Unit, has_decimal_notation, quote};
use crate::decimal::Decimal;
use crate::point::E7Point;
use crate::rectangle::E7Rectangle;

#[cfg(test)]
mod tests;

/// The error for text that is not a point or not a rectangle.
///
/// Its message fits on one line: it quotes the text escaped, and shortened if it is long.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseError {
    /// The text is not two numbers with a comma between them.
    NotAPoint {
        /// The text as it was given.
        text: String,
    },
    /// The text is not two points with a colon between them.
    NotARectangle {
        /// The text as it was given.
        text: String,
    },
    /// One of the numbers is not a coordinate.
    Coordinate(CoordinateError),
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAPoint { text } => write!(f, "expected LAT,LON but found {}", quote(text)),
            Self::NotARectangle { text } => {
                write!(f, "expected LAT,LON:LAT,LON but found {}", quote(text))
            }
            Self::Coordinate(error) => error.fmt(f),
        }
    }
}

impl Error for ParseError {}

impl From<CoordinateError> for ParseError {
    fn from(error: CoordinateError) -> Self {
        Self::Coordinate(error)
    }
}

/// Reads `LAT,LON` in degrees, such as `40.7838351,-74.6143763`.
///
/// The arithmetic is decimal and exact: up to seven decimals are kept as they are, further ones round half away from
/// zero. Blanks around the numbers, a sign and an exponent are allowed.
impl FromStr for E7Point {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        point(text, Unit::Degrees)
    }
}

impl E7Point {
    /// Reads `LAT,LON` in E7 integers, such as `407838351,-746143763`.
    ///
    /// Blanks around the numbers are allowed, and a sign before them.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if the text is not two whole numbers with a comma between them, or the point is off the globe.
    pub fn parse_e7(text: &str) -> Result<Self, ParseError> {
        point(text, Unit::E7)
    }

    /// Reads `LAT,LON` in degrees or in E7 integers.
    ///
    /// A decimal point or an exponent in either number means degrees. Whole numbers are E7 if either lies beyond
    /// ±1 000 000, where nobody means degrees, and degrees otherwise, which have to lie on the globe. The prefix `e7:`
    /// marks E7 points closer to 0,0 than that, a tenth of a degree: `e7:1,0`.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if the text is neither, or the point is off the globe.
    ///
    /// # Examples
    ///
    /// ```
    /// use route_guide_geo::E7Point;
    ///
    /// let whole_degrees = E7Point::parse_any("40,-75")?;
    /// assert_eq!(whole_degrees, E7Point::parse_any("40.0,-75")?);
    /// assert_eq!(whole_degrees, E7Point::parse_any("400000000,-750000000")?);
    /// assert_eq!(whole_degrees, E7Point::parse_any("e7:400000000,-750000000")?);
    /// assert!(E7Point::parse_any("91,0").is_err());
    /// # Ok::<(), route_guide_geo::ParseError>(())
    /// ```
    pub fn parse_any(text: &str) -> Result<Self, ParseError> {
        let (unit, text) = guess_unit(text);
        point(text, unit)
    }
}

/// Reads `LAT,LON:LAT,LON` in degrees, any two opposite corners.
impl FromStr for E7Rectangle {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        rectangle(text, Unit::Degrees)
    }
}

impl E7Rectangle {
    /// Reads `LAT,LON:LAT,LON` in degrees or in E7 integers.
    ///
    /// The rule is that of [`E7Point::parse_any`], taken over all four numbers: both corners are in the same unit,
    /// and the prefix of E7, as in `e7:0,0:5,5`, comes before the first.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if the text is neither, or a corner is off the globe.
    pub fn parse_any(text: &str) -> Result<Self, ParseError> {
        let (unit, text) = guess_unit(text);
        rectangle(text, unit)
    }
}

/// Returns the unit of a point or rectangle by the rule of [`E7Point::parse_any`], and the text without its mark.
fn guess_unit(text: &str) -> (Unit, &str) {
    /// A greater whole number is not a mistake in degrees, such as a forgotten decimal point.
    const LARGEST_SLIP: u64 = 1_000_000;
    if let Some(marked) = text.trim_ascii_start().strip_prefix(E7_MARK) {
        return (Unit::E7, marked);
    }
    if has_decimal_notation(text) {
        return (Unit::Degrees, text);
    }
    let is_large = |number| {
        Decimal::split(number).is_some_and(|number| number.scaled(0).unsigned_abs() > LARGEST_SLIP)
    };
    let unit = if text.split([',', ':']).any(is_large) {
        Unit::E7
    } else {
        Unit::WholeDegrees
    };
    (unit, text)
}

fn point(text: &str, unit: Unit) -> Result<E7Point, ParseError> {
    let (lat, lon) = split_in_two(text, ',').ok_or_else(|| ParseError::NotAPoint {
        text: text.to_owned(),
    })?;
    Ok(E7Point::unbounded(
        Axis::Latitude.parse(lat, unit)?,
        Axis::Longitude.parse(lon, unit)?,
    ))
}

fn rectangle(text: &str, unit: Unit) -> Result<E7Rectangle, ParseError> {
    let (a, b) = split_in_two(text, ':').ok_or_else(|| ParseError::NotARectangle {
        text: text.to_owned(),
    })?;
    Ok(E7Rectangle::new(point(a, unit)?, point(b, unit)?))
}

/// Splits a text at the only separator in it.
fn split_in_two(text: &str, separator: char) -> Option<(&str, &str)> {
    text.split_once(separator)
        .filter(|(_, rest)| !rest.contains(separator))
}

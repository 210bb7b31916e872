//! Reading and writing one coordinate, in exact decimal arithmetic.

use std::error::Error;
use std::fmt;

use crate::axis::{Axis, UNITS_PER_DEGREE};
use crate::decimal::Decimal;

/// The prefix of a point or a rectangle in E7 units that would otherwise be read as degrees.
pub(crate) const E7_MARK: &str = "e7:";

impl Axis {
    /// Reads one coordinate in decimal degrees, such as `-74.6143763`, and returns it in E7 units.
    ///
    /// It is rounded to seven decimals, half away from zero. A sign, an exponent and blanks around the number are
    /// allowed.
    ///
    /// # Errors
    ///
    /// [`CoordinateError`] if the text is not a number, or the coordinate is off the globe.
    ///
    /// # Examples
    ///
    /// ```
    /// use route_guide_geo::Axis;
    ///
    /// assert_eq!(Axis::Longitude.parse_degrees("-74.6143763"), Ok(-746_143_763));
    /// assert!(Axis::Latitude.parse_degrees("91").is_err());
    /// ```
    pub fn parse_degrees(self, text: &str) -> Result<i32, CoordinateError> {
        self.parse(text, Unit::Degrees)
    }

    /// Reads one coordinate in E7 integers, such as `-746143763`. A sign and blanks around the number are allowed.
    ///
    /// # Errors
    ///
    /// [`CoordinateError`] if the text is not a whole number, or the coordinate is off the globe.
    pub fn parse_e7(self, text: &str) -> Result<i32, CoordinateError> {
        self.parse(text, Unit::E7)
    }

    pub(crate) fn parse(self, text: &str, unit: Unit) -> Result<i32, CoordinateError> {
        let text = text.trim_ascii();
        let (not_a_number, out_of_range, decimals) = match unit {
            Unit::Degrees => (
                CoordinateErrorKind::NotDegrees,
                CoordinateErrorKind::DegreesOutOfRange,
                7,
            ),
            Unit::WholeDegrees => (
                CoordinateErrorKind::NotDegrees,
                CoordinateErrorKind::WholeDegreesOutOfRange,
                7,
            ),
            Unit::E7 => (
                CoordinateErrorKind::NotE7,
                CoordinateErrorKind::E7OutOfRange,
                0,
            ),
        };
        let error = |kind| CoordinateError {
            axis: self,
            text: text.to_owned(),
            kind,
        };
        let decimal = Decimal::split(text)
            .filter(|_| unit != Unit::E7 || !has_decimal_notation(text))
            .ok_or_else(|| error(not_a_number))?;
        i32::try_from(decimal.scaled(decimals))
            .ok()
            .and_then(|units| self.check(units).ok())
            .ok_or_else(|| error(out_of_range))
    }
}

/// Returns whether a number is written with a decimal point or an exponent.
pub(crate) fn has_decimal_notation(text: &str) -> bool {
    text.contains(['.', 'e', 'E'])
}

/// The unit of the numbers in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Degrees,
    /// Degrees by default: nothing in the text tells the unit.
    WholeDegrees,
    E7,
}

/// The error for text that is not a coordinate.
///
/// Its message fits on one line: it quotes the text escaped, and shortened if it is long.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CoordinateError {
    /// The coordinate that the text was read as.
    pub axis: Axis,
    /// The text as it was given.
    pub text: String,
    /// What is wrong with it.
    pub kind: CoordinateErrorKind,
}

/// What is wrong with the text of a coordinate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CoordinateErrorKind {
    /// A coordinate in degrees is not a decimal number.
    NotDegrees,
    /// A coordinate in E7 units is not a whole number.
    NotE7,
    /// A coordinate in degrees lies off the globe.
    DegreesOutOfRange,
    /// A small whole number, which is read as degrees, lies off the globe.
    WholeDegreesOutOfRange,
    /// A coordinate in E7 units lies off the globe.
    E7OutOfRange,
}

impl fmt::Display for CoordinateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound = self.axis.bound().unsigned_abs();
        let degrees = self.axis.bound_degrees();
        write!(f, "{} {} is ", self.axis, quote(&self.text))?;
        match self.kind {
            CoordinateErrorKind::NotDegrees => f.write_str("not a decimal number"),
            CoordinateErrorKind::NotE7 => f.write_str("not a whole number"),
            CoordinateErrorKind::DegreesOutOfRange => write!(f, "outside ±{degrees} degrees"),
            CoordinateErrorKind::WholeDegreesOutOfRange => write!(
                f,
                "outside ±{degrees} degrees; a point in E7 units is written {E7_MARK}LAT,LON"
            ),
            CoordinateErrorKind::E7OutOfRange => write!(f, "outside ±{bound}"),
        }
    }
}

impl Error for CoordinateError {}

/// Quotes a text for an error message: escaped, and cut after 40 characters.
pub(crate) fn quote(text: &str) -> String {
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// Writes a coordinate in degrees with all of its decimals, without trailing zeros.
pub(crate) fn write_degrees(f: &mut fmt::Formatter<'_>, units: i32) -> fmt::Result {
    let sign = if units < 0 { "-" } else { "" };
    let magnitude = units.unsigned_abs();
    let whole = magnitude / UNITS_PER_DEGREE;
    let mut fraction = magnitude % UNITS_PER_DEGREE;
    write!(f, "{sign}{whole}")?;
    if fraction == 0 {
        return Ok(());
    }
    let mut digits = 7;
    while fraction.is_multiple_of(10) {
        fraction /= 10;
        digits -= 1;
    }
    write!(f, ".{fraction:0digits$}")
}

use std::error::Error;
use std::fmt;

use super::E7_MARK;
use crate::axis::Axis;
use crate::point::UNITS_PER_DEGREE;

/// The error for text that is not a point or not a rectangle.
///
/// Its message names what is wrong and quotes the text, shortened if it is long and with control characters escaped,
/// so that it always fits on one line.
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
    /// A coordinate in degrees is not a decimal number.
    NotDegrees {
        /// Which coordinate.
        axis: Axis,
        /// The coordinate as it was given.
        text: String,
    },
    /// A coordinate in E7 units is not a whole number.
    NotE7 {
        /// Which coordinate.
        axis: Axis,
        /// The coordinate as it was given.
        text: String,
    },
    /// A coordinate in degrees lies off the globe.
    DegreesOutOfRange {
        /// Which coordinate.
        axis: Axis,
        /// The coordinate as it was given.
        text: String,
    },
    /// A small whole number, which is read as degrees, lies off the globe.
    WholeDegreesOutOfRange {
        /// Which coordinate.
        axis: Axis,
        /// The coordinate as it was given.
        text: String,
    },
    /// A coordinate in E7 units lies off the globe.
    E7OutOfRange {
        /// Which coordinate.
        axis: Axis,
        /// The coordinate as it was given.
        text: String,
    },
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAPoint { text } => write!(f, "expected LAT,LON but found {}", quote(text)),
            Self::NotARectangle { text } => {
                write!(f, "expected LAT,LON:LAT,LON but found {}", quote(text))
            }
            Self::NotDegrees { axis, text } => {
                write!(f, "{axis} {} is not a decimal number", quote(text))
            }
            Self::NotE7 { axis, text } => write!(f, "{axis} {} is not a whole number", quote(text)),
            Self::DegreesOutOfRange { axis, text } => off_the_globe(f, *axis, text),
            Self::WholeDegreesOutOfRange { axis, text } => {
                off_the_globe(f, *axis, text)?;
                write!(f, "; a point in E7 units is written {E7_MARK}LAT,LON")
            }
            Self::E7OutOfRange { axis, text } => {
                write!(f, "{axis} {} is outside ±{}", quote(text), axis.bound())
            }
        }
    }
}

impl Error for ParseError {}

fn off_the_globe(f: &mut fmt::Formatter<'_>, axis: Axis, text: &str) -> fmt::Result {
    let degrees = axis.bound().unsigned_abs() / UNITS_PER_DEGREE;
    write!(f, "{axis} {} is outside ±{degrees} degrees", quote(text))
}

/// Quotes a text for an error message: escaped, and cut after 40 characters.
fn quote(text: &str) -> String {
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

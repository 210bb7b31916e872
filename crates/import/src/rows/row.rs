//! Rows, rejected records, and their counts.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use route_guide_geo::{Axis, CoordinateError, E7Point};

use crate::rows::position::Position;
use crate::rows::reference::ReferenceSystem;
use crate::text::encoding::Encoding;
use crate::text::one_line::one_line;

/// One place: its location and its name.
///
/// The name is borrowed, which avoids an allocation for each row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Row<'a> {
    /// The location.
    pub location: E7Point,
    /// The name, empty if the record has none. It can contain any character, including line ends and other controls.
    pub name: &'a str,
}

/// An invalid record, and the reason.
///
/// Its [`Display`](fmt::Display) is one line with file, position and value.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejected {
    pub(crate) input: Arc<str>,
    pub(crate) position: Position,
    pub(crate) reason: Reason,
}

impl Rejected {
    /// Returns the input's name, as it was given.
    #[must_use]
    pub fn input(&self) -> &str {
        &self.input
    }

    /// Returns the position of the record.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.position
    }

    /// Returns what is wrong with the record.
    #[must_use]
    pub const fn reason(&self) -> &Reason {
        &self.reason
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.input, self.position, self.reason)
    }
}

impl Error for Rejected {}

/// The reason to reject a record.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// A coordinate in text is not a number, or off the globe.
    Coordinate(CoordinateError),
    /// A binary coordinate is not a number, or off the globe.
    OffGlobe {
        /// Which coordinate.
        axis: Axis,
        /// Its value in degrees, possibly infinite or NaN.
        degrees: f64,
    },
    /// A mandatory part is missing.
    Missing {
        /// The part, such as `latitude`.
        what: &'static str,
    },
    /// The name contains bytes that are invalid in the encoding of the text.
    NameNotDecoded {
        /// The encoding.
        encoding: Encoding,
        /// The name, with U+FFFD for invalid bytes.
        name: String,
    },
    /// The record contains bytes that are invalid in the encoding of the text.
    NotDecoded {
        /// The encoding.
        encoding: Encoding,
    },
    /// The coordinates are not in WGS 84.
    ReferenceSystem(ReferenceSystem),
    /// The name is longer than the limit.
    NameTooLong {
        /// The limit.
        limit_bytes: usize,
    },
    /// Many points share a long name, so that the rows would be out of proportion to the input.
    NamesTooLong {
        /// The length of the feature, or of the block of an `OpenStreetMap` file.
        piece_bytes: usize,
        /// The greatest total length of the names of its points.
        limit_bytes: u64,
    },
    /// The record is longer than the limit.
    TooLong {
        /// The limit.
        limit_bytes: usize,
    },
    /// The record deviates from the format.
    Invalid {
        /// What is wrong, often in the words of the format's parser.
        problem: String,
    },
}

impl Reason {
    pub(crate) fn invalid(problem: impl fmt::Display) -> Self {
        Self::Invalid {
            problem: one_line(&problem.to_string()),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Coordinate(error) => error.fmt(f),
            Self::OffGlobe { axis, degrees } => {
                let bound = axis.bound_degrees();
                write!(f, "{axis} {degrees} is outside ±{bound} degrees")
            }
            Self::Missing { what } => write!(f, "there is no {what}"),
            Self::NameNotDecoded { encoding, name } => {
                write!(f, "the name {name:?} is not {}", encoding.name())
            }
            Self::NotDecoded { encoding } => write!(f, "the text is not {}", encoding.name()),
            Self::ReferenceSystem(system) => system.fmt(f),
            Self::NameTooLong { limit_bytes } => {
                write!(f, "the name is longer than {limit_bytes} bytes")
            }
            Self::NamesTooLong {
                piece_bytes,
                limit_bytes,
            } => write!(
                f,
                "{piece_bytes} bytes of input may give {limit_bytes} bytes of names, and there are more"
            ),
            Self::TooLong { limit_bytes } => {
                write!(f, "the record is longer than {limit_bytes} bytes")
            }
            Self::Invalid { problem } => f.write_str(problem),
        }
    }
}

impl From<CoordinateError> for Reason {
    fn from(error: CoordinateError) -> Self {
        Self::Coordinate(error)
    }
}

/// Why a valid record is not a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Skip {
    NotAPoint,
    NoCoordinates,
    NoName,
}

/// The numbers of records in an input. Every record is counted exactly once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// The rows, with and without a name. Each point of a `MultiPoint` counts.
    pub rows: u64,
    /// The rows with an empty name.
    pub unnamed: u64,
    /// The rejected records and points of a `MultiPoint`.
    pub rejected: u64,
    /// The valid records that are not places.
    pub skipped: Skipped,
}

/// The numbers of valid records that are not places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// Records other than points: lines, polygons and collections, the ways and relations of `OpenStreetMap`, the
    /// tracks and routes of GPX.
    pub not_points: u64,
    /// Records without coordinates: features with no or an empty geometry, lines of tables with empty coordinates.
    pub no_coordinates: u64,
    /// Nodes of `OpenStreetMap` without the tag for the name, most of which are corners of ways.
    pub no_name: u64,
}

impl Skipped {
    /// Returns the total.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.not_points + self.no_coordinates + self.no_name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejected_record_is_explained_on_one_line() {
        let check = |reason: Reason, expected: &str| {
            let rejected = Rejected {
                input: "places.csv".into(),
                position: Position::Line { line: 7 },
                reason,
            };
            assert_eq!(
                rejected.to_string(),
                format!("places.csv: line 7: {expected}")
            );
        };
        check(
            Axis::Longitude.parse_degrees("200").unwrap_err().into(),
            "longitude \"200\" is outside ±180 degrees",
        );
        check(
            Reason::OffGlobe {
                axis: Axis::Latitude,
                degrees: f64::NAN,
            },
            "latitude NaN is outside ±90 degrees",
        );
        check(
            Reason::OffGlobe {
                axis: Axis::Longitude,
                degrees: f64::NEG_INFINITY,
            },
            "longitude -inf is outside ±180 degrees",
        );
        check(Reason::Missing { what: "latitude" }, "there is no latitude");
        check(
            Reason::NameNotDecoded {
                encoding: Encoding::UTF_8,
                name: "M\u{fffd}hle".into(),
            },
            "the name \"M\u{fffd}hle\" is not UTF-8",
        );
        check(
            Reason::NameTooLong {
                limit_bytes: 65_536,
            },
            "the name is longer than 65536 bytes",
        );
        check(
            Reason::NamesTooLong {
                piece_bytes: 100,
                limit_bytes: 6400,
            },
            "100 bytes of input may give 6400 bytes of names, and there are more",
        );
        check(
            Reason::TooLong { limit_bytes: 100 },
            "the record is longer than 100 bytes",
        );
        check(Reason::invalid("bad\nnews"), "bad\\nnews");
        check(
            Reason::invalid("x".repeat(1 << 20)),
            &format!("{}…", "x".repeat(200)),
        );
    }
}

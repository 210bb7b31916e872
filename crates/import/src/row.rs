//! What comes out of an import: rows, rejected records, and how many of each.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use route_guide_geo::{Axis, CoordinateError, E7Point};

use crate::position::Position;
use crate::reference::ReferenceSystem;
use crate::text::encoding::Encoding;
use crate::text::one_line::one_line;

/// One place: where it is and what it is called.
///
/// The name is lent, not given: a hundred million names would be as many allocations, and who builds a data set copies
/// them into one text anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Row<'a> {
    /// The position.
    pub location: E7Point,
    /// The name, empty if the record has none. It can contain any character, also line ends and other controls.
    pub name: &'a str,
}

/// A record that should have been a place and is not, and why.
///
/// Its [`Display`](fmt::Display) is one line with file, position and value.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejected {
    pub(crate) input: Arc<str>,
    pub(crate) position: Position,
    pub(crate) reason: Reason,
}

impl Rejected {
    /// Returns the name of the file, as it was given.
    #[must_use]
    pub fn input(&self) -> &str {
        &self.input
    }

    /// Returns where in the file the record is.
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

/// What is wrong with a rejected record.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// A coordinate in a text is no number, or off the globe.
    Coordinate(CoordinateError),
    /// A coordinate in binary is no number, or off the globe.
    OffGlobe {
        /// Which coordinate.
        axis: Axis,
        /// Its value in degrees, which can also be infinite or no number.
        degrees: f64,
    },
    /// Something that every record has to have is not there.
    Missing {
        /// What is missing, such as `latitude`.
        what: &'static str,
    },
    /// The name contains bytes that mean nothing in the encoding of the text.
    NameNotDecoded {
        /// The encoding.
        encoding: Encoding,
        /// The name, with U+FFFD for such bytes.
        name: String,
    },
    /// A record contains bytes that mean nothing in the encoding of the text.
    NotDecoded {
        /// The encoding.
        encoding: Encoding,
    },
    /// The coordinates are in another reference system than WGS 84.
    ReferenceSystem(ReferenceSystem),
    /// The name is longer than the limit.
    NameTooLong {
        /// The limit.
        limit_bytes: usize,
    },
    /// Points share a name so long, and are so many, that what they came from would grow out of all proportion.
    NamesTooLong {
        /// The length of what they came from: a feature, or a block of an `OpenStreetMap` file.
        piece_bytes: usize,
        /// How long the names of its points may be together.
        limit_bytes: u64,
    },
    /// The record is longer than the limit.
    TooLong {
        /// The limit.
        limit_bytes: usize,
    },
    /// The record is not what the format says it has to be.
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
                let bound = match axis {
                    Axis::Latitude => 90,
                    Axis::Longitude => 180,
                };
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

/// Why a record is passed over: it is sound, but no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Skip {
    NotAPoint,
    NoCoordinates,
    NoName,
}

/// How many records an input had, and what became of them. Every record is in exactly one of the numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// The rows, with and without a name. Each point of a `MultiPoint` is one.
    pub rows: u64,
    /// Those of the rows whose name is empty.
    pub unnamed: u64,
    /// The records, or points of a `MultiPoint`, that were rejected.
    pub rejected: u64,
    /// The records that are no places by design.
    pub skipped: Skipped,
}

/// How many records were passed over because they are no places by design.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// Records of another kind than points: lines, polygons and collections, the ways and relations of
    /// `OpenStreetMap`, the tracks and routes of GPX.
    pub not_points: u64,
    /// Records without coordinates: features without a geometry or with an empty one, lines of tables whose coordinates
    /// are empty.
    pub no_coordinates: u64,
    /// Nodes of `OpenStreetMap` without the tag for the name: corners of ways, most of them.
    pub no_name: u64,
}

impl Skipped {
    /// Returns how many records were passed over for any reason.
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

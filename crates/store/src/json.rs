//! Reading the two published JSON shapes as a stream.
//!
//! Nothing of the document is kept but the coordinates and names that go into the store: entries are visited one by one
//! as the parser meets them, and names are written straight into the arena.

use std::fmt;
use std::io::{self, BufRead};
use std::num::IntErrorKind;

use route_guide_geo::{Axis, E7Point};
use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use crate::builder::Builder;
use crate::load::JsonError;

/// Why a document was not read.
pub(crate) enum ReadError {
    Io(io::Error),
    Json(JsonError),
}

/// Reads a whole document.
pub(crate) fn read(mut input: impl BufRead) -> Result<Builder, ReadError> {
    skip_byte_order_mark(&mut input).map_err(ReadError::Io)?;
    let mut reading = Reading::default();
    let mut deserializer = serde_json::Deserializer::from_reader(input);
    let outcome = Document(&mut reading)
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end());
    match outcome {
        Ok(()) => Ok(reading.builder),
        Err(error) if error.is_io() => Err(ReadError::Io(error.into())),
        Err(error) => Err(ReadError::Json(reading.explain(&error))),
    }
}

/// Some editors begin UTF-8 files with this mark, which JSON does not know.
fn skip_byte_order_mark(input: &mut impl BufRead) -> io::Result<()> {
    const MARK: &[u8] = "\u{feff}".as_bytes();
    if input.fill_buf()?.starts_with(MARK) {
        input.consume(MARK.len());
    }
    Ok(())
}

/// What has been read so far, and where the parser is, for the error message.
#[derive(Default)]
struct Reading {
    builder: Builder,
    entry: Option<usize>,
    axis: Option<Axis>,
}

impl Reading {
    fn explain(&self, error: &serde_json::Error) -> JsonError {
        let (line, column) = (error.line(), error.column());
        let message = error.to_string();
        let problem = message
            .strip_suffix(&format!(" at line {line} column {column}"))
            .unwrap_or(&message);
        let problem = match self.axis {
            // A complaint about the value names the axis itself; one about the syntax does not.
            Some(axis) if error.is_syntax() => format!("{axis}: {problem}"),
            _ => shorten(problem),
        };
        JsonError {
            line,
            column,
            entry: self.entry,
            problem,
        }
    }
}

/// Cuts a message whose quoted value is too long for a line.
fn shorten(text: &str) -> String {
    const SHOWN: usize = 200;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The whole document: a list, or an object with a list.
struct Document<'r>(&'r mut Reading);

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of features, or an object with one as \"feature\"")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        List(self.0).visit_seq(seq)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        #[derive(Deserialize)]
        #[serde(field_identifier, rename_all = "lowercase")]
        enum Field {
            Feature,
            #[serde(other)]
            Other,
        }

        let mut seen = false;
        while let Some(field) = map.next_key()? {
            match field {
                Field::Feature if seen => return Err(A::Error::duplicate_field("feature")),
                Field::Feature => {
                    map.next_value_seed(List(self.0))?;
                    seen = true;
                }
                Field::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if seen {
            Ok(())
        } else {
            Err(A::Error::custom("the object has no \"feature\" list"))
        }
    }
}

/// The list of entries.
struct List<'r>(&'r mut Reading);

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of features")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        for number in 1.. {
            self.0.entry = Some(number);
            if seq.next_element_seed(Entry(self.0))?.is_none() {
                break;
            }
        }
        self.0.entry = None;
        Ok(())
    }
}

/// One entry: an object with a location and a name.
struct Entry<'r>(&'r mut Reading);

impl<'de> DeserializeSeed<'de> for Entry<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Entry<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a feature: an object with \"location\" and \"name\"")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        #[derive(Deserialize)]
        #[serde(field_identifier, rename_all = "lowercase")]
        enum Field {
            Location,
            Name,
            #[serde(other)]
            Other,
        }

        let mut location = None;
        let mut named = false;
        while let Some(field) = map.next_key()? {
            match field {
                Field::Location if location.is_some() => {
                    return Err(A::Error::duplicate_field("location"));
                }
                Field::Location => location = Some(map.next_value_seed(Location(self.0))?),
                Field::Name if named => return Err(A::Error::duplicate_field("name")),
                Field::Name => {
                    map.next_value_seed(Name(self.0))?;
                    named = true;
                }
                Field::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        self.0
            .builder
            .seal(location.unwrap_or_default())
            .map_err(A::Error::custom)
    }
}

/// A name, which goes straight into the arena.
struct Name<'r>(&'r mut Reading);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("name as a string")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, name: &str) -> Result<(), E> {
        self.0.builder.names.write(name);
        Ok(())
    }
}

/// A pair of coordinates.
struct Location<'r>(&'r mut Reading);

impl<'de> DeserializeSeed<'de> for Location<'_> {
    type Value = E7Point;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<E7Point, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Location<'_> {
    type Value = E7Point;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("location as an object with \"latitude\" and \"longitude\"")
    }

    fn visit_unit<E>(self) -> Result<E7Point, E> {
        Ok(E7Point::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<E7Point, A::Error> {
        #[derive(Deserialize)]
        #[serde(field_identifier, rename_all = "lowercase")]
        enum Field {
            Latitude,
            Longitude,
            #[serde(other)]
            Other,
        }

        let (mut lat, mut lon) = (None, None);
        while let Some(field) = map.next_key()? {
            let (axis, slot) = match field {
                Field::Latitude if lat.is_some() => {
                    return Err(A::Error::duplicate_field("latitude"));
                }
                Field::Longitude if lon.is_some() => {
                    return Err(A::Error::duplicate_field("longitude"));
                }
                Field::Latitude => (Axis::Latitude, &mut lat),
                Field::Longitude => (Axis::Longitude, &mut lon),
                Field::Other => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            self.0.axis = Some(axis);
            *slot = Some(map.next_value_seed(Coordinate(axis))?);
            self.0.axis = None;
        }
        E7Point::new(lat.unwrap_or_default(), lon.unwrap_or_default()).map_err(A::Error::custom)
    }
}

/// One coordinate in E7 units.
struct Coordinate(Axis);

impl Coordinate {
    /// Returns the coordinate if it fits an `i32` and is on the globe; `value` is what an error shows.
    fn check<E: serde::de::Error>(
        &self,
        units: Option<i32>,
        value: impl fmt::Display,
    ) -> Result<i32, E> {
        let on_globe = |units: &i32| units.unsigned_abs() <= self.0.bound().unsigned_abs();
        units.filter(on_globe).ok_or_else(|| self.outside(value))
    }

    fn outside<E: serde::de::Error>(&self, value: impl fmt::Display) -> E {
        E::custom(format_args!(
            "{} {value} is outside ±{}",
            self.0,
            self.0.bound()
        ))
    }

    fn not_whole<E: serde::de::Error>(&self, value: impl fmt::Display) -> E {
        E::custom(format_args!(
            "{} {value} is not a whole number; coordinates are degrees × 10⁷",
            self.0
        ))
    }
}

impl<'de> DeserializeSeed<'de> for Coordinate {
    type Value = i32;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<i32, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Coordinate {
    type Value = i32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} as a whole number", self.0)
    }

    fn visit_unit<E>(self) -> Result<i32, E> {
        Ok(0)
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<i32, E> {
        self.check(i32::try_from(value).ok(), value)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<i32, E> {
        self.check(i32::try_from(value).ok(), value)
    }

    /// Protobuf's JSON reads `1e3` and `5.0` as the whole numbers they are.
    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<i32, E> {
        if value.fract() != 0.0 {
            return Err(self.not_whole(value));
        }
        if value.abs() > f64::from(self.0.bound()) {
            return Err(self.outside(value));
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a whole number within the bounds of an i32"
        )]
        Ok(value as i32)
    }

    /// Protobuf's JSON also has numbers in quotes.
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<i32, E> {
        let quoted = || shorten(&format!("{text:?}"));
        match text.parse::<i64>() {
            Ok(value) => self.visit_i64(value),
            Err(error) => Err(match error.kind() {
                IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => self.outside(quoted()),
                _ => self.not_whole(quoted()),
            }),
        }
    }
}

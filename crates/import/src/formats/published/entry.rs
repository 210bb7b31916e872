//! One entry of the published shapes.

use std::borrow::Cow;
use std::fmt;
use std::num::IntErrorKind;

use route_guide_geo::{Axis, E7Point};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use crate::text::one_line::one_line;

/// A location and a name.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) location: Option<E7Point>,
    pub(crate) name: Cow<'a, str>,
}

impl<'de> Deserialize<'de> for Entry<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entry<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a feature: an object with \"location\" and \"name\"")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry<'de>, A::Error> {
        #[derive(Deserialize)]
        #[serde(field_identifier, rename_all = "lowercase")]
        enum Field {
            Location,
            Name,
            #[serde(other)]
            Other,
        }

        let (mut location, mut name) = (None, None);
        while let Some(field) = map.next_key()? {
            match field {
                Field::Location if location.is_some() => {
                    return Err(A::Error::duplicate_field("location"));
                }
                Field::Location => location = Some(map.next_value::<Location>()?.0),
                Field::Name if name.is_some() => return Err(A::Error::duplicate_field("name")),
                Field::Name => name = Some(map.next_value::<Name<'de>>()?.0),
                Field::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Entry {
            location: location.flatten(),
            name: name.unwrap_or_default(),
        })
    }
}

/// A name, borrowed unless it has escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NameVisitor)
    }
}

struct NameVisitor;

impl<'de> Visitor<'de> for NameVisitor {
    type Value = Name<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("name as a string")
    }

    fn visit_unit<E>(self) -> Result<Name<'de>, E> {
        Ok(Name(Cow::default()))
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Name<'de>, E> {
        Ok(Name(Cow::Borrowed(name)))
    }

    fn visit_str<E>(self, name: &str) -> Result<Name<'de>, E> {
        Ok(Name(Cow::Owned(name.to_owned())))
    }
}

/// A pair of coordinates, `None` for null.
struct Location(Option<E7Point>);

impl<'de> Deserialize<'de> for Location {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LocationVisitor)
    }
}

struct LocationVisitor;

impl<'de> Visitor<'de> for LocationVisitor {
    type Value = Location;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("location as an object with \"latitude\" and \"longitude\"")
    }

    fn visit_unit<E>(self) -> Result<Location, E> {
        Ok(Location(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Location, A::Error> {
        #[derive(Deserialize)]
        #[serde(field_identifier, rename_all = "lowercase")]
        enum Field {
            Latitude,
            Longitude,
            #[serde(other)]
            Other,
        }

        let (mut lat, mut lon) = (None, None);
        let mut empty = true;
        while let Some(field) = map.next_key()? {
            empty = false;
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
            *slot = Some(map.next_value_seed(Coordinate(axis))?);
        }
        let (lat, lon) = (lat.flatten(), lon.flatten());
        // Protobuf writes 0,0 as an empty object. With other members, the coordinates are probably in those.
        if !empty && lat.is_none() && lon.is_none() {
            let neither = "the location has neither latitude nor longitude";
            return Err(A::Error::custom(neither));
        }
        E7Point::new(lat.unwrap_or_default(), lon.unwrap_or_default())
            .map(|location| Location(Some(location)))
            .map_err(A::Error::custom)
    }
}

/// One coordinate in E7 units.
struct Coordinate(Axis);

impl Coordinate {
    /// Returns the coordinate if it fits an `i32` and is on the globe. Errors show `value`.
    fn check<E: Error>(&self, units: Option<i32>, value: impl fmt::Display) -> Result<i32, E> {
        let on_globe = |units: &i32| units.unsigned_abs() <= self.0.bound().unsigned_abs();
        units.filter(on_globe).ok_or_else(|| self.outside(value))
    }

    fn outside<E: Error>(&self, value: impl fmt::Display) -> E {
        E::custom(format_args!(
            "{} {value} is outside ±{}",
            self.0,
            self.0.bound()
        ))
    }

    fn not_whole<E: Error>(&self, value: impl fmt::Display) -> E {
        E::custom(format_args!(
            "{} {value} is not a whole number; coordinates are degrees × 10⁷",
            self.0
        ))
    }
}

/// A coordinate, `None` for null.
impl<'de> DeserializeSeed<'de> for Coordinate {
    type Value = Option<i32>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<i32>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Coordinate {
    type Value = Option<i32>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} as a whole number", self.0)
    }

    fn visit_unit<E>(self) -> Result<Option<i32>, E> {
        Ok(None)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Option<i32>, E> {
        self.check(i32::try_from(value).ok(), value).map(Some)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Option<i32>, E> {
        self.check(i32::try_from(value).ok(), value).map(Some)
    }

    /// Protobuf's JSON accepts `1e3` and `5.0` as integers.
    fn visit_f64<E: Error>(self, value: f64) -> Result<Option<i32>, E> {
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
        Ok(Some(value as i32))
    }

    /// Protobuf's JSON accepts numbers in quotes, in either form.
    fn visit_str<E: Error>(self, text: &str) -> Result<Option<i32>, E> {
        let quoted = || one_line(&format!("{text:?}"));
        match text.parse::<i64>() {
            Ok(value) => self.visit_i64(value),
            Err(error) => match (error.kind(), number(text)) {
                (IntErrorKind::PosOverflow | IntErrorKind::NegOverflow, _) => {
                    Err(self.outside(quoted()))
                }
                (_, Some(value)) if value.fract() == 0.0 => self.visit_f64(value),
                _ => Err(self.not_whole(quoted())),
            },
        }
    }
}

/// Parses a JSON number.
fn number(text: &str) -> Option<f64> {
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads one entry with this location. Returns the location in E7, or the problem without its position.
    fn location(members: &str) -> Result<String, String> {
        let text = format!("{{\"location\": {{{members}}}}}");
        let entry: serde_json::Result<Entry<'_>> = serde_json::from_str(&text);
        entry
            .map(|entry| entry.location.unwrap().e7().to_string())
            .map_err(|error| crate::json::problem(&error, text.as_bytes()))
    }

    #[test]
    fn coordinates_are_whole_numbers_on_the_globe() {
        let check = |members: &str, expected: &str| {
            assert_eq!(location(members), Ok(expected.to_owned()), "{members}");
        };
        check(
            r#""latitude": 900000000, "longitude": -1800000000"#,
            "900000000,-1800000000",
        );
        check(r#""latitude": "-12", "longitude": 1.5e1"#, "-12,15");
        check(r#""latitude": null, "longitude": -0.0"#, "0,0");
        check(r#""latitude": "1e3", "longitude": "5.0""#, "1000,5");

        let check = |members: &str, expected: &str| {
            assert_eq!(location(members), Err(expected.to_owned()), "{members}");
        };
        let latitude =
            |value: &str, expected: &str| check(&format!("\"latitude\": {value}"), expected);
        latitude("900000001", "latitude 900000001 is outside ±900000000");
        latitude("\"900000001\"", "latitude 900000001 is outside ±900000000");
        latitude(
            "18446744073709551615",
            "latitude 18446744073709551615 is outside ±900000000",
        );
        latitude(
            "-99999999999999999999999",
            "latitude -100000000000000000000000 is outside ±900000000",
        );
        latitude(
            "\"-99999999999999999999999\"",
            "latitude \"-99999999999999999999999\" is outside ±900000000",
        );
        latitude(
            "\"\"",
            "latitude \"\" is not a whole number; coordinates are degrees × 10⁷",
        );
        latitude(
            "\"1.5\"",
            "latitude \"1.5\" is not a whole number; coordinates are degrees × 10⁷",
        );
        latitude(
            "\"inf\"",
            "latitude \"inf\" is not a whole number; coordinates are degrees × 10⁷",
        );
        latitude(
            "\"1e400\"",
            "latitude \"1e400\" is not a whole number; coordinates are degrees × 10⁷",
        );
        latitude("1e400", "number out of range, found 1e400");
        latitude("NaN", "expected value, found NaN");
        latitude(
            "[1]",
            "invalid type: sequence, expected latitude as a whole number",
        );
        latitude("0, \"latitude\": 1", "duplicate field `latitude`");
        check(
            "\"longitude\": -1800000001",
            "longitude -1800000001 is outside ±1800000000",
        );
    }

    #[test]
    fn a_problem_fits_on_a_line_whatever_the_value() {
        let long = format!("\"latitude\": \"{}\"", "9".repeat(100_000));
        let problem = location(&long).unwrap_err();
        assert!(problem.len() < 400, "{problem}");
        assert!(problem.starts_with("latitude \"999"), "{problem}");
    }
}

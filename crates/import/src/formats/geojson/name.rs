//! The name among the properties of a feature.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::json::problem;
use crate::json::value::{Text, parse};
use crate::options::Naming;
use crate::rows::row::Reason;

/// Returns the name in the properties of a feature, `None` if no property holds it.
pub(super) fn of<'a>(
    naming: &Naming,
    properties: &'a RawValue,
) -> Result<Option<Cow<'a, str>>, Reason> {
    if !properties.get().starts_with('{') {
        return Err(Reason::invalid("the properties are not an object"));
    }
    let mut deserializer = serde_json::Deserializer::from_str(properties.get());
    let found = Property(naming)
        .deserialize(&mut deserializer)
        .map_err(|error| Reason::invalid(problem(&error, properties.get().as_bytes())))?;
    let Some(value) = found else {
        return Ok(None);
    };
    match value.get().as_bytes().first() {
        Some(b'"') => parse::<Text<'a>>(value).map(|text| Some(text.0)),
        Some(b'{' | b'[') => {
            let field = naming.field().unwrap_or_default();
            Err(Reason::invalid(format!("property {field:?} is not a text")))
        }
        Some(b'n') => Ok(Some(Cow::default())),
        _ => Ok(Some(Cow::Borrowed(value.get()))),
    }
}

/// Deserializes the property with the best rank and skips the others.
struct Property<'n>(&'n Naming);

impl<'de> DeserializeSeed<'de> for Property<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Property<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("properties as an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        /// Worse than every rank.
        const NONE: (u8, Option<&RawValue>) = (u8::MAX, None);
        let mut best = NONE;
        let mut exact = false;
        while let Some(Text(key)) = map.next_key()? {
            let Some(rank) = self.0.rank(&key) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if rank == 0 && std::mem::replace(&mut exact, true) {
                let twice = format_args!("there are two properties {key:?}");
                return Err(A::Error::custom(twice));
            }
            let value: &RawValue = map.next_value()?;
            // Null ranks below any value. A property that only resembles the field may hold anything, so an object
            // there is ignored.
            let (rank, fits) = match value.get().as_bytes().first() {
                Some(b'n') => (NONE.0 - 1, true),
                Some(b'{' | b'[') => (rank, rank == 0),
                _ => (rank, true),
            };
            if fits && rank < best.0 {
                best = (rank, Some(value));
            }
        }
        Ok(best.1)
    }
}

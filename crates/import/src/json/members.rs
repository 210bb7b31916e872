//! The names of an object's members, for a message.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::geojson::detect;
use crate::row::one_line;

/// The first names, one after another.
#[derive(Debug, Default)]
pub(crate) struct Names {
    text: String,
    count: usize,
}

/// More names than this tell nothing more, and a damaged file may have millions.
const LISTED: usize = 12;

impl Names {
    pub(crate) fn add(&mut self, name: &str) {
        self.count += 1;
        match self.count {
            1 => self.text = one_line(name),
            2..=LISTED => {
                self.text.push_str(", ");
                self.text.push_str(&one_line(name));
            }
            _ if self.count == LISTED + 1 => self.text.push_str(", …"),
            _ => {}
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

/// Returns the names of the members of an object's text, none if it is no object.
pub(crate) fn names(text: &[u8]) -> String {
    serde_json::from_slice::<Members<'_>>(text)
        .map_or_else(|_| String::new(), |found| found.names.text)
}

/// Tells whether a text is an object that says it is `GeoJSON`.
pub(crate) fn are_geojson(text: &[u8]) -> bool {
    let members = serde_json::from_slice::<Members<'_>>(text);
    members.is_ok_and(|found| {
        found
            .kind
            .is_some_and(|kind| detect::GEOJSON.contains(&&*kind))
    })
}

struct Members<'a> {
    names: Names,
    kind: Option<Cow<'a, str>>,
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

#[derive(Deserialize)]
#[serde(untagged)]
enum Kind<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Other(IgnoredAny),
}

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Members {
            names: Names::default(),
            kind: None,
        };
        while let Some(key) = map.next_key::<String>()? {
            members.names.add(&key);
            if key != "type" {
                map.next_value::<IgnoredAny>()?;
            } else if let Kind::Text(kind) = map.next_value()? {
                members.kind = Some(kind);
            }
        }
        Ok(members)
    }
}

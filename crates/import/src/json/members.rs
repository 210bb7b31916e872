//! The members of an object, for messages and detection.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::text::names::Names;

/// Returns the names of the members of an object as a list for a message, empty if the text is not an object.
pub(crate) fn names(text: &[u8]) -> String {
    serde_json::from_slice::<Members<'_>>(text)
        .map_or_else(|_| String::new(), |found| found.names.into_string())
}

/// Returns the member `type` of an object's text if it is a string.
pub(crate) fn kind(text: &[u8]) -> Option<String> {
    let members = serde_json::from_slice::<Members<'_>>(text).ok()?;
    members.kind.map(Cow::into_owned)
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

//! The member `crs`, which names the reference system.
//!
//! RFC 7946 allows only WGS 84. Before it, a collection, a feature or a geometry could name another system, and some
//! programs still write that.
//!
//! # References
//!
//! <https://geojson.org/geojson-spec.html#coordinate-reference-system-objects>, and the draft before it with `EPSG` as a type.

use serde::Deserialize;
use serde_json::Value;

use crate::rows::reference::ReferenceSystem;

/// Returns the reference system if it is not WGS 84. A member that names none is ignored.
pub(super) fn other_than_wgs84(text: &[u8]) -> Option<ReferenceSystem> {
    #[derive(Deserialize)]
    struct Crs<'a> {
        #[serde(rename = "type")]
        kind: Option<&'a str>,
        properties: Option<Properties>,
    }

    #[derive(Default, Deserialize)]
    struct Properties {
        name: Option<Value>,
        code: Option<Value>,
        urn: Option<Value>,
        href: Option<Value>,
    }

    if let Ok(name) = serde_json::from_slice::<String>(text) {
        return ReferenceSystem::other_than_wgs84(&name);
    }
    // Serde would read a list as the members in order.
    if text.first() != Some(&b'{') {
        return None;
    }
    let crs = serde_json::from_slice::<Crs<'_>>(text).ok()?;
    let properties = crs.properties.unwrap_or_default();
    let words = |value: Option<Value>| match value? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let code = words(properties.code).map(|code| match crs.kind {
        Some(kind) if !code.contains(':') => format!("{kind}:{code}"),
        _ => code,
    });
    let name = words(properties.name)
        .or(code)
        .or_else(|| words(properties.urn))
        .or_else(|| words(properties.href))?;
    ReferenceSystem::other_than_wgs84(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_in_which_a_system_is_named_counts() {
        let check = |text: &str, expected: Option<&str>| {
            let found = other_than_wgs84(text.as_bytes());
            assert_eq!(
                found.as_ref().map(ReferenceSystem::name),
                expected,
                "{text}"
            );
        };
        check(
            r#"{"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}"#,
            Some("urn:ogc:def:crs:EPSG::3857"),
        );
        check(
            r#"{"properties": {"name": "EPSG:3857"}}"#,
            Some("EPSG:3857"),
        );
        check(
            r#"{"type": "EPSG", "properties": {"code": 3857, "coordinate_order": [0, 1]}}"#,
            Some("EPSG:3857"),
        );
        check(
            r#"{"type": "EPSG", "properties": {"code": "3857"}}"#,
            Some("EPSG:3857"),
        );
        check(r#"{"type": "EPSG", "properties": {"code": 4326}}"#, None);
        check(
            r#"{"type": "OGC", "properties": {"urn": "urn:ogc:def:crs:OGC:1.3:CRS84"}}"#,
            None,
        );
        check(
            r#"{"type": "link", "properties": {"href": "http://spatialreference.org/ref/epsg/2056/proj4/", "type": "proj4"}}"#,
            Some("http://spatialreference.org/ref/epsg/2056/proj4/"),
        );
        check(r#""EPSG:3857""#, Some("EPSG:3857"));
        check(
            r#"{"type": "name", "properties": {"name": "WGS 84"}}"#,
            None,
        );
        check(r#"{"type": "name", "properties": null}"#, None);
        check(r#"{"name": "x", "properties": {"name": ["x"]}}"#, None);
        check("null", None);
        check("[1, 2]", None);
    }
}

//! Telling the JSON formats apart by the first bytes of a file.
//!
//! File names are unreliable: `GeoJSON` is often called `.json`, and a sequence of texts `.geojson`.

use crate::format::Format;
use crate::formats::geojson::sequence::RECORD_SEPARATOR;
use crate::formats::geojson::types::{is_geojson, is_type};
use crate::json::scan::{Captured, IfLong, Outline, Scanner};

/// Returns the actual format of a file that is expected to be of `format`.
pub(crate) fn format(format: Format, head: &[u8]) -> Format {
    if format != Format::Json && format != Format::GeoJson {
        return format;
    }
    let text = head.trim_ascii_start();
    match text.first() {
        Some(&RECORD_SEPARATOR) => Format::GeoJsonSeq,
        Some(b'{') if is_sequence(text) => Format::GeoJsonSeq,
        Some(b'{') if format == Format::Json && begins_as_geojson(text).unwrap_or_default() => {
            Format::GeoJson
        }
        _ => format,
    }
}

/// Returns whether the first line is a complete `GeoJSON` text that another text follows.
fn is_sequence(text: &[u8]) -> bool {
    let Some(length) = Outline::default().feed(text) else {
        return false;
    };
    let (first, rest) = text.split_at(length);
    let rest = rest.strip_prefix(b",").unwrap_or(rest);
    let rest = rest.trim_ascii_start();
    rest.first() == Some(&b'{') && !first.contains(&b'\n') && is_geojson(first)
}

/// Returns whether the beginning of an object has a `type` of `GeoJSON`, or a first feature with one; `None` if it
/// has neither member.
fn begins_as_geojson(text: &[u8]) -> Option<bool> {
    let mut scanner = Scanner::new(text, text.len());
    let mut value = Vec::new();
    scanner.take().ok()?;
    loop {
        match scanner.peek().ok()?? {
            b',' => scanner.take().ok()?,
            b'"' => {}
            _ => return None,
        }
        scanner.peek().ok()?;
        capture(&mut scanner, &mut value)?;
        let key: String = serde_json::from_slice(&value).ok()?;
        if scanner.peek().ok()?? != b':' {
            return None;
        }
        scanner.take().ok()?;
        let next = scanner.peek().ok()??;
        if key == "features" && next == b'[' {
            scanner.take().ok()?;
            scanner.peek().ok()?;
            capture(&mut scanner, &mut value)?;
            return Some(is_geojson(&value));
        }
        capture(&mut scanner, &mut value)?;
        if key == "type" {
            let kind: String = serde_json::from_slice(&value).ok()?;
            return Some(is_type(&kind));
        }
    }
}

fn capture(scanner: &mut Scanner<&[u8]>, value: &mut Vec<u8>) -> Option<()> {
    let captured = scanner.capture(value, IfLong::Stop).ok()?;
    (captured == Captured::Whole).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_what_json_a_file_is() {
        let check = |text: &str, json: Format, geojson: Format| {
            assert_eq!(format(Format::Json, text.as_bytes()), json, "{text}");
            assert_eq!(format(Format::GeoJson, text.as_bytes()), geojson, "{text}");
        };
        let geojson = |text: &str| check(text, Format::GeoJson, Format::GeoJson);
        geojson(r#"{"type": "Feature", "geometry""#);
        geojson(r#" {"name": {"type": "x"}, "type": "FeatureCollection", "#);
        geojson(r#"{"crs": null, "features": [ {"type": "Feature"}, {"#);
        geojson(r#"{"type":"Point","coordinates":[1,2]}"#);
        let sequence = |text: &str| check(text, Format::GeoJsonSeq, Format::GeoJsonSeq);
        sequence("{\"type\": \"Feature\"}\n{\"type\"");
        sequence("{\"type\": \"Feature\"},\r\n{\"type\"");
        sequence("{\"type\": \"Point\"} {");
        sequence("\u{1e}{\"type\"");
        let neither = |text: &str| check(text, Format::Json, Format::GeoJson);
        neither("");
        neither("[{\"type\": \"Feature\"}]");
        neither(r#"{"feature": [{"location": {}}], "type": "Feature"}"#.split_at(30).0);
        neither(r#"{"type": "Topology"}"#);
        neither(r#"{"displayFieldName": "", "features": [{"attributes": {}}]}"#);
        neither("{\"type\":\n\"Feature\"}\n{".split_at(12).0);
        neither("{\"a\": 1}\n{\"a\": 2}");
        neither("{\"a\" 1");
        assert_eq!(format(Format::Gpx, b"\x1e"), Format::Gpx);
    }
}

//! The types of `GeoJSON` objects.

use crate::json::members;

/// The types of features and geometries (RFC 7946, section 1.4): all but `FeatureCollection`.
pub(crate) const LONE: [&str; 8] = [
    "Feature",
    "Point",
    "MultiPoint",
    "LineString",
    "MultiLineString",
    "Polygon",
    "MultiPolygon",
    "GeometryCollection",
];

/// Returns whether a `type` is one of `GeoJSON`.
pub(crate) fn is_type(name: &str) -> bool {
    name == "FeatureCollection" || LONE.contains(&name)
}

/// Returns whether a text is an object with a `type` of `GeoJSON`.
pub(crate) fn is_geojson(text: &[u8]) -> bool {
    members::kind(text).is_some_and(|kind| is_type(&kind))
}

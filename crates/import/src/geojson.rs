//! `GeoJSON` documents (RFC 7946).
//!
//! A `FeatureCollection` is read feature by feature, wherever in the object its list stands; a lone feature or geometry
//! is a document too. The `geojson` crate would make numbers of the coordinates before they could be rounded in decimal,
//! takes the first bracket of a file for that of the list, and cannot go on behind a feature that is wrong.

pub(crate) mod feature;
#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::fault::{Fault, Stop};
use crate::format::Format;
use crate::input::Bytes;
use crate::json::document::{Document, Other, Piece, Shape};
use crate::json::element::Element;
use crate::options::Options;
use crate::output::Output;

use feature::Features;

const COLLECTION: Shape = Shape {
    format: Format::GeoJson,
    list: "features",
    bare: false,
    alone: true,
    expected: "a GeoJSON object",
    other: Other {
        list: "feature",
        format: Format::Json,
    },
};

/// Reads a whole document.
pub(crate) fn read(bytes: Bytes, options: &Options, output: &mut Output<'_>) -> Result<(), Stop> {
    let mut document = Document::new(bytes, COLLECTION, options.max_record_bytes)?;
    let mut features = Features::new(options);
    while let Some(piece) = document.next()? {
        match piece {
            Piece::Element(element) => read_element(&element, &mut features, output)?,
            Piece::Alone(element) => {
                if element.text.is_ok_and(feature::is_foreign) {
                    let problem = "the object is no feature, no geometry, and has no \"features\"";
                    return Err(Fault::not_this_format(Format::GeoJson, problem).into());
                }
                read_element(&element, &mut features, output)?;
            }
            Piece::Member { key: "crs", text } => reference_system(text)?,
            Piece::Member { .. } => {}
        }
    }
    Ok(())
}

fn read_element(
    element: &Element<'_>,
    features: &mut Features<'_>,
    output: &mut Output<'_>,
) -> Result<(), Stop> {
    let position = element.position();
    match element.text {
        Ok(text) => features.read(text, position, |error| element.blame(error), output),
        Err(too_long) => output.reject(position, too_long.into()),
    }
}

/// Refuses coordinates that are no longitudes and latitudes.
///
/// RFC 7946 knows WGS 84 only. Before it a document could name another system, and some programs still write that.
fn reference_system(text: &[u8]) -> Result<(), Fault> {
    #[derive(Deserialize)]
    struct Crs<'a> {
        #[serde(borrow)]
        properties: Option<&'a RawValue>,
    }

    // What is no object or has no name says nothing.
    let crs = serde_json::from_slice::<Crs<'_>>(text).ok();
    let properties = crs.and_then(|crs| crs.properties);
    match properties.map(|properties| feature::name("name", properties)) {
        Some(Ok(name)) if !name.is_empty() && !is_wgs84(&name) => Err(Fault::unsupported(format!(
            "its coordinates are in {name}; only WGS 84 longitudes and latitudes are read"
        ))),
        _ => Ok(()),
    }
}

/// Tells whether a coordinate reference system has this name: `EPSG:4326`, `urn:ogc:def:crs:OGC:1.3:CRS84` and such.
fn is_wgs84(name: &str) -> bool {
    let code = name.rsplit([':', '/', '#']).next().unwrap_or(name);
    ["4326", "4979", "CRS84", "CRS84h", "WGS84"]
        .iter()
        .any(|known| code.eq_ignore_ascii_case(known))
}

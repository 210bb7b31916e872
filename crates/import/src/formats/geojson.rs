//! `GeoJSON` documents (RFC 7946).
//!
//! A `FeatureCollection` is read feature by feature, wherever its list is in the object. A single feature or geometry
//! is a document too. The `geojson` crate converts coordinates to binary before they can be rounded in decimal, takes
//! the first bracket of a file for that of the list, and cannot continue after an invalid feature.

mod crs;
pub(crate) mod detect;
mod feature;
mod name;
pub(crate) mod sequence;
#[cfg(test)]
mod tests;
pub(crate) mod types;

use crate::fault::{Fault, Stop};
use crate::format::Format;
use crate::input::Bytes;
use crate::json::document::{Document, Piece, Shape};
use crate::json::element::Element;
use crate::options::Options;
use crate::output::Output;

use feature::Features;

const COLLECTION: Shape = Shape {
    format: Format::GeoJson,
    list: "features",
    // A bare list is not GeoJSON, but common.
    bare: true,
    alone: Some(&types::LONE),
    expected: "a GeoJSON object",
};

pub(crate) fn read(bytes: Bytes, options: &Options, output: &mut Output<'_>) -> Result<(), Stop> {
    let mut document = Document::new(bytes, COLLECTION, options.max_record_bytes);
    let mut features = Features::new(options);
    while let Some(piece) = document.next()? {
        match piece {
            Piece::Element(element) => read_element(&element, &mut features, output)?,
            Piece::Alone(element) => {
                if let Some(problem) = element.text.ok().and_then(feature::foreign) {
                    return Err(Fault::not_this_format(Format::GeoJson, problem).into());
                }
                read_element(&element, &mut features, output)?;
            }
            Piece::Member { key: "crs", text } if !options.assume_wgs84 => {
                if let Some(system) = crs::other_than_wgs84(text) {
                    return Err(Fault::ReferenceSystem(system).into());
                }
            }
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
    let encoding = output.encoding();
    match element.text {
        Ok(text) => features.read(
            text,
            position,
            |error| element.blame(error, encoding),
            output,
        ),
        Err(too_long) => output.reject(position, too_long.into()),
    }
}

//! The two published JSON shapes: a bare list of entries, or an object with a list `feature`.
//!
//! An absent or null coordinate or name is Protobuf's default: 0, or an empty name. An entry without a location is
//! rejected, as the point 0,0 would be wrong. A coordinate is an integer in E7. As in Protobuf's JSON it can also be
//! a string, or be written as `1e3` or `5.0`.

mod entry;
#[cfg(test)]
mod tests;

use crate::fault::Stop;
use crate::format::Format;
use crate::formats::geojson::types;
use crate::input::Bytes;
use crate::json::document::{Document, Piece, Shape};
use crate::json::{members, nonfinite};
use crate::options::Options;
use crate::output::Output;
use crate::rows::position::Position;
use crate::rows::row::Reason;

use entry::Entry;

const PUBLISHED: Shape = Shape {
    format: Format::Json,
    list: "feature",
    bare: true,
    alone: None,
    expected: "an array of features, or an object with one as \"feature\"",
};

pub(crate) fn read(bytes: Bytes, options: &Options, output: &mut Output<'_>) -> Result<(), Stop> {
    let mut document = Document::new(bytes, PUBLISHED, options.max_record_bytes);
    while let Some(piece) = document.next()? {
        let Piece::Element(element) = piece else {
            continue;
        };
        let position = element.position();
        let text = match element.text {
            Ok(text) => text,
            Err(too_long) => {
                output.reject(position, too_long.into())?;
                continue;
            }
        };
        match serde_json::from_slice(text) {
            Ok(entry) => read_entry(&entry, text, position, output)?,
            Err(error) => {
                let repaired = nonfinite::as_null(text);
                if let Some(Ok(entry)) = repaired.as_deref().map(serde_json::from_slice) {
                    read_entry(&entry, text, position, output)?;
                } else {
                    let (position, reason) = element.blame(&error, output.encoding());
                    output.reject(position, reason)?;
                }
            }
        }
    }
    Ok(())
}

fn read_entry(
    entry: &Entry<'_>,
    text: &[u8],
    position: Position,
    output: &mut Output<'_>,
) -> Result<(), Stop> {
    let location = entry.location.ok_or_else(|| no_location(text));
    output.row(position, location, &entry.name)
}

/// Returns the reason to reject an entry without a location.
fn no_location(text: &[u8]) -> Reason {
    let members = members::names(text);
    Reason::invalid(if types::is_geojson(text) {
        "there is no \"location\"; the entry is GeoJSON, and the file may be read as geojson"
            .to_owned()
    } else if members.is_empty() {
        "there is no \"location\"".to_owned()
    } else {
        format!("there is no \"location\", but {members}")
    })
}

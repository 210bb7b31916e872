//! The named nodes of `OpenStreetMap` extracts in binary form.
//!
//! Ways and relations are counted as not points, nodes without the tag as having no name. The `osmpbf` crate reads
//! the format, but it needs a release of `memmap2` with a soundness advisory (RUSTSEC-2026-0186), takes a file that
//! is truncated within the length of a block for complete, skips tags that are not UTF-8, and brings a second
//! implementation of Protobuf. Five messages are needed. They are read in place, so that a block that claims millions
//! of empty nodes takes no memory either.
//!
//! # References
//!
//! <https://wiki.openstreetmap.org/wiki/PBF_Format>, and `fileformat.proto` and `osmformat.proto` of OSM-binary.

mod blob;
mod block;
mod strings;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod wire;

use std::str;

use crate::fault::{Fault, Stop};
use crate::format::Format;
use crate::input::Bytes;
use crate::options::Options;
use crate::output::Output;
use crate::rows::position::Position;

use blob::Blobs;
use block::Blocks;
use wire::{Broken, Message, Value};

/// The supported features of those that a file can require.
const KNOWN_FEATURES: [&str; 2] = ["OsmSchema-V0.6", "DenseNodes"];

pub(crate) fn read(bytes: Bytes, options: &Options, output: &mut Output<'_>) -> Result<(), Stop> {
    let mut blobs = Blobs::new(bytes);
    let blocks = Blocks::new(options.name.field());
    let mut headed = false;
    while let Some(blob) = blobs.next()? {
        let byte = blob.byte;
        let position = Position::Byte { byte };
        match &*blob.kind {
            "OSMHeader" => {
                header(&blob.unpack()?).map_err(|problem| problem.at(position))?;
                headed = true;
            }
            _ if !headed => {
                let problem = format!("the first block is of type {:?}", blob.kind);
                return Err(Fault::not_this_format(Format::OsmPbf, problem).into());
            }
            "OSMData" => blocks.read(&blob.unpack()?, byte, output)?,
            // Readers must skip unknown types.
            _ => {}
        }
    }
    if !headed {
        return Err(Fault::not_this_format(Format::OsmPbf, "the file is empty").into());
    }
    Ok(())
}

/// What is wrong with the header.
enum Problem {
    Broken,
    Feature(String),
}

impl Problem {
    fn at(self, position: Position) -> Fault {
        match self {
            Self::Broken => Fault::malformed(position, Broken),
            // Deleted places would be read as existing ones.
            Self::Feature(name) if name == "HistoricalInformation" => Fault::unsupported(
                "it is a history file, with all versions of everything; only files of one moment are read, as \
                 `osmium time-filter` makes them",
            ),
            Self::Feature(name) => Fault::unsupported(format!(
                "it requires the feature {name:?}, which is not supported"
            )),
        }
    }
}

impl From<Broken> for Problem {
    fn from(_: Broken) -> Self {
        Self::Broken
    }
}

/// Checks that the file requires only supported features.
fn header(block: &[u8]) -> Result<(), Problem> {
    for field in Message(block) {
        // required_features
        if let (4, Value::Bytes(name)) = field? {
            let known = str::from_utf8(name).is_ok_and(|name| KNOWN_FEATURES.contains(&name));
            if !known {
                return Err(Problem::Feature(String::from_utf8_lossy(name).into_owned()));
            }
        }
    }
    Ok(())
}

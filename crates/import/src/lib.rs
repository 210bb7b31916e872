//! Places out of feature files of many formats, as one stream of rows.

#![forbid(unsafe_code)]

mod bounded;
mod coordinate;
mod fault;
mod format;
mod geojson;
mod gpx;
mod import;
mod input;
mod json;
mod options;
mod osm_pbf;
mod output;
mod position;
mod progress;
mod row;
mod sequence;
mod table;
#[cfg(test)]
mod testing;

pub use fault::{Fault, ImportError};
pub use format::{Format, UnknownFormat};
pub use import::Import;
pub use options::{Column, Options, Table, Unit};
pub use position::Position;
pub use progress::Progress;
pub use row::{Counts, Reason, Rejected, Row, Skipped};

//! Reads places from feature files of many formats as one stream of rows.
//!
//! An [`Import`] opens a file and passes every place in it to a closure as a [`Row`]: its location in E7 and its
//! name. The crate does not depend on the store or the server.
//!
//! ```
//! use std::io::Cursor;
//! use std::ops::ControlFlow;
//!
//! use route_guide_import::{Import, Item, Options};
//!
//! let table = "name,lat,lon\nPatriots Path,40.7838351,-74.6143763\nNowhere,91,0\n";
//! let import = Import::from_reader("places.csv", Cursor::new(table), Options::default())?;
//! let progress = import.progress(); // for a progress bar in another thread
//!
//! let mut found = Vec::new();
//! let outcome = import.run(|item| {
//!     found.push(match item {
//!         Item::Row(row) => format!("{} at {}", row.name, row.location),
//!         Item::Rejected(rejected) => rejected.to_string(),
//!         Item::Notice(notice) => notice.to_string(),
//!     });
//!     ControlFlow::<()>::Continue(())
//! })?;
//!
//! assert_eq!(found, [
//!     "Patriots Path at 40.7838351,-74.6143763",
//!     "places.csv: line 3: latitude \"91\" is outside ±90 degrees",
//! ]);
//! let ControlFlow::Continue(counts) = outcome else { unreachable!() };
//! assert_eq!((counts.rows, counts.rejected), (1, 1));
//! assert_eq!((progress.rows(), progress.bytes_read()), (1, table.len() as u64));
//! # Ok::<(), route_guide_import::ImportError>(())
//! ```
//!
//! # What is read
//!
//! The file name tells the [`Format`], or [`Options`] do; the JSON formats are told apart by the first bytes. The
//! first bytes also tell gzip and zstd, whatever the name. `-` is standard input.
//!
//! | format | a record | its name |
//! | --- | --- | --- |
//! | `json` | an entry of either published shape | `name` |
//! | `geojson`, `geojsonseq` | a feature, or a geometry by itself | a property |
//! | `csv`, `tsv`, `geonames` | a line | a column |
//! | `gpx` | a waypoint; a track or route | an element of the waypoint |
//! | `osm-pbf` | a node; a way, relation or changeset | a tag |
//! | `flatgeobuf` | a feature | a column |
//!
//! # What becomes of a record
//!
//! No record is dropped silently. It becomes a row; or it is invalid and becomes a [`Rejected`] with its position,
//! the reason and the value; or it is valid but not a place, and is counted in [`Skipped`]. Where reading cannot
//! continue, as in a truncated file, the import ends with an [`ImportError`] after the rows before it.
//!
//! - **Points.** Each point of a `MultiPoint` is a row with the name of the feature. Other geometries, including
//!   collections of points, are not points. Null and empty geometries have no coordinates.
//! - **Coordinates** are rounded to E7 half away from zero: text in decimal arithmetic, nanodegrees as integers, and
//!   binary fractions as the shortest decimal that reads back the same, so that all formats give the same points.
//!   What is not a number or off the globe is rejected. Only WGS 84 is read.
//! - **Names** may be absent or empty and contain any character. Blanks around them are removed. A name that is too
//!   long or cannot be decoded is rejected. Numbers and truth values are names as they are written. Nodes of
//!   `OpenStreetMap` without the tag are not places but corners of ways.
//! - **Text** in any [`Encoding`] that browsers know is decoded. The byte-order mark, the declaration or the
//!   [`Options`] tell the encoding. What was detected about it, and about the layout of a table, is a [`Notice`]
//!   before the first row.
//! - **Memory** does not grow with the file: a few buffers, one record of at most
//!   [`max_record_bytes`](Options::max_record_bytes), and in PBF one block of at most 32 MiB. A longer record is
//!   rejected unread. Where its end cannot be found, as in a table with quotes, it is an error.
//! - **Proportion.** Points that share a name, those of a `MultiPoint` and the nodes of a block, are rows with the
//!   whole name each. The names together are limited to 64 times the length of the feature or block, and points
//!   beyond that are rejected, so that the rows of a file stay in proportion to its unpacked length.

#![forbid(unsafe_code)]

mod fault;
mod format;
mod formats;
mod import;
mod input;
mod json;
mod options;
mod output;
mod progress;
mod rows;
#[cfg(test)]
mod testing;
mod text;

pub use fault::{Fault, ImportError};
pub use format::{Format, UnknownFormat};
pub use import::Import;
pub use options::table::{Column, Table, Unit};
pub use options::{Naming, Options};
pub use progress::Progress;
pub use rows::item::{Detected, Item, Notice, Subject};
pub use rows::position::Position;
pub use rows::reference::ReferenceSystem;
pub use rows::row::{Counts, Reason, Rejected, Row, Skipped};
pub use text::encoding::{Encoding, UnknownEncoding};

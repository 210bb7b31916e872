//! Places out of feature files of many formats, as one stream of rows.
//!
//! An [`Import`] opens a file and hands every place in it to a closure, as a [`Row`]: where it is, in E7, and what it is
//! called. What the rows are for is no concern of this crate; it knows neither the store nor the server.
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
//! The [`Format`] is told by the file's name, by [`Options`] or, of JSON, by the first bytes; gzip and zstd are told by the
//! first bytes, whatever the name; `-` is standard input.
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
//! Nothing is dropped in silence. A record becomes a row; or it is wrong, and comes out as [`Rejected`] with its position,
//! the reason and the value; or it is sound and no place, which is counted in [`Skipped`]. What cannot be read on from,
//! such as a file that ends in the middle, is an [`ImportError`], after the rows that came before it.
//!
//! - **Points.** Each point of a `MultiPoint` is a row with the feature's name. Other geometries are no points, a
//!   collection of points neither; null and empty ones are none at all.
//! - **Coordinates** are rounded to E7 half away from zero: text in decimal arithmetic, nanodegrees in whole numbers, and
//!   binary fractions as the shortest decimal that reads back the same, so that all formats give the same points. What
//!   is no number or off the globe is rejected; nothing wraps around. Only WGS 84 is read.
//! - **Names** may be absent or empty, and contain any character; blanks around them are removed. One that is too long or
//!   cannot be decoded is rejected. A number or truth value is taken as it is written. The nodes of `OpenStreetMap` are the
//!   exception: those without the tag are not places, but corners of ways.
//! - **Text** in any [`Encoding`] that browsers know is decoded, by its byte-order mark, its declaration or the
//!   [`Options`]. What was found out about it, and about the layout of a table, is a [`Notice`] before the first row.
//! - **Memory** does not grow with the file: it is a few buffers, one record of at most
//!   [`max_record_bytes`](Options::max_record_bytes), and in PBF one block of at most 32 MiB. A longer record is rejected
//!   unread; where its end cannot be told from a mistake, as in a table with quotes, it is an error.
//! - **Proportion.** Points that share a name, those of a `MultiPoint` and the nodes of a block, are rows with the whole
//!   name each. What that comes to is limited to 64 times the length of the feature or block, and points beyond are
//!   rejected, so that the rows of a file stay in proportion to its unpacked length.

#![forbid(unsafe_code)]

mod coordinate;
mod fault;
mod flatgeobuf;
mod format;
mod geojson;
mod gpx;
mod import;
mod input;
mod item;
mod json;
mod options;
mod osm_pbf;
mod output;
mod position;
mod progress;
mod published;
mod reference;
mod row;
mod table;
#[cfg(test)]
mod testing;
mod text;

pub use fault::{Fault, ImportError};
pub use format::{Format, UnknownFormat};
pub use import::Import;
pub use item::{Detected, Item, Notice, Subject};
pub use options::table::{Column, Table, Unit};
pub use options::{Naming, Options};
pub use position::Position;
pub use progress::Progress;
pub use reference::ReferenceSystem;
pub use row::{Counts, Reason, Rejected, Row, Skipped};
pub use text::encoding::{Encoding, UnknownEncoding};

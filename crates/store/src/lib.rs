//! The feature set behind `RouteGuide`.
//!
//! A [`Store`] holds named points in the order of their data set and answers three questions: which feature is at a
//! point, which features are in a rectangle, and which are closest to a point. It is immutable, so queries are
//! synchronous, and any number of threads can run them at once. A query fails only if it needs a damaged record of a
//! snapshot file.
//!
//! ```
//! use route_guide_store::Store;
//!
//! let store = Store::from_features([
//!     ("40.9146138,-74.6188906".parse()?, "Berkshire Valley Management Area Trail"),
//!     ("40.7838351,-74.6143763".parse()?, "Patriots Path"),
//! ]);
//! let trail = store.find("40.9146138,-74.6188906".parse()?)?.expect("one of the two");
//! assert_eq!(trail.name(), "Berkshire Valley Management Area Trail");
//!
//! let area = "40,-75:41,-74".parse()?;
//! for feature in store.query(area) {
//!     assert!(area.contains(feature?.location()));
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where a store comes from
//!
//! [`Store::from_features`] and a [`Builder`] take points with their names from anywhere. For millions of them there
//! are snapshot files: a [`Builder`] writes one, and [`Store::open`] maps it into memory, where processes share it.
//!
//! # How it answers
//!
//! Every store is one run of bytes, laid out like a snapshot file, and queries read those bytes. The points are
//! sorted along a Hilbert curve, with bounding boxes over blocks of them; the answer to a rectangle is a few ranges
//! of consecutive points, found without reading most of them. A hash table serves exact look-up. Features are stored
//! as the messages that a gRPC server sends for them, which [`Store::records`] and [`Store::find_record`] return
//! without a copy.
//!
//! An index takes 17.6 bytes a feature, and 12 more if the data set is not in the order of the curve.
//!
//! # Damage
//!
//! No bit of a snapshot that flips after it was written becomes part of an answer. Opening checks everything but the
//! records. Those are checked in pages of 4 KiB by the first query that needs them, which fails with
//! [`CorruptRecord`] if a page is damaged.

#![deny(unsafe_code)]

mod feature;
mod info;
mod open;
mod query;
mod records;
mod store;

mod check_records;
mod map;
mod parallel;

mod build;
mod format;
mod index;

#[cfg(test)]
mod changed;
#[cfg(test)]
mod samples;

pub use build::builder::Builder;
pub use build::error::{PushError, WriteError};
pub use build::order::Order;
pub use feature::{Feature, Nearby, Position};
pub use format::error::{CorruptRecord, SnapshotError};
pub use format::section::Section;
pub use info::{Info, SectionInfo};
pub use open::OpenError;
pub use query::Query;
pub use records::Records;
pub use store::Store;

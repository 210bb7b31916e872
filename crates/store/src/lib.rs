//! The feature set behind `RouteGuide`.
//!
//! A [`Store`] holds named points in the order of their data set and answers three questions: what is at this point, what
//! lies in this rectangle, and what is closest to this point. It is immutable once it is made, so answers are synchronous,
//! and any number of threads can ask at once. Only a record of a damaged snapshot file makes a query fail.
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
//! [`Store::from_features`] and a [`Builder`] take points with their names, wherever they were read. For millions of them
//! there are snapshot files: a [`Builder`] writes one, and [`Store::open`] maps it into memory, where processes share it.
//!
//! # How it answers
//!
//! Whatever a store came from, it is one run of bytes, laid out like a snapshot file, and answers from those bytes. The
//! points are sorted along a Hilbert curve, with bounding boxes over blocks of them; the answer to a rectangle is a few
//! ranges of consecutive points, found without a look at most of them. A hash table serves exact look-up. The features
//! themselves are stored as the messages that a gRPC server sends for them: [`Store::records`] and
//! [`Store::find_record`] hand them out as they lie.
//!
//! An index takes 17.6 bytes a feature, and 12 more if the data set is not in the order of the curve.
//!
//! # Damage
//!
//! No bit of a snapshot that has flipped since it was written becomes part of an answer. Opening checks everything but the
//! records; those are checked, a page of 4 KiB at a time, by the first query that needs them, which fails with
//! [`CorruptRecord`] if they are not as they were written.

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

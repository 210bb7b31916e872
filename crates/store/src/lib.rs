//! The feature set behind `RouteGuide`.
//!
//! A [`Store`] holds named points in the order of their data set and answers three questions: what is at this point, what
//! lies in this rectangle, and what is closest to this point. It is immutable once it is made, so answers are synchronous
//! and cannot fail, and any number of threads can ask at once.
//!
//! ```
//! use route_guide_store::Store;
//!
//! let store = Store::published();
//! let trail = store.find("40.9146138,-74.6188906".parse()?).expect("one of the published places");
//! assert_eq!(trail.name(), "Berkshire Valley Management Area Trail, Jefferson, NJ, USA");
//!
//! let area = "40,-75:41,-74".parse()?;
//! assert!(store.query(area).all(|feature| area.contains(feature.location())));
//! # Ok::<(), route_guide_geo::ParseError>(())
//! ```
//!
//! # Where a store comes from
//!
//! [`Store::published`] is the example data set of the tutorials, part of the program. [`Store::load`] reads a JSON file
//! in either of the two published shapes, all of it or nothing. [`Store::from_features`] takes any points.
//!
//! # How it answers
//!
//! Under each store is a [`PackedIndex`]: the points sorted along a Hilbert curve, bounding boxes over blocks of them, and
//! a hash table for exact look-up. Its answer to a rectangle is a few ranges of consecutive points, found without a look
//! at most of them. A data set that is in curve order itself takes 17 bytes a point beside its names, any other 29.

#![deny(unsafe_code)]

mod builder;
mod feature;
mod query;
mod records;
mod store;

mod json;
mod load;

mod head;
mod image;
mod layout;
mod names;
mod record;
mod region;
mod section;
mod write;

mod boxes;
mod hilbert;
mod hits;
mod index;
mod lookup;
mod nearest;
mod ranges;

#[cfg(test)]
mod samples;

pub use builder::{Builder, Order, PushError};
pub use feature::{Feature, Nearby, Position};
pub use load::{JsonError, LoadError};
pub use query::Query;
pub use records::Records;
pub use region::CorruptRecord;
pub use store::Store;

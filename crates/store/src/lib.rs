//! The feature set behind `RouteGuide`.
//!
//! A [`Store`] holds named points in the order of their data set and answers two questions: what is at this point, and
//! what lies in this rectangle. It is immutable once it is made, so both are synchronous and cannot fail, and any number
//! of threads can ask at once.
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

#![forbid(unsafe_code)]

mod builder;
mod feature;
mod json;
mod load;
mod names;
mod store;

pub use feature::{Feature, Position};
pub use load::{JsonError, LoadError};
pub use store::{Query, Store};

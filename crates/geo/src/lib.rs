//! Positions, rectangles and distances on the sphere.
//!
//! `RouteGuide` encodes places in *E7*: a latitude and a longitude in degrees × 10⁷, each an `i32`. This crate gives
//! that pair a type and the operations that the programs need: whether a rectangle contains a point, the distance
//! between two points, the length of a track, and parsing and printing. It has no I/O, no async, no protobuf and no
//! dependency, so every other crate of the workspace can build on it.
//!
//! ```
//! use route_guide_geo::{E7Point, E7Rectangle, Track, haversine_meters};
//!
//! let mendham: E7Point = "40.7838351, -74.6143763".parse()?;
//! let whippany = E7Point::new(408_122_808, -743_999_179)?;
//! let new_jersey: E7Rectangle = "38.9,-75.6:41.4,-73.9".parse()?;
//! assert!(new_jersey.contains(mendham));
//!
//! let mut track = Track::default();
//! track.push(mendham);
//! track.push(whippany);
//! assert_eq!(track.whole_meters(), haversine_meters(mendham, whippany).floor() as u64);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Two ways to a point
//!
//! [`E7Point::new`] and the parsers accept only points on the globe, so code that receives an [`E7Point`] need not
//! check it again. [`E7Point::unbounded`] takes any two `i32`, for a server that answers out-of-range points as the
//! published tutorial server does. Every function of this crate gives a finite, if meaningless, answer for such
//! points.
//!
//! Latitude comes before longitude everywhere, as in the contract's `Point`.

#![forbid(unsafe_code)]

mod axis;
mod coordinate;
mod decimal;
mod distance;
mod leg;
mod parse;
mod point;
mod rectangle;
mod track;

pub use axis::{Axis, OutOfRange};
pub use coordinate::{CoordinateError, CoordinateErrorKind};
pub use distance::{EARTH_RADIUS_METERS, haversine_meters};
pub use parse::ParseError;
pub use point::E7Point;
pub use rectangle::E7Rectangle;
pub use track::Track;

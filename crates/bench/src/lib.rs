//! Comparisons of `route-guide-server` with a server made as the tutorials make theirs.
//!
//! `route-guide-bench compare` starts both on the same made-up data set, checks that they answer rightly, puts the same
//! loads on each in turn, and prints a table: measurement, baseline, ours, ratio. The loads are those of
//! `route-guide-load`. Everything that a comparison needs is part of it:
//!
//! ```
//! use route_guide_bench::{Dataset, areas::Points};
//!
//! let dataset = Dataset::new(1, 10_000);
//! let points = Points::of(dataset);
//! for area in points.areas(3, 100, 1) {
//!     assert!((80..=120).contains(&area.features));
//! }
//! ```
//!
//! `route-guide-bench index` times the index without a server, and `cargo bench -p route-guide-bench` does so in a way
//! that small changes can be seen by.

pub mod areas;
pub mod cores;
pub mod random;

pub mod check;
pub mod index;
pub mod measurement;
pub mod scene;

pub mod chats;
pub mod listings;
pub mod look_ups;
pub mod memory;
pub mod routes;

pub mod loopback;
pub mod machine;
pub mod table;

mod baseline;
mod canned;
mod compare;
mod dataset;
mod files;
mod stores;
mod subject;

pub use route_guide_load::figure;

pub use baseline::Baseline;
pub use canned::Canned;
pub use compare::Comparison;
pub use dataset::Dataset;
pub use files::{DataFile, Form};
pub use stores::NoteStore;
pub use subject::{ANNOUNCEMENT, Subject};

//! Comparisons of `route-guide-server` with a server made as the tutorials make theirs.
//!
//! `route-guide-bench compare` starts both on the same made-up data set, checks that they answer rightly, puts the same
//! loads on each in turn, and prints a table: measurement, baseline, ours, ratio. The loads are those of
//! `route-guide-load`. Everything that a comparison needs is part of it:
//!
//! ```
//! use route_guide_bench::{Dataset, data::areas::Points};
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

pub mod check;
mod compare;
pub mod cores;
pub mod data;
pub mod index;
pub mod loopback;
pub mod machine;
pub mod measurement;
pub mod measurements;
pub mod scene;
pub mod servers;
pub mod table;

pub use route_guide_load::figure;

pub use compare::Comparison;
pub use data::dataset::Dataset;
pub use data::files::{DataFile, Form};
pub use servers::baseline::Baseline;
pub use servers::canned::Canned;
pub use servers::stores::NoteStore;
pub use servers::subject::{ANNOUNCEMENT, Subject};

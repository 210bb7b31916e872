//! A load generator for RouteGuide servers.
//!
//! It asks a server for as much as it can give, counts the answers, and reports how fast they came and how much processor
//! time the server took. It works against any server of the published contract.
//!
//! ```no_run
//! use route_guide_geo::E7Rectangle;
//! use route_guide_load::{ListFeatures, Load, Reach, Target, Workload};
//!
//! let target = Target::resolve("localhost:50051", Reach::Loopback)?;
//! let mut listing = ListFeatures::default();
//! listing.list("-90,-180:90,180".parse().expect("the world"), None);
//! let report = listing.run(&target, &Load::default())?;
//! println!("{:.0} features a second", report.messages_per_second());
//! # Ok::<(), route_guide_load::LoadError>(())
//! ```
//!
//! # What is measured
//!
//! | load | question |
//! | --- | --- |
//! | [`ListFeatures`] | how fast do features stream, how long until the first, with which flow-control [`Windows`] |
//! | [`GetFeature`] | how many calls a second, and how long does one take |
//! | [`RecordRoute`] | how many points a second, packed or one a frame |
//! | [`Replays`] | how long until a note brings an earlier one back |
//! | [`FanOut`] | how long until everybody who follows a place has a new note |
//!
//! [`IdleConnections`], [`IdleChats`] and [`StalledListings`] show what a server holds for them, and whether others notice.
//!
//! [`Load`] gives the numbers of connections, calls and threads, and the time; each load is a [`Workload`], whose `run` gives
//! a [`Report`], whose numbers [`figure`] formats. [`Caller`] makes single calls and reads their answers, which a bench checks
//! before it measures.
//!
//! # Why it can be trusted
//!
//! A load that costs more than the server measures itself. This one drives its connections with the `h2` crate and without
//! a task a call; it counts messages by their prefixes and does not decode them. The status of each call is checked, and the
//! counts must be the expected ones: a call that fails is never counted as a fast one. [`Report::client_cpu`] is the
//! processor time that the load itself used.
//!
//! Everything here blocks, and each thread of a run has a runtime of its own: async code calls it from a blocking task.

mod load;
mod report;
mod target;

mod caller;
mod workload;

mod connection;
mod run;

mod error;
mod process;

pub use caller::Caller;
pub use connection::CallStatus;
pub use error::LoadError;
pub use load::{Load, Stop, Windows};
pub use process::{process_cpu, process_memory};
pub use report::{Failure, Failures, Histogram, Report, figure};
pub use target::{Reach, Target};
pub use workload::{
    FanOut, Framing, GetFeature, IdleChats, IdleConnections, ListFeatures, RecordRoute, Replays,
    Route, StalledListings, Workload,
};

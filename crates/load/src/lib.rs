//! A load generator for RouteGuide servers.
//!
//! It asks a server for as much as it can give, counts what comes back, and tells how fast that was and how much
//! processor time the server took. It works against any server of the published contract.
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
//! [`IdleConnections`], [`IdleChats`] and [`StalledListings`] are there to see what a server holds for them, and whether others notice.
//!
//! [`Load`] says how many connections, calls and threads ask and for how long; each load is a [`Workload`], whose `run` gives a
//! [`Report`].
//! [`figure`] writes its numbers as people read them. [`Caller`] makes single calls and reads their answers: a bench checks those before it measures.
//!
//! # Why it can be trusted
//!
//! A load that costs more than the server measures itself. So this one speaks HTTP/2 with code of its own, which does
//! nothing that a load does not need: it writes requests in one go, takes frames apart in place, and counts messages by
//! their prefixes. A GetFeature call costs it 0.6 µs where a client on the `h2` crate pays 3.2 and the server 6, and it
//! counts 65 million features a second with half a core. Still every call's status is looked at, and what is counted must be what was expected: a call that
//! fails is never counted as a fast one.
//!
//! Everything here blocks; there is no runtime.

mod target;

mod caller;
mod get_feature;
mod list_features;
mod record_route;
mod route;

mod fan_out;
mod gathering;
mod notes;
mod replays;

mod idle;
mod stalled;

pub mod figure;

mod failure;
mod histogram;
mod process;
mod report;
mod run;
mod stop;

mod calls;
mod connection;
mod frame;
mod hpack;
mod incoming;
mod messages;
mod peer;
mod replies;
mod session;
mod socket;
mod status;

mod error;

pub use caller::Caller;
pub use error::{LoadError, ProtocolError};
pub use failure::{Failure, Failures};
pub use fan_out::FanOut;
pub use frame::Reason;
pub use gathering::IdleChats;
pub use get_feature::GetFeature;
pub use histogram::Histogram;
pub use hpack::HeaderBlockError;
pub use idle::IdleConnections;
pub use list_features::ListFeatures;
pub use process::{process_cpu, process_memory};
pub use record_route::RecordRoute;
pub use replays::Replays;
pub use report::Report;
pub use route::{Framing, Route};
pub use run::{Load, Workload};
pub use session::Windows;
pub use stalled::StalledListings;
pub use status::CallStatus;
pub use stop::Stop;
pub use target::{Reach, Target};

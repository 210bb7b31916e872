//! The client side of Route Guide: stubs for the three services, and the programs that call them.
//!
//! A stub is made for a *target* and connects when it is first used. Its methods are the methods of the service, in
//! plain types; the options of a call (how long it may take, what metadata it carries) belong to the stub, and another
//! stub with other options costs nothing.
//!
//! ```no_run
//! use std::time::Duration;
//! use route_guide_client::{CallOptions, RouteGuide};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let guide = RouteGuide::connect("localhost:50051")?;
//! let feature = guide.get_feature("40.9146138,-74.6188906".parse()?).await?;
//! println!("{}", feature.name);
//!
//! let hasty = guide.with(CallOptions::new().timeout(Duration::from_millis(200)));
//! let mut features = hasty.list_features("40,-75:42,-73".parse()?).await?;
//! while let Some(feature) = features.message().await? {
//!     println!("{}", feature.name);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Programs without async code use the same stubs from [`blocking`]:
//!
//! ```no_run
//! use route_guide_client::blocking::RouteGuide;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let guide = RouteGuide::connect("localhost:50051")?;
//! for feature in guide.list_features("40,-75:42,-73".parse()?)? {
//!     println!("{}", feature?.name);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What a call promises
//!
//! - **Deadline**: a call with a [timeout or deadline](CallOptions::timeout) ends by then with `DEADLINE_EXCEEDED`, be it
//!   connecting, waiting for the first byte or in the middle of a stream. The server receives the time that is left.
//! - **Cancellation**: a call that is dropped, as a future or as [`Replies`], is cancelled at once on the server too.
//! - **No server**: a call fails at once with `UNAVAILABLE` and a [`ConnectError`] behind it, or
//!   [waits](CallOptions::wait_for_ready).
//! - **Statuses** of the server come out as they are. Only a bare `UNIMPLEMENTED` is given a message, with the name of the
//!   method that the server does not have. What a proxy or another HTTP server answers has the code that gRPC gives its
//!   HTTP status, and a method with one reply that is answered with none or several ends with `UNIMPLEMENTED`.
//! - **Nothing that a server sends** makes a call panic.
//!
//! # What is here
//!
//! [`Target`] is an address, [`Channel`] a connection to it with gRPC's [states](ChannelState), [`RouteGuide`],
//! [`Greeter`] and [`Hello`] the stubs, [`explain`] turns a status into words, and [`cli`] holds the two programs.

pub use crate::call::explain::{code_name, exit_status, explain};
pub use crate::call::metadata::{Header, HeaderError, metadata_lines};
pub use crate::call::observer::CallObserver;
pub use crate::call::options::{CallOptions, Compression, UnknownCompression};
pub use crate::channel::Channel;
pub use crate::channel::connect_error::ConnectError;
pub use crate::channel::settings::ChannelSettings;
pub use crate::channel::state::{ChannelState, StateChanges};
pub use crate::channel::target::{Target, TargetError};
pub use crate::printable::printable;
pub use crate::stubs::greeter::Greeter;
pub use crate::stubs::hello::Hello;
pub use crate::stubs::replies::Replies;
pub use crate::stubs::route_guide::RouteGuide;
pub use crate::stubs::stub::Stub;

mod stubs;

mod call;
mod channel;

mod printable;

pub mod blocking;
pub mod cli;

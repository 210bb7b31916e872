//! The stubs for programs without async code: plain functions and iterators.
//!
//! Each stub has a thread of its own that keeps the connection going, so deadlines and replies arrive while the caller
//! does something else. The stub and its clones share the thread; it ends with the last of them and the last iterator.
//!
//! ```no_run
//! use std::time::Duration;
//! use route_guide_client::CallOptions;
//! use route_guide_client::blocking::RouteGuide;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let guide = RouteGuide::connect("localhost:50051")?.with(CallOptions::new().timeout(Duration::from_secs(5)));
//! let route = ["40.7838351,-74.6143763".parse()?, "40.8122808,-74.3999179".parse()?];
//! let summary = guide.record_route(route)?;
//! println!("{} meters", summary.distance);
//! # Ok(())
//! # }
//! ```
//!
//! # Panics
//!
//! The functions wait, and therefore panic when they are called from async code. There, use the
//! [async stubs](crate::RouteGuide).

pub use self::error::ConnectionError;
pub use self::greeter::Greeter;
pub use self::hello::Hello;
pub use self::replies::Replies;
pub use self::route_guide::RouteGuide;
pub use self::stub::Stub;

mod engine;
mod error;
mod greeter;
mod hello;
mod replies;
mod route_guide;
mod stub;

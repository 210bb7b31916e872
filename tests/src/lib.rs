//! The kit of the whole-system tests: a real server on a port of its own, and clients for it.
//!
//! - [`run`], [`run_for`] and [`within`]: run a test and wait for events, with bounds, so that a hang fails.
//! - [`TestServer`]: a server of the library, with stubs connected to it.
//! - [`ServerProcess`] and [`programs`]: the programs as processes, for tests that kill them; [`required`]: foreign ones.
//! - [`Chat`]: one RouteChat stream, for tests that care about who receives what.
//! - [`RawConnection`]: HTTP/2 with exactly the headers, bytes and frames that a test says.
//! - [`WebConnection`]: HTTP/1.1 and gRPC-Web with exactly what a test says.
//! - [`numbered`] and [`audit`]: many notes over servers that are killed, and whether each stream saw what it is owed.
//! - [`paths`]: the names of the methods on the wire.
//! - [`Place`]: the published places, read without the code under test.
//!
//! Every test starts its own [`TestServer`], so tests share nothing and run in parallel.

pub mod audit;
mod bounds;
mod chat;
pub mod numbered;
pub mod paths;
mod places;
mod process;
mod raw;
mod server;
mod web;

pub use bounds::{run, run_for, within};
pub use chat::{Chat, note};
pub use places::{Place, point, published_places};
pub use process::{SHORT, ServerProcess, programs, required, root, run_to_end, say};
pub use raw::{RawCall, RawConnection, RawReply, frame, framed, hex, wide_windows};
pub use server::{Draining, TestServer, guide_at};
pub use web::{GRPC_WEB, GRPC_WEB_TEXT, WebBody, WebConnection, WebReply};

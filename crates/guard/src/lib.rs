//! What a gRPC server needs at its edge and tonic does not have, for any service.
//!
//! - [`Listener`]: binds every address a name resolves to, TCP or Unix, and keeps accepting when
//!   the process runs out of file descriptors.
//! - [`Endpoints`]: serves listeners, each with a service, explicit windows and limits ([`ConnectionSettings`]).
//! - [`ConnectionInfo`]: tells a call which connection it came on, in the extensions of its request.
//! - [`Workers`]: one runtime per core, with connections shared out among them.
//! - [`CallLayer`]: bounds the *whole* call, response stream included, by its deadline and answers
//!   `DEADLINE_EXCEEDED`; turns a panic into `UNKNOWN`; counts calls for the drain.
//! - [`CardinalityLayer`]: refuses requests that have not exactly one message where a method takes one.
//! - [`EarlyHeadLayer`]: sends the response headers of client-streaming methods at once.
//! - [`WebLayer`]: lets pages in browsers call, by gRPC-Web.
//! - [`ObserverLayer`]: reports each call to a [`CallObserver`]: who called what, how it ended and through whom, how much passed.
//! - [`Drain`]: stops accepting, lets calls finish, ends what is left and says how many.
//!
//! It works on tower services over `http` types and knows nothing of the services it guards.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use route_guide_guard::{CallLayer, ConnectionSettings, Drain, Endpoints, Listener};
//! use tonic::service::Routes;
//! use tower::Layer;
//!
//! # async fn run(routes: Routes) -> Result<(), Box<dyn std::error::Error>> {
//! let drain = Drain::new();
//! let listener = Listener::bind(&"localhost:50051".parse()?).await?;
//! let service = CallLayer::new(drain.clone()).layer(routes.prepare());
//! // Elsewhere, on a signal: drain.begin();
//! let settings = ConnectionSettings::default();
//! let ((), report) = tokio::join!(
//!     Endpoints::new(&drain, None).add(vec![listener], &settings, service).serve(),
//!     drain.carry_out(Duration::from_secs(10)),
//! );
//! assert_eq!(report.cut_calls, 0);
//! # Ok(())
//! # }
//! ```

mod call;
mod connection;
mod drain;
mod endpoints;
mod info;
mod listener;
mod rarely;
mod web;
mod workers;

pub use call::cardinality::{CardinalityLayer, CardinalityService, cardinality_violation};
pub use call::deadline::{Deadline, MalformedTimeout};
pub use call::early_head::{EarlyHeadLayer, EarlyHeadService};
pub use call::observer::{
    CallEnd, CallObserver, EndedBy, ObservedCall, ObservedFuture, ObserverLayer, ObserverService,
    Traffic,
};
pub use call::{CallFuture, CallLayer, CallService};
pub use connection::ConnectionSettings;
pub use connection::transport::Transport;
pub use drain::{Drain, DrainReport};
pub use endpoints::Endpoints;
pub use info::ConnectionInfo;
pub use listener::address::{AddressError, ListenAddress};
pub use listener::{BindError, Listener};
pub use web::origin::{OriginError, WebOrigin};
pub use web::{WebLayer, WebService};
pub use workers::Workers;

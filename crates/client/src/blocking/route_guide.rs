//! The RouteGuide stub, blocking.

use route_guide_geo::{E7Point, E7Rectangle};
use route_guide_proto::routeguide::{Feature, RouteNote, RouteSummary};
use tonic::Status;

use super::ConnectionError;
use super::engine::Engine;
use super::replies::Replies;
use crate::call::options::CallOptions;
use crate::channel::Channel;
use crate::channel::target::Target;
use crate::stubs::route_guide;

/// The four methods of RouteGuide, one of each kind, for programs without async code.
#[derive(Clone, Debug)]
pub struct RouteGuide {
    engine: Engine,
    stub: route_guide::RouteGuide,
}

impl RouteGuide {
    /// Makes a stub with default settings and options. It connects at the first call.
    ///
    /// # Errors
    ///
    /// [`ConnectionError`] if the text names no target, or the system gives no thread.
    pub fn connect(target: &str) -> Result<Self, ConnectionError> {
        let target: Target = target.parse()?;
        let engine = Engine::start()?;
        let stub = route_guide::RouteGuide::new(Channel::new(target));
        Ok(Self { engine, stub })
    }

    /// Returns a stub on the same channel whose calls have these options.
    #[must_use]
    pub fn with(&self, options: CallOptions) -> Self {
        Self {
            engine: self.engine.clone(),
            stub: self.stub.with(options),
        }
    }

    /// Asks for the feature at a point. One without a name means that nothing is known there.
    ///
    /// # Errors
    ///
    /// The status of the call, if it is not OK.
    pub fn get_feature(&self, at: E7Point) -> Result<Feature, Status> {
        self.engine.wait(self.stub.get_feature(at))
    }

    /// Asks for the features inside a rectangle, edges included.
    ///
    /// # Errors
    ///
    /// The status of the call, if it ends before the server begins its answer. Later ones come out of the iterator.
    pub fn list_features(&self, area: E7Rectangle) -> Result<Replies<Feature>, Status> {
        let features = self.engine.wait(self.stub.list_features(area))?;
        Ok(Replies::new(self.engine.clone(), features))
    }

    /// Sends the points of a route and returns the summary that the server makes of them.
    ///
    /// The iterator runs on the calling thread, no faster than the server takes its points. If the server answers before
    /// the route is over, the rest of it is not asked for.
    ///
    /// # Errors
    ///
    /// The status of the call, if it is not OK.
    pub fn record_route(
        &self,
        points: impl IntoIterator<Item = E7Point>,
    ) -> Result<RouteSummary, Status> {
        let stub = self.stub.clone();
        self.engine.upload(
            points,
            |points| async move { stub.record_route(points).await },
        )
    }

    /// Sends notes and returns the notes that the server answers with. The two directions are independent: the notes to
    /// send run on a thread of their own.
    ///
    /// # Errors
    ///
    /// The status of the call, if it ends before the server begins its answer. Later ones come out of the iterator.
    pub fn route_chat<I>(&self, notes: I) -> Result<Replies<RouteNote>, Status>
    where
        I: IntoIterator<Item = RouteNote>,
        I::IntoIter: Send + 'static,
    {
        let notes = Engine::feed(notes.into_iter()).map_err(|err| no_thread(&err))?;
        let received = self.engine.wait(self.stub.route_chat(notes))?;
        Ok(Replies::new(self.engine.clone(), received))
    }
}

pub(super) fn no_thread(err: &std::io::Error) -> Status {
    Status::resource_exhausted(format!("cannot start a thread for the messages: {err}"))
}

//! The RouteGuide stub, blocking.

use route_guide_geo::{E7Point, E7Rectangle};
use route_guide_proto::routeguide::route_guide_client::RouteGuideClient;
use route_guide_proto::routeguide::{Feature, RouteNote, RouteSummary};
use tonic::Status;

use super::replies::Replies;
use super::stub::Stub;
use crate::channel::Channel;

/// The four methods of RouteGuide, one of each kind, for programs without async code.
pub type RouteGuide = Stub<RouteGuideClient<Channel>>;

impl RouteGuide {
    /// Asks for the feature at a point. One without a name means that nothing is known there.
    ///
    /// # Errors
    ///
    /// The status of the call, if it is not OK.
    pub fn get_feature(&self, at: E7Point) -> Result<Feature, Status> {
        self.one_reply(|stub| async move { stub.get_feature(at).await })
    }

    /// Asks for the features inside a rectangle, edges included.
    ///
    /// # Errors
    ///
    /// The status of the call, if it ends before the server begins its answer. Later ones come out of the iterator.
    pub fn list_features(&self, area: E7Rectangle) -> Result<Replies<Feature>, Status> {
        self.replies(|stub| async move { stub.list_features(area).await })
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
        self.upload(points, |stub, points| async move {
            stub.record_route(points).await
        })
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
        self.exchange(notes.into_iter(), |stub, notes| async move {
            stub.route_chat(notes).await
        })
    }
}

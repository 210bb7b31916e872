//! The RouteGuide stub.

use route_guide_geo::{E7Point, E7Rectangle};
use route_guide_proto::routeguide::route_guide_client::RouteGuideClient;
use route_guide_proto::routeguide::{Feature, Point, Rectangle, RouteNote, RouteSummary};
use tokio_stream::{Stream, StreamExt};
use tonic::Status;

use super::replies::Replies;
use super::stub::Stub;
use crate::channel::Channel;

/// The four methods of RouteGuide, one of each kind. Cheap to clone; clones share the channel.
///
/// # Examples
///
/// ```no_run
/// use route_guide_client::RouteGuide;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let guide = RouteGuide::connect("localhost:50051")?;
/// let mut features = guide.list_features("40,-75:42,-73".parse()?).await?;
/// while let Some(feature) = features.message().await? {
///     println!("{}", feature.name);
/// }
/// # Ok(())
/// # }
/// ```
pub type RouteGuide = Stub<RouteGuideClient<Channel>>;

impl RouteGuide {
    /// Asks for the feature at a point. One without a name means that nothing is known there.
    ///
    /// # Errors
    ///
    /// The status of the call, if it is not OK.
    pub async fn get_feature(&self, at: E7Point) -> Result<Feature, Status> {
        self.one_reply(Point::from(at), |mut client, request| async move {
            client.get_feature(request).await
        })
        .await
    }

    /// Asks for the features inside a rectangle, edges included.
    ///
    /// # Errors
    ///
    /// The status of the call, if it ends before the server begins its answer. Later ones come out of the stream.
    pub async fn list_features(&self, area: E7Rectangle) -> Result<Replies<Feature>, Status> {
        let rectangle = Rectangle {
            lo: Some(area.lo().into()),
            hi: Some(area.hi().into()),
        };
        self.replies(rectangle, |mut client, request| async move {
            client.list_features(request).await
        })
        .await
    }

    /// Sends the points of a route as they come, and returns the summary that the server makes of them.
    ///
    /// The server may answer before the route is over; the rest of the route is then not read.
    ///
    /// # Errors
    ///
    /// The status of the call, if it is not OK.
    pub async fn record_route<S>(&self, points: S) -> Result<RouteSummary, Status>
    where
        S: Stream<Item = E7Point> + Send + 'static,
    {
        self.one_reply(points.map(Point::from), |mut client, request| async move {
            client.record_route(request).await
        })
        .await
    }

    /// Sends notes as they come, and returns the notes that the server answers with. The two directions are independent.
    ///
    /// # Errors
    ///
    /// The status of the call, if it ends before the server begins its answer. Later ones come out of the stream.
    pub async fn route_chat<S>(&self, notes: S) -> Result<Replies<RouteNote>, Status>
    where
        S: Stream<Item = RouteNote> + Send + 'static,
    {
        self.replies(notes, |mut client, request| async move {
            client.route_chat(request).await
        })
        .await
    }
}

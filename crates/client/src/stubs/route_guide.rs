//! The RouteGuide stub.

use route_guide_geo::{E7Point, E7Rectangle};
use route_guide_proto::routeguide::route_guide_client::RouteGuideClient;
use route_guide_proto::routeguide::{Feature, Point, Rectangle, RouteNote, RouteSummary};
use tokio_stream::{Stream, StreamExt};
use tonic::Status;
use tonic::codec::CompressionEncoding;

use crate::call::options::CallOptions;
use crate::channel::Channel;
use crate::channel::target::TargetError;
use crate::stubs::replies::{Replies, local_limit};

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
#[derive(Clone, Debug)]
pub struct RouteGuide {
    channel: Channel,
    options: CallOptions,
}

impl RouteGuide {
    /// Makes a stub on a channel, with the default options.
    #[must_use]
    pub fn new(channel: Channel) -> Self {
        Self {
            channel,
            options: CallOptions::new(),
        }
    }

    /// Makes a stub on a channel of its own, with default settings and options. It connects at the first call.
    ///
    /// # Errors
    ///
    /// [`TargetError`] if the text names no target.
    pub fn connect(target: &str) -> Result<Self, TargetError> {
        Channel::connect(target).map(Self::new)
    }

    /// Returns a stub on the same channel whose calls have these options.
    #[must_use]
    pub fn with(&self, options: CallOptions) -> Self {
        Self {
            channel: self.channel.clone(),
            options,
        }
    }

    /// Returns the channel.
    #[must_use]
    pub fn channel(&self) -> &Channel {
        &self.channel
    }

    /// Asks for the feature at a point. One without a name means that nothing is known there.
    ///
    /// # Errors
    ///
    /// The status of the call, if it is not OK.
    pub async fn get_feature(&self, at: E7Point) -> Result<Feature, Status> {
        let request = self.options.request_for_one(Point::from(at));
        let response = self
            .stub()
            .get_feature(request)
            .await
            .map_err(local_limit)?;
        Ok(response.into_inner())
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
        let request = self.options.request(rectangle);
        let response = self.stub().list_features(request).await?;
        Ok(Replies::new(response))
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
        let request = self.options.request_for_one(points.map(Point::from));
        let response = self
            .stub()
            .record_route(request)
            .await
            .map_err(local_limit)?;
        Ok(response.into_inner())
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
        let request = self.options.request(notes);
        let response = self.stub().route_chat(request).await?;
        Ok(Replies::new(response))
    }

    fn stub(&self) -> RouteGuideClient<Channel> {
        let stub = RouteGuideClient::new(self.channel.clone())
            .accept_compressed(CompressionEncoding::Gzip)
            .accept_compressed(CompressionEncoding::Zstd);
        match self.options.encoding() {
            Some(encoding) => stub.send_compressed(encoding),
            None => stub,
        }
    }
}

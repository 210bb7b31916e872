//! A server that does what the tutorials' servers do.
//!
//! It is what a reader of a RouteGuide tutorial has written in the end: all features in a list that every call searches
//! from the beginning, a task and a small channel behind every listing, messages made anew for every reply, and tonic's
//! own server with its own settings. Where the tutorials differ, it has the faster way. Its answers are those of
//! `route-guide-server` in all that is compared.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use async_stream::try_stream;
use route_guide_proto::routeguide::route_guide_server::{RouteGuide, RouteGuideServer};
use route_guide_proto::routeguide::{Feature, Point, Rectangle, RouteNote, RouteSummary};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

/// The channel behind a listing holds so many features, as in tonic's own example.
const CHANNEL_LEN: usize = 4;

/// The tutorials' servicer.
#[derive(Clone, Debug)]
pub struct Baseline {
    features: Arc<Vec<Feature>>,
}

impl Baseline {
    /// Makes the servicer of these features.
    #[must_use]
    pub fn new(features: Vec<Feature>) -> Self {
        Self {
            features: Arc::new(features),
        }
    }

    /// Serves on a socket until the runtime ends.
    ///
    /// # Errors
    ///
    /// If the server fails.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        Server::builder()
            .add_service(RouteGuideServer::new(self))
            .serve_with_incoming(incoming)
            .await
            .map_err(io::Error::other)
    }

    fn find(&self, point: Point) -> Option<&Feature> {
        self.features
            .iter()
            .find(|feature| feature.location == Some(point))
    }
}

#[tonic::async_trait]
impl RouteGuide for Baseline {
    type ListFeaturesStream = ReceiverStream<Result<Feature, Status>>;
    type RouteChatStream = Pin<Box<dyn Stream<Item = Result<RouteNote, Status>> + Send>>;

    async fn get_feature(&self, request: Request<Point>) -> Result<Response<Feature>, Status> {
        let point = request.into_inner();
        let feature = self.find(point).cloned().unwrap_or(Feature {
            name: String::new(),
            location: Some(point),
        });
        Ok(Response::new(feature))
    }

    async fn list_features(
        &self,
        request: Request<Rectangle>,
    ) -> Result<Response<Self::ListFeaturesStream>, Status> {
        let (send, receive) = mpsc::channel(CHANNEL_LEN);
        let features = Arc::clone(&self.features);
        tokio::spawn(async move {
            for feature in &features[..] {
                if is_inside(feature, request.get_ref())
                    && send.send(Ok(feature.clone())).await.is_err()
                {
                    // The client has gone.
                    return;
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(receive)))
    }

    async fn record_route(
        &self,
        request: Request<Streaming<Point>>,
    ) -> Result<Response<RouteSummary>, Status> {
        let mut points = request.into_inner();
        let start = Instant::now();
        let mut summary = RouteSummary::default();
        let mut meters = 0.0;
        let mut last = None;
        while let Some(point) = points.next().await {
            let point = point?;
            summary.point_count += 1;
            if self.find(point).is_some() {
                summary.feature_count += 1;
            }
            if let Some(last) = last.replace(point) {
                meters += distance(last, point);
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "saturates, as is wanted")]
        let distance = meters as i32;
        summary.distance = distance;
        summary.elapsed_time = i32::try_from(start.elapsed().as_secs()).unwrap_or(i32::MAX);
        Ok(Response::new(summary))
    }

    async fn route_chat(
        &self,
        request: Request<Streaming<RouteNote>>,
    ) -> Result<Response<Self::RouteChatStream>, Status> {
        let mut notes = request.into_inner();
        let replies = try_stream! {
            let mut earlier: HashMap<Point, Vec<RouteNote>> = HashMap::new();
            while let Some(note) = notes.next().await {
                let note = note?;
                let here = earlier.entry(note.location.unwrap_or_default()).or_default();
                for note in &*here {
                    yield note.clone();
                }
                here.push(note);
            }
        };
        Ok(Response::new(Box::pin(replies)))
    }
}

fn is_inside(feature: &Feature, area: &Rectangle) -> bool {
    let place = feature.location.unwrap_or_default();
    let (lo, hi) = (area.lo.unwrap_or_default(), area.hi.unwrap_or_default());
    let within = |at: i32, a: i32, b: i32| a.min(b) <= at && at <= a.max(b);
    within(place.latitude, lo.latitude, hi.latitude)
        && within(place.longitude, lo.longitude, hi.longitude)
}

/// The haversine as all tutorials have it, in metres.
fn distance(start: Point, end: Point) -> f64 {
    const RADIUS: f64 = 6_371_000.0;
    let radians = |e7: i32| (f64::from(e7) / 1e7).to_radians();
    let (lat1, lat2) = (radians(start.latitude), radians(end.latitude));
    let delta_lat = lat2 - lat1;
    let delta_lon = radians(end.longitude) - radians(start.longitude);
    let a =
        (delta_lat / 2.0).sin().powi(2) + lat1.cos() * lat2.cos() * (delta_lon / 2.0).sin().powi(2);
    2.0 * RADIUS * a.sqrt().atan2((1.0 - a).max(0.0).sqrt())
}

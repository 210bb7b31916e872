//! The RouteGuide servicer.

use std::pin::Pin;
use std::sync::Arc;

use async_stream::stream;
use http::Extensions;
use route_guide_chat::{Conversation, Notebook};
use route_guide_geo::E7Point;
use route_guide_guard::ConnectionInfo;
use route_guide_proto::routeguide::route_guide_server::RouteGuide;
use route_guide_proto::routeguide::{Feature, Point, Rectangle, RouteNote, RouteSummary};
use route_guide_store::{Feature as StoredFeature, Store};
use tokio_stream::Stream;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, Streaming};

use crate::data_set::DataSet;
use crate::error::RpcError;
use crate::metadata::{CHAT_CALL, CHAT_RESUMES, DATA_VERSION, data_version};
use crate::points::PointRule;
use crate::settings::{ChatScope, ChatSettings};
use record_route::Recording;
use route_chat::shares::Shares;
use route_chat::{stream, watch};

pub(crate) mod fast_path;
mod record_route;
mod route_chat;

/// A response stream of this service.
type Replies<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Answers the four methods of RouteGuide from a data set and a notebook.
#[derive(Clone, Debug)]
pub struct RouteGuideServicer {
    data: Arc<DataSet>,
    points: PointRule,
    chat: ChatSettings,
    notebook: Arc<dyn Notebook>,
    shares: Arc<Shares>,
}

impl RouteGuideServicer {
    /// Makes the servicer of a data set and a notebook.
    #[must_use]
    pub fn new(
        data: Arc<DataSet>,
        points: PointRule,
        notebook: Arc<dyn Notebook>,
        chat: ChatSettings,
    ) -> Self {
        let shares = Arc::new(Shares::new(chat.places_per_connection));
        Self {
            data,
            points,
            chat,
            notebook,
            shares,
        }
    }

    /// The features that are current.
    pub(crate) fn store(&self) -> Arc<Store> {
        self.data.store()
    }

    /// Which points are accepted.
    pub(crate) fn points(&self) -> PointRule {
        self.points
    }

    /// Begins what a stream of RouteChat does, and says what the metadata of its response is.
    pub(crate) async fn begin_chat(
        &self,
        metadata: &MetadataMap,
        extensions: &Extensions,
    ) -> Result<(Conversation, MetadataMap), RpcError> {
        let mut confirmed = MetadataMap::new();
        let notebook = Arc::clone(&self.notebook);
        let connection = extensions.get::<ConnectionInfo>();
        let share = connection.map(|connection| self.shares.of(connection.id()));
        let within = |chat: Conversation| match &share {
            Some(share) => chat.within(Arc::clone(share)),
            None => chat,
        };
        let chat = match self.chat.scope {
            ChatScope::Stream => Conversation::private(self.chat.private),
            ChatScope::Shared => match watch::places(metadata)? {
                None => within(Conversation::shared(notebook, self.chat.shared)),
                Some(places) => {
                    let mut chat = within(Conversation::of_logs(notebook, self.chat.shared));
                    if let Some(author) = watch::author(metadata, CHAT_CALL)? {
                        chat = chat.written_by(author);
                    }
                    let resumed = watch::author(metadata, CHAT_RESUMES)?;
                    watch::follow(&mut chat, &places, resumed, &mut confirmed).await?;
                    watch::identify(&*self.notebook, &mut confirmed);
                    chat
                }
            },
        };
        Ok((chat, confirmed))
    }
}

#[tonic::async_trait]
impl RouteGuide for RouteGuideServicer {
    type ListFeaturesStream = Replies<Feature>;
    type RouteChatStream = Replies<RouteNote>;

    async fn get_feature(&self, request: Request<Point>) -> Result<Response<Feature>, Status> {
        let at = self.points.point(request.into_inner())?;
        let store = self.store();
        let found = store.find(at).map_err(RpcError::from)?;
        let reply = found.map_or_else(|| nothing_at(at), feature_message);
        Ok(with_version(reply, &store))
    }

    async fn list_features(
        &self,
        request: Request<Rectangle>,
    ) -> Result<Response<Self::ListFeaturesStream>, Status> {
        let area = self.points.rectangle(request.into_inner())?;
        let store = self.store();
        let shown = Arc::clone(&store);
        let features: Self::ListFeaturesStream = Box::pin(stream! {
            let mut query = store.query(area);
            while let Some(found) = query.step() {
                match found {
                    Ok(Some(feature)) => yield Ok(feature_message(feature)),
                    Ok(None) => tokio::task::yield_now().await,
                    Err(corrupt) => yield Err(RpcError::from(corrupt).into()),
                }
            }
        });
        Ok(with_version(features, &shown))
    }

    async fn record_route(
        &self,
        request: Request<Streaming<Point>>,
    ) -> Result<Response<RouteSummary>, Status> {
        let store = self.store();
        let mut recording = Recording::new(&store, self.points);
        let mut points = request.into_inner();
        while let Some(point) = points.message().await? {
            recording.add(point)?;
        }
        Ok(with_version(recording.summary(), &store))
    }

    async fn route_chat(
        &self,
        request: Request<Streaming<RouteNote>>,
    ) -> Result<Response<Self::RouteChatStream>, Status> {
        let (metadata, extensions, notes) = request.into_parts();
        let (chat, confirmed) = self.begin_chat(&metadata, &extensions).await?;
        let replies = stream::converse(notes, chat, self.points);
        let mut response: Response<Self::RouteChatStream> = Response::new(Box::pin(replies));
        *response.metadata_mut() = confirmed;
        Ok(response)
    }
}

/// The answer for a point where no feature is: no name, and the location that was asked for.
pub(crate) fn nothing_at(at: E7Point) -> Feature {
    Feature {
        name: String::new(),
        location: Some(at.into()),
    }
}

fn feature_message(feature: StoredFeature<'_>) -> Feature {
    Feature {
        name: feature.name().to_owned(),
        location: Some(feature.location().into()),
    }
}

/// Says in the metadata which data set a reply comes from.
fn with_version<T>(reply: T, store: &Store) -> Response<T> {
    let mut response = Response::new(reply);
    let headers = response.metadata_mut().as_mut();
    headers.insert(DATA_VERSION, data_version(store.version()));
    response
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use route_guide_chat::{Limits, MemoryNotebook};
    use route_guide_store::{Builder, Order};

    use super::*;
    use crate::settings::{FeatureSource, LoadOptions};

    /// A listing with compressed requests looked at ten million points before another call had its turn.
    #[tokio::test]
    async fn a_listing_lets_others_have_their_turn_while_it_searches() {
        // In an order of their own, first more than a turn has and then those in the rectangle, too many to be sorted.
        let mut builder = Builder::new();
        for i in 0..160_000 {
            let side = if i < 150_000 {
                1_000_000 - i
            } else {
                i - 150_000
            };
            builder.push(E7Point::unbounded(side, side), "").unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("places.rgs");
        builder.write(Order::Input, &path).unwrap();
        let servicer = RouteGuideServicer::new(
            Arc::new(DataSet::load(FeatureSource::File(path), LoadOptions::default()).unwrap()),
            PointRule::default(),
            Arc::new(MemoryNotebook::new(Limits::default())),
            ChatSettings::default(),
        );
        let corner = |side| {
            Some(Point {
                latitude: side,
                longitude: side,
            })
        };
        let area = Rectangle {
            lo: corner(0),
            hi: corner(10_000),
        };
        let listed = servicer.list_features(Request::new(area)).await.unwrap();
        let mut features = pin!(listed.into_inner());
        let mut cx = Context::from_waker(Waker::noop());
        assert!(
            features.as_mut().poll_next(&mut cx).is_pending(),
            "it has not found any yet"
        );
        let first = std::future::poll_fn(|cx| features.as_mut().poll_next(cx)).await;
        assert_eq!(first.unwrap().unwrap().location, corner(0));
    }
}

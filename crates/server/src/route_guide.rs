//! The RouteGuide servicer.

use std::pin::Pin;
use std::sync::Arc;

use async_stream::stream;
use route_guide_chat::{Conversation, Notebook};
use route_guide_proto::routeguide::route_guide_server::RouteGuide;
use route_guide_proto::routeguide::{Feature, Point, Rectangle, RouteNote, RouteSummary};
use tokio_stream::Stream;
use tonic::{Request, Response, Status, Streaming};

use crate::recording::Recording;
use crate::{ChatScope, ChatSettings, DataSet, PointRule, route_chat};

/// The trailer that says how many notes a RouteChat stream missed, next to status `DATA_LOSS`.
pub const NOTES_MISSED: &str = "route-notes-missed";

/// A response stream of this service.
type Replies<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Answers the four methods of RouteGuide from a data set and a notebook.
#[derive(Clone, Debug)]
pub struct RouteGuideServicer {
    data: Arc<DataSet>,
    points: PointRule,
    chat: ChatSettings,
    notebook: Arc<dyn Notebook>,
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
        Self {
            data,
            points,
            chat,
            notebook,
        }
    }

    fn conversation(&self) -> Conversation {
        match self.chat.scope {
            ChatScope::Shared => Conversation::shared(Arc::clone(&self.notebook), self.chat.shared),
            ChatScope::Stream => Conversation::private(self.chat.private),
        }
    }
}

#[tonic::async_trait]
impl RouteGuide for RouteGuideServicer {
    type ListFeaturesStream = Replies<Feature>;
    type RouteChatStream = Replies<RouteNote>;

    async fn get_feature(&self, request: Request<Point>) -> Result<Response<Feature>, Status> {
        let at = self.points.point(request.into_inner())?;
        // Nothing there is no error: the reply has no name and says where the client asked.
        let store = self.data.store();
        let name = store.find(at).map_or("", |feature| feature.name());
        Ok(Response::new(Feature {
            name: name.to_owned(),
            location: Some(at.into()),
        }))
    }

    async fn list_features(
        &self,
        request: Request<Rectangle>,
    ) -> Result<Response<Self::ListFeaturesStream>, Status> {
        let area = self.points.rectangle(request.into_inner())?;
        let store = self.data.store();
        Ok(Response::new(Box::pin(stream! {
            for feature in store.query(area) {
                yield Ok(Feature {
                    name: feature.name().to_owned(),
                    location: Some(feature.location().into()),
                });
            }
        })))
    }

    async fn record_route(
        &self,
        request: Request<Streaming<Point>>,
    ) -> Result<Response<RouteSummary>, Status> {
        let store = self.data.store();
        let mut recording = Recording::new(&store, self.points);
        let mut points = request.into_inner();
        while let Some(point) = points.message().await? {
            recording.add(point)?;
        }
        Ok(Response::new(recording.summary()))
    }

    async fn route_chat(
        &self,
        request: Request<Streaming<RouteNote>>,
    ) -> Result<Response<Self::RouteChatStream>, Status> {
        let notes = request.into_inner();
        let replies = route_chat::converse(notes, self.conversation(), self.points);
        Ok(Response::new(Box::pin(replies)))
    }
}

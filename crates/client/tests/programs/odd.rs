//! A RouteGuide server that does what no real one does, and tells the test what it sees.

use std::pin::Pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use route_guide_proto::routeguide::route_guide_server::{RouteGuide, RouteGuideServer};
use route_guide_proto::routeguide::{Feature, Point, Rectangle, RouteNote, RouteSummary};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_stream::{Stream, StreamExt};
use tonic::codec::CompressionEncoding;
use tonic::metadata::{BinaryMetadataValue, MetadataMap};
use tonic::transport::Server;
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_types::{ErrorDetails, StatusExt};

use crate::servers::{PATIENCE, runtime};

/// GetFeature at this latitude never answers.
pub(crate) const SILENCE: &str = "0.0000001,0";
/// GetFeature at this latitude answers with an error with details.
pub(crate) const DETAILS: &str = "0.0000002,0";
/// GetFeature at this latitude answers with a name that drives a terminal.
pub(crate) const EVIL: &str = "0.0000003,0";
/// GetFeature at this latitude answers without a location.
pub(crate) const INCOMPLETE: &str = "0.0000004,0";

/// GetFeature at this latitude answers with a name of 5 MiB.
pub(crate) const HUGE: &str = "0.0000005,0";
/// GetFeature at this latitude answers with the same, compressed.
pub(crate) const BOMB: &str = "0.0000006,0";

/// RouteChat at this place, in E7, ends with a loss for whoever follows it.
pub(crate) const LOSS: &str = "9,9";

/// What EVIL is called.
pub(crate) const EVIL_NAME: &str = "\u{1b}[2Jevil\n\u{202e}";

/// The server. It ends with the test's process.
#[derive(Debug)]
pub(crate) struct OddServer {
    target: String,
    events: Receiver<String>,
}

impl OddServer {
    pub(crate) fn start() -> Self {
        let (say, events) = channel();
        let (say_target, target) = channel();
        thread::spawn(move || {
            runtime().block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let address = listener.local_addr().unwrap().to_string();
                say_target.send(address).unwrap();
                let service = RouteGuideServer::new(Odd { say })
                    .accept_compressed(CompressionEncoding::Gzip)
                    .accept_compressed(CompressionEncoding::Zstd)
                    .send_compressed(CompressionEncoding::Gzip);
                Server::builder()
                    .add_service(service)
                    .serve_with_incoming(TcpListenerStream::new(listener))
                    .await
                    .unwrap();
            });
        });
        Self {
            target: target.recv_timeout(PATIENCE).unwrap(),
            events,
        }
    }

    /// Where it listens, in the form of `--target`.
    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    /// Waits for what it sees next.
    pub(crate) fn event(&self) -> String {
        self.events.recv_timeout(PATIENCE).unwrap()
    }
}

struct Odd {
    say: Sender<String>,
}

impl Odd {
    fn say(&self, event: impl Into<String>) {
        // The test may be over.
        let _ = self.say.send(event.into());
    }

    fn cancelled(&self) -> SaysCancelled {
        SaysCancelled(Some(self.say.clone()))
    }
}

/// Says that a call was cancelled when it is dropped.
struct SaysCancelled(Option<Sender<String>>);

impl SaysCancelled {
    fn finished(mut self) {
        self.0 = None;
    }
}

impl Drop for SaysCancelled {
    fn drop(&mut self) {
        if let Some(say) = self.0.take() {
            let _ = say.send("cancelled".to_owned());
        }
    }
}

fn with_metadata<T>(message: T) -> Response<T> {
    let mut response = Response::new(message);
    let metadata = response.metadata_mut();
    metadata.insert("x-initial", "from the start".parse().unwrap());
    let bytes = BinaryMetadataValue::from_bytes(&[0, 255]);
    metadata.insert_bin("x-initial-bin", bytes);
    response
}

/// The end of a stream with trailing metadata. Only an error has some, so the test sees one.
fn ends_with_metadata() -> Status {
    let mut metadata = MetadataMap::new();
    metadata.insert("x-trailing", "at the end".parse().unwrap());
    Status::with_metadata(Code::Aborted, "enough", metadata)
}

type Replies<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl RouteGuide for Odd {
    type ListFeaturesStream = Replies<Feature>;
    type RouteChatStream = Replies<RouteNote>;

    async fn get_feature(&self, request: Request<Point>) -> Result<Response<Feature>, Status> {
        let sent = request.metadata();
        for key in ["x-text", "grpc-encoding", "grpc-timeout", "user-agent"] {
            if let Some(value) = sent.get(key) {
                self.say(format!("{key}: {}", value.to_str().unwrap()));
            }
        }
        for value in sent.get_all_bin("x-bytes-bin") {
            self.say(format!("x-bytes-bin: {:?}", value.to_bytes().unwrap()));
        }
        self.say("GetFeature");
        let at = request.into_inner();
        let name = match at.latitude {
            1 => {
                let _cancelled = self.cancelled();
                std::future::pending().await
            }
            2 => {
                let mut details = ErrorDetails::new();
                details
                    .add_bad_request_violation("latitude", "not to our\nliking")
                    .set_request_info("r-17", "");
                return Err(Status::with_error_details(
                    Code::FailedPrecondition,
                    "no",
                    details,
                ));
            }
            3 => EVIL_NAME.to_owned(),
            5 | 6 => "x".repeat(5 << 20),
            _ => "somewhere".to_owned(),
        };
        let location = (at.latitude != 4).then_some(at);
        let mut response = with_metadata(Feature { name, location });
        if at.latitude == 5 {
            response.disable_compression();
        }
        Ok(response)
    }

    /// One feature, and then nothing until the call is cancelled; or, from the origin, an end with trailing metadata.
    async fn list_features(
        &self,
        request: Request<Rectangle>,
    ) -> Result<Response<Self::ListFeaturesStream>, Status> {
        let ends = request.into_inner().lo == Some(Point::default());
        let cancelled = self.cancelled();
        let features = async_stream::stream! {
            yield Ok(Feature { name: "first".to_owned(), location: Some(Point::default()) });
            if ends {
                cancelled.finished();
                yield Err(ends_with_metadata());
            } else {
                std::future::pending::<()>().await;
                drop(cancelled);
            }
        };
        Ok(with_metadata(Box::pin(features)))
    }

    async fn record_route(
        &self,
        request: Request<Streaming<Point>>,
    ) -> Result<Response<RouteSummary>, Status> {
        let mut points = request.into_inner();
        let mut count = 0;
        let cancelled = self.cancelled();
        while let Some(point) = points.next().await {
            let point = point?;
            self.say(format!("point {},{}", point.latitude, point.longitude));
            count += 1;
        }
        cancelled.finished();
        self.say("whole route");
        Ok(with_metadata(RouteSummary {
            point_count: count,
            ..RouteSummary::default()
        }))
    }

    /// Sends each note back at once. Who follows the place of [`LOSS`] has always missed something.
    async fn route_chat(
        &self,
        request: Request<Streaming<RouteNote>>,
    ) -> Result<Response<Self::RouteChatStream>, Status> {
        if request
            .metadata()
            .get("route-chat-watch")
            .is_some_and(|place| place == LOSS)
        {
            self.say("followed");
            let lost = Status::data_loss("too slow");
            let replies: Self::RouteChatStream = Box::pin(tokio_stream::iter([Err(lost)]));
            let mut response = Response::new(replies);
            let confirmed = format!("{LOSS},1,1").parse().unwrap();
            response
                .metadata_mut()
                .insert("route-chat-watch", confirmed);
            return Ok(response);
        }
        let mut notes = request.into_inner();
        let say = self.say.clone();
        let cancelled = self.cancelled();
        let replies = async_stream::stream! {
            while let Some(note) = notes.next().await {
                if let Ok(note) = &note {
                    let _ = say.send(format!("note {}", note.message));
                }
                yield note;
            }
            cancelled.finished();
            yield Err(ends_with_metadata());
        };
        Ok(with_metadata(Box::pin(replies)))
    }
}

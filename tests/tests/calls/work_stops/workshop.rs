//! A server whose service is the test's own, behind the same guard as the real ones: it says when a call's work begins
//! and when it is dropped.

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_stream::stream;
use route_guide_guard::{
    CallLayer, ConnectionSettings, Deadline, Drain, DrainReport, EarlyHeadLayer, Endpoints,
    Listener, WebLayer,
};
use route_guide_proto::hello::hello_service_server::{HelloService, HelloServiceServer};
use route_guide_proto::hello::{HelloRequest, HelloResponse};
use route_guide_tests::paths::LOTS_OF_GREETINGS;
use route_guide_tests::{RawConnection, WebConnection, wide_windows, within};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio_stream::Stream;
use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming};
use tower::ServiceBuilder;

/// How long the replies are to a client that wants to be flooded.
pub(crate) const FLOOD_BYTES: usize = 64 << 10;

/// Answers nothing, or without end, and tells what it has in hand.
#[derive(Clone, Debug)]
struct Laborious {
    running: Arc<AtomicUsize>,
    replies: Arc<AtomicUsize>,
    events: UnboundedSender<Event>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// With the deadline that the servicer reads from its request.
    Begun(Option<Deadline>),
    Dropped,
}

/// The work of one call.
struct Work(Laborious);

impl Laborious {
    fn begin<T>(&self, request: &Request<T>) -> Work {
        self.running.fetch_add(1, Ordering::SeqCst);
        // Nobody listens once the test has seen enough.
        let _ = self
            .events
            .send(Event::Begun(request.extensions().get().copied()));
        Work(self.clone())
    }
}

impl Work {
    async fn toil<T>(self) -> T {
        pending().await
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
        // As above.
        let _ = self.0.events.send(Event::Dropped);
    }
}

type Replies = Pin<Box<dyn Stream<Item = Result<HelloResponse, Status>> + Send>>;

#[tonic::async_trait]
impl HelloService for Laborious {
    type LotsOfRepliesStream = Replies;
    type BidiHelloStream = Replies;

    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloResponse>, Status> {
        self.begin(&request).toil().await
    }

    async fn lots_of_replies(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<Replies>, Status> {
        let work = self.begin(&request);
        if request.get_ref().greeting != "flood" {
            return Ok(Response::new(Box::pin(
                stream! { yield work.toil().await; },
            )));
        }
        Ok(Response::new(Box::pin(stream! {
            loop {
                work.0.replies.fetch_add(1, Ordering::SeqCst);
                yield Ok(HelloResponse { reply: "x".repeat(FLOOD_BYTES) });
            }
        })))
    }

    async fn lots_of_greetings(
        &self,
        request: Request<Streaming<HelloRequest>>,
    ) -> Result<Response<HelloResponse>, Status> {
        self.begin(&request).toil().await
    }

    async fn bidi_hello(
        &self,
        request: Request<Streaming<HelloRequest>>,
    ) -> Result<Response<Replies>, Status> {
        let work = self.begin(&request);
        Ok(Response::new(Box::pin(
            stream! { yield work.toil().await; },
        )))
    }
}

/// A running server with this service.
pub(crate) struct Workshop {
    address: String,
    pub(crate) running: Arc<AtomicUsize>,
    pub(crate) replies: Arc<AtomicUsize>,
    events: UnboundedReceiver<Event>,
    pub(crate) drain: Drain,
    pub(crate) serving: JoinHandle<DrainReport>,
}

impl Workshop {
    pub(crate) async fn open(patience: Duration) -> Self {
        let (events, heard) = unbounded_channel();
        let running = Arc::new(AtomicUsize::new(0));
        let replies = Arc::new(AtomicUsize::new(0));
        let laborious = Laborious {
            running: Arc::clone(&running),
            replies: Arc::clone(&replies),
            events,
        };
        let listener = Listener::bind(&"127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        let address = listener.address().to_string();
        let drain = Drain::new();
        let service = ServiceBuilder::new()
            .layer(WebLayer::new(&[], &[]))
            .layer(CallLayer::new(drain.clone()))
            .layer(EarlyHeadLayer::new(&[LOTS_OF_GREETINGS]))
            .service(Routes::new(HelloServiceServer::new(laborious)).prepare());
        let serving = tokio::spawn({
            let drain = drain.clone();
            async move {
                let settings = ConnectionSettings {
                    http1: true,
                    ..ConnectionSettings::default()
                };
                let serving = Endpoints::new(&drain, None)
                    .add(vec![listener], &settings, service)
                    .serve();
                let ((), report) = tokio::join!(serving, drain.carry_out(patience));
                report
            }
        });
        Self {
            address,
            running,
            replies,
            events: heard,
            drain,
            serving,
        }
    }

    pub(crate) async fn connect(&self) -> RawConnection {
        RawConnection::to(&self.address, &wide_windows()).await
    }

    pub(crate) async fn page(&self) -> WebConnection {
        WebConnection::to(&self.address).await
    }

    pub(crate) async fn begun(&mut self) -> Option<Deadline> {
        match within("the work to begin", self.events.recv()).await {
            Some(Event::Begun(deadline)) => deadline,
            other => panic!("{other:?} came first"),
        }
    }

    pub(crate) async fn dropped(&mut self) {
        let heard = within("the work to be dropped", self.events.recv()).await;
        assert_eq!(heard, Some(Event::Dropped));
    }
}

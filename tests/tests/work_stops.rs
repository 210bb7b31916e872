//! What the servicer does for a call stops when the call ends, however it ends.
//!
//! The service is one of the test's own, behind the same guard as the real ones: it says when a call's work
//! begins and when it is dropped.

#![expect(clippy::unwrap_used, reason = "a helper may fail its test")]

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_stream::stream;
use route_guide_guard::{
    CallLayer, ConnectionSettings, Deadline, Drain, DrainReport, EarlyHeadLayer, Listener,
    WebLayer, serve,
};
use route_guide_proto::hello::hello_service_server::{HelloService, HelloServiceServer};
use route_guide_proto::hello::{HelloRequest, HelloResponse};
use route_guide_tests::paths::{BIDI_HELLO, LOTS_OF_GREETINGS, LOTS_OF_REPLIES, SAY_HELLO_SERVICE};
use route_guide_tests::{RawCall, RawConnection, WebConnection, frame, run, wide_windows, within};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio_stream::Stream;
use tonic::service::Routes;
use tonic::{Code, Request, Response, Status, Streaming};
use tower::ServiceBuilder;

/// One method of each kind.
const METHODS: [&str; 4] = [
    SAY_HELLO_SERVICE,
    LOTS_OF_REPLIES,
    LOTS_OF_GREETINGS,
    BIDI_HELLO,
];

/// How long the replies are to a client that wants to be flooded.
const FLOOD_BYTES: usize = 64 << 10;

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
struct Workshop {
    address: String,
    running: Arc<AtomicUsize>,
    replies: Arc<AtomicUsize>,
    events: UnboundedReceiver<Event>,
    drain: Drain,
    serving: JoinHandle<DrainReport>,
}

impl Workshop {
    async fn open(patience: Duration) -> Self {
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
                let serving = serve(vec![listener], service, &settings, &drain, None);
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

    async fn connect(&self) -> RawConnection {
        RawConnection::to(&self.address, &wide_windows()).await
    }

    async fn page(&self) -> WebConnection {
        WebConnection::to(&self.address).await
    }

    async fn begun(&mut self) -> Option<Deadline> {
        match within("the work to begin", self.events.recv()).await {
            Some(Event::Begun(deadline)) => deadline,
            other => panic!("{other:?} came first"),
        }
    }

    async fn dropped(&mut self) {
        let heard = within("the work to be dropped", self.events.recv()).await;
        assert_eq!(heard, Some(Event::Dropped));
    }
}

async fn begin(wire: &RawConnection, path: &str, headers: &[(&str, &str)]) -> RawCall {
    let mut call = wire.call(path, headers).await;
    call.send(frame(&[]));
    call.half_close();
    call
}

#[test]
fn when_a_client_reads_deadline_exceeded_the_work_has_been_dropped() {
    run(async {
        let shop = Workshop::open(Duration::ZERO).await;
        let wire = shop.connect().await;
        for path in METHODS {
            let call = begin(&wire, path, &[("grpc-timeout", "100m")]).await;
            let status = call.reply().await.status();
            assert_eq!(status.code(), Code::DeadlineExceeded, "{path}");
            assert_eq!(shop.running.load(Ordering::SeqCst), 0, "{path}");
        }
    });
}

#[test]
fn a_cancelled_call_drops_its_work_at_once() {
    run(async {
        let mut shop = Workshop::open(Duration::ZERO).await;
        let wire = shop.connect().await;
        for path in METHODS {
            let call = begin(&wire, path, &[]).await;
            assert_eq!(shop.begun().await, None);
            call.cancel();
            shop.dropped().await;
        }
    });
}

#[test]
fn a_vanished_client_drops_its_work_at_once() {
    run(async {
        let mut shop = Workshop::open(Duration::ZERO).await;
        for path in METHODS {
            let wire = shop.connect().await;
            let _call = begin(&wire, path, &[]).await;
            assert_eq!(shop.begun().await, None);
            wire.vanish().await;
            shop.dropped().await;
        }
    });
}

#[test]
fn a_call_cut_by_the_end_of_the_drain_drops_its_work_is_told_so_and_counted() {
    run(async {
        let mut shop = Workshop::open(Duration::ZERO).await;
        let wire = shop.connect().await;
        let mut calls = Vec::new();
        for path in METHODS {
            calls.push((path, begin(&wire, path, &[]).await));
            assert_eq!(shop.begun().await, None);
        }
        shop.drain.begin();
        for (path, call) in calls {
            let status = call.reply().await.status();
            assert_eq!(status.code(), Code::Unavailable, "{path}");
            assert_eq!(status.message(), "server is draining", "{path}");
        }
        let report = within("the end of the drain", shop.serving).await.unwrap();
        assert_eq!(report.cut_calls, METHODS.len());
        assert_eq!(shop.running.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn a_servicer_can_read_how_much_time_is_left() {
    run(async {
        let mut shop = Workshop::open(Duration::ZERO).await;
        let wire = shop.connect().await;
        for path in METHODS {
            let minute = [("grpc-timeout", "1M")];
            let call = begin(&wire, path, &minute).await;
            let left = shop.begun().await.unwrap().time_left();
            assert!(
                left > Duration::ZERO && left < Duration::from_secs(60),
                "{path}: {left:?}"
            );
            call.cancel();
            shop.dropped().await;
        }
    });
}

#[test]
fn when_a_page_reads_deadline_exceeded_the_work_has_been_dropped() {
    run(async {
        let shop = Workshop::open(Duration::ZERO).await;
        let mut page = shop.page().await;
        for path in METHODS {
            let reply = page.call(path, &[("grpc-timeout", "100m")], &[]).await;
            assert_eq!(reply.status().code(), Code::DeadlineExceeded, "{path}");
            assert_eq!(shop.running.load(Ordering::SeqCst), 0, "{path}");
        }
    });
}

#[test]
fn a_page_that_closes_its_connection_drops_its_work_at_once() {
    run(async {
        let mut shop = Workshop::open(Duration::ZERO).await;
        for path in METHODS {
            let mut page = shop.page().await;
            page.begin(path, &[], &[]).await;
            assert_eq!(shop.begun().await, None);
            drop(page);
            shop.dropped().await;
        }
    });
}

#[test]
fn a_pages_call_cut_by_the_end_of_the_drain_is_told_so_and_counted() {
    run(async {
        let mut shop = Workshop::open(Duration::ZERO).await;
        let mut pages = Vec::new();
        for path in METHODS {
            let mut page = shop.page().await;
            page.begin(path, &[], &[]).await;
            assert_eq!(shop.begun().await, None);
            pages.push((path, page));
        }
        shop.drain.begin();
        for (path, mut page) in pages {
            let status = page.reply().await.status();
            assert_eq!(status.code(), Code::Unavailable, "{path}");
            assert_eq!(page.closed().await, 0, "{path}");
        }
        let report = within("the end of the drain", shop.serving).await.unwrap();
        assert_eq!(report.cut_calls, METHODS.len());
    });
}

/// What the server holds for a reader that does not read is bounded, and let go at the deadline.
#[test]
fn a_page_that_stalls_holds_little_and_only_until_its_deadline() {
    /// The sockets' buffers on both sides, as large as systems make them, and the server's own.
    const HELD_BYTES: usize = 32 << 20;
    run(async {
        let mut shop = Workshop::open(Duration::ZERO).await;
        for accept in ["application/grpc-web", "application/grpc-web-text"] {
            let mut page = shop.page().await;
            let headers = [("accept", accept), ("grpc-timeout", "500m")];
            let flood = b"\x0a\x05flood";
            page.begin(LOTS_OF_REPLIES, &headers, flood).await;
            shop.begun().await.unwrap();
            shop.dropped().await;
            let produced = shop.replies.swap(0, Ordering::SeqCst) * FLOOD_BYTES;
            assert!(produced < HELD_BYTES, "{produced} bytes for {accept}");
            assert!(page.closed().await < HELD_BYTES);
        }
    });
}

//! What an observer learns of calls, however they end.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use route_guide_guard::{
    CallEnd, CallLayer, CallObserver, Drain, EndedBy, ObservedCall, ObserverLayer, Traffic,
};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Layer, Service, ServiceExt, service_fn};

const PATH: &str = "/test.Service/Method";

/// A message of three bytes, with its prefix.
const MESSAGE: &[u8] = &[0, 0, 0, 0, 3, 1, 2, 3];

#[derive(Debug, Default)]
struct Recorder {
    started: Mutex<Vec<String>>,
    ended: Mutex<Vec<(String, CallEnd)>>,
}

impl CallObserver for Recorder {
    fn started(&self, call: &ObservedCall) {
        self.started.lock().unwrap().push(call.path.clone());
    }

    fn ended(&self, call: &ObservedCall, end: &CallEnd) {
        self.ended.lock().unwrap().push((call.path.clone(), *end));
    }
}

impl Recorder {
    /// The end of the one call that there was.
    fn end(&self) -> CallEnd {
        assert_eq!(*self.started.lock().unwrap(), [PATH]);
        let ended = self.ended.lock().unwrap();
        let [(path, end)] = &ended[..] else {
            panic!("one call, one end: {ended:?}");
        };
        assert_eq!(path, PATH);
        *end
    }
}

fn request(timeout: Option<&str>) -> Request<Body> {
    let mut request = Request::post(PATH).header("content-type", "application/grpc");
    if let Some(timeout) = timeout {
        request = request.header("grpc-timeout", timeout);
    }
    request.body(Body::new(Full::new(MESSAGE.into()))).unwrap()
}

fn observed<F, R>(
    recorder: &Arc<Recorder>,
    drain: &Drain,
    handler: F,
) -> impl Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send> + use<F, R>
where
    F: FnMut(Request<Body>) -> R,
    R: Future<Output = Result<Response<Body>, Infallible>> + Send + 'static,
{
    let calls = CallLayer::new(drain.clone()).end_at_drain(&[PATH]);
    ObserverLayer::new(recorder.clone()).layer(calls.layer(service_fn(handler)))
}

/// Two messages, and then the trailers of success unless the stream goes on for ever.
fn two_messages(is_endless: bool) -> Response<Body> {
    let frames = async_stream::stream! {
        // A message may come in two pieces.
        for piece in [&MESSAGE[..4], &MESSAGE[4..], MESSAGE] {
            yield Ok::<_, Status>(Frame::data(Bytes::from_static(piece)));
        }
        if is_endless {
            std::future::pending::<()>().await;
        }
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", "0".parse().unwrap());
        yield Ok(Frame::trailers(trailers));
    };
    Response::new(Body::new(StreamBody::new(Box::pin(frames))))
}

async fn read_all(response: Response<Body>) {
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        frame.unwrap();
    }
}

#[tokio::test]
async fn messages_and_bytes_of_both_directions_are_counted() {
    let recorder = Arc::new(Recorder::default());
    let service = observed(&recorder, &Drain::new(), async |request: Request<Body>| {
        request.into_body().collect().await.unwrap();
        Ok(two_messages(false))
    });
    read_all(service.oneshot(request(None)).await.unwrap()).await;
    let end = recorder.end();
    assert_eq!((end.code, end.by), (Code::Ok, EndedBy::Server));
    assert_eq!(
        end.received,
        Traffic {
            messages: 1,
            bytes: 8
        }
    );
    assert_eq!(
        end.sent,
        Traffic {
            messages: 2,
            bytes: 16
        }
    );
}

#[tokio::test]
async fn a_status_without_messages_is_the_methods_own() {
    let recorder = Arc::new(Recorder::default());
    let service = observed(&recorder, &Drain::new(), async |_| {
        Ok(Status::not_found("nothing is there").into_http())
    });
    read_all(service.oneshot(request(None)).await.unwrap()).await;
    let end = recorder.end();
    assert_eq!((end.code, end.by), (Code::NotFound, EndedBy::Server));
    assert_eq!(end.sent, Traffic::default());
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_a_call_before_and_after_its_first_message() {
    let recorder = Arc::new(Recorder::default());
    let service = observed(&recorder, &Drain::new(), async |_| {
        std::future::pending().await
    });
    read_all(service.oneshot(request(Some("200m"))).await.unwrap()).await;
    let end = recorder.end();
    assert_eq!(
        (end.code, end.by),
        (Code::DeadlineExceeded, EndedBy::Deadline)
    );

    let recorder = Arc::new(Recorder::default());
    let service = observed(&recorder, &Drain::new(), async |_| Ok(two_messages(true)));
    read_all(service.oneshot(request(Some("200m"))).await.unwrap()).await;
    let end = recorder.end();
    assert_eq!(
        (end.code, end.by),
        (Code::DeadlineExceeded, EndedBy::Deadline)
    );
    assert_eq!(end.sent.messages, 2);
}

#[tokio::test]
async fn a_caller_that_goes_ends_its_call() {
    let recorder = Arc::new(Recorder::default());
    let service = observed(&recorder, &Drain::new(), async |_| Ok(two_messages(true)));
    let mut body = service.oneshot(request(None)).await.unwrap().into_body();
    body.frame().await.unwrap().unwrap();
    drop(body);
    let end = recorder.end();
    assert_eq!((end.code, end.by), (Code::Cancelled, EndedBy::Client));

    let recorder = Arc::new(Recorder::default());
    let service = observed(&recorder, &Drain::new(), async |_| {
        std::future::pending().await
    });
    let unanswered = service.oneshot(request(None));
    let waited = tokio::time::timeout(Duration::ZERO, unanswered).await;
    assert!(waited.is_err());
    let end = recorder.end();
    assert_eq!((end.code, end.by), (Code::Cancelled, EndedBy::Client));
}

#[tokio::test]
async fn a_server_that_stops_ends_streams_without_an_end() {
    let recorder = Arc::new(Recorder::default());
    let drain = Drain::new();
    let service = observed(&recorder, &drain, async |_| Ok(two_messages(true)));
    let response = service.oneshot(request(None)).await.unwrap();
    drain.begin();
    read_all(response).await;
    let end = recorder.end();
    assert_eq!((end.code, end.by), (Code::Unavailable, EndedBy::Drain));
}

#[tokio::test]
async fn a_method_that_fails_while_the_server_stops_has_ended_its_call_itself() {
    let recorder = Arc::new(Recorder::default());
    let drain = Drain::new();
    let service = observed(&recorder, &drain, async |_| {
        let failing = async_stream::stream! {
            yield Ok(Frame::data(Bytes::from_static(MESSAGE)));
            yield Err(Status::resource_exhausted("too much"));
        };
        Ok(Response::new(Body::new(StreamBody::new(Box::pin(failing)))))
    });
    let response = service.oneshot(request(None)).await.unwrap();
    drain.begin();
    read_all(response).await;
    let end = recorder.end();
    assert_eq!(
        (end.code, end.by),
        (Code::ResourceExhausted, EndedBy::Server)
    );
}

#[tokio::test]
async fn what_is_no_call_is_reported_too() {
    let recorder = Arc::new(Recorder::default());
    let service = observed(&recorder, &Drain::new(), async |_| Ok(two_messages(false)));
    let request = Request::get(PATH).body(Body::empty()).unwrap();
    read_all(service.oneshot(request).await.unwrap()).await;
    let end = recorder.end();
    assert_eq!((end.code, end.by), (Code::Unknown, EndedBy::Server));
}

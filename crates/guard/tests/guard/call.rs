//! What a caller sees of the call layer, without a connection in between.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::BodyExt;
use route_guide_guard::{CallLayer, Deadline, Drain, EarlyHeadLayer};
use tokio::time::Instant;
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, ServiceExt, service_fn};

const PATH: &str = "/test.Service/Method";

/// A response body made of a closure.
struct FromFn<F>(F);

impl<F> http_body::Body for FromFn<F>
where
    F: FnMut(&mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> + Unpin,
{
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        (self.0)(cx)
    }
}

fn body<F>(frames: F) -> Response<Body>
where
    F: FnMut(&mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>>,
    F: Send + Unpin + 'static,
{
    Response::new(Body::new(FromFn(frames)))
}

fn request(timeout: Option<&str>) -> Request<Body> {
    let mut request = Request::post(PATH).header("content-type", "application/grpc");
    if let Some(timeout) = timeout {
        request = request.header("grpc-timeout", timeout);
    }
    request.body(Body::empty()).unwrap()
}

/// Calls a handler through the layer and reads the whole answer: its data frames and its last headers.
async fn call<F, R>(layer: CallLayer, request: Request<Body>, handler: F) -> (usize, HeaderMap)
where
    F: FnMut(Request<Body>) -> R,
    R: Future<Output = Result<Response<Body>, Infallible>> + Send + 'static,
{
    let response = layer
        .layer(service_fn(handler))
        .oneshot(request)
        .await
        .unwrap();
    read(response).await
}

async fn read(response: Response<Body>) -> (usize, HeaderMap) {
    let (parts, mut body) = response.into_parts();
    let mut data_frames = 0;
    let mut last = parts.headers;
    while let Some(frame) = body.frame().await {
        match frame.unwrap().into_trailers() {
            Ok(trailers) => last = trailers,
            Err(_data) => data_frames += 1,
        }
    }
    (data_frames, last)
}

fn code(headers: &HeaderMap) -> &str {
    headers["grpc-status"].to_str().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_outlasts_its_deadline_is_dropped_and_answered_for() {
    let start = Instant::now();
    let (dropped, seen) = tokio::sync::oneshot::channel::<()>();
    let mut dropped = Some(dropped);
    let (_, status) = call(
        CallLayer::new(Drain::new()),
        request(Some("200m")),
        move |request| {
            let held = dropped.take();
            let left = request.extensions().get::<Deadline>().unwrap().time_left();
            assert!(left <= Duration::from_millis(200));
            async move {
                let _held = held;
                std::future::pending().await
            }
        },
    )
    .await;
    assert_eq!(code(&status), "4");
    assert!(seen.await.is_err(), "the handler is gone");
    assert!(start.elapsed() >= Duration::from_millis(200));
    assert!(start.elapsed() < Duration::from_millis(250));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_always_has_more_is_cut_at_its_deadline() {
    let start = Instant::now();
    let (frames, status) = call(
        CallLayer::new(Drain::new()),
        request(Some("950m")),
        |_| async {
            let mut tick = tokio::time::interval(Duration::from_millis(100));
            Ok(body(move |cx| {
                tick.poll_tick(cx)
                    .map(|_| Some(Ok(Frame::data(Bytes::from_static(b"more")))))
            }))
        },
    )
    .await;
    assert_eq!(code(&status), "4");
    assert_eq!(frames, 10, "one at the start and one each 100 ms");
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn a_malformed_timeout_is_refused() {
    let handler = |_| async { unreachable!("not called") };
    let (_, status) = call(CallLayer::new(Drain::new()), request(Some("soon")), handler).await;
    assert_eq!(code(&status), "13");
    let message = status["grpc-message"].to_str().unwrap();
    assert!(
        message.starts_with("malformed%20grpc-timeout%20%22soon%22:%20expected"),
        "{message}"
    );
}

#[tokio::test]
async fn a_panic_is_an_unknown_error_of_its_call_and_is_counted() {
    let drain = Drain::new();
    let layer = CallLayer::new(drain.clone());
    let (_, status) = call(layer.clone(), request(None), |_| async {
        panic!("in the handler")
    })
    .await;
    assert_eq!(code(&status), "2");

    let handler = |_| -> std::future::Ready<Result<Response<Body>, Infallible>> {
        panic!("before the handler has begun")
    };
    let (_, status) = call(layer.clone(), request(None), handler).await;
    assert_eq!(code(&status), "2");

    let (_, status) = call(layer, request(None), |_| async {
        Ok(body(|_| panic!("in the stream")))
    })
    .await;
    assert_eq!(code(&status), "2");

    drain.begin();
    let report = drain.carry_out(Duration::ZERO).await;
    assert_eq!(report.panicked_calls, 3);
}

/// hyper resets the stream of a body that fails, and its caller saw INTERNAL and an error of HTTP/2.
#[tokio::test]
async fn a_stream_that_fails_ends_with_its_status() {
    let layer = CallLayer::new(Drain::new());
    let (frames, status) = call(layer, request(None), |_| async {
        let mut frames = vec![
            Err(Status::data_loss("damaged")),
            Ok(Frame::data(Bytes::from_static(b"one"))),
        ];
        Ok(body(move |_| Poll::Ready(frames.pop())))
    })
    .await;
    assert_eq!((frames, code(&status)), (1, "15"));
    assert_eq!(status["grpc-message"], "damaged");
}

/// A status with the request in it was so long that clients refused its headers and lost the code.
#[tokio::test]
async fn whatever_a_status_quotes_it_ends_within_a_kibibyte() {
    const MOST: usize = 3 * 1024;
    let long = "ü".repeat(100_000);
    let in_head = |_| {
        let status = Status::not_found(long.clone());
        async move { Ok(status.into_http()) }
    };
    let (_, head) = call(CallLayer::new(Drain::new()), request(None), in_head).await;
    assert_eq!(code(&head), "5");
    assert!(head["grpc-message"].len() <= MOST);

    let in_trailers = |_| {
        let mut trailers = HeaderMap::new();
        Status::not_found(long.clone())
            .add_header(&mut trailers)
            .unwrap();
        let mut trailers = Some(Frame::trailers(trailers));
        async move { Ok(body(move |_| Poll::Ready(trailers.take().map(Ok)))) }
    };
    let (_, trailers) = call(CallLayer::new(Drain::new()), request(None), in_trailers).await;
    assert_eq!(code(&trailers), "5");
    assert!(trailers["grpc-message"].len() <= MOST);

    let soon = "x".repeat(100_000);
    let handler = |_| async { unreachable!("not called") };
    let (_, refused) = call(CallLayer::new(Drain::new()), request(Some(&soon)), handler).await;
    assert_eq!(code(&refused), "13");
    assert!(refused["grpc-message"].len() <= MOST);
}

#[tokio::test]
async fn a_message_over_the_limit_is_resource_exhausted() {
    let too_large = "Error, decoded message length too large: found 5 bytes, the limit is: 4 bytes";
    let (_, status) = call(
        CallLayer::new(Drain::new()),
        request(None),
        |_| async move { Ok(Status::out_of_range(too_large).into_http()) },
    )
    .await;
    assert_eq!(code(&status), "8");

    let (_, status) = call(
        CallLayer::new(Drain::new()),
        request(None),
        |_| async move {
            let mut trailers = HeaderMap::new();
            Status::out_of_range(too_large)
                .add_header(&mut trailers)
                .unwrap();
            let mut trailers = Some(Frame::trailers(trailers));
            Ok(body(move |_| Poll::Ready(trailers.take().map(Ok))))
        },
    )
    .await;
    assert_eq!(code(&status), "8");

    let (_, status) = call(CallLayer::new(Drain::new()), request(None), |_| async {
        Ok(Status::out_of_range("past the end").into_http())
    })
    .await;
    assert_eq!(code(&status), "11", "a servicer's own status stays");
}

#[tokio::test]
async fn what_is_not_grpc_is_refused_by_its_http_status() {
    let service = CallLayer::new(Drain::new()).layer(service_fn(|_: Request<Body>| async {
        Ok::<_, Infallible>(Response::new(Body::empty()))
    }));
    let page = Request::get("/").body(Body::empty()).unwrap();
    let response = service.clone().oneshot(page).await.unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    let content_types = [
        ("text/html", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("application/grpcx", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("application/grpc", StatusCode::OK),
        ("Application/gRPC+proto", StatusCode::OK),
        ("application/grpc ; charset=utf-8", StatusCode::OK),
    ];
    for (content_type, expected) in content_types {
        let form = Request::post(PATH).header("content-type", content_type);
        let response = service
            .clone()
            .oneshot(form.body(Body::empty()).unwrap())
            .await
            .unwrap();
        assert_eq!(response.status(), expected, "{content_type}");
    }
}

#[tokio::test]
async fn an_open_ended_stream_sends_what_it_has_and_ends_when_the_drain_begins() {
    let drain = Drain::new();
    let layer = CallLayer::new(drain.clone()).end_at_drain(&[PATH]);
    let (frames, status) = call(layer, request(None), move |_| {
        let drain = drain.clone();
        async move {
            let mut ready = 3;
            Ok(body(move |_| {
                drain.begin();
                if ready == 0 {
                    return Poll::Pending;
                }
                ready -= 1;
                Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"ready")))))
            }))
        }
    })
    .await;
    assert_eq!(frames, 3);
    assert_eq!(code(&status), "14");
    assert_eq!(status["grpc-message"], "server%20is%20draining");
}

#[tokio::test]
async fn early_heads_go_out_before_the_method_has_answered() {
    let early = EarlyHeadLayer::new(&[PATH]);
    let (answer, answered) = tokio::sync::oneshot::channel::<Response<Body>>();
    let mut answered = Some(answered);
    let service = early.layer(service_fn(move |_: Request<Body>| {
        let answered = answered.take().unwrap();
        async move { Ok::<_, Infallible>(answered.await.unwrap()) }
    }));
    let response = service.oneshot(request(None)).await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/grpc");

    answer
        .send(Status::not_found("nothing").into_http())
        .unwrap();
    let (frames, status) = read(response).await;
    assert_eq!(frames, 0);
    assert_eq!(code(&status), "5");
    assert_eq!(status["grpc-message"], "nothing");
}

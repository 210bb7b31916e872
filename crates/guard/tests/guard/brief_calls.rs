//! Calls that are answered in their connection's turn are calls like any other.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::client::{self, SendRequest};
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;
use route_guide_guard::{CallLayer, ConnectionSettings, Drain, Endpoints, Listener};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::Instant;
use tonic::body::Body;
use tower::{Layer, service_fn};

const PATH: &str = "/test.Service/Brief";

/// The server's answer comes after the whole request, and where the request has this header not before `go`.
const WAITS: &str = "waits";

/// Starts a server whose calls are all brief, and connects to it.
async fn connect(go: &Arc<Notify>) -> SendRequest<Bytes> {
    let listener = Listener::bind(&"127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    let address = listener.address().to_string();
    let go = Arc::clone(go);
    let service = service_fn(move |request: Request<Body>| {
        let go = Arc::clone(&go);
        async move {
            let (parts, body) = request.into_parts();
            let request = body.collect().await.unwrap().to_bytes();
            if parts.headers.contains_key(WAITS) {
                go.notified().await;
            }
            Ok::<_, Infallible>(Response::new(Body::new(http_body_util::Full::new(request))))
        }
    });
    let drain = Drain::new();
    let layer = CallLayer::new(drain.clone()).answer_at_once(&[PATH]);
    let service = layer.layer(service);
    tokio::spawn(async move {
        let settings = ConnectionSettings::default();
        Endpoints::new(&drain, None)
            .add(vec![listener], &settings, service)
            .serve()
            .await;
    });
    let stream = TcpStream::connect(address).await.unwrap();
    let (client, connection) = client::handshake(stream).await.unwrap();
    tokio::spawn(async move { connection.await.unwrap() });
    client
}

fn request(headers: &[(&'static str, &'static str)]) -> Request<()> {
    let mut request = Request::post(format!("http://localhost{PATH}"))
        .header("content-type", "application/grpc")
        .body(())
        .unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    request
}

/// Reads an answer to its end, and returns its bytes and its last headers.
async fn read(response: client::ResponseFuture) -> (Bytes, HeaderMap) {
    let (head, mut body) = response.await.unwrap().into_parts();
    let mut bytes = Vec::new();
    while let Some(data) = body.data().await {
        bytes.extend_from_slice(&data.unwrap());
    }
    let trailers = body.trailers().await.unwrap();
    (bytes.into(), trailers.unwrap_or(head.headers))
}

async fn ready(client: SendRequest<Bytes>) -> SendRequest<Bytes> {
    client.ready().await.unwrap()
}

#[tokio::test]
async fn a_brief_call_that_must_wait_keeps_no_other_waiting() {
    let go = Arc::new(Notify::new());
    let mut client = ready(connect(&go).await).await;
    let (waiting, mut rest) = client.send_request(request(&[(WAITS, "")]), false).unwrap();
    for _ in 0..50 {
        client = ready(client).await;
        let (response, mut body) = client.send_request(request(&[]), false).unwrap();
        body.send_data(Bytes::from_static(b"brief"), true).unwrap();
        assert_eq!(read(response).await.0, "brief");
    }
    // Its request comes in pieces, and then its answer is not ready yet.
    rest.send_data(Bytes::from_static(b"in "), false).unwrap();
    rest.send_data(Bytes::from_static(b"pieces"), true).unwrap();
    go.notify_one();
    assert_eq!(read(waiting).await.0, "in pieces");
}

#[tokio::test(start_paused = true)]
async fn a_brief_call_that_takes_too_long_ends_at_its_deadline() {
    let mut client = ready(connect(&Arc::new(Notify::new())).await).await;
    let headers = [(WAITS, ""), ("grpc-timeout", "200m")];
    let start = Instant::now();
    let (response, _) = client.send_request(request(&headers), true).unwrap();
    assert_eq!(read(response).await.1["grpc-status"], "4");
    assert!(start.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn many_brief_calls_that_come_together_are_all_answered() {
    let mut client = ready(connect(&Arc::new(Notify::new())).await).await;
    let mut responses = Vec::new();
    for _ in 0..150 {
        client = ready(client).await;
        let (response, mut body) = client.send_request(request(&[]), false).unwrap();
        body.send_data(Bytes::from_static(b"together"), true)
            .unwrap();
        responses.push(response);
    }
    for response in responses {
        assert_eq!(read(response).await.0, "together");
    }
}

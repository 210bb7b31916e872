//! What a peer that never gets as far as a call sees of a server.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use route_guide_guard::{ConnectionSettings, Drain, Endpoints, Listener};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tonic::body::Body;
use tower::{Service, service_fn};

/// A service whose first copy for a connection panics.
struct Fragile(Arc<AtomicUsize>);

impl Clone for Fragile {
    fn clone(&self) -> Self {
        // The copies for the one listener and for its first acceptance come before.
        assert_ne!(self.0.fetch_add(1, Ordering::Relaxed), 2, "a test's panic");
        Self(Arc::clone(&self.0))
    }
}

impl Service<Request<Body>> for Fragile {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _request: Request<Body>) -> Self::Future {
        ready(Ok(Response::new(Body::empty())))
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_accepting_does_not_close_the_port() {
    let copies = Arc::new(AtomicUsize::new(0));
    let address = server_of(
        Fragile(Arc::clone(&copies)),
        ConnectionSettings::default(),
        &Drain::new(),
    )
    .await;
    let mut first = TcpStream::connect(&address).await.unwrap();
    assert_eq!(first.read(&mut [0]).await.unwrap_or(0), 0);
    assert!(copies.load(Ordering::Relaxed) > 2, "the panic came");
    let (answer, _) = answered(&address, b"GET / HTTP/1.1\r\n\r\n").await;
    assert!(answer.starts_with(b"HTTP/1.1 505"));
}

/// Runs a server whose calls are answered by nothing, and returns where it listens.
async fn server(drain: &Drain) -> String {
    server_with(ConnectionSettings::default(), drain).await
}

async fn server_with(settings: ConnectionSettings, drain: &Drain) -> String {
    let service =
        service_fn(|_: Request<Body>| async { Ok::<_, Infallible>(Response::new(Body::empty())) });
    server_of(service, settings, drain).await
}

async fn server_of<S>(service: S, settings: ConnectionSettings, drain: &Drain) -> String
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send + 'static,
{
    let listener = Listener::bind(&"127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    let address = listener.address().to_string();
    let drain = drain.clone();
    tokio::spawn(async move {
        Endpoints::new(&drain, None)
            .add(vec![listener], &settings, service)
            .serve()
            .await;
    });
    address
}

/// Sends some bytes and waits until the server closes the connection.
async fn closed_after(address: &str, sent: &[u8]) -> Duration {
    let mut peer = TcpStream::connect(address).await.unwrap();
    peer.write_all(sent).await.unwrap();
    let start = Instant::now();
    // A reset is as good as an end.
    let _ = peer.read_to_end(&mut Vec::new()).await;
    start.elapsed()
}

// The clock is paused: it jumps to the next timer as soon as nothing else is left to do.
#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_speak_is_hung_up_on() {
    let drain = Drain::new();
    let address = server(&drain).await;
    for sent in [&b""[..], b"PRI * HTTP/2.0\r\n"] {
        let open = closed_after(&address, sent).await;
        assert!(open >= Duration::from_secs(10), "after {sent:?}: {open:?}");
        assert!(open < Duration::from_secs(11), "after {sent:?}: {open:?}");
    }
}

/// Sends some bytes, and returns what the server says until it closes the connection, and when it does.
async fn answered(address: &str, sent: &[u8]) -> (Vec<u8>, Duration) {
    let mut peer = TcpStream::connect(address).await.unwrap();
    peer.write_all(sent).await.unwrap();
    let start = Instant::now();
    let mut answer = Vec::new();
    // A reset is no answer.
    peer.read_to_end(&mut answer).await.unwrap();
    (answer, start.elapsed())
}

/// `curl localhost:50051` said that the connection was reset, and the log said nothing.
#[tokio::test(start_paused = true)]
async fn a_peer_that_speaks_http1_is_told_at_once_what_is_spoken_here() {
    let drain = Drain::new();
    let address = server(&drain).await;
    let request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    // The rest of a request that is not read, as it is with one that is answered early, resets nothing.
    let upload = [&request[..], &[b'x'; 16_000]].concat();
    for sent in [&request[..], &upload] {
        let (answer, open) = answered(&address, sent).await;
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 505 "), "{answer}");
        assert!(answer.contains("--grpc-web"), "{answer}");
        assert!(open < Duration::from_secs(1), "{open:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_speaks_tls_gets_an_alert_at_once() {
    let drain = Drain::new();
    for http1 in [false, true] {
        let settings = ConnectionSettings {
            http1,
            ..ConnectionSettings::default()
        };
        let address = server_with(settings, &drain).await;
        let (answer, open) = answered(&address, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc").await;
        let fatal = 2;
        assert_eq!(answer[..6], [0x15, 3, 1, 0, 2, fatal]);
        assert!(open < Duration::from_secs(1), "{open:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_http1_connection_is_closed_when_no_request_comes() {
    let settings = ConnectionSettings {
        http1: true,
        ..ConnectionSettings::default()
    };
    let drain = Drain::new();
    let address = server_with(settings, &drain).await;
    let request = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
    for (sent, seconds) in [
        (&b""[..], 10),
        (b"P", 10),
        (&request[..request.len() - 1], 80),
        (request, 80),
    ] {
        let open = closed_after(&address, sent).await.as_secs();
        assert_eq!(open, seconds, "after {:?}", String::from_utf8_lossy(sent));
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_has_said_nothing_does_not_outlive_the_beginning_of_a_drain() {
    let drain = Drain::new();
    let address = server(&drain).await;
    let peer = TcpStream::connect(&address).await.unwrap();
    drain.begin();
    let start = Instant::now();
    let mut peer = peer;
    let _ = peer.read_to_end(&mut Vec::new()).await;
    assert!(start.elapsed() < Duration::from_secs(1));
}

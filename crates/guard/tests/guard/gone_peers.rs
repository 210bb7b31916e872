//! Peers that are gone, or behave as if they were: nothing of them stays longer than the keepalive allows.
//!
//! The clock is paused: it jumps to the next timer as soon as nothing else is left to do. What stays is seen by what
//! the calls hold: it is dropped with the call.

use std::convert::Infallible;
use std::future::pending;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::BodyExt;
use route_guide_guard::{ConnectionSettings, Drain, Endpoints, Listener};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::{Instant, sleep};
use tonic::body::Body;
use tower::service_fn;

/// Interval and timeout of the keepalive together.
const SILENCE: Duration = Duration::from_secs(80);

/// The preface of HTTP/2 and SETTINGS that set nothing.
const HANDSHAKE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// A server whose every call tells when it has begun, and holds a sender until it is dropped.
struct Server {
    address: String,
    begun: Receiver<Receiver<Infallible>>,
}

/// How calls are answered.
#[derive(Clone, Copy)]
enum Answer {
    /// Not before the whole request is there.
    ToTheWhole,
    /// With bytes without end.
    Endless,
    /// With a head, and nothing after it.
    HeadOnly,
    /// In short, whatever the request is.
    Early,
}

impl Server {
    async fn start(answer: Answer, drain: &Drain) -> Self {
        let (tell, begun) = mpsc::channel(100);
        let listener = Listener::bind(&"127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        let address = listener.address().to_string();
        let service = service_fn(move |request: Request<Body>| {
            let tell = tell.clone();
            async move {
                let (held, ended) = mpsc::channel(1);
                tell.send(ended).await.unwrap();
                Ok::<_, Infallible>(Response::new(answer.to(request, held).await))
            }
        });
        let settings = ConnectionSettings {
            http1: true,
            ..ConnectionSettings::default()
        };
        let drain = drain.clone();
        tokio::spawn(async move {
            Endpoints::new(&drain, None)
                .add(vec![listener], &settings, service)
                .serve()
                .await;
        });
        Self { address, begun }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).await.unwrap()
    }

    /// Waits until the next call has begun and is dropped, and returns how long that took.
    async fn call_is_dropped(&mut self) -> Duration {
        let mut ended = self.begun.recv().await.unwrap();
        let start = Instant::now();
        assert!(ended.recv().await.is_none());
        start.elapsed()
    }
}

impl Answer {
    async fn to(self, request: Request<Body>, held: Sender<Infallible>) -> Body {
        match self {
            Self::ToTheWhole => {
                let whole = request.into_body().collect().await;
                drop(held);
                whole.map_or_else(|_gone| Body::empty(), |_whole| Body::empty())
            }
            Self::Early => Body::new("no".to_owned()),
            Self::Endless => Body::new(Held {
                held,
                bytes: Some(Bytes::from_static(&[0; 16_384])),
            }),
            Self::HeadOnly => Body::new(Held { held, bytes: None }),
        }
    }
}

/// A body that never ends.
struct Held {
    #[expect(dead_code, reason = "its drop is what tests wait for")]
    held: Sender<Infallible>,
    bytes: Option<Bytes>,
}

impl http_body::Body for Held {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &self.bytes {
            Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes.clone())))),
            None => Poll::Pending,
        }
    }
}

fn check(open: Duration, expected: Duration) {
    let later = expected + Duration::from_secs(1);
    assert!(
        (expected..later).contains(&open),
        "{open:?} in place of {expected:?}"
    );
}

/// Checks how long a peer stayed that takes nothing.
fn check_stuck(open: Duration) {
    // The system goes on delivering in real time, while looks that should be a minute apart follow each other.
    assert!((SILENCE..SILENCE * 3).contains(&open), "{open:?}");
}

async fn open_for(peer: &mut TcpStream) -> Duration {
    let start = Instant::now();
    // A reset is as good as an end.
    let _ = peer.read_to_end(&mut Vec::new()).await;
    start.elapsed()
}

/// After a whole preface a peer had 80 s where it should have 10.
#[tokio::test(start_paused = true)]
async fn the_handshake_is_not_over_before_the_first_frame() {
    let server = Server::start(Answer::HeadOnly, &Drain::new()).await;
    for sent in [&HANDSHAKE[..24], &HANDSHAKE[..32]] {
        let mut peer = server.connect().await;
        peer.write_all(sent).await.unwrap();
        check(open_for(&mut peer).await, Duration::from_secs(10));
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_no_ping_is_closed() {
    let server = Server::start(Answer::HeadOnly, &Drain::new()).await;
    let mut peer = server.connect().await;
    peer.write_all(HANDSHAKE).await.unwrap();
    check(open_for(&mut peer).await, SILENCE);
}

/// hyper waited for room to say farewell, and never got it.
#[tokio::test(start_paused = true)]
async fn a_peer_of_http2_that_reads_nothing_is_closed_whatever_it_says() {
    let mut server = Server::start(Answer::Endless, &Drain::new()).await;
    for talkative in [false, true] {
        let mut peer = server.connect().await;
        // The largest windows there are, and a call: POST http /.
        peer.write_all(&HANDSHAKE[..24]).await.unwrap();
        peer.write_all(b"\0\0\x06\x04\0\0\0\0\0\0\x04\x7f\xff\xff\xff")
            .await
            .unwrap();
        peer.write_all(b"\0\0\x04\x08\0\0\0\0\0\x7f\0\0\0")
            .await
            .unwrap();
        peer.write_all(b"\0\0\x03\x01\x05\0\0\0\x01\x83\x86\x84")
            .await
            .unwrap();
        let saying = async {
            if !talkative {
                pending::<()>().await;
            }
            loop {
                sleep(Duration::from_secs(30)).await;
                // A WINDOW_UPDATE of one byte. It fails once the connection is gone.
                let _ = peer.write_all(b"\0\0\x04\x08\0\0\0\0\0\0\0\0\x01").await;
            }
        };
        let open = tokio::select! {
            open = server.call_is_dropped() => open,
            () = saying => unreachable!("it never ends"),
        };
        check_stuck(open);
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_of_http1_that_reads_nothing_is_closed() {
    let mut server = Server::start(Answer::Endless, &Drain::new()).await;
    let mut peer = server.connect().await;
    peer.write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        .await
        .unwrap();
    check_stuck(server.call_is_dropped().await);
    drop(peer);
}

#[tokio::test(start_paused = true)]
async fn a_body_of_http1_that_does_not_come_is_not_waited_for() {
    let mut server = Server::start(Answer::ToTheWhole, &Drain::new()).await;
    let mut peer = server.connect().await;
    peer.write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe")
        .await
        .unwrap();
    check(server.call_is_dropped().await, SILENCE);
    // One that comes slowly is.
    let mut peer = server.connect().await;
    peer.write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
        .await
        .unwrap();
    for letter in b"hello" {
        sleep(SILENCE / 2).await;
        peer.write_all(&[*letter]).await.unwrap();
    }
    let mut answer = [0; 12];
    peer.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
}

/// hyper reads no more of an HTTP/1.1 connection on which it holds a byte that it has no use for yet.
#[tokio::test(start_paused = true)]
async fn a_peer_of_http1_that_has_left_is_noticed_whatever_it_sent() {
    for surplus in [&b""[..], b"x", b"POST / HTTP/1.1\r\n"] {
        let mut server = Server::start(Answer::HeadOnly, &Drain::new()).await;
        let mut peer = server.connect().await;
        let request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
        peer.write_all(&[&request[..], surplus].concat())
            .await
            .unwrap();
        peer.read_exact(&mut [0; 12]).await.unwrap();
        drop(peer);
        let open = server.call_is_dropped().await;
        assert!(open <= SILENCE, "{open:?} after {surplus:?}");
    }
}

/// A stream whose reader is in no hurry costs nothing, and ends when its reader says so.
#[tokio::test(start_paused = true)]
async fn a_peer_that_opens_no_window_and_answers_pings_is_kept() {
    let server = Server::start(Answer::Endless, &Drain::new()).await;
    let tcp = server.connect().await;
    let mut client = h2::client::Builder::new();
    let (requests, connection) = client
        .initial_window_size(0)
        .handshake::<_, Bytes>(tcp)
        .await
        .unwrap();
    let connection = tokio::spawn(connection);
    let request = Request::post("http://x/").body(()).unwrap();
    let mut requests = requests.ready().await.unwrap();
    let (answer, _) = requests.send_request(request, true).unwrap();
    let body = answer.await.unwrap().into_body();
    sleep(Duration::from_secs(3_600)).await;
    assert!(!connection.is_finished());
    // The client says farewell once nothing is left to do.
    drop((body, requests));
    connection.await.unwrap().unwrap();
}

const BODY: usize = 5 << 20;

/// A client that sends all of its request before it reads saw a broken pipe in place of an early answer.
#[tokio::test(start_paused = true)]
async fn an_early_answer_over_http1_arrives_whatever_the_client_still_sends() {
    let server = Server::start(Answer::Early, &Drain::new()).await;
    for _ in 0..10 {
        let mut peer = server.connect().await;
        let head = format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {BODY}\r\n\r\n");
        peer.write_all(head.as_bytes()).await.unwrap();
        peer.write_all(&vec![b'x'; BODY]).await.unwrap();
        let mut answer = String::new();
        peer.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.ends_with("no"), "{answer}");
    }
}

//! Peers that read slowly and steadily: they get all of it, however long that takes.
//!
//! A peer that read less than 16 kB/s was taken for gone: the system makes no room for the next bytes before it has got
//! rid of a third of what it holds.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use route_guide_guard::{ConnectionSettings, Drain, Endpoints, Listener, Workers};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, UnixStream};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval};
use tonic::body::Body;
use tower::service_fn;

/// Interval and timeout of the keepalive together.
const SILENCE: Duration = Duration::from_secs(2);

/// How long a peer pauses between two reads.
const PAUSE: Duration = Duration::from_millis(200);

/// How many bytes a peer reads at once.
const READ: usize = 4 << 10;

/// The windows are the largest that there are, and the call is POST http /.
const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\
    \0\0\x06\x04\0\0\0\0\0\0\x04\x7f\xff\xff\xff\
    \0\0\x04\x08\0\0\0\0\0\x7f\0\0\0\
    \0\0\x03\x01\x05\0\0\0\x01\x83\x86\x84";

const HTTP1: &[u8] = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";

const HTTP1_CLOSE: &[u8] =
    b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// What a call holds: a receiver of this hears when it is dropped.
type Held = Sender<Infallible>;

/// A body of zeros.
struct Zeros {
    left: usize,
    #[expect(dead_code, reason = "its drop is what tests wait for")]
    held: Held,
}

impl http_body::Body for Zeros {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = Bytes::from_static(&[0; 16_384]).split_to(self.left.min(16_384));
        self.left -= bytes.len();
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }
}

/// Starts a server that answers with so many zeros, and returns its address and what hears of the calls.
async fn start(
    listen: &str,
    zeros: usize,
    workers: Option<Workers>,
) -> (String, Receiver<Receiver<Infallible>>) {
    let (tell, begun) = mpsc::channel(100);
    let listener = Listener::bind(&listen.parse().unwrap()).await.unwrap();
    let address = listener.address().to_string();
    let service = service_fn(move |_: Request<Body>| {
        let tell = tell.clone();
        async move {
            let (held, ended) = mpsc::channel(1);
            tell.send(ended).await.unwrap();
            Ok::<_, Infallible>(Response::new(Body::new(Zeros { left: zeros, held })))
        }
    });
    let settings = ConnectionSettings {
        http1: true,
        keepalive_interval: SILENCE / 2,
        keepalive_timeout: SILENCE / 2,
        ..ConnectionSettings::default()
    };
    let drain = Drain::new();
    tokio::spawn(async move {
        Endpoints::new(&drain, workers)
            .add(vec![listener], &settings, service)
            .serve()
            .await;
    });
    (address, begun)
}

/// Connects with the smallest buffer for what arrives.
async fn connect(address: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(1).unwrap();
    let address: SocketAddr = address.parse().unwrap();
    socket.connect(address).await.unwrap()
}

/// Reads an endless answer slowly for three times as long as nothing may be read, and then no more.
async fn read_endlessly(
    mut peer: impl AsyncRead + AsyncWrite + Unpin,
    mut begun: Receiver<Receiver<Infallible>>,
    request: &[u8],
    read: usize,
) {
    peer.write_all(request).await.unwrap();
    let mut call = begun.recv().await.unwrap();
    let mut bytes = vec![0; read];
    let start = Instant::now();
    let mut pauses = interval(PAUSE);
    while start.elapsed() < SILENCE * 3 {
        pauses.tick().await;
        peer.read_exact(&mut bytes).await.unwrap();
    }
    assert!(
        call.try_recv()
            .is_err_and(|error| error == TryRecvError::Empty)
    );
    assert!(call.recv().await.is_none());
}

fn workers() -> Workers {
    Workers::start(NonZeroUsize::MIN).unwrap()
}

#[tokio::test]
async fn an_endless_answer_goes_on_until_it_is_read_no_more() {
    let workers = workers();
    let mut peers = JoinSet::new();
    for workers in [None, Some(workers.clone())] {
        for request in [HTTP1, HTTP2] {
            let (address, begun) = start("127.0.0.1:0", usize::MAX, workers.clone()).await;
            let peer = connect(&address).await;
            peers.spawn(read_endlessly(peer, begun, request, READ));
        }
    }
    peers.join_all().await;
}

/// The system drops what a Unix socket holds write by write, and makes room once it has got rid of three quarters.
#[tokio::test]
async fn an_endless_answer_over_a_unix_socket_goes_on_until_it_is_read_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let mut peers = JoinSet::new();
    for (name, request) in [("1", HTTP1), ("2", HTTP2)] {
        let path = folder.path().join(name);
        let listen = format!("unix:{}", path.display());
        let (_, begun) = start(&listen, usize::MAX, None).await;
        let peer = UnixStream::connect(&path).await.unwrap();
        peers.spawn(read_endlessly(peer, begun, request, 3 * READ));
    }
    peers.join_all().await;
}

/// The system has all of it at once, and the server has nothing to do but wait.
#[tokio::test]
async fn an_answer_that_fits_into_the_buffers_of_the_system_arrives_whole() {
    const ZEROS: usize = 12 << 10;
    let workers = workers();
    let mut peers = JoinSet::new();
    let mut held = Vec::new();
    for workers in [None, Some(workers.clone())] {
        let (address, begun) = start("127.0.0.1:0", ZEROS, workers).await;
        for request in [HTTP1, HTTP1_CLOSE, HTTP2] {
            let mut peer = connect(&address).await;
            peers.spawn(async move {
                peer.write_all(request).await.unwrap();
                let mut bytes = [0; READ];
                let mut read = 0;
                let mut pauses = interval(PAUSE);
                while read < ZEROS {
                    pauses.tick().await;
                    let more = peer.read(&mut bytes).await.unwrap();
                    assert_ne!(more, 0, "after {read} bytes");
                    read += more;
                }
            });
        }
        held.push(begun);
    }
    peers.join_all().await;
}

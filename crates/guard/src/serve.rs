//! Accepting connections and running them until the drain is over.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::sleep;
use tokio_util::task::TaskTracker;
use tonic::body::Body;
use tower::{Service, ServiceExt};

use crate::listener::Socket;
use crate::preface::PrefaceWatch;
use crate::task::CallExecutor;
use crate::{Drain, Listener, Workers};

/// The pause after a failed accept grows up to this.
const MAX_ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// What one HTTP/2 connection may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http2Settings {
    /// How many bytes a peer may send on one stream before they are read.
    pub stream_window_bytes: u32,
    /// How many bytes a peer may send on all streams of a connection before they are read.
    ///
    /// Must be large beside the stream window: h2 takes many small unread DATA frames for an attack, and
    /// allows for them in proportion to this window.
    pub connection_window_bytes: u32,
    /// How many calls may be open on one connection; more wait in the client.
    pub max_concurrent_streams: u32,
    /// How many bytes of request headers are accepted.
    pub max_header_list_bytes: u32,
    /// How long a peer may take to say that it speaks HTTP/2.
    pub handshake_timeout: Duration,
    /// How long a connection may be silent before it is asked for a sign of life.
    pub keepalive_interval: Duration,
    /// How long the peer may take to give it.
    pub keepalive_timeout: Duration,
}

impl Default for Http2Settings {
    fn default() -> Self {
        Self {
            stream_window_bytes: 256 << 10,
            connection_window_bytes: 64 << 20,
            max_concurrent_streams: 200,
            max_header_list_bytes: 16 << 10,
            handshake_timeout: Duration::from_secs(10),
            keepalive_interval: Duration::from_secs(60),
            keepalive_timeout: Duration::from_secs(20),
        }
    }
}

/// Serves `service` on all listeners until `drain` is over.
///
/// Once it begins, this stops accepting and tells every connection to go away; it returns when all are
/// closed. [`Drain::carry_out`] decides how long that may take, for as many servers as share the drain.
///
/// Connections run on the `workers` if there are any, otherwise on the runtime of the caller.
pub async fn serve<S>(
    listeners: Vec<Listener>,
    service: S,
    settings: &Http2Settings,
    drain: &Drain,
    workers: Option<Workers>,
) where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send + 'static,
{
    let connections = Connections {
        http2: http2_builder(settings),
        handshake_timeout: settings.handshake_timeout,
        service,
        drain: drain.clone(),
        workers,
        tasks: TaskTracker::new(),
    };
    for socket in listeners.into_iter().flat_map(|listener| listener.sockets) {
        let accepting = accept_until_drain(socket, connections.clone());
        connections.tasks.spawn(accepting);
    }
    connections.tasks.close();
    connections.tasks.wait().await;
}

/// What every connection is made with.
#[derive(Clone)]
struct Connections<S> {
    http2: http2::Builder<CallExecutor>,
    handshake_timeout: Duration,
    service: S,
    drain: Drain,
    workers: Option<Workers>,
    tasks: TaskTracker,
}

impl<S> Connections<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send + 'static,
{
    /// Runs one connection in a task of its own, on a worker if there are any.
    fn spawn<I>(&self, io: I)
    where
        I: Portable + AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let connections = self.clone();
        let open = self.drain.track_connection();
        let Some(workers) = &self.workers else {
            self.tasks.spawn(async move {
                connections.run(io).await;
                drop(open);
            });
            return;
        };
        let Ok(detached) = io.detach() else {
            return;
        };
        workers.spawn(&self.tasks, async move {
            if let Ok(io) = I::attach(detached) {
                connections.run(io).await;
            }
            drop(open);
        });
    }

    async fn run(self, io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let service = self
            .service
            .map_request(|request: Request<Incoming>| request.map(Body::new));
        let (io, preface) = PrefaceWatch::new(io);
        let mut connection = pin!(
            self.http2
                .serve_connection(TokioIo::new(io), TowerToHyperService::new(service))
        );
        let mut begun = pin!(self.drain.begun_owned());
        let ended = tokio::select! {
            ended = connection.as_mut() => Some(ended),
            () = begun.as_mut() => None,
            () = sleep(self.handshake_timeout) => {
                if !preface.is_complete() {
                    return;
                }
                tokio::select! {
                    ended = connection.as_mut() => Some(ended),
                    () = begun.as_mut() => None,
                }
            }
        };
        let ended = match ended {
            Some(ended) => ended,
            // hyper would wait for the preface of a peer that has said nothing yet.
            None if !preface.is_complete() => return,
            None => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    ended = connection => ended,
                    () = self.drain.closed() => return,
                }
            }
        };
        if let Err(error) = ended {
            // Peers vanish and misbehave every day; none of it is an error of this server.
            tracing::debug!(error = &error as &dyn std::error::Error, "connection ended");
        }
    }
}

/// A stream that can move from the runtime that accepted it to the one that serves it.
trait Portable: Sized {
    type Detached: Send + 'static;

    fn detach(self) -> io::Result<Self::Detached>;
    fn attach(detached: Self::Detached) -> io::Result<Self>;
}

impl Portable for TcpStream {
    type Detached = std::net::TcpStream;

    fn detach(self) -> io::Result<Self::Detached> {
        self.into_std()
    }

    fn attach(detached: Self::Detached) -> io::Result<Self> {
        Self::from_std(detached)
    }
}

impl Portable for UnixStream {
    type Detached = std::os::unix::net::UnixStream;

    fn detach(self) -> io::Result<Self::Detached> {
        self.into_std()
    }

    fn attach(detached: Self::Detached) -> io::Result<Self> {
        Self::from_std(detached)
    }
}

async fn accept_until_drain<S>(socket: Socket, connections: Connections<S>)
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send + 'static,
{
    // Counts as a connection: what it has just accepted must not be overlooked by the drain.
    let _open = connections.drain.track_connection();
    let begun = connections.drain.begun_owned();
    tokio::select! {
        () = accept_all(socket, connections) => {}
        () = begun => {}
    }
}

async fn accept_all<S>(socket: Socket, connections: Connections<S>)
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send + 'static,
{
    let mut pause = Duration::from_millis(5);
    loop {
        let accepted = match &socket {
            Socket::Tcp(tcp) => tcp.accept().await.map(|(stream, _)| {
                // With Nagle's algorithm small frames wait for acknowledgements; a socket that refuses
                // the option is already dead and will say so on its first read.
                let _ = stream.set_nodelay(true);
                connections.spawn(stream);
            }),
            Socket::Unix { unix, .. } => unix
                .accept()
                .await
                .map(|(stream, _)| connections.spawn(stream)),
        };
        match accepted {
            Ok(()) => pause = Duration::from_millis(5),
            Err(error) if is_of_the_connection(&error) => {}
            Err(error) => {
                // Out of file descriptors, most likely: trying again at once would only burn a core.
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "cannot accept connections"
                );
                sleep(pause).await;
                pause = (pause * 2).min(MAX_ACCEPT_PAUSE);
            }
        }
    }
}

/// Whether the error concerns the connection that was about to be accepted, not the socket.
fn is_of_the_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

fn http2_builder(settings: &Http2Settings) -> http2::Builder<CallExecutor> {
    let mut builder = http2::Builder::new(CallExecutor);
    builder
        .timer(TokioTimer::new())
        .adaptive_window(false)
        .initial_stream_window_size(settings.stream_window_bytes)
        .initial_connection_window_size(settings.connection_window_bytes)
        .max_concurrent_streams(settings.max_concurrent_streams)
        .max_header_list_size(settings.max_header_list_bytes)
        .keep_alive_interval(settings.keepalive_interval)
        .keep_alive_timeout(settings.keepalive_timeout);
    builder
}

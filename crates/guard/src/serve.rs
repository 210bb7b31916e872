//! Accepting connections and running them until the drain is over.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::body::Body;
use tower::{Service, ServiceExt};

use crate::listener::Socket;
use crate::{Drain, DrainReport, Listener};

/// How long a connection without calls may take to close once it was asked to.
const LINGER: Duration = Duration::from_millis(500);

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
            keepalive_interval: Duration::from_secs(60),
            keepalive_timeout: Duration::from_secs(20),
        }
    }
}

/// Serves `service` on all listeners until the drain is over.
///
/// Once `drain` begins: stop accepting, tell every connection to go away, let calls finish for
/// `drain_timeout`, then end what is left with `UNAVAILABLE` and close.
pub async fn serve<S>(
    listeners: Vec<Listener>,
    service: S,
    settings: &Http2Settings,
    drain: &Drain,
    drain_timeout: Duration,
) -> DrainReport
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send + 'static,
{
    let connections = Connections {
        http2: http2_builder(settings),
        service,
        drain: drain.clone(),
        close: CancellationToken::new(),
        tasks: TaskTracker::new(),
    };

    let accepting = TaskTracker::new();
    for socket in listeners.into_iter().flat_map(|listener| listener.sockets) {
        accepting.spawn(accept_until_drain(socket, connections.clone()));
    }
    accepting.close();
    accepting.wait().await;

    connections.tasks.close();
    let patience = Instant::now() + drain_timeout;
    if timeout_at(patience, connections.ended_or_idle())
        .await
        .is_err()
    {
        drain.cut_calls();
    }
    // Gives the last trailers a moment to be written.
    let _ = timeout(LINGER, connections.tasks.wait()).await;
    let report = drain.report();
    connections.close.cancel();
    connections.tasks.wait().await;
    report
}

/// What every connection is made with.
#[derive(Clone)]
struct Connections<S> {
    http2: http2::Builder<TokioExecutor>,
    service: S,
    drain: Drain,
    close: CancellationToken,
    tasks: TaskTracker,
}

impl<S> Connections<S> {
    /// Waits until all connections are closed, or only such remain as have no calls and do not answer.
    async fn ended_or_idle(&self) {
        let idle = async {
            loop {
                self.drain.calls_ended().await;
                sleep(LINGER).await;
                // A call may have been on its way when the connection was told to go away.
                if !self.drain.has_calls() {
                    break;
                }
            }
        };
        tokio::select! {
            () = self.tasks.wait() => {}
            () = idle => {}
        }
    }
}

impl<S> Connections<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send + 'static,
{
    /// Runs one connection in a task of its own.
    fn spawn(&self, io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let service = self
            .service
            .clone()
            .map_request(|request: Request<Incoming>| request.map(Body::new));
        let connection = self
            .http2
            .serve_connection(TokioIo::new(io), TowerToHyperService::new(service));
        let draining = self.drain.begun_owned();
        let close = self.close.clone();
        self.tasks.spawn(async move {
            let mut connection = pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = draining => {
                    connection.as_mut().graceful_shutdown();
                    tokio::select! {
                        ended = connection => ended,
                        () = close.cancelled() => return,
                    }
                }
            };
            if let Err(error) = ended {
                // Peers vanish and misbehave every day; none of it is an error of this server.
                tracing::debug!(error = &error as &dyn std::error::Error, "connection ended");
            }
        });
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

fn http2_builder(settings: &Http2Settings) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
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

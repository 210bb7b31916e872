//! One connection, from its first byte until it is closed.

use std::convert::Infallible;
use std::error::Error;
use std::pin::pin;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::sleep;
use tonic::body::Body;
use tower::{Service, ServiceExt};

use crate::Drain;
use crate::preface::Opening;
use crate::task::{CallExecutor, Ending};

/// What is spoken on a connection, and what one may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionSettings {
    /// Whether HTTP/1.1 is understood beside HTTP/2; [`WebLayer`](crate::WebLayer) needs it.
    pub http1: bool,
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
    /// How long a peer may take to say what it speaks.
    pub handshake_timeout: Duration,
    /// How long a connection may be silent before it is asked for a sign of life.
    ///
    /// HTTP/1.1 cannot ask: there the next request head must be complete after this and `keepalive_timeout`.
    pub keepalive_interval: Duration,
    /// How long the peer may take to give it.
    pub keepalive_timeout: Duration,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            http1: false,
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

/// What answers calls: a service whose copies go to many connections, on any thread.
pub(crate) trait Answering:
    Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send + 'static>
    + Clone
    + Send
    + 'static
{
}

impl<S> Answering for S
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send + 'static,
{
}

/// Speaks HTTP on connections, each until its peer or the drain ends it.
#[derive(Clone)]
pub(crate) struct Protocol {
    http1: Option<http1::Builder>,
    http2: http2::Builder<CallExecutor>,
    handshake_timeout: Duration,
}

impl Protocol {
    pub(crate) fn new(settings: &ConnectionSettings) -> Self {
        let mut http1 = http1::Builder::new();
        http1
            .timer(TokioTimer::new())
            // The time between two requests counts too.
            .header_read_timeout(settings.keepalive_interval + settings.keepalive_timeout)
            .max_header_size(settings.max_header_list_bytes as usize);
        let mut http2 = http2::Builder::new(CallExecutor);
        http2
            .timer(TokioTimer::new())
            .adaptive_window(false)
            .initial_stream_window_size(settings.stream_window_bytes)
            .initial_connection_window_size(settings.connection_window_bytes)
            .max_concurrent_streams(settings.max_concurrent_streams)
            .max_header_list_size(settings.max_header_list_bytes)
            .keep_alive_interval(settings.keepalive_interval)
            .keep_alive_timeout(settings.keepalive_timeout);
        Self {
            http1: settings.http1.then_some(http1),
            http2,
            handshake_timeout: settings.handshake_timeout,
        }
    }

    /// Runs one connection.
    pub(crate) async fn run<I>(&self, io: I, service: impl Answering, drain: &Drain)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let opening = tokio::select! {
            opening = Opening::of(io) => opening,
            () = sleep(self.handshake_timeout) => return,
            () = drain.begun() => return,
        };
        let service = service.map_request(|request: Request<Incoming>| request.map(Body::new));
        let service = TowerToHyperService::new(service);
        match (opening, &self.http1) {
            (Ok(Opening::Http2(io)), _) => {
                let connection = self.http2.serve_connection(TokioIo::new(io), service);
                until_closed(connection, drain).await;
            }
            (Ok(Opening::Other(io)), Some(http1)) => {
                let connection = http1.serve_connection(TokioIo::new(io), service);
                until_closed(connection, drain).await;
            }
            (Ok(Opening::Other(_)), None) => tracing::debug!("a peer does not speak HTTP/2"),
            (Err(error), _) => ended(&error),
        }
    }
}

/// Runs a connection, gracefully once the drain begins, at the most until it closes connections.
async fn until_closed<C>(connection: C, drain: &Drain)
where
    C: GracefulConnection,
    C::Error: Error + 'static,
{
    let mut connection = pin!(Ending::new(connection));
    let closed = tokio::select! {
        closed = connection.as_mut() => closed,
        () = drain.begun() => {
            connection.as_mut().get_pin_mut().graceful_shutdown();
            tokio::select! {
                closed = connection => closed,
                () = drain.closed() => return,
            }
        }
    };
    if let Some(Err(error)) = closed {
        ended(&error);
    }
}

/// Peers vanish and misbehave every day; none of it is an error of this server.
fn ended(error: &(dyn Error + 'static)) {
    tracing::debug!(error, "connection ended");
}

//! One connection, from its first byte until it is closed.
//!
//! The next step of its calls is the service that was given to [`Endpoints`](crate::Endpoints), outermost layer first; the call
//! layer is in [`call`](crate::call).

use std::convert::Infallible;
use std::error::Error;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncWriteExt;
use tokio::time::{sleep, timeout};
use tonic::body::Body;
use tower::{Service, ServiceExt};

use crate::call::task::{Abortable, CallExecutor, OwnService, answer_at_once};
use crate::{ConnectionInfo, Drain};
use foreign::{Foreign, Foreigners};
use preface::DetectedProtocol;
use request::{Http1Request, Http2Request};
use transport::Transport;
use turn::{InTurns, Turn};
use wire::{Awaited, Expected, Patience, Socket, Wire};

pub(crate) mod foreign;
pub(crate) mod preface;
pub(crate) mod request;
pub(crate) mod send_queue;
pub(crate) mod transport;
pub(crate) mod turn;
pub(crate) mod wire;

/// As good as no limit, and still short enough to be added to any moment.
const NEVER: Duration = Duration::from_secs(u32::MAX as u64);

/// What is spoken on a connection, and what one may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionSettings {
    /// What secures a connection before HTTP is spoken on it.
    pub transport: Transport,
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
    /// How long a peer may take to say what it speaks; over HTTP/2, until it has begun its first frame.
    pub handshake_timeout: Duration,
    /// How long a connection may be silent before it is asked for a sign of life.
    ///
    /// HTTP/1.1 cannot ask: there the next request head must be complete after this and `keepalive_timeout`, and
    /// more of a request's body must come. Over both, a peer must take something of what it is sent in that time; that
    /// it does is a sign of life as well.
    pub keepalive_interval: Duration,
    /// How long the peer may take to give it.
    pub keepalive_timeout: Duration,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            transport: Transport::default(),
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
    transport: Transport,
    http1: Option<http1::Builder>,
    http2: http2::Builder<CallExecutor>,
    patience: Patience,
    foreigners: Foreigners,
}

/// How what was spoken on a connection has ended.
enum End {
    /// Nothing more is to be said; what was said has to arrive, and what the peer still says has to be read.
    Said,
    /// The peer has not said what it must.
    Silent,
    /// The peer is gone, or is considered gone.
    Abandoned,
}

impl Protocol {
    pub(crate) fn new(settings: &ConnectionSettings) -> Self {
        let patience = Patience {
            handshake: settings.handshake_timeout,
            interval: settings.keepalive_interval,
            silence: settings.keepalive_interval + settings.keepalive_timeout,
        };
        let mut http1 = http1::Builder::new();
        http1
            .timer(TokioTimer::new())
            // The time between two requests counts too.
            .header_read_timeout(patience.silence)
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
            // Whether the peer is gone is decided by what arrives at all: hyper would close a connection in order
            // over which nothing can be sent, and takes a slow reader's answer that is on its way for none.
            .keep_alive_timeout(NEVER);
        Self {
            transport: settings.transport,
            http1: settings.http1.then_some(http1),
            http2,
            patience,
            foreigners: Foreigners::default(),
        }
    }

    /// Runs one connection until it is closed.
    ///
    /// Each request has `info` in its extensions.
    pub(crate) async fn run(
        &self,
        socket: impl Socket,
        service: Box<impl Answering>,
        info: ConnectionInfo,
        drain: &Drain,
    ) {
        let wire = Wire::new(socket);
        let running = async {
            match self.speak(&wire, service, info, drain).await {
                End::Said => tokio::select! {
                    biased;
                    () = wire.clone().close() => {}
                    () = wire.stuck(self.patience.silence) => wire.forget_unsent(),
                },
                End::Silent => {}
                End::Abandoned => wire.forget_unsent(),
            }
        };
        let open = async {
            drain.begun().await;
            let _open = wire.inode().map(|inode| drain.sockets().add(inode));
            drain.closed().await;
        };
        tokio::select! {
            () = running => {}
            () = open => {}
        }
    }

    async fn speak<S: Socket>(
        &self,
        wire: &Wire<S>,
        service: Box<impl Answering>,
        info: ConnectionInfo,
        drain: &Drain,
    ) -> End {
        let opening = async {
            let io = self.transport.handshake(wire.clone()).await?;
            DetectedProtocol::of(io).await
        };
        let opening = tokio::select! {
            opening = opening => opening,
            () = sleep(self.patience.handshake) => return End::Silent,
            () = drain.begun() => return End::Silent,
        };
        let (io, foreign) = match opening {
            Ok(DetectedProtocol::Http2(io)) => {
                let service = service.map_request(move |mut request: Request<Incoming>| {
                    request.extensions_mut().insert(info.clone());
                    request.map(|body| Body::new(Http2Request::new(body)))
                });
                let service = OwnService::new(service);
                let turn = Arc::new(Turn::default());
                let io = TokioIo::new(InTurns::new(io, Arc::clone(&turn)));
                // Boxed, because a future has room for what it awaits and for what is moved into that.
                let connection = Box::pin(Abortable::new(self.http2.serve_connection(io, service)));
                return self
                    .until_said(connection, &turn, wire, Expected::Pongs, drain)
                    .await;
            }
            Ok(DetectedProtocol::Other(io)) => {
                let foreign = Foreign::of(io.said());
                (io, foreign)
            }
            Err(error) => {
                ended(&error);
                return End::Silent;
            }
        };
        match &self.http1 {
            Some(http1) if foreign != Foreign::Tls => {
                let awaited = Awaited::default();
                let expected = Expected::RestOf(awaited.clone());
                let service = service.map_request(move |mut request: Request<Incoming>| {
                    request.extensions_mut().insert(info.clone());
                    request.map(|body| Body::new(Http1Request::new(body, awaited.clone())))
                });
                let service = TowerToHyperService::new(service);
                let turn = Arc::new(Turn::default());
                let io = TokioIo::new(InTurns::new(io, Arc::clone(&turn)));
                let connection = Box::pin(Abortable::new(http1.serve_connection(io, service)));
                self.until_said(connection, &turn, wire, expected, drain)
                    .await
            }
            _ => {
                self.foreigners.note(foreign, wire.peer());
                let telling = async {
                    // A peer that is gone already need not be told.
                    let _ = wire.clone().write_all(foreign.answer()).await;
                    wire.clone().close().await;
                };
                let _ = timeout(self.patience.handshake, telling).await;
                End::Silent
            }
        }
    }

    /// Speaks until both sides have said all, gracefully once the drain begins.
    async fn until_said<C, S>(
        &self,
        mut connection: Pin<Box<Abortable<C>>>,
        turn: &Turn,
        wire: &Wire<S>,
        expected: Expected,
        drain: &Drain,
    ) -> End
    where
        C: GracefulConnection<Error = hyper::Error>,
        S: Socket,
    {
        let mut abandoned = pin!(wire.abandoned(&expected, self.patience));
        let said = tokio::select! {
            said = poll_fn(|cx| take_turn(connection.as_mut(), turn, cx)) => said,
            () = abandoned.as_mut() => return End::Abandoned,
            () = drain.begun() => {
                connection.as_mut().get_pin_mut().graceful_shutdown();
                tokio::select! {
                    said = poll_fn(|cx| take_turn(connection.as_mut(), turn, cx)) => said,
                    () = abandoned => return End::Abandoned,
                }
            }
        };
        match said {
            Some(Ok(())) => End::Said,
            Some(Err(error)) => {
                ended(&error);
                if error.is_timeout() {
                    End::Silent
                } else {
                    End::Said
                }
            }
            // A call's time is over, and its peer does not read.
            None => End::Abandoned,
        }
    }
}

/// Lets a connection do what it may in one turn, and answers the calls that can be answered in it.
fn take_turn<F: Future>(
    mut connection: Pin<&mut F>,
    turn: &Turn,
    cx: &mut Context<'_>,
) -> Poll<F::Output> {
    turn.begin();
    loop {
        let polled = connection.as_mut().poll(cx);
        // Their answers are sent by the next poll, all together.
        if !answer_at_once() || polled.is_ready() {
            return polled;
        }
    }
}

/// Peers vanish and misbehave every day; none of it is an error of this server.
fn ended(error: &(dyn Error + 'static)) {
    tracing::debug!(error, "connection ended");
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::mem::size_of_val;

    use http_body_util::Full;
    use tokio::net::{TcpListener, TcpStream};
    use tonic::codegen::Bytes;
    use tower::service_fn;

    use super::*;

    /// A future has room for each state of what it awaits, and for what was moved into it: a connection had 16 kB.
    #[tokio::test]
    async fn a_connection_that_has_not_spoken_has_a_small_task() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap());
        let protocol = Protocol::new(&ConnectionSettings {
            http1: true,
            ..ConnectionSettings::default()
        });
        let many_layers = [0_u8; 4 << 10];
        let service = service_fn(move |_: Request<Body>| async move {
            let body = Body::new(Full::new(Bytes::copy_from_slice(&many_layers)));
            Ok::<_, Infallible>(Response::new(body))
        });
        let drain = Drain::new();
        let socket = socket.await.unwrap();
        let info = ConnectionInfo::from(&socket);
        let running = protocol.run(socket, Box::new(service), info, &drain);
        assert!(size_of_val(&running) < 4 << 10, "{}", size_of_val(&running));
    }
}

//! Accepts connections and runs them until the drain is over.
//!
//! The next step of a connection is [`Protocol::run`].

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use futures_util::future::join_all;
use http::{Request, Response};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::task::TaskTracker;
use tonic::body::Body;
use tower::Service;

use crate::connection::wire::Socket as WireSocket;
use crate::connection::{Answering, Protocol};
use crate::listener::Socket;
use crate::rarely::Rarely;
use crate::{ConnectionInfo, ConnectionSettings, Drain, Listener, Workers};

/// The pause after a failed accept grows up to this.
const MAX_ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Listeners, each with a service and settings of its own, that are served together and stop together.
///
/// See the [crate's documentation](crate) for an example.
pub struct Endpoints {
    drain: Drain,
    workers: Option<Workers>,
    serving: Vec<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Endpoints {
    /// Makes endpoints that serve until `drain` is over.
    ///
    /// Connections run on the `workers` if there are any, otherwise on the runtime that [`serve`](Self::serve) runs on.
    #[must_use]
    pub fn new(drain: &Drain, workers: Option<Workers>) -> Self {
        Self {
            drain: drain.clone(),
            workers,
            serving: Vec::new(),
        }
    }

    /// Adds listeners, and what answers the calls that come to them.
    #[must_use]
    pub fn add<S>(
        mut self,
        listeners: Vec<Listener>,
        settings: &ConnectionSettings,
        service: S,
    ) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
            + Clone
            + Send
            + 'static,
        S::Future: Send + 'static,
    {
        let connections = Connections {
            protocol: Arc::new(Protocol::new(settings)),
            keepalive: settings.http1.then(|| keepalive(settings)),
            service,
            drain: self.drain.clone(),
            workers: self.workers.clone(),
            tasks: TaskTracker::new(),
        };
        self.serving.push(Box::pin(serve(listeners, connections)));
        self
    }

    /// Accepts and runs connections.
    ///
    /// Once the drain begins, this stops accepting and tells every connection to go away; it returns when all are
    /// closed. [`Drain::carry_out`] decides how long that may take.
    pub async fn serve(self) {
        join_all(self.serving).await;
    }
}

impl fmt::Debug for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoints").finish_non_exhaustive()
    }
}

async fn serve(listeners: Vec<Listener>, connections: Connections<impl Answering>) {
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
    protocol: Arc<Protocol>,
    /// How the system asks peers for a sign of life where HTTP does not.
    keepalive: Option<TcpKeepalive>,
    service: S,
    drain: Drain,
    workers: Option<Workers>,
    tasks: TaskTracker,
}

impl<S: Answering> Connections<S> {
    /// Runs one connection in a task of its own, on a worker if there are any.
    fn spawn<I: Portable + WireSocket>(&self, io: I) {
        let accepted = Accepted {
            protocol: Arc::clone(&self.protocol),
            service: Box::new(self.service.clone()),
            info: io.info(),
            drain: self.drain.clone(),
        };
        let open = self.drain.track_connection();
        let Some(workers) = &self.workers else {
            self.tasks.spawn(async move {
                accepted.run(io).await;
                drop(open);
            });
            return;
        };
        let Ok(detached) = io.detach() else {
            return;
        };
        workers.spawn(&self.tasks, async move {
            if let Ok(io) = I::attach(detached) {
                accepted.run(io).await;
            }
            drop(open);
        });
    }
}

/// What a connection is run with. The service is boxed, because its task has room for each place that it is moved to.
struct Accepted<S> {
    protocol: Arc<Protocol>,
    service: Box<S>,
    info: ConnectionInfo,
    drain: Drain,
}

impl<S: Answering> Accepted<S> {
    async fn run(self, io: impl WireSocket) {
        let Self {
            protocol,
            service,
            info,
            drain,
        } = self;
        protocol.run(io, service, info, &drain).await;
    }
}

/// A stream that can move from the runtime that accepted it to the one that serves it.
trait Portable: Sized {
    type Detached: Send + 'static;

    fn info(&self) -> ConnectionInfo;
    fn detach(self) -> io::Result<Self::Detached>;
    fn attach(detached: Self::Detached) -> io::Result<Self>;
}

impl Portable for TcpStream {
    type Detached = std::net::TcpStream;

    fn info(&self) -> ConnectionInfo {
        self.into()
    }

    fn detach(self) -> io::Result<Self::Detached> {
        self.into_std()
    }

    fn attach(detached: Self::Detached) -> io::Result<Self> {
        Self::from_std(detached)
    }
}

impl Portable for UnixStream {
    type Detached = std::os::unix::net::UnixStream;

    fn info(&self) -> ConnectionInfo {
        self.into()
    }

    fn detach(self) -> io::Result<Self::Detached> {
        self.into_std()
    }

    fn attach(detached: Self::Detached) -> io::Result<Self> {
        Self::from_std(detached)
    }
}

async fn accept_until_drain(socket: Socket, connections: Connections<impl Answering>) {
    // Counts as a connection: what it has just accepted must not be overlooked by the drain.
    let _open = connections.drain.track_connection();
    let begun = connections.drain.begun_owned();
    let socket = Arc::new(socket);
    let mut tasks = JoinSet::new();
    let accepting = async {
        // Owned: what many threads may not look at together cannot be borrowed while this waits.
        let connections = connections;
        loop {
            tasks.spawn(accept_all(Arc::clone(&socket), connections.clone()));
            // It ends only by a panic, which has been reported where it happened and must not close the port.
            tasks.join_next().await;
            sleep(MAX_ACCEPT_PAUSE).await;
        }
    };
    tokio::select! {
        () = accepting => {}
        () = begun => {}
    }
    tasks.shutdown().await;
}

async fn accept_all(socket: Arc<Socket>, connections: Connections<impl Answering>) {
    let refusals = Rarely::default();
    let mut pause = Duration::from_millis(5);
    loop {
        let accepted = match &*socket {
            Socket::Tcp(tcp) => tcp.accept().await.map(|(stream, _)| {
                set_options(&stream, connections.keepalive.as_ref());
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
                if let Some(untold) = refusals.happened() {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        untold,
                        "cannot accept connections"
                    );
                }
                sleep(pause).await;
                pause = (pause * 2).min(MAX_ACCEPT_PAUSE);
            }
        }
    }
}

/// Sets what every socket needs. One that refuses is already dead, and will say so on its first read.
fn set_options(stream: &TcpStream, keepalive: Option<&TcpKeepalive>) {
    // With Nagle's algorithm small frames wait for acknowledgements.
    let _ = stream.set_nodelay(true);
    if let Some(keepalive) = keepalive {
        let _ = SockRef::from(stream).set_tcp_keepalive(keepalive);
    }
}

/// HTTP/1.1 has no PING: without this, a peer that vanished while the server had nothing to send would be
/// waited for without end.
fn keepalive(settings: &ConnectionSettings) -> TcpKeepalive {
    const PROBES: u32 = 4;
    TcpKeepalive::new()
        .with_time(settings.keepalive_interval)
        .with_interval(settings.keepalive_timeout / PROBES)
        .with_retries(PROBES)
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

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn sockets_are_watched_where_http_has_no_ping() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        set_options(&stream, None);
        assert!(!SockRef::from(&stream).keepalive().unwrap());
        set_options(&stream, Some(&keepalive(&ConnectionSettings::default())));
        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().unwrap());
        assert_eq!(
            socket.tcp_keepalive_time().unwrap(),
            Duration::from_secs(60)
        );
        assert_eq!(
            socket.tcp_keepalive_interval().unwrap() * socket.tcp_keepalive_retries().unwrap(),
            Duration::from_secs(20)
        );
    }
}

//! The socket of a connection, which can be watched and closed in order while HTTP is spoken over it.

use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, Interest, ReadBuf, copy, sink};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{Instant, sleep_until};

use crate::connection::send_queue;

/// How much every peer has sent once its first frame has begun: the preface of HTTP/2, and the head of SETTINGS.
const HANDSHAKE_BYTES: u64 = 24 + 9;

/// With how many bytes on their way to a peer it is not looked whether it takes them: no more than a few PINGs.
const FEW_BYTES: u64 = 1 << 10;

/// A connected socket of the system.
pub(crate) trait Socket: AsyncRead + AsyncWrite + AsFd + Unpin + Send + 'static {
    /// Whether the peer has closed the connection or is gone, whatever it sent before and is not read yet.
    fn has_hung_up(&self, cx: &mut Context<'_>) -> bool;

    /// Where the peer is, if it has an address.
    fn peer(&self) -> Option<SocketAddr>;

    /// How many bytes the system holds for the peer, if it says so.
    fn unsent_bytes(&self) -> Option<u32>;
}

impl Socket for TcpStream {
    fn has_hung_up(&self, cx: &mut Context<'_>) -> bool {
        let readiness = pin!(self.ready(Interest::READABLE)).poll(cx);
        matches!(readiness, Poll::Ready(Ok(ready)) if ready.is_read_closed())
    }

    fn peer(&self) -> Option<SocketAddr> {
        self.peer_addr().ok()
    }

    fn unsent_bytes(&self) -> Option<u32> {
        send_queue::of_tcp(self.local_addr().ok()?, self.peer_addr().ok()?).ok()
    }
}

impl Socket for UnixStream {
    fn has_hung_up(&self, cx: &mut Context<'_>) -> bool {
        let readiness = pin!(self.ready(Interest::READABLE)).poll(cx);
        matches!(readiness, Poll::Ready(Ok(ready)) if ready.is_read_closed())
    }

    fn peer(&self) -> Option<SocketAddr> {
        None
    }

    fn unsent_bytes(&self) -> Option<u32> {
        send_queue::of_unix(self).ok()
    }
}

/// A socket that the protocol on it reads and writes, while its connection holds a clone.
///
/// The clone outlives the protocol, so that the connection can be closed in order: hyper drops what it is given, and
/// a socket that is closed while bytes of the peer are unread is reset, which destroys what the peer has not received.
#[derive(Debug)]
pub(crate) struct Wire<S> {
    state: Arc<Mutex<State<S>>>,
}

#[derive(Debug)]
struct State<S> {
    socket: S,
    opened: Instant,
    received_bytes: u64,
    last_received: Instant,
    /// Since when the system takes no more bytes for the peer.
    blocked: Option<Instant>,
    /// Who waits until it takes no more.
    watcher: Option<Waker>,
    written_bytes: u64,
    /// How many of them the peer had taken at the last look.
    taken_bytes: u64,
    /// When it was last seen to have taken some, and not yet all.
    last_taken: Instant,
}

/// What is expected of a peer, so that one which is gone can be told from one that has nothing to say.
#[derive(Clone, Debug)]
pub(crate) enum Expected {
    /// The handshake of HTTP/2, and then an answer to each PING.
    Pongs,
    /// The rest of a request of HTTP/1.1, while a call waits for it.
    RestOf(Awaited),
}

/// Whether a call waits for its peer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Awaited(Arc<AtomicBool>);

impl Awaited {
    pub(crate) fn set(&self, awaited: bool) {
        self.0.store(awaited, Ordering::Relaxed);
    }
}

/// How long a peer may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Until its handshake is over.
    pub(crate) handshake: Duration,
    /// Between two looks whether it has hung up.
    pub(crate) interval: Duration,
    /// To say something that it must say, and to take something of what it is sent.
    pub(crate) silence: Duration,
}

impl<S: Socket> Wire<S> {
    pub(crate) fn new(socket: S) -> Self {
        let now = Instant::now();
        Self {
            state: Arc::new(Mutex::new(State {
                socket,
                opened: now,
                received_bytes: 0,
                last_received: now,
                blocked: None,
                watcher: None,
                written_bytes: 0,
                taken_bytes: 0,
                last_taken: now,
            })),
        }
    }

    /// Waits until the peer is considered gone.
    ///
    /// It is if it has hung up; if it takes nothing of what it is sent for as long as `patience` says; or if it
    /// says nothing for as long, when a word is expected and it has taken what was sent before.
    pub(crate) async fn abandoned(&self, expected: &Expected, patience: Patience) {
        // What is on its way when the system takes no more has arrived after this.
        let settled = patience.silence / 100;
        loop {
            let now = Instant::now();
            let next_look = now + patience.interval;
            let due = self.look(now).due(expected, patience).unwrap_or(next_look);
            if due <= now || self.has_hung_up().await {
                return;
            }
            tokio::select! {
                () = sleep_until(due.min(next_look)) => {}
                since = self.blocked_after(now) => sleep_until(since + settled).await,
            }
        }
    }

    /// Waits until the system takes no more bytes for the peer, and did take some after `last_look`; returns since when.
    async fn blocked_after(&self, last_look: Instant) -> Instant {
        poll_fn(|cx| {
            let mut state = self.lock();
            match state.blocked {
                Some(since) if since >= last_look => Poll::Ready(since),
                _ => {
                    match &mut state.watcher {
                        Some(watcher) => watcher.clone_from(cx.waker()),
                        none => *none = Some(cx.waker().clone()),
                    }
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// Looks whether the peer takes what it is sent.
    fn look(&self, now: Instant) -> MutexGuard<'_, State<S>> {
        let mut state = self.lock();
        if state.written_bytes - state.taken_bytes > FEW_BYTES
            && let Some(unsent) = state.socket.unsent_bytes()
        {
            // A Unix socket holds more than is written to it.
            let taken_bytes = state.written_bytes.saturating_sub(unsent.into());
            if unsent > 0 && taken_bytes > state.taken_bytes {
                state.last_taken = now;
            }
            state.taken_bytes = taken_bytes;
        }
        state
    }

    /// Waits until the peer has taken nothing of what it is sent for as long as `silence`, from now on.
    pub(crate) async fn stuck(&self, silence: Duration) {
        let start = Instant::now();
        loop {
            let now = Instant::now();
            let due = self.look(now).last_taken.max(start) + silence;
            if due <= now {
                return;
            }
            sleep_until(due).await;
        }
    }

    async fn has_hung_up(&self) -> bool {
        poll_fn(|cx| Poll::Ready(self.lock().socket.has_hung_up(cx))).await
    }

    /// Says that nothing more is coming, and reads on until the peer closes the connection too.
    ///
    /// # References
    ///
    /// [RFC 9112](https://www.rfc-editor.org/rfc/rfc9112#section-9.6), "Tear-down".
    pub(crate) async fn close(mut self) {
        // One that is gone already fails here or below, and nothing is left to do.
        let _ = self.shutdown().await;
        let _ = copy(&mut self, &mut sink()).await;
    }

    /// Has the system forget what the peer has not taken, once the socket is closed.
    pub(crate) fn forget_unsent(&self) {
        // A Unix socket has nothing to forget.
        let _ = SockRef::from(&self.lock().socket).set_linger(Some(Duration::ZERO));
    }

    /// Where the peer is, if it has an address.
    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        self.lock().socket.peer()
    }

    /// The number under which the system lists the socket; `None` where it does not say.
    pub(crate) fn inode(&self) -> Option<u64> {
        send_queue::inode(&self.lock().socket).ok()
    }
}

impl<S> Wire<S> {
    fn lock(&self) -> MutexGuard<'_, State<S>> {
        // Nothing is half done where the lock is held: it is held to call the socket.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> State<S> {
    /// When the peer is considered gone if nothing changes.
    fn due(&self, expected: &Expected, patience: Patience) -> Option<Instant> {
        if let Some(since) = self.blocked {
            return Some(since.max(self.last_taken) + patience.silence);
        }
        match expected {
            Expected::Pongs if self.received_bytes < HANDSHAKE_BYTES => {
                Some(self.opened + patience.handshake)
            }
            Expected::RestOf(awaited) if !awaited.0.load(Ordering::Relaxed) => None,
            _ => Some(self.last_received.max(self.last_taken) + patience.silence),
        }
    }

    /// Notes how many bytes the system has taken for the peer, if any.
    fn wrote(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &written {
            Poll::Ready(written) => {
                self.blocked = None;
                self.written_bytes += written.as_ref().map_or(0, |&bytes| bytes as u64);
            }
            Poll::Pending if self.blocked.is_none() => {
                self.blocked = Some(Instant::now());
                if let Some(watcher) = self.watcher.take() {
                    watcher.wake();
                }
            }
            Poll::Pending => {}
        }
        written
    }
}

impl<S> Clone for Wire<S> {
    fn clone(&self) -> Self {
        Self {
            state: Arc::clone(&self.state),
        }
    }
}

impl<S: Socket> AsyncRead for Wire<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let mut state = self.lock();
        ready!(Pin::new(&mut state.socket).poll_read(cx, buf))?;
        let received = buf.filled().len() - before;
        if received > 0 {
            state.received_bytes += received as u64;
            state.last_received = Instant::now();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: Socket> AsyncWrite for Wire<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut state = self.lock();
        let written = Pin::new(&mut state.socket).poll_write(cx, buf);
        state.wrote(written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut state = self.lock();
        let written = Pin::new(&mut state.socket).poll_write_vectored(cx, bufs);
        state.wrote(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.lock().socket.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.lock().socket).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.lock().socket).poll_shutdown(cx)
    }
}

//! An orderly end: what stops when, and who waits for whom.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use unsent::OpenSockets;

pub(crate) mod unsent;

/// How long a connection without calls may take to close once it was asked to.
const LINGER: Duration = Duration::from_millis(500);

/// The shared state of an orderly end, for one server or several that end together.
///
/// Clones share it: a signal handler begins the drain, [`Endpoints`](crate::Endpoints) stop accepting,
/// [`CallLayer`](crate::CallLayer) tells which calls are in flight, and [`Drain::carry_out`] takes the
/// steps in their order.
#[derive(Clone, Debug, Default)]
pub struct Drain {
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    begun: CancellationToken,
    cut: CancellationToken,
    closed: CancellationToken,
    calls: TaskTracker,
    connections: TaskTracker,
    /// How many connections have been tracked.
    opened: AtomicUsize,
    cut_calls: AtomicUsize,
    panicked_calls: AtomicUsize,
    /// The sockets of connections that are still open since the drain began.
    sockets: Arc<OpenSockets>,
}

/// What the end of a server did to its callers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct DrainReport {
    /// How many calls were ended because the drain's time was over, or had been answered and the answer had not
    /// reached the client's machine by then.
    ///
    /// Of the answers that are still on their way over one connection, one is counted.
    pub cut_calls: usize,
    /// How many calls ended because their handler panicked, since the server has been running.
    pub panicked_calls: usize,
}

impl Drain {
    /// Makes a drain that has not begun.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins the drain: no new connections, no new streams, calls in flight may finish.
    pub fn begin(&self) {
        self.state.begun.cancel();
    }

    /// Waits until the drain begins.
    pub fn begun(&self) -> impl Future<Output = ()> + Send + Sync + 'static {
        self.begun_owned()
    }

    /// Whether the drain has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.state.begun.is_cancelled()
    }

    /// Waits for the drain to begin and then until it is over; what has not ended within `patience`
    /// is ended. All [`Endpoints`](crate::Endpoints) that share the drain return soon after.
    pub async fn carry_out(&self, patience: Duration) -> DrainReport {
        let state = &self.state;
        state.begun.cancelled().await;
        state.calls.close();
        state.connections.close();
        let mut undelivered = 0;
        if timeout(patience, self.ended_or_idle()).await.is_err() {
            undelivered = state.sockets.undelivered().await;
            state.cut.cancel();
        }
        // Gives the last trailers a moment to be written.
        let _ = timeout(LINGER, async {
            state.connections.wait().await;
            // The task of a call may outlive its connection by a moment.
            state.calls.wait().await;
        })
        .await;
        let report = DrainReport {
            // Calls whose peer does not even read could not be told; they are counted all the same. They may be
            // what their connection has not delivered, and must not be counted twice.
            cut_calls: (state.cut_calls.load(Ordering::Relaxed) + state.calls.len())
                .max(undelivered),
            panicked_calls: state.panicked_calls.load(Ordering::Relaxed),
        };
        state.closed.cancel();
        report
    }

    /// Waits until all connections are closed, or only such remain as have no calls, owe no bytes and do not answer.
    async fn ended_or_idle(&self) {
        let idle = async {
            loop {
                self.state.calls.wait().await;
                sleep(LINGER).await;
                // A call may have been on its way when its connection was told to go away.
                if self.state.calls.is_empty() && self.state.sockets.undelivered().await == 0 {
                    break;
                }
            }
        };
        tokio::select! {
            () = self.state.connections.wait() => {}
            () = idle => {}
        }
    }

    /// The sockets that must be empty before the drain is over.
    pub(crate) fn sockets(&self) -> &Arc<OpenSockets> {
        &self.state.sockets
    }

    pub(crate) fn begun_owned(&self) -> WaitForCancellationFutureOwned {
        self.state.begun.clone().cancelled_owned()
    }

    /// How many connections have closed since the server has been running.
    #[must_use]
    pub fn closed_connections(&self) -> usize {
        let opened = self.state.opened.load(Ordering::Relaxed);
        opened.saturating_sub(self.state.connections.len())
    }

    /// Counts a call as in flight until the token is dropped.
    pub(crate) fn track_call(&self) -> TaskTrackerToken {
        self.state.calls.token()
    }

    /// Counts a connection as open until the token is dropped.
    pub(crate) fn track_connection(&self) -> TaskTrackerToken {
        self.state.opened.fetch_add(1, Ordering::Relaxed);
        self.state.connections.token()
    }

    /// Whether calls must end because the drain's time is over.
    pub(crate) fn is_cut(&self) -> bool {
        self.state.cut.is_cancelled()
    }

    /// Waits until a call must end because the drain's time is over.
    pub(crate) fn cut(&self) -> WaitForCancellationFutureOwned {
        self.state.cut.clone().cancelled_owned()
    }

    pub(crate) fn count_cut_call(&self) {
        self.state.cut_calls.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_panicked_call(&self) {
        self.state.panicked_calls.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits until connections must close, whatever happens on them.
    pub(crate) fn closed(&self) -> WaitForCancellationFutureOwned {
        self.state.closed.clone().cancelled_owned()
    }
}

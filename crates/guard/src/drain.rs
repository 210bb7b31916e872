//! An orderly end: what stops when, and who waits for whom.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// The shared state of a server's orderly end.
///
/// Clones share it: the signal handler begins the drain, [`serve`](crate::serve) carries it out, and
/// [`CallLayer`](crate::CallLayer) tells it which calls are in flight.
#[derive(Clone, Debug, Default)]
pub struct Drain {
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    begun: CancellationToken,
    cut: CancellationToken,
    calls: TaskTracker,
    cut_calls: AtomicUsize,
}

/// What the end of a server did to its callers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct DrainReport {
    /// How many calls were ended because the drain's time was over.
    pub cut_calls: usize,
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
        self.state.begun.clone().cancelled_owned()
    }

    /// Whether the drain has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.state.begun.is_cancelled()
    }

    pub(crate) fn begun_owned(&self) -> WaitForCancellationFutureOwned {
        self.state.begun.clone().cancelled_owned()
    }

    /// Counts a call as in flight until the token is dropped.
    pub(crate) fn track_call(&self) -> TaskTrackerToken {
        self.state.calls.token()
    }

    /// Waits until a call must end because the drain's time is over.
    pub(crate) fn cut(&self) -> WaitForCancellationFutureOwned {
        self.state.cut.clone().cancelled_owned()
    }

    pub(crate) fn count_cut_call(&self) {
        self.state.cut_calls.fetch_add(1, Ordering::Relaxed);
    }

    /// Tells every call that is still open to end now.
    pub(crate) fn cut_calls(&self) {
        self.state.cut.cancel();
    }

    /// Waits until no call is in flight.
    pub(crate) async fn calls_ended(&self) {
        self.state.calls.close();
        self.state.calls.wait().await;
    }

    pub(crate) fn has_calls(&self) -> bool {
        !self.state.calls.is_empty()
    }

    pub(crate) fn report(&self) -> DrainReport {
        DrainReport {
            // Calls whose peer does not even read cannot be told; they are counted all the same.
            cut_calls: self.state.cut_calls.load(Ordering::Relaxed) + self.state.calls.len(),
        }
    }
}

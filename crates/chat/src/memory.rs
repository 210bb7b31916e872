use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use route_guide_geo::E7Point;

use crate::clock::{Clock, MonotonicClock};
use crate::limits::Limits;
use crate::logs::{HasLogs, NoteLogs, WhenFull};
use crate::note::{Draft, Index};
use crate::notebook::{
    Append, AppendError, Notebook, Page, PageLimit, Receipt, SubscribeError, Usage, unique_number,
};
use crate::subscription::{Subscriber, Subscription};

/// The notebook of one server, kept in memory and gone with the process.
///
/// # Examples
///
/// ```
/// use route_guide_chat::{Author, Draft, Index, Limits, MemoryNotebook, Notebook, PageLimit};
/// use route_guide_geo::E7Point;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), route_guide_chat::AppendError> {
/// let notebook = MemoryNotebook::new(Limits::default());
/// let place = E7Point::default();
/// let draft = Draft::new(place, "ice on the bridge", Author::unique());
/// let receipt = notebook.append(draft).await?;
/// assert_eq!(receipt.index, Index::new(1));
///
/// let page = notebook.read(place, Index::START, PageLimit::default());
/// assert_eq!(page.notes[0].message(), "ice on the bridge");
/// # Ok(())
/// # }
/// ```
pub struct MemoryNotebook {
    // One lock for the whole notebook, because the bounds in total need one order over all places. It is held for the
    // few table accesses of one call, and never while streams are woken or memory is given back.
    logs: Arc<Mutex<NoteLogs>>,
    clock: Arc<dyn Clock>,
    life: u64,
}

impl MemoryNotebook {
    /// Makes an empty notebook whose notes age by the machine's monotonic clock.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self::with_clock(limits, Arc::new(MonotonicClock::new()))
    }

    /// Makes an empty notebook whose notes age by the given clock.
    ///
    /// A clock that goes back makes no note younger: the notebook goes by the latest time it has seen.
    #[must_use]
    pub fn with_clock(limits: Limits, clock: Arc<dyn Clock>) -> Self {
        Self::from_ledger(NoteLogs::new(limits, WhenFull::Forget), clock)
    }

    /// Makes an empty notebook that keeps everything, in order, until it is full, and then refuses.
    pub(crate) fn unforgetting(notes: NonZeroUsize, bytes: usize) -> Self {
        let limits = Limits {
            notes_per_place: NonZeroUsize::MAX,
            notes_total: notes,
            bytes_total: bytes,
            max_age: Duration::MAX,
            subscriptions_total: 0,
        };
        Self::from_ledger(
            NoteLogs::new(limits, WhenFull::Refuse),
            Arc::new(MonotonicClock::new()),
        )
    }

    fn from_ledger(logs: NoteLogs, clock: Arc<dyn Clock>) -> Self {
        Self {
            logs: Arc::new(Mutex::new(logs)),
            clock,
            life: unique_number(),
        }
    }

    fn append_now(&self, draft: Draft) -> Result<Receipt, AppendError> {
        let (place, author) = (draft.place(), draft.author());
        let (receipt, subscribers, garbage) = {
            let mut logs = lock(&self.logs);
            let now = self.clock.now();
            let mut garbage = logs.sweep(now, SWEPT_PER_APPEND);
            let receipt = logs.append(draft, now, &mut garbage)?;
            (receipt, logs.subscribers(place, author), garbage)
        };
        drop(garbage);
        subscribers.wake_all(place, author);
        Ok(receipt)
    }
}

/// Notes past their age that one append gives back. More than one, so that appends alone keep up.
const SWEPT_PER_APPEND: usize = 8;

/// Notes given back in one go by [`MemoryNotebook::expire`], so that the lock is never held for long.
const SWEPT_PER_LOCK: usize = 1_024;

impl Notebook for MemoryNotebook {
    fn append(&self, draft: Draft) -> Append<'_> {
        Append::done(self.append_now(draft))
    }

    fn appends_at_once(&self) -> bool {
        true
    }

    fn read(&self, place: E7Point, after: Index, limit: PageLimit) -> Page {
        lock(&self.logs).read(place, after, limit, self.clock.now())
    }

    fn subscribe(
        &self,
        place: E7Point,
        subscriber: &Arc<Subscriber>,
    ) -> Result<Subscription, SubscribeError> {
        self.logs.subscribe(place, subscriber)
    }

    fn expire(&self) {
        let mut notes = 0;
        loop {
            let garbage = lock(&self.logs).sweep(self.clock.now(), SWEPT_PER_LOCK);
            notes += garbage.len();
            if garbage.len() < SWEPT_PER_LOCK {
                break;
            }
        }
        lock(&self.logs).shrink();
        if notes > 0 {
            tracing::debug!(notes, "expired route notes");
        }
    }

    fn usage(&self) -> Usage {
        lock(&self.logs).usage()
    }

    fn life(&self) -> Option<u64> {
        Some(self.life)
    }

    fn numbering(&self) -> u64 {
        self.life
    }
}

impl fmt::Debug for MemoryNotebook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryNotebook")
            .field("usage", &self.usage())
            .finish_non_exhaustive()
    }
}

impl HasLogs for Mutex<NoteLogs> {
    fn with_logs<T>(&self, work: impl FnOnce(&mut NoteLogs) -> T) -> T {
        work(&mut lock(self))
    }
}

/// Takes the lock. Nothing panics while holding it, so a poisoned lock protects logs that are in order.
fn lock(logs: &Mutex<NoteLogs>) -> MutexGuard<'_, NoteLogs> {
    logs.lock().unwrap_or_else(PoisonError::into_inner)
}

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use route_guide_geo::E7Point;
use tokio::sync::oneshot;

use super::deduplicator::Deduplicator;
use super::wire::{Arrival, NoteId};
use crate::clock::Clock;
use crate::logs::{Context, HasLogs, NoteLogs};
use crate::note::Author;
use crate::notebook::Receipt;

/// The local copy of the stream, and who waits for a note to come back through it.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    ticks: Arc<dyn Clock>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) logs: NoteLogs,
    /// The last message of the stream that has been read.
    seen: u64,
    /// The last message of the stream that was gone before it could be read, or may have been; 0 if there was none.
    gone: u64,
    deduplicator: Deduplicator,
    /// What the clock of NATS said last, and when that was.
    nats_time: Option<(Duration, Duration)>,
    /// When the newest note was written, by the time line of this copy.
    written: Duration,
    waiting: HashMap<NoteId, Waiting>,
    /// Whether everything has been read that was in the stream at the start, and the stream has not lost its end since.
    has_caught_up: bool,
    is_closed: bool,
}

#[derive(Debug)]
struct Waiting {
    place: E7Point,
    reply: oneshot::Sender<Receipt>,
    /// Its number in the stream, once NATS has told it.
    stored: Option<u64>,
}

/// Where the time line of a copy begins: notes that were written before it existed lie on it too.
const ORIGIN: Duration = Duration::from_secs(1 << 40);

/// Notes past their age that go for one that comes, as in memory.
const SWEPT_PER_NOTE: usize = 8;

impl Shared {
    pub(super) fn new(logs: NoteLogs, ticks: Arc<dyn Clock>) -> Arc<Self> {
        let state = State {
            logs,
            seen: 0,
            gone: 0,
            deduplicator: Deduplicator::default(),
            nats_time: None,
            written: Duration::ZERO,
            waiting: HashMap::new(),
            has_caught_up: false,
            is_closed: false,
        };
        Arc::new(Self {
            state: Mutex::new(state),
            ticks,
        })
    }

    /// Takes the lock. Nothing panics while holding it, so a poisoned lock protects a state that is in order.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the time by which notes age here. It has nothing to do with any wall clock.
    pub(super) fn now(&self) -> Duration {
        ORIGIN.saturating_add(self.ticks.now())
    }

    /// Sets what the clock of NATS says at the moment.
    pub(super) fn set_time(&self, nats: Duration) {
        let now = self.now();
        self.lock().nats_time = Some((nats, now));
    }

    /// Returns what is known here of a place, for a note about to be sent.
    pub(super) fn context(&self, place: E7Point) -> Option<Context> {
        let state = self.lock();
        // While it is not known whether the stream still has what was read, nothing is.
        let is_known = state.has_caught_up;
        is_known.then(|| state.logs.context(place, state.seen, state.gone))?
    }

    /// Registers who waits for a note to come through the stream. The receipt is dropped when the notebook is
    /// closed.
    pub(super) fn expect(
        self: &Arc<Self>,
        id: NoteId,
        place: E7Point,
    ) -> (Expected, oneshot::Receiver<Receipt>) {
        let (reply, receipt) = oneshot::channel();
        let waiting = Waiting {
            place,
            reply,
            stored: None,
        };
        let mut state = self.lock();
        // Once it is closed, the reply is dropped at once.
        if !state.is_closed {
            state.waiting.insert(id, waiting);
        }
        drop(state);
        let shared = Arc::clone(self);
        (Expected { shared, id }, receipt)
    }

    /// Writes a note that has come as number `sequence` of the stream, and wakes who waits for it.
    ///
    /// NATS stored it at `published`, by its clock. Its age counts from `stored`, or from now if that is not given.
    pub(super) fn land(
        &self,
        sequence: u64,
        arrival: Arrival,
        stored: Option<Duration>,
        published: Duration,
    ) {
        let now = self.now();
        let Arrival { draft, id, context } = arrival;
        let (place, author) = (draft.place(), draft.author());
        let (garbage, subscribers, landed);
        {
            let mut state = self.lock();
            state.pass(sequence);
            if !state.logs.fits(draft.message_bytes()) {
                let len_bytes = draft.message_bytes();
                tracing::warn!(%place, len_bytes, "a note in the stream is too large for this server's limits");
                state.logs.interrupt(place);
                return;
            }
            if !state.deduplicator.admit(id, published) {
                tracing::info!(%place, %id, "a note that its author had given up has come too late");
                return;
            }
            let mut swept = state.logs.sweep(now, SWEPT_PER_NOTE);
            let written = state.written_at(stored, now);
            let gone = state.gone;
            let receipt = state
                .logs
                .commit_replicated(draft, written, sequence, context, gone, &mut swept);
            subscribers = state.logs.subscribers(place, author);
            landed = state.waiting.remove(&id).map(|waiting| (waiting, receipt));
            garbage = swept;
        }
        drop(garbage);
        subscribers.wake_all(place, author);
        if let Some((waiting, receipt)) = landed {
            // Whoever does not wait any longer has its note written all the same.
            let _ = waiting.reply.send(receipt);
        }
    }

    /// Passes over a message that is no note.
    pub(super) fn pass_over(&self, sequence: u64) {
        self.lock().pass(sequence);
    }

    /// Ends all waiting.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        state.waiting.clear();
    }

    pub(super) fn has_caught_up(&self) -> bool {
        self.lock().has_caught_up
    }

    pub(super) fn set_caught_up(&self, has_caught_up: bool) {
        self.lock().has_caught_up = has_caught_up;
    }

    pub(super) fn seen(&self) -> u64 {
        self.lock().seen
    }

    /// Begins after `sequence` of a stream that is read for the first time.
    pub(super) fn begin_after(&self, sequence: u64) {
        let mut state = self.lock();
        state.seen = sequence;
        state.gone = sequence;
    }

    /// Removes the notes after `sequence`, which the stream has lost, and returns how many they were. Streams that follow
    /// their places miss a note each.
    pub(super) fn cut_after(&self, sequence: u64) -> usize {
        let mut garbage = Vec::new();
        let nobody = Author::unique();
        let (places, subscribers): (Vec<_>, Vec<_>);
        {
            let mut state = self.lock();
            places = state.logs.cut_after(sequence, &mut garbage);
            subscribers = places
                .iter()
                .map(|place| state.logs.subscribers(*place, nobody))
                .collect::<Vec<_>>();
            state.seen = sequence;
            // Which notes others read under the numbers that follow is not known here.
            state.gone = sequence;
            // Notes that were lost may be sent again, and those of a stream that is whole after all come again.
            state.deduplicator = Deduplicator::default();
            for waiting in state.waiting.values_mut() {
                waiting.stored = waiting.stored.filter(|stored| *stored <= sequence);
            }
        }
        for (place, subscribers) in places.into_iter().zip(subscribers) {
            subscribers.wake_all(place, nobody);
        }
        garbage.len()
    }
}

impl HasLogs for Shared {
    fn with_logs<T>(&self, work: impl FnOnce(&mut NoteLogs) -> T) -> T {
        work(&mut self.lock().logs)
    }
}

impl State {
    /// Returns when a note was written that NATS stored at `stored` by its clock: now if that is not given.
    fn written_at(&mut self, stored: Option<Duration>, now: Duration) -> Duration {
        let age = match (stored, self.nats_time) {
            (Some(stored), Some((nats, since))) => {
                let nats_now = nats.saturating_add(now.saturating_sub(since));
                nats_now.saturating_sub(stored)
            }
            _ => Duration::ZERO,
        };
        // The order of the stream is that of time.
        self.written = self.written.max(now.saturating_sub(age));
        self.written
    }

    /// Records that everything up to a message has been read or is gone.
    fn pass(&mut self, sequence: u64) {
        let next = self.seen + 1;
        if sequence > next {
            self.skip(next..sequence);
        }
        self.seen = sequence;
    }

    /// Records that messages are gone, or as good as gone.
    fn skip(&mut self, gone: Range<u64>) {
        self.gone = gone.end - 1;
        // Whoever waits for one of them does so in vain. It was written, and others have displaced it since.
        let lost: Vec<_> = self
            .waiting
            .iter()
            .filter(|(_, waiting)| waiting.stored.is_some_and(|stored| gone.contains(&stored)))
            .map(|(id, _)| *id)
            .collect();
        for id in lost {
            self.give_receipt_for_lost(id);
        }
    }

    fn give_receipt_for_lost(&mut self, id: NoteId) {
        if let Some(waiting) = self.waiting.remove(&id) {
            let receipt = Receipt {
                index: self.logs.newest(waiting.place),
                earlier: 0,
                displaced: Vec::new(),
            };
            let _ = waiting.reply.send(receipt);
        }
    }
}

/// A note that is expected to come through the stream, until this is dropped.
#[derive(Debug)]
pub(super) struct Expected {
    shared: Arc<Shared>,
    id: NoteId,
}

impl Expected {
    /// Records that NATS has the note as number `sequence` of the stream.
    pub(super) fn stored(&self, sequence: u64) {
        let mut state = self.shared.lock();
        // Another one that has been passed is the number of a note that the stream has lost: this one is still to come.
        let is_gone = sequence <= state.gone;
        if let Some(waiting) = state.waiting.get_mut(&self.id) {
            waiting.stored = Some(sequence);
            if is_gone {
                state.give_receipt_for_lost(self.id);
            }
        }
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        self.shared.lock().waiting.remove(&self.id);
    }
}

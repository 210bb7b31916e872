use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use route_guide_geo::E7Point;
use tokio::sync::oneshot;

use super::order::Order;
use super::wire::{Arrival, NoteId};
use crate::clock::Clock;
use crate::ledger::{Context, Ledger, Serial, Shelf};
use crate::note::Draft;
use crate::notebook::Receipt;

/// The local copy of the stream, and who waits for a note to come back through it.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) ledger: Ledger,
    /// The last message of the stream that has been read.
    seen: u64,
    /// What is added to a number in the stream to make a serial: a stream made anew begins again at 1, serials do not.
    base: Serial,
    /// The last message of the stream that was gone before it could be read; 0 if there was none.
    gone: u64,
    order: Order,
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

/// Notes past their age that go for one that comes, as in memory.
const SWEPT_PER_NOTE: usize = 8;

impl Shared {
    pub(super) fn new(ledger: Ledger, clock: Arc<dyn Clock>) -> Arc<Self> {
        let state = State {
            ledger,
            seen: 0,
            base: 0,
            gone: 0,
            order: Order::default(),
            waiting: HashMap::new(),
            has_caught_up: false,
            is_closed: false,
        };
        Arc::new(Self {
            state: Mutex::new(state),
            clock,
        })
    }

    /// Takes the lock. Nothing panics while holding it, so a poisoned lock protects a state that is in order.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Duration {
        self.clock.now()
    }

    /// Returns what is known here of a place, for a note about to be sent.
    pub(super) fn context(&self, place: E7Point) -> Option<Context> {
        let state = self.lock();
        let seen = state.base + state.seen;
        let context = state.ledger.context(place, seen, state.gap());
        context.map(|context| Context {
            seen: state.seen,
            last: context.last.saturating_sub(state.base),
        })
    }

    /// Takes down who is to be told when a note has come through the stream. The receipt is dropped when the notebook is
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

    /// Writes a note down that has come as number `sequence` of the stream, and wakes who waits for it.
    pub(super) fn land(&self, sequence: u64, arrival: Arrival, stored: Duration) {
        let now = self.now();
        // A server's clock that is ahead of this machine's makes no note younger than new.
        let written = stored.min(now);
        let Arrival { draft, id, context } = arrival;
        let Draft { place, author, .. } = draft;
        let (garbage, watchers, landed);
        {
            let mut state = self.lock();
            state.pass(sequence);
            if !state.ledger.fits(&draft.message) {
                let len_bytes = draft.message.len();
                tracing::warn!(%place, len_bytes, "a note in the stream is too large for this server's limits");
                state.ledger.interrupt(place);
                return;
            }
            if !state.order.admit(id, now) {
                tracing::info!(%place, %id, "a note that its author had given up has come too late");
                return;
            }
            let mut swept = state.ledger.sweep(now, SWEPT_PER_NOTE);
            let (base, gap) = (state.base, state.gap());
            let context = context.map(|context| Context {
                seen: base.saturating_add(context.seen),
                last: match context.last {
                    0 => 0,
                    last => base.saturating_add(last),
                },
            });
            let serial = base + sequence;
            let receipt = state
                .ledger
                .land_replicated(draft, written, serial, context, gap, &mut swept);
            watchers = state.ledger.watchers(place);
            landed = state.waiting.remove(&id).map(|waiting| (waiting, receipt));
            garbage = swept;
        }
        drop(garbage);
        if let Some(watchers) = watchers {
            watchers.wake_all(place, author);
        }
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

    /// Begins behind `sequence`, of a stream that is read for the first time.
    pub(super) fn begin_behind(&self, sequence: u64) {
        let mut state = self.lock();
        state.seen = sequence;
        state.gone = sequence;
    }

    /// Goes on behind `sequence` in the stream, without calling what was before it missed: that is where a stream
    /// ends that has lost its end.
    pub(super) fn resume_behind(&self, sequence: u64) {
        let mut state = self.lock();
        state.base += state.seen.saturating_sub(sequence);
        state.seen = sequence;
        state.gone = state.gone.min(sequence);
    }
}

impl Shelf for Shared {
    fn with_ledger<T>(&self, work: impl FnOnce(&mut Ledger) -> T) -> T {
        work(&mut self.lock().ledger)
    }
}

impl State {
    /// Returns the serial of the last message that was gone before it could be read.
    fn gap(&self) -> Serial {
        match self.gone {
            0 => 0,
            gone => self.base + gone,
        }
    }

    /// Takes down that everything up to a message has been read or is gone.
    fn pass(&mut self, sequence: u64) {
        let next = self.seen + 1;
        if sequence > next {
            self.skip(next..sequence);
        }
        self.seen = sequence;
    }

    /// Takes down that messages are gone, or as good as gone.
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
                index: self.ledger.newest(waiting.place),
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
    /// Takes down that NATS has the note as number `sequence` of the stream.
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

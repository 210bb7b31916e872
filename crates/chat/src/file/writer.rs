use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::fault::StoreFault;
use super::store::{Marks, Planned, Store};
use crate::clock::Clock;
use crate::logs::{Entry, HasLogs, NoteLogs, Serial};
use crate::note::Draft;
use crate::notebook::{AppendError, Receipt};
use crate::refusals::Refusals;
use crate::timeline::Timeline;

/// What the streams read and what the writer still has to do, under one lock.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    timeline: Timeline,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) logs: NoteLogs,
    /// Notes that the logs have forgotten and the store still has.
    pub(super) forgotten: VecDeque<Serial>,
}

impl Shared {
    pub(super) fn new(
        logs: NoteLogs,
        forgotten: VecDeque<Serial>,
        timeline: Timeline,
    ) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State { logs, forgotten }),
            timeline,
        })
    }

    /// Takes the lock. Nothing panics while holding it, so a poisoned lock protects a state that is in order.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Duration {
        self.timeline.now()
    }
}

impl HasLogs for Shared {
    fn with_logs<T>(&self, work: impl FnOnce(&mut NoteLogs) -> T) -> T {
        work(&mut self.lock().logs)
    }
}

impl State {
    /// Removes up to `at_most` notes past their age.
    pub(super) fn sweep(&mut self, now: Duration, at_most: usize) -> Vec<Entry> {
        let garbage = self.logs.sweep(now, at_most);
        self.forgotten.extend(garbage.iter().map(Entry::serial));
        garbage
    }
}

/// What the writer is asked for.
#[derive(Debug)]
pub(super) enum Command {
    /// Write a note.
    Append(Request),
    /// Remove from the store what has been forgotten.
    Tidy,
    /// Write what has been asked for before, and end.
    Close,
}

/// A note and who waits for it to be written.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) draft: Draft,
    pub(super) reply: oneshot::Sender<Result<Receipt, AppendError>>,
    /// Its share of what may wait; given back when it is written.
    pub(super) room: OwnedSemaphorePermit,
}

/// Most notes in one commit, and about the most bytes of text: what a stream waits for at most before its own turn comes.
const BATCH_NOTES: usize = 4_096;
const BATCH_BYTES: usize = 2 * 1024 * 1024;

/// Most notes removed in one commit, beside those that are added.
const BATCH_FORGOTTEN: usize = 8_192;

/// After a commit that failed, the next one is tried only after a pause: the store is opened anew for it, which takes the
/// longer the larger it is. Notes that come before are refused at once.
pub(super) const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

/// How many times as long as the attempt the pause is.
const PAUSE_FACTOR: u32 = 10;

/// Notes that enter the logs under one lock, so that readers are never held up for long.
const LANDED_PER_LOCK: usize = 128;

/// Notes past their age that go for one that comes, as in memory.
const SWEPT_PER_NOTE: usize = 8;

/// The one thread that writes to the store.
///
/// All notes that arrive while a commit is under way go into the next. Only after the commit do they enter the logs,
/// where streams can see them.
pub(super) struct Writer {
    shared: Arc<Shared>,
    store: Store,
    commands: UnboundedReceiver<Command>,
    refusals: Refusals,
    /// What went wrong with the last commit, if it failed.
    failure: Option<Failure>,
}

/// A commit that failed.
struct Failure {
    fault: Arc<StoreFault>,
    /// When to try again.
    until: Duration,
}

/// What goes into one commit.
#[derive(Debug, Default)]
struct Batch {
    requests: Vec<Request>,
    len_bytes: usize,
    closes: bool,
}

impl Batch {
    fn add(&mut self, command: Command) {
        match command {
            Command::Append(request) => {
                self.len_bytes += request.draft.message_bytes();
                self.requests.push(request);
            }
            Command::Tidy => {}
            Command::Close => self.closes = true,
        }
    }

    fn is_full(&self) -> bool {
        self.closes || self.requests.len() >= BATCH_NOTES || self.len_bytes >= BATCH_BYTES
    }
}

impl Writer {
    pub(super) fn new(
        shared: Arc<Shared>,
        store: Store,
        commands: UnboundedReceiver<Command>,
    ) -> Self {
        Self {
            shared,
            store,
            commands,
            refusals: Refusals::new(Duration::ZERO),
            failure: None,
        }
    }

    /// Writes until the notebook is closed. Callers that still wait then get an error, because the channel ends.
    pub(super) fn run(mut self) {
        while let Some(batch) = self.next_batch() {
            let closes = batch.closes;
            self.write(batch.requests);
            if closes {
                break;
            }
        }
        while self.failure.is_none() && !self.shared.lock().forgotten.is_empty() {
            self.write(Vec::new());
        }
    }

    fn next_batch(&mut self) -> Option<Batch> {
        let mut batch = Batch::default();
        // A long backlog is worked off without being asked, unless it cannot be.
        if self.failure.is_some() || self.shared.lock().forgotten.len() < BATCH_FORGOTTEN {
            batch.add(self.commands.blocking_recv()?);
        }
        while !batch.is_full()
            && let Ok(command) = self.commands.try_recv()
        {
            batch.add(command);
        }
        Some(batch)
    }

    fn write(&mut self, requests: Vec<Request>) {
        let began = self.shared.now();
        if let Some(failure) = &self.failure
            && began < failure.until
        {
            let fault = Arc::clone(&failure.fault);
            let waiting = requests
                .into_iter()
                .map(|request| (request.reply, request.room));
            return self.refuse(&fault, waiting.collect());
        }
        let (planned, waiting): (Vec<_>, Vec<_>);
        let (forgotten, marks): (Vec<_>, _);
        {
            let mut state = self.shared.lock();
            let State {
                logs,
                forgotten: backlog,
            } = &mut *state;
            let seen = logs.see(self.shared.now());
            let first = logs.next_serial();
            (planned, waiting) = (first..)
                .zip(requests)
                .map(|(serial, request)| {
                    let Request { draft, reply, room } = request;
                    let index = logs.reserve(draft.place());
                    let planned = Planned {
                        draft,
                        serial,
                        index,
                        written: seen,
                    };
                    (planned, (reply, room))
                })
                .unzip();
            forgotten = backlog
                .drain(..backlog.len().min(BATCH_FORGOTTEN))
                .collect();
            marks = Marks {
                seen,
                retired: logs.retired(),
            };
        }
        let outcome = self.store.commit(&planned, &forgotten, marks);
        match outcome {
            Ok(()) => {
                self.failure = None;
                self.refusals.over();
                self.land(planned, waiting);
            }
            Err(fault) => {
                let mut state = self.shared.lock();
                for note in &planned {
                    state.logs.abort(note.draft.place());
                }
                for serial in forgotten.into_iter().rev() {
                    state.forgotten.push_front(serial);
                }
                drop(state);
                let fault = Arc::new(fault);
                let now = self.shared.now();
                let pause = now.saturating_sub(began) * PAUSE_FACTOR;
                self.failure = Some(Failure {
                    fault: Arc::clone(&fault),
                    until: now + pause.max(SHORTEST_PAUSE),
                });
                self.refuse(&fault, waiting);
            }
        }
    }

    /// Lets the streams see notes that are on disk.
    fn land(&self, planned: Vec<Planned>, waiting: Vec<Waiting>) {
        let mut notes = planned.into_iter().zip(waiting).peekable();
        while notes.peek().is_some() {
            let mut landed = Vec::with_capacity(LANDED_PER_LOCK);
            let mut garbage;
            {
                let mut state = self.shared.lock();
                garbage = state.sweep(self.shared.now(), SWEPT_PER_NOTE * LANDED_PER_LOCK);
                let swept = garbage.len();
                for (note, waiting) in notes.by_ref().take(LANDED_PER_LOCK) {
                    let (place, author) = (note.draft.place(), note.draft.author());
                    let receipt = state.logs.commit(note.draft, note.written, &mut garbage);
                    let subscribers = state.logs.subscribers(place, author);
                    landed.push((place, author, subscribers, receipt, waiting));
                }
                let displaced = garbage[swept..].iter().map(Entry::serial);
                state.forgotten.extend(displaced);
            }
            drop(garbage);
            for (place, author, subscribers, receipt, (reply, _room)) in landed {
                subscribers.wake_all(place, author);
                // Whoever does not wait any longer has its note written all the same.
                let _ = reply.send(Ok(receipt));
            }
        }
    }

    fn refuse(&self, fault: &Arc<StoreFault>, waiting: Vec<Waiting>) {
        self.refusals.add(waiting.len() as u64, fault);
        let is_full = fault.is_full();
        for (reply, _room) in waiting {
            let source = Arc::clone(fault) as _;
            let error = if is_full {
                AppendError::DiskFull { source }
            } else {
                AppendError::Storage { source }
            };
            let _ = reply.send(Err(error));
        }
    }
}

/// Who waits for a note, and the room that it takes until then.
type Waiting = (
    oneshot::Sender<Result<Receipt, AppendError>>,
    OwnedSemaphorePermit,
);

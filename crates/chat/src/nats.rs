use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use async_nats::jetstream::context::ContextBuilder;
use async_nats::{Client, ConnectError, ConnectOptions, ServerAddr, jetstream};
use route_guide_geo::E7Point;
use tokio::runtime::{self, Runtime};
use tokio::sync::{Semaphore, oneshot, watch};

use crate::clock::{Clock, MonotonicClock, WallClock};
use crate::logs::{HasLogs, NoteLogs, WhenFull};
use crate::note::{Draft, Index};
use crate::notebook::{
    Append, Closing, Current, Notebook, Page, PageLimit, SubscribeError, Usage, unique_number,
};
use crate::refusals::Refusals;
use crate::subscription::{Subscriber, Subscription};

use connectivity::Connectivity;
pub use connectivity::SyncState;
pub use fault::NatsFault;
use publisher::{ACK_TIMEOUT, MAX_UNACKNOWLEDGED, Publisher, QUIET, ROOM_KIB};
use replicator::{Progress, Replicator};
pub use settings::{NatsSettings, NatsTls, StartError};
use shared::Shared;
use wire::Wire;

mod connectivity;
mod deduplicator;
mod fault;
mod history;
mod interruption;
mod publisher;
mod reading;
mod reconcile;
mod replicator;
mod settings;
mod shared;
mod stream;
mod time;
mod wire;

/// The notebook of many servers, kept in one stream of NATS `JetStream`.
///
/// Every server has a copy of the stream in memory, which one consumer keeps up to date, and reads from that. An append
/// resolves when its note has come back through the stream, so all servers see all notes in one order. The bounds of
/// [`Limits`](crate::Limits) hold for the copy as for a [`MemoryNotebook`](crate::MemoryNotebook); the stream is created
/// with the same ones.
///
/// # What is promised
///
/// A note that any stream has received is in the stream of NATS, on a majority of its replicas. It survives the end of
/// any server of this program, and of any minority of the NATS servers. NATS acknowledges notes before they are on disk:
/// they are synced every two minutes unless its `sync_interval` says otherwise, so a power failure of the majority at
/// once may cost the last notes.
///
/// # When NATS is unavailable
///
/// Notes can be read. An append waits for a lost connection up to two seconds, for a cluster that does not answer as
/// long as [`NatsSettings::patience`] says. If the note is certainly not in the stream then, it fails with
/// [`AppendError::Unavailable`](crate::AppendError::Unavailable), otherwise with
/// [`AppendError::Unconfirmed`](crate::AppendError::Unconfirmed): the note may still come through the stream, unless a later
/// note of its author is there before it. Streams that wait go on when NATS is back, after the last note that they have
/// read, nothing twice.
///
/// Streams that were owed notes which retention has removed from the stream before this server could read them miss at
/// least one: how many there were is not known. Every note carries the number of the last one of its place that the server
/// of its author had read, so streams at other places miss nothing. Only where no server knows whether there was a note do
/// streams miss one that may not have been there.
///
/// # The stream
///
/// If there is no stream, it is created. One that is there is used as it is; in what it differs is said in the log.
/// Messages in it that are no notes are skipped.
///
/// The copy has what the stream has, message by message, not number by number. If the stream has lost its end, because it
/// was restored from a backup or its servers lost power, or if it was deleted, the notes that it has lost are removed from
/// the copy, and all streams that follow their places miss at least one note. What was written meanwhile is read.
///
/// A note must fit into one message of NATS, whose `max_payload` is 1 MiB unless it is set to more.
///
/// # Age
///
/// Notes that come as they are written are new, and age by this machine's monotonic clock. The age of those that are read
/// later is the difference of two times by the clock of NATS. The wall clock of this machine counts for nothing; if it
/// is wrong by seconds, that is reported in the log.
pub struct NatsNotebook {
    shared: Arc<Shared>,
    publisher: Publisher,
    state: watch::Receiver<SyncState>,
    thread: Mutex<Option<Background>>,
    numbering: u64,
}

/// The thread that talks to NATS, and what it ends with when it is dropped.
type Background = (Option<oneshot::Sender<()>>, JoinHandle<()>);

/// Notes given back in one go by [`NatsNotebook::expire`], so that the lock is never held for long.
const SWEPT_PER_LOCK: usize = 1_024;

/// Messages that may wait for the copy. NATS waits by itself after 32 MiB.
const MAX_UNREAD: usize = 512 * 1024;

/// How long a question to NATS may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// How long to wait for what the leader of the stream answers at once: there may be none, and then a new one soon.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// Between two attempts to connect, from the second one on.
const SHORTEST_RECONNECT: Duration = Duration::from_millis(50);
const LONGEST_RECONNECT: Duration = Duration::from_secs(1);

impl NatsNotebook {
    /// Starts a notebook. It connects, creates the stream and reads it in a thread of its own, however long that takes.
    ///
    /// # Errors
    ///
    /// [`StartError`] if the settings are wrong or a file that they name cannot be used. That NATS is unavailable is no error.
    pub fn start(settings: NatsSettings) -> Result<Self, StartError> {
        let ticks = Arc::new(MonotonicClock::new());
        Self::with_clocks(settings, Arc::new(WallClock), ticks)
    }

    /// Starts a notebook with clocks of the caller's: notes age by `ticks`, and `wall` is compared with the clock of NATS.
    ///
    /// # Errors
    ///
    /// As for [`start`](Self::start).
    pub fn with_clocks(
        settings: NatsSettings,
        wall: Arc<dyn Clock>,
        ticks: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let (servers, options) = settings.connection()?;
        let logs = NoteLogs::new(settings.limits, WhenFull::Forget);
        let shared = Shared::new(logs, ticks);
        let wire = Wire::new(settings.prefix.clone());
        let config = stream::config(&settings, &wire);
        let NatsSettings {
            stream, patience, ..
        } = settings;

        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| StartError::Thread { source })?;
        let (options, connectivity) = Connectivity::of(options);
        let (state, receiver) = watch::channel(SyncState::Unavailable);
        let (stop, stopped) = oneshot::channel();
        let (connected, connection) = mpsc::sync_channel(1);
        let replicator = {
            let (shared, wire) = (Arc::clone(&shared), wire.clone());
            let connectivity = connectivity.clone();
            move |client: Client| Replicator {
                probing: ContextBuilder::new()
                    .timeout(PROBE_TIMEOUT)
                    .build(client.clone()),
                jetstream: jetstream::new(client.clone()),
                client,
                wire,
                config,
                shared,
                state,
                connectivity,
                wall,
                progress: Progress::default(),
            }
        };
        let thread = thread::Builder::new()
            .name("route-notes".into())
            .spawn(move || talk(runtime, servers, options, &connected, replicator, stopped))
            .map_err(|source| StartError::Thread { source })?;
        // The client is there at once, the connection when there is somebody to connect to.
        let jetstream = connection
            .recv()
            .unwrap_or_else(|ended| Err(StartError::thread(ended)))?;
        let publisher = Publisher {
            jetstream,
            wire,
            stream,
            patience,
            shared: Arc::clone(&shared),
            connectivity,
            room: Semaphore::new(ROOM_KIB as usize),
            next_number: AtomicU64::new(0),
            refusals: Refusals::new(QUIET),
        };
        Ok(Self {
            shared,
            publisher,
            state: receiver,
            thread: Mutex::new(Some((Some(stop), thread))),
            numbering: unique_number(),
        })
    }

    /// Returns whether the copy is in step with the stream, and reports changes.
    #[must_use]
    pub fn sync_state(&self) -> watch::Receiver<SyncState> {
        self.state.clone()
    }

    /// Waits until everything in the stream has been read. Notes are accepted from then on.
    pub async fn ready(&self) {
        let mut state = self.sync_state();
        let ready = state.wait_for(|state| *state == SyncState::Ready);
        if ready.await.is_err() {
            // It has been closed, and never will be ready.
            std::future::pending::<()>().await;
        }
    }

    fn stop(&self) {
        if let Some((stop, thread)) = self.thread().take() {
            drop(stop);
            if thread.join().is_err() {
                tracing::error!("the thread that talks to NATS has panicked");
            }
        }
    }

    fn thread(&self) -> MutexGuard<'_, Option<Background>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs the connection and what reads from it, until it is told to stop.
fn talk(
    runtime: Runtime,
    servers: Vec<ServerAddr>,
    options: ConnectOptions,
    connected: &mpsc::SyncSender<Result<jetstream::Context, StartError>>,
    replicator: impl FnOnce(Client) -> Replicator,
    stopped: oneshot::Receiver<()>,
) {
    runtime.block_on(async {
        let client = match connect(servers, options).await {
            Ok(client) => client,
            Err(error) => {
                // An error means that nobody waits any longer.
                let _ = connected.send(Err(StartError::thread(error)));
                return;
            }
        };
        let posting = ContextBuilder::new()
            .timeout(ACK_TIMEOUT)
            .ack_timeout(ACK_TIMEOUT)
            .max_ack_inflight(MAX_UNACKNOWLEDGED)
            .build(client.clone());
        let _ = connected.send(Ok(posting));
        tokio::select! {
            // Dropping the other end means the same as sending.
            _ = stopped => {}
            () = replicator(client.clone()).run() => {}
        }
    });
    // The name of a host that is being looked up would hold up the end.
    runtime.shutdown_background();
}

async fn connect(
    servers: Vec<ServerAddr>,
    options: ConnectOptions,
) -> Result<Client, ConnectError> {
    options
        .name("route-guide")
        .retry_on_initial_connect()
        .request_timeout(Some(REQUEST_TIMEOUT))
        .subscription_capacity(MAX_UNREAD)
        .reconnect_delay_callback(|attempts| match u32::try_from(attempts) {
            Ok(0 | 1) => Duration::ZERO,
            Ok(attempts @ ..6) => SHORTEST_RECONNECT * 2_u32.pow(attempts - 2),
            _ => LONGEST_RECONNECT,
        })
        .connect(servers)
        .await
}

impl Notebook for NatsNotebook {
    fn append(&self, draft: Draft) -> Append<'_> {
        Append::later(self.publisher.append(draft))
    }

    fn read(&self, place: E7Point, after: Index, limit: PageLimit) -> Page {
        let now = self.shared.now();
        self.shared.lock().logs.read(place, after, limit, now)
    }

    fn subscribe(
        &self,
        place: E7Point,
        subscriber: &Arc<Subscriber>,
    ) -> Result<Subscription, SubscribeError> {
        self.shared.subscribe(place, subscriber)
    }

    fn current(&self) -> Current<'_> {
        Box::pin(self.publisher.current(self.sync_state()))
    }

    fn expire(&self) {
        loop {
            let now = self.shared.now();
            let garbage = self.shared.lock().logs.sweep(now, SWEPT_PER_LOCK);
            if garbage.len() < SWEPT_PER_LOCK {
                break;
            }
        }
        self.shared.lock().logs.shrink();
    }

    fn usage(&self) -> Usage {
        self.shared.lock().logs.usage()
    }

    /// Each server numbers its copy by itself, as it comes to know of the notes.
    fn numbering(&self) -> u64 {
        self.numbering
    }

    /// Ends the connection and the thread that keeps it; appends that are under way fail with
    /// [`AppendError::Closed`](crate::AppendError::Closed) too.
    fn close(&self) -> Closing<'_> {
        Box::pin(async {
            self.shared.close();
            let mut state = self.sync_state();
            if let Some((stop, _)) = &mut *self.thread() {
                stop.take();
            }
            // The thread drops its end when it ends.
            while state.changed().await.is_ok() {}
            self.stop();
        })
    }
}

impl Drop for NatsNotebook {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for NatsNotebook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsNotebook")
            .field("stream", &self.publisher.stream)
            .field("state", &*self.state.borrow())
            .field("usage", &self.usage())
            .finish_non_exhaustive()
    }
}

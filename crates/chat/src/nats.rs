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
use crate::ledger::{Ledger, Shelf, WhenFull};
use crate::note::{Draft, Index};
use crate::notebook::{
    Append, Current, Notebook, Page, PageLimit, Usage, WatchError, unique_number,
};
use crate::timeline::Timeline;
use crate::wakeups::{Wakeups, Watch};

use copy::{Copyist, Progress};
pub use fault::NatsFault;
use link::Link;
use post::{ACK_TIMEOUT, MAX_UNACKNOWLEDGED, Post, ROOM_KIB};
pub use settings::{NatsSettings, NatsTls, StartError};
use shared::Shared;
use turns::Turns;
use wire::Wire;

mod copy;
mod fault;
mod link;
mod order;
mod post;
mod reading;
mod settings;
mod shared;
mod stream;
mod turns;
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
/// # When NATS is away
///
/// Notes can be read. An append waits for a lost connection up to two seconds, for a cluster that does not answer as
/// long as [`NatsSettings::patience`] says, and then fails with [`AppendError::Away`](crate::AppendError::Away). It is not known then whether the
/// note is written: it may still come through the stream, unless a later note of its author is there before it. Streams
/// that wait go on when NATS is back, behind the last note that they have read, nothing twice.
///
/// Streams that were owed notes which retention has removed from the stream before this server could read them miss at
/// least one: how many there were is not known. Every note carries the number of the last one of its place that the server
/// of its author had read, so streams at other places miss nothing. Only where no server knows whether there was a note do
/// streams miss one that may not have been there.
///
/// # The stream
///
/// If there is no stream, it is created. One that is there is used as it is; in what it differs is said in the log. If it
/// is deleted while the notebook is open, it is created anew, and this copy keeps what it has read until that is too old.
/// Notes removed from the stream by hand stay in the copies until then, too. Messages in it that are no notes are skipped.
///
/// A note must fit into one message of NATS, whose `max_payload` is 1 MiB unless it is set to more.
///
/// # Age
///
/// Notes age from the time at which NATS has stored them, by this machine's wall clock at the start and its monotonic
/// clock from then on. A note that seems to come from the future is new when it comes.
pub struct NatsNotebook {
    shared: Arc<Shared>,
    post: Post,
    standing: watch::Receiver<Standing>,
    thread: Mutex<Option<Background>>,
    numbering: u64,
}

/// The thread that talks to NATS, and what it ends with when it is dropped.
type Background = (Option<oneshot::Sender<()>>, JoinHandle<()>);

/// How a notebook on NATS gets on with its cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// There is no connection, or the stream cannot be read.
    Away,
    /// What is in the stream is being read.
    CatchingUp,
    /// Everything has been read, and what comes is read as it comes.
    Ready,
}

/// Notes given back in one go by [`NatsNotebook::expire`], so that the lock is never held for long.
const SWEPT_PER_LOCK: usize = 1_024;

/// Messages that may wait for the copy. NATS waits by itself after 32 MiB.
const MAX_UNREAD: usize = 512 * 1024;

/// How long a question to NATS may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Between two attempts to connect, from the second one on.
const SHORTEST_RECONNECT: Duration = Duration::from_millis(50);
const LONGEST_RECONNECT: Duration = Duration::from_secs(1);

impl NatsNotebook {
    /// Starts a notebook. It connects, creates the stream and reads it in a thread of its own, however long that takes.
    ///
    /// # Errors
    ///
    /// [`StartError`] if the settings are wrong or a file that they name cannot be used. That NATS is away is no error.
    pub fn start(settings: NatsSettings) -> Result<Self, StartError> {
        let ticks = Arc::new(MonotonicClock::new());
        let timeline = Timeline::new(WallClock.now(), Duration::ZERO, ticks);
        Self::with_clock(settings, Arc::new(timeline))
    }

    /// Starts a notebook whose notes age by a clock of the caller's. A note that was stored later than what the clock
    /// says is as old as the clock says when it comes.
    ///
    /// # Errors
    ///
    /// As for [`start`](Self::start).
    pub fn with_clock(settings: NatsSettings, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let (servers, options) = settings.connection()?;
        let ledger = Ledger::new(settings.limits, WhenFull::Forget);
        let shared = Shared::new(ledger, clock);
        let wire = Wire::new(settings.prefix.clone());
        let config = stream::config(&settings, &wire);
        let NatsSettings {
            stream, patience, ..
        } = settings;

        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| StartError::Thread { source })?;
        let (options, link) = Link::of(options);
        let (standing, receiver) = watch::channel(Standing::Away);
        let (stop, stopped) = oneshot::channel();
        let (connected, connection) = mpsc::sync_channel(1);
        let copyist = {
            let (shared, wire, link) = (Arc::clone(&shared), wire.clone(), link.clone());
            move |client: Client, jetstream| Copyist {
                client,
                jetstream,
                wire,
                config,
                shared,
                standing,
                link,
                progress: Progress::default(),
            }
        };
        let thread = thread::Builder::new()
            .name("route-notes".into())
            .spawn(move || talk(runtime, servers, options, &connected, copyist, stopped))
            .map_err(|source| StartError::Thread { source })?;
        // The client is there at once, the connection when there is somebody to connect to.
        let jetstream = connection
            .recv()
            .unwrap_or_else(|ended| Err(StartError::thread(ended)))?;
        let post = Post {
            jetstream,
            wire,
            stream,
            patience,
            shared: Arc::clone(&shared),
            link,
            turns: Turns::default(),
            room: Semaphore::new(ROOM_KIB as usize),
            next_number: AtomicU64::new(0),
        };
        Ok(Self {
            shared,
            post,
            standing: receiver,
            thread: Mutex::new(Some((Some(stop), thread))),
            numbering: unique_number(),
        })
    }

    /// Returns how things stand, and tells of changes.
    #[must_use]
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.clone()
    }

    /// Waits until everything in the stream has been read. Notes are taken from then on.
    pub async fn ready(&self) {
        let mut standing = self.standing();
        let ready = standing.wait_for(|standing| *standing == Standing::Ready);
        if ready.await.is_err() {
            // It has been closed, and never will be ready.
            std::future::pending::<()>().await;
        }
    }

    /// Ends the connection and the thread that keeps it. Notes can still be read; appends fail with
    /// [`AppendError::Closed`](crate::AppendError::Closed) from now on, those that are under way too. To be called at the end of a drain.
    pub async fn close(&self) {
        self.shared.close();
        let mut standing = self.standing();
        if let Some((stop, _)) = &mut *self.thread() {
            stop.take();
        }
        // The thread drops its end when it ends.
        while standing.changed().await.is_ok() {}
        self.stop();
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
    copyist: impl FnOnce(Client, jetstream::Context) -> Copyist,
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
        let reading = jetstream::new(client.clone());
        tokio::select! {
            // Dropping the other end means the same as sending.
            _ = stopped => {}
            () = copyist(client.clone(), reading).run() => {}
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
        Box::pin(self.post.append(draft))
    }

    fn read(&self, place: E7Point, after: Index, limit: PageLimit) -> Page {
        let now = self.shared.now();
        self.shared.lock().ledger.read(place, after, limit, now)
    }

    fn watch(&self, place: E7Point, wakeups: &Arc<Wakeups>) -> Result<Watch, WatchError> {
        self.shared.watch(place, wakeups)
    }

    fn current(&self) -> Current<'_> {
        Box::pin(self.post.current(self.standing()))
    }

    fn expire(&self) {
        loop {
            let now = self.shared.now();
            let garbage = self.shared.lock().ledger.sweep(now, SWEPT_PER_LOCK);
            if garbage.len() < SWEPT_PER_LOCK {
                break;
            }
        }
        self.shared.lock().ledger.shrink();
    }

    fn usage(&self) -> Usage {
        self.shared.lock().ledger.usage()
    }

    /// Each server numbers its copy by itself, as it comes to know of the notes.
    fn numbering(&self) -> u64 {
        self.numbering
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
            .field("stream", &self.post.stream)
            .field("standing", &*self.standing.borrow())
            .field("usage", &self.usage())
            .finish_non_exhaustive()
    }
}

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use async_nats::{ConnectOptions, ServerAddr};
use route_guide_geo::E7Point;
use tokio::runtime;
use tokio::sync::{oneshot, watch};

use crate::ledger::{Ledger, WhenFull};
use crate::note::{Draft, Index};
use crate::notebook::{Append, AppendError, Notebook, Page, PageLimit, Usage, WatchError};
use crate::wakeups::{Wakeups, Watch};

pub use fault::NatsFault;
pub use settings::{NatsSettings, NatsTls, StartError};

mod fault;
mod settings;

/// The notebook of many servers, kept in a stream of NATS `JetStream`.
pub struct NatsNotebook {
    ledger: Arc<Mutex<Ledger>>,
    standing: watch::Receiver<Standing>,
    thread: Mutex<Option<Background>>,
}

/// The thread that talks to NATS, and what it ends with when it is dropped.
type Background = (Option<oneshot::Sender<()>>, JoinHandle<()>);

/// How a notebook on NATS gets on with its cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// There is no connection, or the cluster does not answer.
    Away,
    /// The notes in the stream are being read for the first time.
    CatchingUp,
    /// Notes are taken.
    Ready,
}

/// After how long an append may be tried again that failed because NATS was away.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl NatsNotebook {
    /// Starts a notebook. It connects, creates the stream and reads it in the background, however long that takes.
    ///
    /// # Errors
    ///
    /// [`StartError`] if the settings are wrong or a file that they name cannot be used. That NATS is away is no error.
    pub fn start(settings: NatsSettings) -> Result<Self, StartError> {
        let (servers, options) = settings.connection()?;
        let ledger = Arc::new(Mutex::new(Ledger::new(settings.limits, WhenFull::Forget)));
        let (standing, receiver) = watch::channel(Standing::Away);
        let (stop, stopped) = oneshot::channel();
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| StartError::Thread { source })?;
        let thread = thread::Builder::new()
            .name("route-notes".into())
            .spawn(move || {
                runtime.block_on(run(servers, options, stopped));
                runtime.shutdown_background();
                drop((standing, settings));
            })
            .map_err(|source| StartError::Thread { source })?;
        Ok(Self {
            ledger,
            standing: receiver,
            thread: Mutex::new(Some((Some(stop), thread))),
        })
    }

    /// Returns how things stand, and tells of changes.
    #[must_use]
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.clone()
    }

    /// Waits until notes are taken.
    pub async fn ready(&self) {
        let mut standing = self.standing();
        // An error means that the notebook has been closed: it will never be ready.
        if standing
            .wait_for(|standing| *standing == Standing::Ready)
            .await
            .is_err()
        {
            std::future::pending::<()>().await;
        }
    }

    /// Ends the connection and the thread that keeps it. Notes can still be read; appends fail with
    /// [`AppendError::Closed`] from now on. To be called at the end of a drain.
    pub async fn close(&self) {
        let mut standing = self.standing();
        if let Some((stop, _)) = &mut *self.thread() {
            stop.take();
        }
        // The thread drops its end when it ends.
        while standing.changed().await.is_ok() {}
        self.stop();
    }

    fn thread(&self) -> MutexGuard<'_, Option<Background>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self) {
        if let Some((stop, thread)) = self.thread().take() {
            drop(stop);
            if thread.join().is_err() {
                tracing::error!("the thread that talks to NATS has panicked");
            }
        }
    }
}

async fn run(servers: Vec<ServerAddr>, options: ConnectOptions, stopped: oneshot::Receiver<()>) {
    let client = options.retry_on_initial_connect().connect(servers).await;
    // Dropping the sender means the same as sending.
    let _ = stopped.await;
    drop(client);
}

impl Notebook for NatsNotebook {
    fn append(&self, _draft: Draft) -> Append<'_> {
        Box::pin(async {
            Err(AppendError::Away {
                retry_after: RETRY_AFTER,
                source: Arc::new(NatsFault::Disconnected),
            })
        })
    }

    fn read(&self, place: E7Point, after: Index, limit: PageLimit) -> Page {
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        ledger.read(place, after, limit, Duration::ZERO)
    }

    fn watch(&self, place: E7Point, wakeups: &Arc<Wakeups>) -> Result<Watch, WatchError> {
        let lock = || self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let watchers = lock().add_watch(place)?;
        let registration = watchers.add(wakeups);
        let ledger = Arc::clone(&self.ledger);
        Ok(Watch::new(move || {
            watchers.remove(registration);
            let mut ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
            ledger.remove_watch(place);
        }))
    }

    fn expire(&self) {}

    fn usage(&self) -> Usage {
        let ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        ledger.usage()
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
            .field("usage", &self.usage())
            .finish_non_exhaustive()
    }
}

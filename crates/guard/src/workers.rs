//! Runtimes of one thread each, among which connections are shared out.
//!
//! A connection goes on in [`connection`](crate::connection), on the thread that it was given.

use std::future::Future;
use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use gauge::{Gauge, idlest};

pub(crate) mod gauge;

/// How many tasks run before a worker looks for new events on its sockets.
///
/// tokio's own 61 lets one connection that always has something to send delay all others for milliseconds.
const EVENT_INTERVAL: u32 = 4;

/// How often a worker is measured while no connection comes, so that an hour of rest does not hide a busy second.
const MEASURE_INTERVAL: Duration = Duration::from_secs(1);

/// Threads with a runtime of their own, for connections that never change threads.
///
/// A connection and all its calls stay on one thread, so nothing is stolen and few locks are contended.
/// Each new connection goes to the worker that is least busy, among equals to the one that has the fewest. Dropping the
/// last clone ends the threads, and with them whatever still runs there.
#[derive(Clone, Debug)]
pub struct Workers {
    pool: Arc<Pool>,
}

#[derive(Debug)]
struct Pool {
    workers: Vec<Arc<Worker>>,
    threads: Vec<JoinHandle<()>>,
    stop: CancellationToken,
}

#[derive(Debug)]
struct Worker {
    runtime: Handle,
    gauge: Mutex<Gauge>,
    /// How many connections it has.
    open: AtomicUsize,
}

/// Counts a connection of a worker until it is dropped.
struct Open(Arc<Worker>);

impl Workers {
    /// Starts `count` threads.
    ///
    /// # Errors
    ///
    /// What the system says if it refuses a thread or a poll descriptor.
    pub fn start(count: NonZeroUsize) -> io::Result<Self> {
        let mut pool = Pool {
            workers: Vec::new(),
            threads: Vec::new(),
            stop: CancellationToken::new(),
        };
        for number in 0..count.get() {
            let runtime = Builder::new_current_thread()
                .enable_all()
                .event_interval(EVENT_INTERVAL)
                .build()?;
            let worker = Arc::new(Worker::new(runtime.handle().clone()));
            pool.workers.push(Arc::clone(&worker));
            let stop = pool.stop.clone();
            let thread = thread::Builder::new()
                .name(format!("worker-{number}"))
                .spawn(move || {
                    runtime.block_on(stop.run_until_cancelled(worker.measure_regularly()));
                })?;
            pool.threads.push(thread);
        }
        Ok(Self {
            pool: Arc::new(pool),
        })
    }

    /// Runs a connection on the worker that is least busy.
    pub(crate) fn spawn(
        &self,
        tasks: &TaskTracker,
        connection: impl Future<Output = ()> + Send + 'static,
    ) {
        let workers = &self.pool.workers;
        let loads = workers.iter().map(|worker| worker.load_and_count());
        let Some(worker) = idlest(loads).map(|chosen| &workers[chosen]) else {
            return;
        };
        let open = Open::of(worker);
        let counted = async move {
            let _open = open;
            connection.await;
        };
        tasks.spawn_on(counted, &worker.runtime);
    }
}

impl Worker {
    fn new(runtime: Handle) -> Self {
        let busy = runtime.metrics().worker_total_busy_duration(0);
        Self {
            runtime,
            gauge: Mutex::new(Gauge::new(Instant::now(), busy)),
            open: AtomicUsize::new(0),
        }
    }

    async fn measure_regularly(&self) {
        loop {
            tokio::time::sleep(MEASURE_INTERVAL).await;
            self.load_and_count();
        }
    }

    fn load_and_count(&self) -> (u32, usize) {
        let busy = self.runtime.metrics().worker_total_busy_duration(0);
        let load = self.gauge().load(Instant::now(), busy);
        (load, self.open.load(Ordering::Relaxed))
    }

    fn gauge(&self) -> MutexGuard<'_, Gauge> {
        // It is whole whenever the lock is let go.
        self.gauge.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn of(worker: &Arc<Worker>) -> Self {
        worker.gauge().add();
        worker.open.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(worker))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.stop.cancel();
        for thread in self.threads.drain(..) {
            // A worker that drops the pool cannot wait for itself.
            if thread.thread().id() != thread::current().id() {
                // Its panic, if there was one, has been reported where it happened.
                let _ = thread.join();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use tokio::sync::{Barrier, mpsc};

    use super::*;

    #[tokio::test]
    async fn connections_are_shared_out_evenly() {
        let workers = Workers::start(NonZeroUsize::new(3).unwrap()).unwrap();
        let tasks = TaskTracker::new();
        let (say, mut said) = mpsc::unbounded_channel();
        // Nobody ends before all have begun, so that every choice sees the ones before it.
        let all = Arc::new(Barrier::new(9));
        for _ in 0..9 {
            let (say, all) = (say.clone(), Arc::clone(&all));
            workers.spawn(&tasks, async move {
                say.send(thread::current().id()).unwrap();
                all.wait().await;
            });
        }
        tasks.close();
        tasks.wait().await;
        drop(say);
        let mut per_thread = HashMap::new();
        while let Some(thread) = said.recv().await {
            *per_thread.entry(thread).or_insert(0) += 1;
        }
        assert_eq!(per_thread.into_values().collect::<Vec<_>>(), [3, 3, 3]);
    }

    /// Every second connection went to a core that one call kept busy all the time.
    #[tokio::test]
    async fn new_connections_go_past_a_busy_worker() {
        let workers = Workers::start(NonZeroUsize::new(2).unwrap()).unwrap();
        let tasks = TaskTracker::new();
        let (say, mut said) = mpsc::unbounded_channel();
        let stop = CancellationToken::new();
        let (busy, stopped) = (say.clone(), stop.clone());
        workers.spawn(&tasks, async move {
            busy.send(thread::current().id()).unwrap();
            while !stopped.is_cancelled() {
                // Long beside the look at the sockets in between, which is not counted and takes what the system likes.
                let end = Instant::now() + Duration::from_millis(5);
                while Instant::now() < end {
                    std::hint::spin_loop();
                }
                tokio::task::yield_now().await;
            }
        });
        let busy = said.recv().await.unwrap();
        let loads = || {
            let workers = workers.pool.workers.iter();
            workers.map(|worker| worker.load_and_count().0)
        };
        while loads().max().unwrap() < loads().min().unwrap() + 16 {
            tokio::task::yield_now().await;
        }
        for _ in 0..8 {
            let say = say.clone();
            workers.spawn(&tasks, async move {
                say.send(thread::current().id()).unwrap();
            });
            assert_ne!(said.recv().await, Some(busy));
        }
        stop.cancel();
        tasks.close();
        tasks.wait().await;
    }
}

//! Runtimes of one thread each, among which connections are shared out.

use std::future::Future;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How many tasks run before a worker looks for new events on its sockets.
///
/// tokio's own 61 lets one connection that always has something to send delay all others for milliseconds.
const EVENT_INTERVAL: u32 = 4;

/// Threads with a runtime of their own, for connections that never change threads.
///
/// A connection and all its calls stay on one thread, so nothing is stolen and few locks are contended.
/// Each new connection goes to the worker that has the fewest. Dropping the last clone ends the threads,
/// and with them whatever still runs there.
#[derive(Clone, Debug)]
pub struct Workers {
    pool: Arc<Pool>,
}

#[derive(Debug)]
struct Pool {
    workers: Vec<Worker>,
    threads: Vec<JoinHandle<()>>,
    stop: CancellationToken,
}

#[derive(Debug)]
struct Worker {
    runtime: Handle,
    open: Arc<AtomicUsize>,
}

/// Counts a connection of a worker until it is dropped.
struct Open(Arc<AtomicUsize>);

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
            pool.workers.push(Worker {
                runtime: runtime.handle().clone(),
                open: Arc::default(),
            });
            let stop = pool.stop.clone();
            let thread = thread::Builder::new()
                .name(format!("worker-{number}"))
                .spawn(move || runtime.block_on(stop.cancelled()))?;
            pool.threads.push(thread);
        }
        Ok(Self {
            pool: Arc::new(pool),
        })
    }

    /// Runs a connection on the worker that has the fewest.
    pub(crate) fn spawn(
        &self,
        tasks: &TaskTracker,
        connection: impl Future<Output = ()> + Send + 'static,
    ) {
        let workers = self.pool.workers.iter();
        let Some(worker) = workers.min_by_key(|worker| worker.open.load(Ordering::Relaxed)) else {
            return;
        };
        worker.open.fetch_add(1, Ordering::Relaxed);
        let open = Open(Arc::clone(&worker.open));
        let counted = async move {
            let _open = open;
            connection.await;
        };
        tasks.spawn_on(counted, &worker.runtime);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
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
}

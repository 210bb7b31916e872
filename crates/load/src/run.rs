//! Running work over connections: threads, bounds, accounts.

use std::cell::{Cell, RefCell};
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Poll, ready};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use futures_util::future::{Either, select};
use futures_util::stream::FuturesUnordered;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::connection::{CallStatus, Connection, Dialer, Method, Slot};
use crate::process::{process_cpu, thread_cpu};
use crate::report::Failure;
use crate::{Load, LoadError, Report, Target};

/// The interval of checks whether the run is stopped or over, or the server is silent.
const CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// A thread's runtime, and the connections that it drives while it [runs](Self::run).
#[derive(Debug)]
pub(crate) struct Worker {
    runtime: Runtime,
    dialer: Dialer,
    drivers: JoinSet<LoadError>,
    connections: Vec<Connection>,
}

impl Worker {
    /// Opens connections.
    pub(crate) fn open(
        target: &Target,
        load: &Load,
        connections: usize,
    ) -> Result<Self, LoadError> {
        let mut worker = Self {
            runtime: Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(LoadError::Runtime)?,
            dialer: Dialer {
                target: target.clone(),
                load: load.clone(),
                heard: <_>::default(),
            },
            drivers: JoinSet::new(),
            connections: Vec::new(),
        };
        let dialer = worker.dialer.clone();
        for _ in 0..connections {
            let (sender, wire) = worker.run(async |_connections| dialer.dial().await)?;
            let (current, sender) = watch::channel(sender);
            worker
                .connections
                .push(Connection::new(sender, target, &load.metadata));
            let driving = dialer.clone().drive(wire, current);
            worker.drivers.spawn_on(driving, worker.runtime.handle());
        }
        Ok(worker)
    }

    /// Does some work with the connections.
    ///
    /// # Errors
    ///
    /// Those of the work; if a connection fails, the run is stopped or the server is silent for too long.
    pub(crate) fn run<T>(
        &mut self,
        work: impl AsyncFnOnce(&[Connection]) -> Result<T, LoadError>,
    ) -> Result<T, LoadError> {
        let Self {
            runtime,
            dialer,
            drivers,
            connections,
        } = self;
        runtime.block_on(async {
            let mut work = pin!(work(connections));
            let mut watchdog = pin!(watch_over(dialer));
            std::future::poll_fn(|cx| {
                if let Poll::Ready(done) = work.as_mut().poll(cx) {
                    return Poll::Ready(done);
                }
                let failure = match drivers.poll_join_next(cx) {
                    Poll::Ready(Some(Ok(failure))) => failure,
                    Poll::Ready(Some(Err(panic))) => resume_unwind(panic.into_panic()),
                    Poll::Ready(None) | Poll::Pending => ready!(watchdog.as_mut().poll(cx)),
                };
                // What had come before the failure still counts.
                match work.as_mut().poll(cx) {
                    Poll::Ready(done) => Poll::Ready(done),
                    Poll::Pending => Poll::Ready(Err(failure)),
                }
            })
            .await
        })
    }
}

/// Waits until the run is stopped or the server has been silent for too long.
async fn watch_over(dialer: &Dialer) -> LoadError {
    let load = &dialer.load;
    let mut silent_for = Duration::ZERO;
    loop {
        sleep(CHECK_INTERVAL).await;
        if load.stop.is_set() {
            return LoadError::Stopped;
        }
        silent_for = if dialer.heard.swap(false, Ordering::Relaxed) {
            Duration::ZERO
        } else {
            silent_for + CHECK_INTERVAL
        };
        if silent_for >= load.silence {
            return LoadError::Silent(load.silence);
        }
    }
}

/// The calls and the time that are left to all threads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget<'a> {
    calls_left: &'a AtomicU64,
    stopped: &'a AtomicBool,
    deadline: Instant,
    /// How long calls may be open after the end.
    pub(crate) grace: Duration,
}

impl Budget<'_> {
    /// Takes a call from the budget, if there is one.
    pub(crate) fn take(&self, now: Instant) -> bool {
        if self.is_over(now) {
            return false;
        }
        let taken = self
            .calls_left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            });
        taken.is_ok()
    }

    /// Tells whether the time is over.
    pub(crate) fn is_late(&self, now: Instant) -> bool {
        now >= self.deadline
    }

    /// Tells whether calls should end: the time is over, or another thread has failed.
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        self.is_late(now) || self.stopped.load(Ordering::Relaxed)
    }

    /// Does something that should end with the budget; gives it up, and returns nothing, if it goes on for too long.
    pub(crate) async fn bound<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let too_long = async {
            while !self.is_over(Instant::now()) {
                sleep(CHECK_INTERVAL).await;
            }
            sleep(self.grace).await;
        };
        match select(pin!(work), pin!(too_long)).await {
            Either::Left((done, _)) => Some(done),
            Either::Right(_) => None,
        }
    }
}

/// What the calls of one thread share.
#[derive(Debug)]
pub(crate) struct Thread<'a> {
    pub(crate) number: usize,
    pub(crate) budget: Budget<'a>,
    pub(crate) report: RefCell<&'a mut Report>,
    turn: Cell<usize>,
}

impl Thread<'_> {
    /// Counts up from 0.
    pub(crate) fn next_turn(&self) -> usize {
        self.turn.replace(self.turn.get() + 1)
    }
}

/// Calls of a method, each of which begins when another ends.
pub(crate) trait ClosedLoop: Sync {
    const METHOD: Method;

    /// Makes a call and reports its end.
    async fn call(
        &self,
        slot: &mut Slot,
        begun: Instant,
        thread: &Thread<'_>,
    ) -> Result<(), LoadError>;
}

/// Keeps as many calls open as the load says until its budget is spent and all have ended.
pub(crate) fn closed_loop<W: ClosedLoop>(
    work: &W,
    target: &Target,
    load: &Load,
    report: &mut Report,
) -> Result<(), LoadError> {
    let connections = load.connections.max(1);
    let threads = load.threads.clamp(1, connections);
    let share = |number| connections / threads + usize::from(number < connections % threads);
    let mut workers = (0..threads)
        .map(|number| Worker::open(target, load, share(number)))
        .collect::<Result<Vec<_>, _>>()?;
    measured(load, report, |budget, report| {
        thread::scope(|scope| {
            let run = |(number, worker)| {
                scope.spawn(move || {
                    let mut report = Report::default();
                    let done = fill_slots(work, worker, number, load, budget, &mut report);
                    if done.is_err() {
                        budget.stopped.store(true, Ordering::Relaxed);
                    }
                    report.client_cpu = thread_cpu();
                    (report, done)
                })
            };
            let running: Vec<_> = workers.iter_mut().enumerate().map(run).collect();
            report.client_cpu = Some(Duration::ZERO);
            let mut outcome = Ok(());
            for thread in running {
                let (part, done) = thread.join().unwrap_or_else(|panic| resume_unwind(panic));
                report.merge(part);
                outcome = outcome.and(done);
            }
            outcome
        })
    })
}

/// Makes calls in all slots of a thread's connections.
fn fill_slots<W: ClosedLoop>(
    work: &W,
    worker: &mut Worker,
    number: usize,
    load: &Load,
    budget: Budget<'_>,
    report: &mut Report,
) -> Result<(), LoadError> {
    let thread = Thread {
        number,
        budget,
        report: RefCell::new(report),
        turn: Cell::new(0),
    };
    let in_flight = load
        .calls
        .and_then(|calls| usize::try_from(calls).ok())
        .map_or(load.in_flight.max(1), |calls| {
            load.in_flight.clamp(1, calls.max(1))
        });
    worker.run(async |connections| {
        let mut slots = FuturesUnordered::new();
        for connection in connections {
            for _ in 0..in_flight.min(connection.max_calls()) {
                slots.push(repeat(work, connection.slot(W::METHOD)?, load, &thread));
            }
        }
        let all = async {
            while slots.try_next().await?.is_some() {}
            Ok(())
        };
        if let Some(done) = budget.bound(all).await {
            return done;
        }
        // Each slot that is left has an open call.
        let mut report = thread.report.borrow_mut();
        report.failures.add_unended(slots.len(), budget.grace);
        Ok(())
    })
}

/// Makes one call after the other.
async fn repeat<W: ClosedLoop>(
    work: &W,
    mut slot: Slot,
    load: &Load,
    thread: &Thread<'_>,
) -> Result<(), LoadError> {
    while thread.budget.take(Instant::now()) {
        let call = async {
            slot.ready().await?;
            let begun = Instant::now();
            if thread.budget.is_over(begun) {
                return Ok(());
            }
            work.call(&mut slot, begun, thread).await
        };
        match load.timeout {
            None => call.await?,
            Some(limit) => match timeout(limit, call).await {
                Ok(done) => done?,
                Err(_elapsed) => {
                    let failure = Failure::Status(CallStatus::expired(limit));
                    thread.report.borrow_mut().failures.add(failure);
                }
            },
        }
    }
    Ok(())
}

/// Does something with the load's budget, and keeps the accounts of time.
pub(crate) fn measured(
    load: &Load,
    report: &mut Report,
    work: impl FnOnce(Budget<'_>, &mut Report) -> Result<(), LoadError>,
) -> Result<(), LoadError> {
    let cpu_so_far = || {
        let used = |pid| process_cpu(pid).map_err(|source| LoadError::Process { pid, source });
        load.server_pid.map(used).transpose()
    };
    let cpu_before = cpu_so_far()?;
    let start = Instant::now();
    let budget = Budget {
        calls_left: &AtomicU64::new(load.calls.unwrap_or(u64::MAX)),
        stopped: &AtomicBool::new(false),
        deadline: start + load.time,
        grace: load.grace(),
    };
    let done = work(budget, report);
    report.elapsed = start.elapsed();
    if report.elapsed >= load.time.saturating_add(budget.grace) {
        // Rates are those of the time before the wait for calls that did not end.
        report.elapsed = load.time;
    }
    if let Err(LoadError::Silent(silence)) = &done {
        // Rates are those of the time before the silence.
        report.elapsed = report.elapsed.saturating_sub(*silence);
    }
    // A server that has ended while it was measured is reported as the failure that the run had.
    match cpu_so_far() {
        Err(error) => return done.and(Err(error)),
        Ok(cpu) => {
            let used = cpu.zip(cpu_before);
            report.server_cpu = used.map(|(after, before)| after.saturating_sub(before));
        }
    }
    done
}

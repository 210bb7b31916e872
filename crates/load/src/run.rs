//! Putting a load on a server: connections, threads, bounds, accounts.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::connection::{Connection, ready};
use crate::process::{process_cpu, thread_cpu};
use crate::session::{Event, Session, Windows};
use crate::status::CallStatus;
use crate::{LoadError, Report, Stop, Target};

/// How much is asked at a time, and for how long.
#[derive(Clone, Debug)]
pub struct Load {
    /// How many connections; at least one is opened.
    pub connections: usize,
    /// How many calls are open on each at a time, if the server allows so many.
    pub in_flight: usize,
    /// How many threads share the connections; at least one works.
    pub threads: usize,
    /// How much the server may send before it hears that it has been read.
    pub windows: Windows,
    /// What each call carries as metadata: names in lower case, and values as they go over the wire.
    pub metadata: Vec<(String, String)>,
    /// How many calls are begun at most.
    pub calls: Option<u64>,
    /// After this time no call is begun, listings are cut off and routes end early.
    pub time: Duration,
    /// How long a call may take; one that takes longer is cancelled and has failed.
    pub timeout: Option<Duration>,
    /// A server that is waited for and sends nothing for so long has failed.
    pub silence: Duration,
    /// Ends the run early.
    pub stop: Stop,
    /// The process of the server, if it is on this machine and its processor time is wanted.
    pub server_pid: Option<u32>,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            connections: 1,
            in_flight: 1,
            threads: 1,
            windows: Windows::WIDE,
            metadata: Vec::new(),
            calls: None,
            time: Duration::from_secs(1),
            timeout: None,
            silence: Duration::from_secs(30),
            stop: Stop::default(),
            server_pid: None,
        }
    }
}

/// A load that can be put on a server.
pub trait Workload {
    /// Puts the load on a server and adds to the report what it finds out.
    ///
    /// # Errors
    ///
    /// [`LoadError`] if there is nothing to ask or the server cannot be asked to the end; the report then has what was
    /// found out before. Calls that fail are counted in the report.
    fn run_into(&self, target: &Target, load: &Load, report: &mut Report) -> Result<(), LoadError>;

    /// Puts the load on a server and returns what it finds out.
    ///
    /// # Errors
    ///
    /// As [`run_into`](Self::run_into).
    fn run(&self, target: &Target, load: &Load) -> Result<Report, LoadError> {
        let mut report = Report::default();
        self.run_into(target, load, &mut report)?;
        Ok(report)
    }
}

/// What a thread may still do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget<'a> {
    calls_left: &'a AtomicU64,
    stopped: &'a AtomicBool,
    pub(crate) deadline: Instant,
    pub(crate) in_flight: usize,
    /// The number of the thread.
    pub(crate) worker: usize,
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

    /// Tells whether no call can be taken any more.
    pub(crate) fn is_spent(&self, now: Instant) -> bool {
        self.is_over(now) || self.calls_left.load(Ordering::Relaxed) == 0
    }

    /// Tells whether what has begun should end: the time is over, or another thread has failed.
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        now >= self.deadline || self.stopped.load(Ordering::Relaxed)
    }
}

/// What is asked of a server.
pub(crate) trait Work: Sync {
    /// What is remembered of each call.
    type Call: Send;

    /// Asks over these connections until the budget is spent and every call has ended.
    fn carry_out(
        &self,
        connections: &mut [Connection<Self::Call>],
        budget: &Budget<'_>,
        report: &mut Report,
    ) -> Result<(), LoadError>;
}

/// Carries out work over as many connections and threads as the load says.
pub(crate) fn put<W: Work>(
    work: &W,
    target: &Target,
    load: &Load,
    report: &mut Report,
) -> Result<(), LoadError> {
    let mut connections = open(target, load)?;
    let threads = load.threads.clamp(1, connections.len());
    measured(load, report, |budget, report| {
        thread::scope(|scope| {
            let mut rest = &mut connections[..];
            let mut workers = Vec::new();
            for worker in 0..threads {
                let (mine, others) = rest.split_at_mut(rest.len().div_ceil(threads - worker));
                rest = others;
                let budget = Budget { worker, ..*budget };
                workers.push(scope.spawn(move || {
                    let mut report = Report::default();
                    let done = work.carry_out(mine, &budget, &mut report);
                    if done.is_err() {
                        budget.stopped.store(true, Ordering::Relaxed);
                    }
                    report.client_cpu = thread_cpu();
                    (report, done)
                }));
            }
            report.client_cpu = Some(Duration::ZERO);
            let mut outcome = Ok(());
            for worker in workers {
                let (part, done) = worker.join().unwrap_or_else(|panic| resume_unwind(panic));
                report.merge(part);
                outcome = outcome.and(done);
            }
            outcome
        })
    })
}

/// Opens as many connections as the load says.
pub(crate) fn open<T>(target: &Target, load: &Load) -> Result<Vec<Connection<T>>, LoadError> {
    (0..load.connections.max(1))
        .map(|_| Connection::open(target, load))
        .collect()
}

/// Does something with the load's budget, and keeps the accounts of time.
pub(crate) fn measured(
    load: &Load,
    report: &mut Report,
    work: impl FnOnce(&Budget<'_>, &mut Report) -> Result<(), LoadError>,
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
        in_flight: load.in_flight.max(1),
        worker: 0,
    };
    let done = work(&budget, report);
    report.elapsed = start.elapsed();
    if let Err(LoadError::Silent(silence)) = &done {
        // Rates are those of the time in which the server said something.
        report.elapsed = report.elapsed.saturating_sub(*silence);
    }
    // A server that has ended while it was measured is told as what it did to the run.
    match cpu_so_far() {
        Err(error) => return done.and(Err(error)),
        Ok(cpu) => {
            let used = cpu.zip(cpu_before);
            report.server_cpu = used.map(|(after, before)| after.saturating_sub(before));
        }
    }
    done
}

/// Calls that are each begun when another ends.
pub(crate) trait ClosedLoop {
    /// What is remembered of each call.
    type Call;

    /// The most bytes that a request has.
    const MAX_REQUEST_LEN: usize;

    /// Begins a call and sends its request.
    fn begin(&mut self, session: &mut Session<Self::Call>, now: Instant) -> Result<(), LoadError>;

    /// Takes bytes of a reply; tells whether more are wanted.
    fn data(
        &mut self,
        call: &mut Self::Call,
        bytes: &[u8],
        now: Instant,
        report: &mut Report,
    ) -> bool;

    /// Takes the end of a call, which has a status unless `data` wanted no more.
    fn ended(
        &mut self,
        call: Self::Call,
        status: Option<CallStatus>,
        now: Instant,
        report: &mut Report,
    );
}

/// Keeps as many calls open as the budget says until it is spent and all have ended.
pub(crate) fn closed_loop<L: ClosedLoop>(
    work: &mut L,
    connections: &mut [Connection<L::Call>],
    budget: &Budget<'_>,
    report: &mut Report,
) -> Result<(), LoadError> {
    let mut now = Instant::now();
    for connection in &mut *connections {
        fill(work, &mut connection.session, budget, now)?;
    }
    let mut unwanted = Vec::new();
    while !budget.is_spent(now) || connections.iter().any(|c| c.session.open_calls() > 0) {
        for place in ready(connections)? {
            let connection = &mut connections[place];
            connection.read()?;
            now = Instant::now();
            connection.dispatch(|event| match event {
                Event::Data {
                    stream,
                    call,
                    bytes,
                } => {
                    if !work.data(call, bytes, now, report) {
                        unwanted.push(stream);
                    }
                }
                Event::Ended { call, status } => work.ended(call, Some(status), now, report),
            })?;
            for stream in unwanted.drain(..) {
                if let Some(call) = connection.session.cancel(stream) {
                    work.ended(call, None, now, report);
                }
            }
            fill(work, &mut connection.session, budget, now)?;
        }
    }
    // Cancellations may still wait.
    connections.iter_mut().try_for_each(Connection::flush)
}

fn fill<L: ClosedLoop>(
    work: &mut L,
    session: &mut Session<L::Call>,
    budget: &Budget<'_>,
    now: Instant,
) -> Result<(), LoadError> {
    let most = budget.in_flight.min(session.max_calls());
    while session.open_calls() < most
        && session.sendable_on_new() >= L::MAX_REQUEST_LEN
        && budget.take(now)
    {
        work.begin(session, now)?;
    }
    Ok(())
}

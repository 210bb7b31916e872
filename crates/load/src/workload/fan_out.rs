//! The load of RouteChat for servers that share notes: everybody at a place receives what is posted there.

use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::gathering::Streams;
use super::notes::{Places, post};
use crate::connection::CallStatus;
use crate::report::Failure;
use crate::run::{Budget, Worker, measured};
use crate::{Load, LoadError, Report, Target, Workload};

/// Posts notes at places, each when all listeners there have the last; over and over.
///
/// Each delivery counts as a call, and its latency is that from posting to receiving. A listener that misses a note, or
/// gets one twice, is a failure. One thread does all of it, however many connections there are, so that nothing but the
/// server stands between posting and receiving. Listeners come together before the clock starts.
///
/// A run fails with [`LoadError::Silent`] if notes are not shared, with [`LoadError::TooManyStreams`] if the server
/// does not allow as many listeners.
#[derive(Clone, Copy, Debug)]
pub struct FanOut {
    /// At how many places notes are posted at a time.
    pub places: usize,
    /// How many streams listen at each place.
    pub listeners: usize,
    /// How many listeners join at a time, fewer than the notes that the server keeps at a place: those that join together
    /// wait until they have each other's notes, and nobody receives a note that retention has evicted.
    pub arrivals: usize,
    /// A server remembers notes, so each run needs a seed that it has not seen.
    pub seed: u64,
}

/// A place where notes are posted.
#[derive(Clone, Debug)]
struct Hub {
    /// The number of the last note.
    note: u64,
    posted: Instant,
    /// The number of listeners that do not have the last note yet.
    waiting: usize,
}

impl Workload for FanOut {
    fn run_into(&self, target: &Target, load: &Load, report: &mut Report) -> Result<(), LoadError> {
        let mut worker = Worker::open(target, load, load.connections.max(1))?;
        let places = Places::new(self.seed);
        let sites = (0..self.places as u64)
            .flat_map(|place| std::iter::repeat_n(places.get(place), self.listeners));
        let bound = Bound::from_now(load.timeout);
        let mut streams = worker.run(async |connections| {
            let mut streams = Streams::default();
            let gathering = streams.gather(connections, sites, self.arrivals, load.silence);
            bound.apply(gathering).await?;
            // A stream at each place that posts.
            for _ in 0..self.places {
                streams.join(connections).await?;
            }
            Ok(streams)
        })?;
        measured(load, report, |budget, report| {
            worker.run(async |_connections| {
                let delivering = self.deliver(&mut streams, budget, report);
                bound.apply(delivering).await
            })
        })?;
        let leaving = streams.leave(load.grace(), report);
        worker.run(async |_connections| bound.apply(leaving).await)
    }
}

/// How long the streams may take, which all end with the first of them that takes too long.
#[derive(Clone, Copy)]
struct Bound {
    timeout: Option<Duration>,
    begun: Instant,
}

impl Bound {
    fn from_now(timeout: Option<Duration>) -> Self {
        let begun = Instant::now();
        Self { timeout, begun }
    }

    async fn apply<T>(
        self,
        work: impl Future<Output = Result<T, LoadError>>,
    ) -> Result<T, LoadError> {
        let Some(limit) = self.timeout else {
            return work.await;
        };
        let left = limit.saturating_sub(self.begun.elapsed());
        let expired = |_elapsed| Err(LoadError::Call(CallStatus::expired(limit)));
        timeout(left, work).await.unwrap_or_else(expired)
    }
}

impl FanOut {
    async fn deliver(
        &self,
        streams: &mut Streams,
        budget: Budget<'_>,
        report: &mut Report,
    ) -> Result<(), LoadError> {
        let hub = Hub {
            note: 0,
            posted: Instant::now(),
            waiting: 0,
        };
        let mut hubs = vec![hub; self.places];
        let posting = self.post_and_receive(&mut hubs, streams, budget, report);
        if let Some(done) = budget.bound(posting).await {
            return done;
        }
        let missing = hubs.iter().map(|hub| hub.waiting).sum();
        report.failures.add_unended(missing, budget.grace);
        Ok(())
    }

    async fn post_and_receive(
        &self,
        hubs: &mut [Hub],
        streams: &mut Streams,
        budget: Budget<'_>,
        report: &mut Report,
    ) -> Result<(), LoadError> {
        let places = Places::new(self.seed);
        let listeners = self.places * self.listeners;
        let mut last_notes = vec![0; listeners];
        loop {
            let now = Instant::now();
            for (place, hub) in hubs.iter_mut().enumerate() {
                if hub.waiting == 0 && budget.take(now) {
                    hub.note += 1;
                    hub.posted = now;
                    hub.waiting = self.listeners;
                    let sending = &mut streams.sending[listeners + place];
                    let text = format!("note number {}", hub.note);
                    report.bytes += post(sending, places.get(place as u64), text);
                    report.messages += 1;
                }
            }
            if hubs.iter().all(|hub| hub.waiting == 0) {
                return Ok(());
            }
            let mut received = None;
            let (stream, bytes) = streams
                .receive(|stream, text| {
                    // Posters receive replays, and listeners each other's first notes.
                    let note = text.strip_prefix("note number ");
                    let note: Option<u64> = note.and_then(|note| note.parse().ok());
                    let (Some(note), Some(last)) = (note, last_notes.get_mut(stream)) else {
                        return;
                    };
                    let hub = &mut hubs[stream / self.listeners];
                    let latency = received
                        .get_or_insert_with(Instant::now)
                        .duration_since(hub.posted);
                    report.messages += 1;
                    hub.waiting = hub.waiting.saturating_sub(1);
                    if hub.waiting == 0 {
                        report.last_delivery.record(latency);
                    }
                    let next = std::mem::replace(last, note) + 1;
                    let failure =
                        Failure::unless_equal("as the number of the next note", next, note);
                    report.ended(latency, failure);
                })
                .await?;
            if stream < listeners {
                report.bytes += bytes as u64;
            }
        }
    }
}

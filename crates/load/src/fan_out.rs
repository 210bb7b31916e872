//! The load of RouteChat for servers that share notes: everybody at a place hears what is posted there.

use std::time::Instant;

use crate::connection::{Connection, ready};
use crate::failure::Failure;
use crate::gathering::{Seat, gather, leave};
use crate::notes::{Inbox, Places, post};
use crate::run::{Budget, measured, open};
use crate::session::{Event, Method};
use crate::{Load, LoadError, Report, Target, Workload};

/// Posts notes at places, each when all listeners there have the last; over and over.
///
/// Each delivery counts as a call, and its latency is that from posting to receiving. A listener that misses a note, or
/// gets one twice, is a failure. One thread does all of it, however many connections there are, so that nothing but the
/// server stands between posting and receiving. Listeners come together before the clock starts.
///
/// A run fails with [`LoadError::Silent`] if notes are not shared, with [`LoadError::TooManyStreams`] if the connections
/// cannot carry so many listeners.
#[derive(Clone, Copy, Debug)]
pub struct FanOut {
    /// At how many places notes are posted at a time.
    pub places: usize,
    /// How many streams listen at each place.
    pub listeners: usize,
    /// How many listeners come at a time, fewer than the notes that the server keeps at a place: those who come
    /// together wait until they have heard of each other, and of a note that another one has pushed out nobody hears.
    pub arrivals: usize,
    /// A server remembers notes, so each run needs a seed that it has not seen.
    pub seed: u64,
}

/// A stream of RouteChat.
#[derive(Debug)]
enum Member {
    /// It waits for notes at a place.
    Listener {
        place: usize,
        last: u64,
        inbox: Inbox,
    },
    /// It posts, and ignores what it is told of earlier notes.
    Poster,
}

/// What goes on at a place.
#[derive(Debug)]
struct Hub {
    poster: Seat,
    number: u64,
    posted: Instant,
    /// Listeners that do not have the last note yet.
    waiting: usize,
}

impl Workload for FanOut {
    fn run_into(&self, target: &Target, load: &Load, report: &mut Report) -> Result<(), LoadError> {
        let mut connections = open(target, load)?;
        let places = Places::new(self.seed);
        let sites = (0..self.places).flat_map(|place| {
            std::iter::repeat_n((place, places.get(place as u64)), self.listeners)
        });
        let listener = |place| Member::Listener {
            place,
            last: 0,
            inbox: Inbox::default(),
        };
        gather(&mut connections, sites, self.arrivals, listener)?;
        let mut hubs = Vec::new();
        for place in 0..self.places {
            let connection = place % connections.len();
            let session = &mut connections[connection].session;
            let stream = session.begin(Method::RouteChat, Member::Poster)?;
            hubs.push(Hub {
                poster: Seat { connection, stream },
                number: 0,
                posted: Instant::now(),
                waiting: 0,
            });
        }
        measured(load, report, |budget, report| {
            self.carry_out(&mut connections, &mut hubs, budget, report)
        })?;
        leave(connections, report)
    }
}

impl FanOut {
    fn carry_out(
        &self,
        connections: &mut [Connection<Member>],
        hubs: &mut [Hub],
        budget: &Budget<'_>,
        report: &mut Report,
    ) -> Result<(), LoadError> {
        let places = Places::new(self.seed);
        loop {
            let now = Instant::now();
            for (place, hub) in hubs.iter_mut().enumerate() {
                if hub.waiting == 0 && budget.take(now) {
                    let Seat { connection, stream } = hub.poster;
                    hub.number += 1;
                    hub.posted = now;
                    hub.waiting = self.listeners;
                    let session = &mut connections[connection].session;
                    let text = format!("note number {}", hub.number);
                    report.bytes += post(session, stream, places.get(place as u64), text);
                    report.messages += 1;
                }
            }
            if hubs.iter().all(|hub| hub.waiting == 0) {
                return Ok(());
            }
            for place in ready(connections)? {
                let connection = &mut connections[place];
                connection.read()?;
                let now = Instant::now();
                let mut broken = Ok(());
                connection.dispatch(|event| match event {
                    Event::Data { call, bytes, .. } => {
                        let heard = hear(call, bytes, hubs, now, report);
                        broken = std::mem::replace(&mut broken, Ok(())).and(heard);
                    }
                    Event::Ended { status, .. } => broken = Err(LoadError::Call(status)),
                })?;
                broken?;
            }
        }
    }
}

/// Takes what a member is told.
fn hear(
    member: &mut Member,
    bytes: &[u8],
    hubs: &mut [Hub],
    now: Instant,
    report: &mut Report,
) -> Result<(), LoadError> {
    let Member::Listener { place, last, inbox } = member else {
        return Ok(());
    };
    let Some(hub) = hubs.get_mut(*place) else {
        return Ok(());
    };
    report.bytes += bytes.len() as u64;
    inbox.receive(bytes, |text| {
        // Listeners hear each other come, too.
        let Some(number) = text
            .strip_prefix("note number ")
            .and_then(|n| n.parse().ok())
        else {
            return;
        };
        report.messages += 1;
        let fault = Failure::unless_equal("as the number of the next note", *last + 1, number);
        *last = number;
        let latency = now.saturating_duration_since(hub.posted);
        hub.waiting = hub.waiting.saturating_sub(1);
        if hub.waiting == 0 {
            report.last_delivery.record(latency);
        }
        report.ended(latency, fault);
    })
}

//! Many streams of RouteChat that come together before something begins.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use route_guide_geo::E7Point;

use crate::connection::{Connection, ready};
use crate::failure::Failure;
use crate::notes::{Inbox, Places, post};
use crate::run::open;
use crate::session::{Event, Method, Windows};
use crate::{Load, LoadError, Report, Target};

/// Where a stream is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat {
    pub(crate) connection: usize,
    pub(crate) stream: u32,
}

/// Opens a stream for each site, in turn on all connections, so many at a time, and waits until the server counts them in.
///
/// Each posts a note. Whoever is the first at its place posts another, for which its first comes back; of all others their
/// neighbours hear, who have come before.
pub(crate) fn gather<S: Copy, T>(
    connections: &mut [Connection<T>],
    sites: impl Iterator<Item = (S, E7Point)>,
    at_a_time: usize,
    member: impl Fn(S) -> T,
) -> Result<(), LoadError> {
    let count = connections.len();
    let mut gathering = Gathering::default();
    for (number, (site, place)) in sites.enumerate() {
        let at = number % count;
        let session = &mut connections[at].session;
        if session.open_calls() >= session.max_calls() {
            return Err(LoadError::TooManyStreams {
                allowed: session.max_calls(),
            });
        }
        let stream = session.begin(Method::RouteChat, member(site))?;
        if gathering.expect(at, stream, place, number) {
            post(session, stream, place, format!("coming {number}"));
        }
        post(session, stream, place, format!("here {number}"));
        if gathering.newcomers.len() >= at_a_time {
            gathering.settle(connections)?;
        }
    }
    gathering.settle(connections)
}

/// Who is there, and who has come since all had heard of all.
#[derive(Default)]
struct Gathering {
    guests: HashMap<(usize, u32), Guest>,
    by_place: HashMap<E7Point, Vec<(usize, u32)>>,
    newcomers: Vec<(usize, u32)>,
}

struct Guest {
    place: E7Point,
    number: usize,
    inbox: Inbox,
    /// How many it has yet to hear of: newcomers at its place, itself if it is the first there.
    unheard: usize,
}

impl Gathering {
    /// Adds a guest; tells whether it is the first at its place.
    fn expect(&mut self, connection: usize, stream: u32, place: E7Point, number: usize) -> bool {
        let seat = (connection, stream);
        let others = self.by_place.entry(place).or_default();
        let is_first = others.is_empty();
        let mut unheard = usize::from(is_first);
        for other in &*others {
            if let Some(guest) = self.guests.get_mut(other) {
                guest.unheard += 1;
            }
            unheard += usize::from(self.newcomers.contains(other));
        }
        others.push(seat);
        self.newcomers.push(seat);
        let guest = Guest {
            place,
            number,
            inbox: Inbox::default(),
            unheard,
        };
        self.guests.insert(seat, guest);
        is_first
    }

    /// Reads until all have heard of all.
    fn settle<T>(&mut self, connections: &mut [Connection<T>]) -> Result<(), LoadError> {
        let Some(first) = self.newcomers.first() else {
            return Ok(());
        };
        let oldest = self.guests.get(first).map_or(0, |guest| guest.number);
        let places = self.newcomers.drain(..);
        let places: HashSet<_> = places
            .filter_map(|seat| Some(self.guests.get(&seat)?.place))
            .collect();
        let concerned = places.iter().filter_map(|place| self.by_place.get(place));
        let mut waiting = concerned
            .flatten()
            .filter(|seat| {
                self.guests
                    .get(seat)
                    .is_some_and(|guest| !guest.is_settled())
            })
            .count();
        while waiting > 0 {
            for at in ready(connections)? {
                connections[at].read()?;
                let mut failed = Ok(());
                connections[at].dispatch(|event| match event {
                    Event::Data { stream, bytes, .. } => {
                        let Some(guest) = self.guests.get_mut(&(at, stream)) else {
                            return;
                        };
                        let was_waiting = usize::from(!guest.is_settled());
                        let heard = guest.hear(bytes, oldest);
                        failed = std::mem::replace(&mut failed, Ok(())).and(heard);
                        waiting = waiting + usize::from(!guest.is_settled()) - was_waiting;
                    }
                    Event::Ended { status, .. } => failed = Err(LoadError::Call(status)),
                })?;
                failed?;
            }
        }
        Ok(())
    }
}

impl Guest {
    /// The part of a note that has come belongs to what is still to be heard.
    fn is_settled(&self) -> bool {
        self.unheard == 0 && self.inbox.is_empty()
    }

    /// Takes what the server says; notes of guests before the oldest newcomer are replays.
    fn hear(&mut self, bytes: &[u8], oldest: usize) -> Result<(), LoadError> {
        let Self {
            number: own,
            inbox,
            unheard,
            ..
        } = self;
        inbox.receive(bytes, |text| {
            let counts = match text.split_once(' ') {
                Some(("coming", number)) => number.parse() == Ok(*own),
                Some(("here", number)) => number.parse().is_ok_and(|n: usize| n >= oldest),
                _ => false,
            };
            *unheard = unheard.saturating_sub(counts.into());
        })
    }
}

/// Ends all streams in order, and counts those that the server does not.
pub(crate) fn leave<T>(
    mut connections: Vec<Connection<T>>,
    report: &mut Report,
) -> Result<(), LoadError> {
    for connection in &mut connections {
        connection.session.half_close_all();
    }
    while connections.iter().any(|c| c.session.open_calls() > 0) {
        for at in ready(&mut connections)? {
            connections[at].read()?;
            connections[at].dispatch(|event| {
                if let Event::Ended { status, .. } = event
                    && let Some(failure) = Failure::unless_ok(status)
                {
                    report.ended(Duration::ZERO, Some(failure));
                }
            })?;
        }
    }
    Ok(())
}

/// Streams of RouteChat that have posted and now wait; they end when this is dropped.
///
/// Nobody answers the server's pings meanwhile, so a server that asks for signs of life may end them after a minute.
#[derive(Debug)]
pub struct IdleChats {
    connections: Vec<Connection<()>>,
}

impl IdleChats {
    /// Opens so many streams over so many connections, each at a place of its own.
    ///
    /// # Errors
    ///
    /// [`LoadError::TooManyStreams`] if the connections cannot carry so many, another if the server fails.
    pub fn open(
        target: &Target,
        streams: usize,
        connections: usize,
        seed: u64,
    ) -> Result<Self, LoadError> {
        let load = Load {
            connections,
            windows: Windows::HTTP2_DEFAULT,
            ..Load::default()
        };
        let mut connections = open(target, &load)?;
        let places = Places::new(seed);
        let sites = (0..streams as u64).map(|number| ((), places.get(number)));
        gather(&mut connections, sites, 20, |()| ())?;
        Ok(Self { connections })
    }

    /// Returns how many streams are open.
    #[must_use]
    pub fn len(&self) -> usize {
        let open = self.connections.iter().map(|c| c.session.open_calls());
        open.sum()
    }

    /// Tells whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

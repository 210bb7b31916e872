//! Many streams of RouteChat that come together before something begins.

use std::time::Duration;

use route_guide_geo::E7Point;

use crate::connection::{Connection, ready};
use crate::failure::Failure;
use crate::notes::{Places, post};
use crate::run::open;
use crate::session::{Event, Method, Windows};
use crate::{Load, LoadError, Report, Target};

/// Where a stream is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat {
    pub(crate) connection: usize,
    pub(crate) stream: u32,
}

/// Opens a stream for each site, in turn on all connections, and waits until the server counts it in.
///
/// Each posts two notes: the first comes back for the second, and then the server has surely taken it.
pub(crate) fn gather<S: Copy, T>(
    connections: &mut [Connection<T>],
    sites: impl Iterator<Item = (S, E7Point)>,
    member: impl Fn(S) -> T,
) -> Result<(), LoadError> {
    let count = connections.len();
    let mut waiting: Vec<Vec<u32>> = vec![Vec::new(); count];
    for (number, (site, place)) in sites.enumerate() {
        let at = number % count;
        let session = &mut connections[at].session;
        if session.open_calls() >= session.max_calls() {
            return Err(LoadError::TooManyStreams {
                allowed: session.max_calls(),
            });
        }
        let stream = session.begin(Method::RouteChat, member(site))?;
        for text in ["coming", "here"] {
            post(session, stream, place, text.to_owned());
        }
        waiting[at].push(stream);
        // Few come at a time: a server may keep no more than 100 notes at a place, and all that are there have to hear
        // each newcomer before its notes are gone.
        while waiting.iter().map(Vec::len).sum::<usize>() > 10 {
            welcome(connections, &mut waiting)?;
        }
    }
    while waiting.iter().any(|streams| !streams.is_empty()) {
        welcome(connections, &mut waiting)?;
    }
    Ok(())
}

/// Waits for some of those that are expected.
fn welcome<T>(
    connections: &mut [Connection<T>],
    waiting: &mut [Vec<u32>],
) -> Result<(), LoadError> {
    for at in ready(connections)? {
        connections[at].read()?;
        let mut failed = None;
        connections[at].dispatch(|event| match event {
            Event::Data { stream, .. } => waiting[at].retain(|&expected| expected != stream),
            Event::Ended { status, .. } => failed = Some(LoadError::Call(status)),
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
    }
    Ok(())
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
        gather(&mut connections, sites, |()| ())?;
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

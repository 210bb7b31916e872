//! Many streams of RouteChat that come together before something begins.

use std::collections::HashMap;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream::SelectAll;
use futures_util::{Stream, StreamExt as _};
use h2::SendStream;
use route_guide_geo::E7Point;
use tokio::time::timeout;

use super::notes::{Inbox, Places, post};
use crate::connection::{Connection, Event, Method, Reply};
use crate::report::Failure;
use crate::run::Worker;
use crate::{Load, LoadError, Report, Target, Windows};

/// Streams of RouteChat, numbered in the order in which they joined.
#[derive(Debug, Default)]
pub(super) struct Streams {
    pub(super) sending: Vec<SendStream<Bytes>>,
    inboxes: Vec<Inbox>,
    replies: SelectAll<Numbered>,
}

/// The reply of a stream with its number.
#[derive(Debug)]
struct Numbered {
    number: usize,
    reply: Reply,
}

impl Stream for Numbered {
    type Item = (usize, Result<Event, LoadError>);

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let event = ready!(self.reply.poll_next_unpin(cx));
        Poll::Ready(event.map(|event| (self.number, event)))
    }
}

impl Streams {
    /// Opens another stream, on all connections in turn.
    pub(super) async fn join(&mut self, connections: &[Connection]) -> Result<(), LoadError> {
        let number = self.sending.len();
        let connection = &connections[number % connections.len()];
        let allowed = connection.max_calls();
        if number / connections.len() >= allowed {
            return Err(LoadError::TooManyStreams { allowed });
        }
        let mut slot = connection.slot(Method::RouteChat)?;
        slot.ready().await?;
        let (sending, reply) = slot.begin()?;
        self.sending.push(sending);
        self.inboxes.push(Inbox::default());
        self.replies.push(Numbered { number, reply });
        Ok(())
    }

    /// Waits until a stream has received something, and reads the notes that are whole; returns the number of the stream
    /// and that of the bytes.
    pub(super) async fn receive(
        &mut self,
        mut read: impl FnMut(usize, &str),
    ) -> Result<(usize, usize), LoadError> {
        let (number, event) = self.replies.next().await.ok_or(LoadError::Closed)?;
        match event? {
            Event::Data(bytes) => {
                self.inboxes[number].receive(&bytes, |text| read(number, text))?;
                Ok((number, bytes.len()))
            }
            Event::Ended(status) => Err(LoadError::Call(status)),
        }
    }

    /// Opens a stream for each place, `at_a_time` before it waits until the server delivers to them.
    ///
    /// Each posts a note, which those at the place receive who joined before. The first at a place posts another one
    /// before, which the note brings back. Fails if no note that a stream misses comes for so long.
    pub(super) async fn gather(
        &mut self,
        connections: &[Connection],
        places: impl Iterator<Item = E7Point>,
        at_a_time: usize,
        patience: Duration,
    ) -> Result<(), LoadError> {
        let mut by_place: HashMap<E7Point, Vec<usize>> = HashMap::new();
        // The number of notes that each stream has yet to receive.
        let mut missing: Vec<usize> = Vec::new();
        let mut newest = 0;
        let mut places = places.enumerate().peekable();
        while let Some((number, place)) = places.next() {
            self.join(connections).await?;
            let neighbours = by_place.entry(place).or_default();
            if neighbours.is_empty() {
                post(&mut self.sending[number], place, format!("coming {number}"));
                missing.push(1);
            } else {
                // A newcomer receives the notes of other newcomers live or as replays.
                missing.push(neighbours.iter().filter(|other| **other >= newest).count());
            }
            for &other in &*neighbours {
                missing[other] += 1;
            }
            neighbours.push(number);
            post(&mut self.sending[number], place, format!("here {number}"));

            if number + 1 - newest >= at_a_time || places.peek().is_none() {
                self.settle(&mut missing, newest, patience).await?;
                newest = number + 1;
            }
        }
        Ok(())
    }

    /// Reads until no stream misses a note. Notes of streams before the newest are replays.
    async fn settle(
        &mut self,
        missing: &mut [usize],
        newest: usize,
        patience: Duration,
    ) -> Result<(), LoadError> {
        let mut unsettled = missing.iter().filter(|missing| **missing > 0).count();
        let mut progress = Instant::now();
        while unsettled > 0 {
            let limit = patience.saturating_sub(progress.elapsed());
            let receiving = self.receive(|number, text| {
                let counts = match text.split_once(' ') {
                    Some(("coming", sender)) => sender.parse() == Ok(number),
                    Some(("here", sender)) => sender.parse().is_ok_and(|n: usize| n >= newest),
                    _ => false,
                };
                if counts && missing[number] > 0 {
                    missing[number] -= 1;
                    progress = Instant::now();
                    unsettled -= usize::from(missing[number] == 0);
                }
            });
            timeout(limit, receiving)
                .await
                .unwrap_or(Err(LoadError::Silent(patience)))?;
        }
        Ok(())
    }

    /// Ends all streams in order, and counts those that the server does not end so, or not soon.
    pub(super) async fn leave(
        mut self,
        grace: Duration,
        report: &mut Report,
    ) -> Result<(), LoadError> {
        for sending in &mut self.sending {
            // Should the stream have ended, its status says so.
            let _ = sending.send_data(Bytes::new(), true);
        }
        let all = async {
            while let Some((_, event)) = self.replies.next().await {
                if let Event::Ended(status) = event?
                    && let Some(failure) = Failure::unless_ok(status)
                {
                    report.failures.add(failure);
                }
            }
            Ok(())
        };
        if let Ok(done) = timeout(grace, all).await {
            return done;
        }
        report.failures.add_unended(self.replies.len(), grace);
        Ok(())
    }
}

/// Streams of RouteChat that have posted and wait; they end when this is dropped.
///
/// The server's PINGs are not answered meanwhile: a server with a keepalive timeout may end the streams.
#[derive(Debug)]
pub struct IdleChats {
    streams: Streams,
    _worker: Worker,
}

impl IdleChats {
    /// Opens streams over some connections, each at a place of its own.
    ///
    /// # Errors
    ///
    /// [`LoadError::TooManyStreams`] if the server does not allow as many, another if the server fails.
    pub fn open(
        target: &Target,
        streams: usize,
        connections: usize,
        seed: u64,
    ) -> Result<Self, LoadError> {
        const AT_A_TIME: usize = 20;
        let load = Load {
            windows: Windows::HTTP2_DEFAULT,
            ..Load::default()
        };
        let mut worker = Worker::open(target, &load, connections.max(1))?;
        let places = (0..streams as u64).map(|number| Places::new(seed).get(number));
        let streams = worker.run(async |connections| {
            let mut streams = Streams::default();
            streams
                .gather(connections, places, AT_A_TIME, load.silence)
                .await?;
            Ok(streams)
        })?;
        Ok(Self {
            streams,
            _worker: worker,
        })
    }

    /// Returns the number of streams.
    #[must_use]
    pub fn len(&self) -> usize {
        self.streams.sending.len()
    }

    /// Tells whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

//! The load of RouteChat that every server can bear: notes that bring earlier ones back.

use std::time::Instant;

use crate::connection::{Connection, ready};
use crate::failure::Failure;
use crate::notes::{Inbox, MAX_NOTE_LEN, Places, post};
use crate::run::{Budget, Work, put};
use crate::session::{Event, Method, Session};
use crate::{Load, LoadError, Report, Target, Workload};

/// After so many exchanges a stream is ended and another begun: some servers get slower with every note of a stream.
const EXCHANGES_A_STREAM: u32 = 50;

/// Posts two notes at a place where nobody has been, and waits for the first to come back; over and over.
///
/// Each exchange counts as a call, and its latency is that from posting to receiving. The other servers' way of
/// remembering notes for one stream only and the shared notebook give the same answer here. As many streams are open as
/// [`Load::in_flight`] says.
#[derive(Clone, Copy, Debug)]
pub struct Replays {
    places: Places,
}

impl Replays {
    /// Makes the load; a server remembers notes, so each run needs a seed that it has not seen.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self {
            places: Places::new(seed),
        }
    }
}

impl Workload for Replays {
    fn run_into(&self, target: &Target, load: &Load, report: &mut Report) -> Result<(), LoadError> {
        put(self, target, load, report)
    }
}

/// A stream of RouteChat.
#[derive(Debug)]
pub(crate) struct Chat {
    exchanges: u32,
    posted: Instant,
    inbox: Inbox,
    /// Notes that have come back since the last were posted.
    returned: u64,
    /// Whether the client has said that it is done.
    done: bool,
}

impl Work for Replays {
    type Call = Chat;

    fn carry_out(
        &self,
        connections: &mut [Connection<Chat>],
        budget: &Budget<'_>,
        report: &mut Report,
    ) -> Result<(), LoadError> {
        let mut exchanging = Exchanging {
            places: self.places,
            budget,
            // Threads use different places.
            next: (budget.worker as u64) << 40,
            report,
        };
        let mut now = Instant::now();
        for connection in &mut *connections {
            exchanging.fill(&mut connection.session, now)?;
        }
        let mut answered = Vec::new();
        // A server that has ended a connection in order leaves it without calls.
        while !exchanging.budget.is_spent(now)
            || connections.iter().any(|c| c.session.open_calls() > 0)
        {
            for place in ready(connections)? {
                let connection = &mut connections[place];
                connection.read()?;
                now = Instant::now();
                let mut broken = None;
                connection.dispatch(|event| match event {
                    Event::Data {
                        stream,
                        call,
                        bytes,
                    } => match exchanging.received(call, bytes) {
                        Ok(1..) if !answered.contains(&stream) => answered.push(stream),
                        Ok(_) => {}
                        Err(error) => broken = Some(error),
                    },
                    Event::Ended { call, status } => exchanging.ended(&call, status),
                })?;
                if let Some(error) = broken {
                    return Err(error);
                }
                for stream in answered.drain(..) {
                    exchanging.go_on(&mut connection.session, stream, now);
                }
                exchanging.fill(&mut connection.session, now)?;
            }
        }
        Ok(())
    }
}

struct Exchanging<'a> {
    places: Places,
    budget: &'a Budget<'a>,
    next: u64,
    report: &'a mut Report,
}

impl Exchanging<'_> {
    /// Begins as many streams as there may be, with an exchange each.
    fn fill(&mut self, session: &mut Session<Chat>, now: Instant) -> Result<(), LoadError> {
        let most = self.budget.in_flight.min(session.max_calls());
        while session.open_calls() < most
            && session.sendable_on_new() >= 2 * MAX_NOTE_LEN
            && self.budget.take(now)
        {
            let chat = Chat {
                exchanges: 0,
                posted: now,
                inbox: Inbox::default(),
                returned: 0,
                done: false,
            };
            let stream = session.begin(Method::RouteChat, chat)?;
            self.exchange(session, stream, now);
        }
        Ok(())
    }

    /// Posts two notes at the next place.
    fn exchange(&mut self, session: &mut Session<Chat>, stream: u32, now: Instant) {
        let place = self.places.get(self.next);
        for text in ["first", "second"] {
            let text = format!("the {text} note here, number {}", self.next);
            self.report.bytes += post(session, stream, place, text);
            self.report.messages += 1;
        }
        self.next += 1;
        if let Some(chat) = session.call_mut(stream) {
            chat.exchanges += 1;
            chat.posted = now;
            chat.returned = 0;
        }
    }

    /// Counts notes that came back; returns how many.
    fn received(&mut self, chat: &mut Chat, bytes: &[u8]) -> Result<u64, LoadError> {
        let before = chat.returned;
        chat.inbox.receive(bytes, |_text| chat.returned += 1)?;
        self.report.messages += chat.returned - before;
        self.report.bytes += bytes.len() as u64;
        Ok(chat.returned - before)
    }

    /// Ends the exchange that has been answered, and begins another or ends the stream.
    fn go_on(&mut self, session: &mut Session<Chat>, stream: u32, now: Instant) {
        let has_room = session.sendable(stream) >= 2 * MAX_NOTE_LEN;
        let Some(chat) = session.call_mut(stream) else {
            return;
        };
        let latency = now.saturating_duration_since(chat.posted);
        let fault = Failure::unless_equal("notes", 1, chat.returned);
        self.report.ended(latency, fault);
        if has_room && chat.exchanges < EXCHANGES_A_STREAM && self.budget.take(now) {
            self.exchange(session, stream, now);
        } else if !chat.done {
            chat.done = true;
            session.send(stream, &[], true);
        }
    }

    /// Looks at the end of a stream, which counts only if it is not as it should be.
    fn ended(&mut self, chat: &Chat, status: crate::CallStatus) {
        let fault = Failure::unless_ok(status).or_else(|| (!chat.done).then_some(Failure::Cut));
        if let Some(fault) = fault {
            self.report.ended(std::time::Duration::ZERO, Some(fault));
        }
    }
}

//! The load of RouteChat that every server can bear: notes that bring earlier ones back.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::connection::{Connection, ready};
use crate::failure::Failure;
use crate::notes::{Inbox, MAX_NOTE_LEN, Places, post};
use crate::run::{Budget, Work, put};
use crate::session::{Event, Method, Session};
use crate::{Load, LoadError, Report, Target, Workload};

/// After so many exchanges, for each that is posted ahead, a stream is ended and another begun: some servers get slower
/// with every note of a stream.
const EXCHANGES_A_STREAM: u32 = 50;

/// Posts two notes at a place where nobody has been, of which the first comes back; over and over.
///
/// Each exchange counts as a call, and its latency is that from posting to receiving. The other servers' way of
/// remembering notes for one stream only and the shared notebook give the same answer here. As many streams are open as
/// [`Load::in_flight`] says.
#[derive(Clone, Copy, Debug)]
pub struct Replays {
    places: Places,
    ahead: u32,
}

impl Replays {
    /// Makes the load; a server remembers notes, so each run needs a seed that it has not seen.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self {
            places: Places::new(seed),
            ahead: 1,
        }
    }

    /// Lets so many exchanges be under way on a stream at a time, instead of one. 0 is 1.
    #[must_use]
    pub const fn ahead(self, exchanges: u32) -> Self {
        Self {
            ahead: if exchanges == 0 { 1 } else { exchanges },
            ..self
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
    /// When the exchanges began that are under way.
    posted: VecDeque<Instant>,
    inbox: Inbox,
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
            ahead: self.ahead,
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
                    } => match exchanging.received(call, bytes, now) {
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
    ahead: u32,
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
                posted: VecDeque::new(),
                inbox: Inbox::default(),
                done: false,
            };
            let stream = session.begin(Method::RouteChat, chat)?;
            self.exchange(session, stream, now);
            self.go_on(session, stream, now);
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
            chat.posted.push_back(now);
        }
    }

    /// Ends an exchange for each note that came back; returns how many.
    fn received(&mut self, chat: &mut Chat, bytes: &[u8], now: Instant) -> Result<u64, LoadError> {
        let mut returned = 0;
        let (posted, report) = (&mut chat.posted, &mut *self.report);
        chat.inbox.receive(bytes, |_text| {
            returned += 1;
            let (latency, fault) = match posted.pop_front() {
                Some(posted) => (now.saturating_duration_since(posted), None),
                // Of an exchange one note comes back.
                None => (Duration::ZERO, Failure::unless_equal("notes", 1, 2)),
            };
            report.ended(latency, fault);
        })?;
        self.report.messages += returned;
        self.report.bytes += bytes.len() as u64;
        Ok(returned)
    }

    /// Begins as many exchanges as may be under way, or ends the stream once those that are have been answered.
    fn go_on(&mut self, session: &mut Session<Chat>, stream: u32, now: Instant) {
        let most = EXCHANGES_A_STREAM.saturating_mul(self.ahead);
        loop {
            let has_room = session.sendable(stream) >= 2 * MAX_NOTE_LEN;
            let Some(chat) = session.call_mut(stream) else {
                return;
            };
            if chat.posted.len() >= self.ahead as usize {
                return;
            }
            if has_room && chat.exchanges < most && self.budget.take(now) {
                self.exchange(session, stream, now);
                continue;
            }
            if chat.posted.is_empty() && !chat.done {
                chat.done = true;
                session.send(stream, &[], true);
            }
            return;
        }
    }

    /// Looks at the end of a stream, which counts only if it is not as it should be.
    fn ended(&mut self, chat: &Chat, status: crate::CallStatus) {
        let fault = Failure::unless_ok(status).or_else(|| (!chat.done).then_some(Failure::Cut));
        if let Some(fault) = fault {
            self.report.ended(Duration::ZERO, Some(fault));
        }
    }
}

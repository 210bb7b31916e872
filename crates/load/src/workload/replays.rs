//! The load of RouteChat that every server can bear: notes that bring earlier ones back.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::SendStream;

use super::notes::{Inbox, Places, post};
use crate::connection::{Event, Method, Slot};
use crate::report::Failure;
use crate::run::{ClosedLoop, Thread, closed_loop};
use crate::{Load, LoadError, Report, Target, Workload};

/// A stream is ended after this many exchanges for each that is posted ahead: some servers get slower with every note of a
/// stream.
const EXCHANGES_A_STREAM: usize = 50;

/// Posts two notes at a place that nobody has used, of which the first comes back; over and over.
///
/// Each exchange counts as a call, and its latency is that from posting to receiving. Servers that remember notes for one
/// stream only and those that share notes between streams give the same answer here. As many streams are open as
/// [`Load::in_flight`] says.
#[derive(Clone, Copy, Debug)]
pub struct Replays {
    places: Places,
    ahead: usize,
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

    /// Sets the number of exchanges under way on a stream at a time, instead of one. 0 is 1.
    #[must_use]
    pub const fn ahead(self, exchanges: usize) -> Self {
        Self {
            ahead: if exchanges == 0 { 1 } else { exchanges },
            ..self
        }
    }

    /// Posts two notes at the next place.
    fn exchange(&self, sending: &mut SendStream<Bytes>, thread: &Thread<'_>) {
        // Threads use different places.
        let number = ((thread.number as u64) << 40) + thread.next_turn() as u64;
        let place = self.places.get(number);
        let mut report = thread.report.borrow_mut();
        for text in ["first", "second"] {
            let text = format!("the {text} note here, number {number}");
            report.bytes += post(sending, place, text);
            report.messages += 1;
        }
    }
}

impl Workload for Replays {
    fn run_into(&self, target: &Target, load: &Load, report: &mut Report) -> Result<(), LoadError> {
        closed_loop(self, target, load, report)
    }
}

impl ClosedLoop for Replays {
    const METHOD: Method = Method::RouteChat;

    /// Opens a stream for the exchange that was taken from the budget, and takes more for it.
    async fn call(
        &self,
        slot: &mut Slot,
        begun: Instant,
        thread: &Thread<'_>,
    ) -> Result<(), LoadError> {
        let (mut sending, mut reply) = slot.begin()?;
        let mut inbox = Inbox::default();
        let mut left = EXCHANGES_A_STREAM.saturating_mul(self.ahead) - 1;
        self.exchange(&mut sending, thread);
        // The beginnings of the exchanges under way.
        let mut posted = VecDeque::from([begun]);
        let mut now = begun;
        let mut done = false;
        let status = loop {
            while posted.len() < self.ahead && left > 0 && thread.budget.take(now) {
                self.exchange(&mut sending, thread);
                posted.push_back(now);
                left -= 1;
            }
            if posted.is_empty() && !done {
                done = true;
                // Should the stream have ended, its status says so.
                let _ = sending.send_data(Bytes::new(), true);
            }
            let bytes = match reply.event().await? {
                Event::Data(bytes) => bytes,
                Event::Ended(status) => break status,
            };
            now = Instant::now();
            let mut report = thread.report.borrow_mut();
            report.bytes += bytes.len() as u64;
            inbox.receive(&bytes, |_text| {
                report.messages += 1;
                let (latency, failure) = match posted.pop_front() {
                    Some(posted) => (now - posted, None),
                    // Of an exchange one note comes back.
                    None => (Duration::ZERO, Failure::unless_equal("notes", 1, 2)),
                };
                report.ended(latency, failure);
            })?;
        };
        // The end of a stream counts only if it is not as it should be.
        let failure = Failure::unless_ok(status).or_else(|| (!done).then_some(Failure::Cut));
        if let Some(failure) = failure {
            thread.report.borrow_mut().failures.add(failure);
        }
        Ok(())
    }
}

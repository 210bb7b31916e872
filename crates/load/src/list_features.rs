//! The load of ListFeatures.

use std::time::Instant;

use route_guide_geo::E7Rectangle;
use route_guide_proto::routeguide::Rectangle;

use crate::connection::Connection;
use crate::failure::Failure;
use crate::messages::{self, MessageCounter};
use crate::run::{Budget, ClosedLoop, Work, closed_loop, put};
use crate::session::{Method, Session};
use crate::status::CallStatus;
use crate::{Load, LoadError, Report, Target, Workload};

/// Asks what lies in rectangles, over and over.
///
/// Features are counted and not decoded. A listing that is still going on at the end of the time is cut off: its features
/// count, the call does not.
#[derive(Clone, Debug, Default)]
pub struct ListFeatures {
    listings: Vec<Listing>,
    enough: Option<u64>,
}

#[derive(Clone, Debug)]
struct Listing {
    framed: Vec<u8>,
    expected: Option<u64>,
}

impl ListFeatures {
    /// Adds a rectangle to list, and how many features the server has there, if that is known.
    pub fn list(&mut self, area: E7Rectangle, expected: Option<u64>) {
        let message = Rectangle {
            lo: Some(area.lo().into()),
            hi: Some(area.hi().into()),
        };
        let mut framed = Vec::new();
        messages::frame(&message, &mut framed);
        self.listings.push(Listing { framed, expected });
    }

    /// Cancels each call once it has given so many features; such a call counts as one that ended well.
    ///
    /// With 1, [`Report::first_message`] tells how long a client waits for the beginning of a long answer.
    pub fn stop_after(&mut self, features: u64) {
        self.enough = Some(features);
    }
}

impl Workload for ListFeatures {
    fn run_into(&self, target: &Target, load: &Load, report: &mut Report) -> Result<(), LoadError> {
        if self.listings.is_empty() {
            return Err(LoadError::Nothing("rectangle"));
        }
        put(self, target, load, report)
    }
}

/// A call of ListFeatures.
#[derive(Debug)]
pub(crate) struct List {
    begun: Instant,
    expected: Option<u64>,
    counter: MessageCounter,
}

impl Work for ListFeatures {
    type Call = List;

    fn carry_out(
        &self,
        connections: &mut [Connection<List>],
        budget: &Budget<'_>,
        report: &mut Report,
    ) -> Result<(), LoadError> {
        let mut asking = Asking {
            listings: &self.listings,
            enough: self.enough,
            deadline: budget.deadline,
            next: budget.worker % self.listings.len(),
        };
        closed_loop(&mut asking, connections, budget, report)
    }
}

struct Asking<'a> {
    listings: &'a [Listing],
    enough: Option<u64>,
    deadline: Instant,
    next: usize,
}

impl ClosedLoop for Asking<'_> {
    type Call = List;

    const MAX_REQUEST_LEN: usize = 128;

    fn begin(&mut self, session: &mut Session<List>, now: Instant) -> Result<(), LoadError> {
        let listing = &self.listings[self.next];
        self.next = (self.next + 1) % self.listings.len();
        let call = List {
            begun: now,
            expected: listing.expected,
            counter: MessageCounter::default(),
        };
        let stream = session.begin(Method::ListFeatures, call)?;
        session.send(stream, &listing.framed, true);
        Ok(())
    }

    fn data(&mut self, call: &mut List, bytes: &[u8], now: Instant, report: &mut Report) -> bool {
        let had_none = call.counter.begun() == 0;
        report.messages += call.counter.count(bytes);
        if had_none && call.counter.begun() > 0 {
            let waited = now.saturating_duration_since(call.begun);
            report.first_message.record(waited);
        }
        report.bytes += bytes.len() as u64;
        let is_enough = self
            .enough
            .is_some_and(|enough| call.counter.begun() >= enough);
        !is_enough && now < self.deadline
    }

    fn ended(&mut self, call: List, status: Option<CallStatus>, now: Instant, report: &mut Report) {
        let latency = now.saturating_duration_since(call.begun);
        let found = call.counter.begun();
        let Some(status) = status else {
            // Cut off: because it was enough, or because the time is over.
            if self.enough.is_some_and(|enough| found >= enough) {
                report.ended(latency, None);
            }
            return;
        };
        let failure = Failure::unless_ok(status)
            .or_else(|| (!call.counter.is_complete()).then_some(Failure::Cut))
            .or_else(|| Failure::unless_equal("features", call.expected.unwrap_or(found), found));
        report.ended(latency, failure);
    }
}

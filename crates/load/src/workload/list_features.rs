//! The load of ListFeatures.

use std::time::Instant;

use bytes::Bytes;
use route_guide_geo::E7Rectangle;
use route_guide_proto::routeguide::Rectangle;

use crate::connection::messages::{self, MessageCounter};
use crate::connection::{Event, Method, Slot};
use crate::report::Failure;
use crate::run::{ClosedLoop, Thread, closed_loop};
use crate::{Load, LoadError, Report, Target, Workload};

/// Lists the features in rectangles, over and over.
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
    framed: Bytes,
    expected: Option<u64>,
}

/// The request for a rectangle, with its prefix.
pub(super) fn request(area: E7Rectangle) -> Bytes {
    messages::framed(&Rectangle {
        lo: Some(area.lo().into()),
        hi: Some(area.hi().into()),
    })
}

impl ListFeatures {
    /// Adds a rectangle to list, and how many features the server has there, if that is known.
    pub fn list(&mut self, area: E7Rectangle, expected: Option<u64>) {
        let framed = request(area);
        self.listings.push(Listing { framed, expected });
    }

    /// Cancels each call after this many features; such a call counts as one that succeeded.
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
        closed_loop(self, target, load, report)
    }
}

impl ClosedLoop for ListFeatures {
    const METHOD: Method = Method::ListFeatures;

    async fn call(
        &self,
        slot: &mut Slot,
        begun: Instant,
        thread: &Thread<'_>,
    ) -> Result<(), LoadError> {
        let turn = thread.number.wrapping_add(thread.next_turn());
        let listing = &self.listings[turn % self.listings.len()];
        let (mut sending, mut reply) = slot.begin()?;
        sending.send_data(listing.framed.clone(), true)?;

        let mut counter = MessageCounter::default();
        let status = loop {
            match reply.event().await? {
                Event::Data(bytes) => {
                    let now = Instant::now();
                    let had_none = counter.begun() == 0;
                    let mut report = thread.report.borrow_mut();
                    report.messages += counter.count(&bytes);
                    report.bytes += bytes.len() as u64;
                    if had_none && counter.begun() > 0 {
                        report.first_message.record(now - begun);
                    }
                    if self.enough.is_some_and(|enough| counter.begun() >= enough) {
                        report.ended(now - begun, None);
                        return Ok(());
                    }
                    if thread.budget.is_late(now) {
                        return Ok(());
                    }
                }
                Event::Ended(status) => break status,
            }
        };

        let found = counter.begun();
        let failure = Failure::unless_ok(status)
            .or_else(|| (!counter.is_complete()).then_some(Failure::Cut))
            .or_else(|| {
                Failure::unless_equal("features", listing.expected.unwrap_or(found), found)
            });
        thread.report.borrow_mut().ended(begun.elapsed(), failure);
        Ok(())
    }
}

//! The load of RecordRoute.

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use futures_util::StreamExt as _;
use h2::SendStream;
use prost::Message;
use route_guide_proto::routeguide::RouteSummary;

use super::route::Route;
use crate::connection::messages::PREFIX_LEN;
use crate::connection::{CallStatus, Event, Method, Slot};
use crate::report::Failure;
use crate::run::{ClosedLoop, Thread, closed_loop};
use crate::{Load, LoadError, Report, Target, Workload};

/// The most bytes of a route that wait to be sent.
const WRITE_LEN: usize = 128 << 10;
/// A summary has four numbers of at most eleven bytes; a longer reply is malformed.
const MAX_REPLY_LEN: usize = 256;
/// The largest number of a summary, which stands for all that are larger.
const MAX: u64 = 0x7fff_ffff;

/// Sends a route, over and over.
///
/// At the end of the time routes end early; the server's summary has to count the points that were sent.
#[derive(Clone, Debug)]
pub struct RecordRoute {
    route: Route,
}

impl RecordRoute {
    /// Makes the load that sends this route.
    #[must_use]
    pub const fn new(route: Route) -> Self {
        Self { route }
    }
}

impl Workload for RecordRoute {
    fn run_into(&self, target: &Target, load: &Load, report: &mut Report) -> Result<(), LoadError> {
        closed_loop(self, target, load, report)
    }
}

/// How much of a route has been sent.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    /// The next frame.
    frame: usize,
    /// The bytes.
    offset: usize,
}

enum Step {
    Reply(Option<Result<Event, LoadError>>),
    Room(usize),
    Closed,
}

impl ClosedLoop for RecordRoute {
    const METHOD: Method = Method::RecordRoute;

    async fn call(
        &self,
        slot: &mut Slot,
        begun: Instant,
        thread: &Thread<'_>,
    ) -> Result<(), LoadError> {
        let (sending, mut reply) = slot.begin()?;
        let mut sending = Some(sending);
        let mut sent = Progress::default();
        let mut answer = Vec::new();
        let status = loop {
            let step = poll_fn(|cx| {
                // A server may answer before the route has ended.
                if let Poll::Ready(event) = reply.poll_next_unpin(cx) {
                    return Poll::Ready(Step::Reply(event));
                }
                sending
                    .as_mut()
                    .map_or(Poll::Pending, |sending| poll_room(sending, cx))
            });
            match step.await {
                Step::Reply(Some(Ok(Event::Data(bytes)))) => {
                    let room = MAX_REPLY_LEN.saturating_sub(answer.len());
                    answer.extend_from_slice(&bytes[..bytes.len().min(room)]);
                }
                Step::Reply(Some(Ok(Event::Ended(status)))) => break status,
                Step::Reply(Some(Err(error))) => return Err(error),
                Step::Reply(None) => return Err(LoadError::Closed),
                Step::Room(room) => {
                    if let Some(stream) = &mut sending
                        && self.send(stream, room, &mut sent, thread)?
                    {
                        sending = None;
                    }
                }
                // The reply tells why.
                Step::Closed => sending = None,
            }
        };
        let failure = self.fault(sent, &answer, status);
        thread.report.borrow_mut().ended(begun.elapsed(), failure);
        Ok(())
    }
}

/// Waits until the server takes more.
fn poll_room(sending: &mut SendStream<Bytes>, cx: &mut Context<'_>) -> Poll<Step> {
    sending.reserve_capacity(WRITE_LEN);
    match sending.capacity() {
        0 => sending.poll_capacity(cx).map(|room| match room {
            Some(Ok(room)) => Step::Room(room),
            Some(Err(_)) | None => Step::Closed,
        }),
        room => Poll::Ready(Step::Room(room)),
    }
}

impl RecordRoute {
    /// Sends frames of a route until the room is used up; tells whether the route has ended.
    fn send(
        &self,
        sending: &mut SendStream<Bytes>,
        mut room: usize,
        sent: &mut Progress,
        thread: &Thread<'_>,
    ) -> Result<bool, h2::Error> {
        let before = *sent;
        let time_is_over = thread.budget.is_over(Instant::now());
        let has_ended = loop {
            let mut bytes = self.route.rest_of(sent.frame, sent.offset);
            // An end by time waits until the points that have begun are whole.
            let between_points = sent.offset == self.route.start_of(sent.frame);
            if bytes.is_empty() || (time_is_over && between_points) {
                sending.send_data(Bytes::new(), true)?;
                break true;
            }
            if room == 0 {
                break false;
            }
            let is_whole = bytes.len() <= room;
            bytes.truncate(room);
            room -= bytes.len();
            sent.offset += bytes.len();
            sent.frame += usize::from(is_whole);
            let is_last = sent.frame == self.route.frame_count();
            sending.send_data(bytes, is_last)?;
            if is_last {
                break true;
            }
        };
        let points = |progress: Progress| self.route.points_before(progress.frame);
        let mut report = thread.report.borrow_mut();
        report.messages += points(*sent) - points(before);
        report.bytes += (sent.offset - before.offset) as u64;
        Ok(has_ended)
    }

    /// What is wrong with the end of a call, if anything is.
    fn fault(&self, sent: Progress, answer: &[u8], status: CallStatus) -> Option<Failure> {
        if let Some(failure) = Failure::unless_ok(status) {
            return Some(failure);
        }
        let summary = answer
            .get(PREFIX_LEN..)
            .and_then(|message| RouteSummary::decode(message).ok());
        let Some(summary) = summary else {
            return Some(Failure::Malformed);
        };
        let sent = self.route.points_before(sent.frame);
        let fault = Failure::unless_equal("points", sent, unsigned(summary.point_count));
        if fault.is_some() || sent < self.route.points() {
            return fault;
        }
        let expected = self.route.expected();
        let fault = expected.features.and_then(|features| {
            let found = unsigned(summary.feature_count);
            Failure::unless_equal("features", features.min(MAX), found)
        });
        fault.or_else(|| {
            let meters = expected.meters?;
            let found = f64::from(summary.distance);
            #[expect(clippy::cast_precision_loss, reason = "31 bits fit")]
            let expected = meters.min(MAX as f64);
            // The summary's length is truncated, and a sum of many steps can fall on either side of a whole metre.
            ((found - expected).abs() > 1.5).then_some(Failure::Distance {
                expected_meters: meters,
                found_meters: summary.distance,
            })
        })
    }
}

/// A negative number is none that could be expected.
fn unsigned(number: i32) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

//! The load of RecordRoute.

use std::time::Instant;

use prost::Message;
use route_guide_proto::routeguide::RouteSummary;

use crate::connection::{Connection, ready};
use crate::failure::Failure;
use crate::messages::PREFIX_LEN;
use crate::route::Route;
use crate::run::{Budget, Work, put};
use crate::session::{Event, Method, Session};
use crate::status::CallStatus;
use crate::{Load, LoadError, Report, Target, Workload};

/// So much is written before it is handed to the system.
const WRITE_LEN: usize = 128 << 10;
/// A summary has four numbers of at most eleven bytes; what is longer is none.
const MAX_REPLY_LEN: usize = 256;
/// What a summary's numbers hold: what is more is told as this.
const MAX: u64 = 0x7fff_ffff;

/// Sends a route, over and over.
///
/// At the end of the time routes end early; the server's summary has to count what was sent.
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
        put(self, target, load, report)
    }
}

/// A call of RecordRoute.
#[derive(Debug)]
pub(crate) struct Upload {
    begun: Instant,
    /// The frame that is next, and the bytes sent so far.
    frame: usize,
    offset: usize,
    reply: Vec<u8>,
}

impl Work for RecordRoute {
    type Call = Upload;

    fn carry_out(
        &self,
        connections: &mut [Connection<Upload>],
        budget: &Budget<'_>,
        report: &mut Report,
    ) -> Result<(), LoadError> {
        let mut uploading = vec![Vec::new(); connections.len()];
        loop {
            for (connection, streams) in connections.iter_mut().zip(&mut uploading) {
                begin(&mut connection.session, streams, budget)?;
                self.send(connection, streams, budget, report)?;
            }
            let now = Instant::now();
            if budget.is_spent(now) && connections.iter().all(|c| c.session.open_calls() == 0) {
                return Ok(());
            }
            // Every stream is out of window or complete: only the server can change that.
            for place in ready(connections)? {
                let connection = &mut connections[place];
                connection.read()?;
                let now = Instant::now();
                connection.dispatch(|event| match event {
                    Event::Data { call, bytes, .. } => {
                        let room = MAX_REPLY_LEN.saturating_sub(call.reply.len());
                        call.reply
                            .extend_from_slice(&bytes[..bytes.len().min(room)]);
                    }
                    Event::Ended { call, status } => {
                        let failure = self.fault(&call, status);
                        report.ended(now.saturating_duration_since(call.begun), failure);
                    }
                })?;
            }
        }
    }
}

impl RecordRoute {
    /// Sends on all streams of a connection as much as the server takes; forgets those that are complete.
    fn send(
        &self,
        connection: &mut Connection<Upload>,
        streams: &mut Vec<u32>,
        budget: &Budget<'_>,
        report: &mut Report,
    ) -> Result<(), LoadError> {
        let mut place = 0;
        while let Some(&stream) = streams.get(place) {
            let ends = budget.is_over(Instant::now());
            match self.write(&mut connection.session, stream, ends, report) {
                Progress::Complete => {
                    streams.swap_remove(place);
                }
                Progress::Blocked => place += 1,
                Progress::Full => connection.flush()?,
            }
        }
        connection.flush()
    }

    /// Writes frames of one stream until its window is used up, the route is over, or there is enough to hand over.
    fn write(
        &self,
        session: &mut Session<Upload>,
        stream: u32,
        time_is_over: bool,
        report: &mut Report,
    ) -> Progress {
        let Some(call) = session.call_mut(stream) else {
            // The server has ended the call early; its status has been counted.
            return Progress::Complete;
        };
        let Upload {
            mut frame,
            mut offset,
            ..
        } = *call;
        let progress = loop {
            let rest = self.route.rest_of(frame, offset);
            // An end by time waits until the points that have begun are whole.
            let between_points = offset == self.route.start_of(frame);
            if rest.is_empty() || (time_is_over && between_points) {
                session.send(stream, &[], true);
                break Progress::Complete;
            }
            let len = rest.len().min(session.sendable(stream));
            if len == 0 {
                break Progress::Blocked;
            }
            offset += len;
            report.bytes += len as u64;
            let is_whole = len == rest.len();
            frame += usize::from(is_whole);
            let is_last = frame == self.route.frame_count();
            session.send(stream, &rest[..len], is_last);
            if is_last {
                break Progress::Complete;
            }
            if session.outgoing().len() >= WRITE_LEN {
                break Progress::Full;
            }
        };
        if let Some(call) = session.call_mut(stream) {
            report.messages +=
                self.route.points_before(frame) - self.route.points_before(call.frame);
            (call.frame, call.offset) = (frame, offset);
        }
        progress
    }

    /// What is wrong with the end of a call, if anything is.
    fn fault(&self, call: &Upload, status: CallStatus) -> Option<Failure> {
        if let Some(failure) = Failure::unless_ok(status) {
            return Some(failure);
        }
        let summary = call
            .reply
            .get(PREFIX_LEN..)
            .and_then(|message| RouteSummary::decode(message).ok());
        let Some(summary) = summary else {
            return Some(Failure::Malformed);
        };
        let sent = self.route.points_before(call.frame);
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

/// Why no more is written to a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// All of the route has been.
    Complete,
    /// The server takes no more for now.
    Blocked,
    /// Enough waits to be handed over.
    Full,
}

/// Opens as many streams as there may be.
fn begin(
    session: &mut Session<Upload>,
    streams: &mut Vec<u32>,
    budget: &Budget<'_>,
) -> Result<(), LoadError> {
    let now = Instant::now();
    let most = budget.in_flight.min(session.max_calls());
    while session.open_calls() < most && budget.take(now) {
        let call = Upload {
            begun: now,
            frame: 0,
            offset: 0,
            reply: Vec::new(),
        };
        streams.push(session.begin(Method::RecordRoute, call)?);
    }
    Ok(())
}

/// A negative number is none that could be expected.
fn unsigned(number: i32) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

//! The load of GetFeature.

use std::time::Instant;

use route_guide_geo::E7Point;
use route_guide_proto::routeguide::Point;

use crate::connection::Connection;
use crate::failure::Failure;
use crate::messages::{self, MessageCounter, PREFIX_LEN};
use crate::run::{Budget, ClosedLoop, Work, closed_loop, put};
use crate::session::{Method, Session};
use crate::status::CallStatus;
use crate::{Load, LoadError, Report, Target, Workload};

/// The first byte of an encoded Feature that has a name: field 1, length-delimited.
const NAME_TAG: u8 = 0x0a;

/// Asks what is at points, over and over.
///
/// Each answer has to be one message that has a name or has none, as was expected; names are not compared.
#[derive(Clone, Debug, Default)]
pub struct GetFeature {
    requests: Vec<Request>,
}

#[derive(Clone, Debug)]
struct Request {
    framed: Vec<u8>,
    named: Option<bool>,
}

impl GetFeature {
    /// Adds a point to ask for, and whether the server has a named feature there, if that is known.
    pub fn ask(&mut self, at: E7Point, named: Option<bool>) {
        let mut framed = Vec::new();
        messages::frame(&Point::from(at), &mut framed);
        self.requests.push(Request { framed, named });
    }

    /// Takes an answer with a name and one without for equally right.
    ///
    /// A server whose answers are not those of a data set can then be asked the same as one whose answers are.
    pub fn expect_any_name(&mut self) {
        for request in &mut self.requests {
            request.named = None;
        }
    }
}

impl Workload for GetFeature {
    fn run_into(&self, target: &Target, load: &Load, report: &mut Report) -> Result<(), LoadError> {
        if self.requests.is_empty() {
            return Err(LoadError::Nothing("point"));
        }
        put(self, target, load, report)
    }
}

/// A call of GetFeature.
#[derive(Debug)]
pub(crate) struct Get {
    begun: Instant,
    named: Option<bool>,
    counter: MessageCounter,
    /// The reply up to the first byte of its message.
    head: [u8; PREFIX_LEN + 1],
    head_len: usize,
}

impl Work for GetFeature {
    type Call = Get;

    fn carry_out(
        &self,
        connections: &mut [Connection<Get>],
        budget: &Budget<'_>,
        report: &mut Report,
    ) -> Result<(), LoadError> {
        let mut asking = Asking {
            requests: &self.requests,
            // Threads begin at different places, so that they do not ask for the same at the same time.
            next: budget.worker.wrapping_mul(0x9e37_79b9) % self.requests.len(),
        };
        closed_loop(&mut asking, connections, budget, report)
    }
}

struct Asking<'a> {
    requests: &'a [Request],
    next: usize,
}

impl ClosedLoop for Asking<'_> {
    type Call = Get;

    const MAX_REQUEST_LEN: usize = 64;

    fn begin(&mut self, session: &mut Session<Get>, now: Instant) -> Result<(), LoadError> {
        let request = &self.requests[self.next];
        self.next = (self.next + 1) % self.requests.len();
        let call = Get {
            begun: now,
            named: request.named,
            counter: MessageCounter::default(),
            head: [0; PREFIX_LEN + 1],
            head_len: 0,
        };
        let stream = session.begin(Method::GetFeature, call)?;
        session.send(stream, &request.framed, true);
        Ok(())
    }

    fn data(&mut self, call: &mut Get, bytes: &[u8], _now: Instant, report: &mut Report) -> bool {
        let missing = &mut call.head[call.head_len..];
        let len = missing.len().min(bytes.len());
        missing[..len].copy_from_slice(&bytes[..len]);
        call.head_len += len;
        report.messages += call.counter.count(bytes);
        report.bytes += bytes.len() as u64;
        true
    }

    fn ended(&mut self, call: Get, status: Option<CallStatus>, now: Instant, report: &mut Report) {
        let failure = status.and_then(Failure::unless_ok).or_else(|| {
            let named = call.head_len > PREFIX_LEN && call.head[PREFIX_LEN] == NAME_TAG;
            Failure::unless_equal("replies", 1, call.counter.begun()).or_else(|| {
                let expected = call.named.unwrap_or(named);
                Failure::unless_equal("names", expected.into(), named.into())
            })
        });
        let latency = now.saturating_duration_since(call.begun);
        report.first_message.record(latency);
        report.ended(latency, failure);
    }
}

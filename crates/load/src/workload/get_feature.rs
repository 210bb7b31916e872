//! The load of GetFeature.

use std::time::Instant;

use bytes::Bytes;
use route_guide_geo::E7Point;
use route_guide_proto::routeguide::Point;

use crate::connection::messages::{self, MessageCounter, PREFIX_LEN};
use crate::connection::{Event, Method, Slot};
use crate::report::Failure;
use crate::run::{ClosedLoop, Thread, closed_loop};
use crate::{Load, LoadError, Report, Target, Workload};

/// The first byte of an encoded Feature that has a name: field 1, length-delimited.
const NAME_TAG: u8 = 0x0a;

/// Asks for the features at points, over and over.
///
/// Each answer has to be one message that has a name or has none, as was expected; names are not compared.
#[derive(Clone, Debug, Default)]
pub struct GetFeature {
    requests: Vec<Request>,
}

#[derive(Clone, Debug)]
struct Request {
    framed: Bytes,
    named: Option<bool>,
}

impl GetFeature {
    /// Adds a point to ask for, and whether the server has a named feature there, if that is known.
    pub fn ask(&mut self, at: E7Point, named: Option<bool>) {
        let framed = messages::framed(&Point::from(at));
        self.requests.push(Request { framed, named });
    }

    /// Accepts answers with and without a name.
    ///
    /// A server without the data set can then be asked the same as one that has it.
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
        closed_loop(self, target, load, report)
    }
}

impl ClosedLoop for GetFeature {
    const METHOD: Method = Method::GetFeature;

    async fn call(
        &self,
        slot: &mut Slot,
        begun: Instant,
        thread: &Thread<'_>,
    ) -> Result<(), LoadError> {
        // Threads begin at different places, so that they do not ask for the same at the same time.
        let turn = thread.number.wrapping_mul(0x9e37_79b9) % self.requests.len();
        let request = &self.requests[(turn + thread.next_turn()) % self.requests.len()];
        let (mut sending, mut reply) = slot.begin()?;
        sending.send_data(request.framed.clone(), true)?;

        let mut counter = MessageCounter::default();
        // The reply up to the first byte of its message.
        let mut head = [0; PREFIX_LEN + 1];
        let mut head_len = 0;
        let status = loop {
            match reply.event().await? {
                Event::Data(bytes) => {
                    let missing = &mut head[head_len..];
                    let len = missing.len().min(bytes.len());
                    missing[..len].copy_from_slice(&bytes[..len]);
                    head_len += len;
                    let mut report = thread.report.borrow_mut();
                    report.messages += counter.count(&bytes);
                    report.bytes += bytes.len() as u64;
                }
                Event::Ended(status) => break status,
            }
        };

        let latency = begun.elapsed();
        let failure = Failure::unless_ok(status).or_else(|| {
            let named = head_len > PREFIX_LEN && head[PREFIX_LEN] == NAME_TAG;
            Failure::unless_equal("replies", 1, counter.begun()).or_else(|| {
                let expected = request.named.unwrap_or(named);
                Failure::unless_equal("names", expected.into(), named.into())
            })
        });
        let mut report = thread.report.borrow_mut();
        report.first_message.record(latency);
        report.ended(latency, failure);
        Ok(())
    }
}

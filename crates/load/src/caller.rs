//! Single calls whose answers are read, to check a server before it is measured.

use std::time::Duration;

use prost::Message;
use route_guide_geo::{E7Point, E7Rectangle};
use route_guide_proto::routeguide::{Feature, Point, Rectangle, RouteSummary};

use crate::connection::messages::{self, MessageCounter};
use crate::connection::{CallStatus, Event, Method};
use crate::run::Worker;
use crate::{Load, LoadError, Target};

/// Makes one call at a time, over a connection of its own.
#[derive(Debug)]
pub struct Caller {
    worker: Worker,
}

impl Caller {
    /// Connects to a server, which may then be silent for this long at most.
    ///
    /// # Errors
    ///
    /// [`LoadError`] if nobody listens there or speaks HTTP/2.
    pub fn connect(target: &Target, silence: Duration) -> Result<Self, LoadError> {
        let load = Load {
            silence,
            ..Load::default()
        };
        Ok(Self {
            worker: Worker::open(target, &load, 1)?,
        })
    }

    /// Asks for the feature at a point.
    ///
    /// # Errors
    ///
    /// [`LoadError::Call`] if the call fails, another if the connection does or the answer is no feature.
    pub fn get_feature(&mut self, at: E7Point) -> Result<Feature, LoadError> {
        let reply = self.ask(Method::GetFeature, [Point::from(at)], u64::MAX)?;
        one(&reply)
    }

    /// Asks for the features in a rectangle, and reads no more than this many.
    ///
    /// # Errors
    ///
    /// As [`get_feature`](Self::get_feature).
    pub fn list_features(
        &mut self,
        area: E7Rectangle,
        at_most: u64,
    ) -> Result<Vec<Feature>, LoadError> {
        let area = Rectangle {
            lo: Some(area.lo().into()),
            hi: Some(area.hi().into()),
        };
        let reply = self.ask(Method::ListFeatures, [area], at_most)?;
        messages::split(&reply)
            .take(usize::try_from(at_most).unwrap_or(usize::MAX))
            .map(|message| Ok(Feature::decode(message)?))
            .collect()
    }

    /// Sends a route and asks for its summary.
    ///
    /// # Errors
    ///
    /// As [`get_feature`](Self::get_feature).
    pub fn record_route(
        &mut self,
        points: impl IntoIterator<Item = E7Point>,
    ) -> Result<RouteSummary, LoadError> {
        let points = points.into_iter().map(Point::from);
        one(&self.ask(Method::RecordRoute, points, u64::MAX)?)
    }

    /// Makes a call and returns its reply, all of it or at least `enough` whole messages.
    fn ask(
        &mut self,
        method: Method,
        requests: impl IntoIterator<Item = impl Message>,
        enough: u64,
    ) -> Result<Vec<u8>, LoadError> {
        let mut request = Vec::new();
        for message in requests {
            messages::append(&message, &mut request);
        }
        self.worker.run(async |connections| {
            let [connection] = connections else {
                return Err(LoadError::Closed);
            };
            let mut slot = connection.slot(method)?;
            slot.ready().await?;
            let (mut sending, mut reply) = slot.begin()?;
            sending.send_data(request.into(), true)?;
            let mut bytes = Vec::new();
            let mut counter = MessageCounter::default();
            // The last message that has begun may not be whole.
            while counter.begun() <= enough {
                match reply.event().await? {
                    Event::Data(data) => {
                        counter.count(&data);
                        bytes.extend_from_slice(&data);
                    }
                    Event::Ended(status) if status.is_ok() => break,
                    Event::Ended(status) => return Err(LoadError::Call(status)),
                }
            }
            Ok(bytes)
        })
    }
}

/// The one message of a reply.
fn one<M: Message + Default>(reply: &[u8]) -> Result<M, LoadError> {
    let message = messages::split(reply).next();
    let message = message.ok_or_else(|| LoadError::Call(CallStatus::without_message()))?;
    Ok(M::decode(message)?)
}

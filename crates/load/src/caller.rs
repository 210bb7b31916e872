//! Single calls whose answers are read, to check a server before it is measured.

use std::time::Duration;

use prost::Message;
use route_guide_geo::{E7Point, E7Rectangle};
use route_guide_proto::routeguide::{Feature, Point, Rectangle, RouteSummary};

use crate::connection::Connection;
use crate::frame::MAX_PAYLOAD;
use crate::messages::{self, MessageCounter};
use crate::session::{Event, Method};
use crate::status::CallStatus;
use crate::{Load, LoadError, Target};

/// Asks a server one thing at a time, over a connection of its own.
#[derive(Debug)]
pub struct Caller {
    connection: Connection<Reply>,
}

#[derive(Debug, Default)]
struct Reply {
    bytes: Vec<u8>,
    counter: MessageCounter,
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
            connection: Connection::open(target, &load)?,
        })
    }

    /// Asks what is at a point.
    ///
    /// # Errors
    ///
    /// [`LoadError::Call`] if the call fails, another if the connection does or the answer is no feature.
    pub fn get_feature(&mut self, at: E7Point) -> Result<Feature, LoadError> {
        let replies = self.ask(Method::GetFeature, [Point::from(at)], None)?;
        one(&replies)
    }

    /// Asks what lies in a rectangle, and reads no more than this many features.
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
        let replies = self.ask(Method::ListFeatures, [area], Some(at_most))?;
        messages::split(&replies)
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
        one(&self.ask(Method::RecordRoute, points, None)?)
    }

    /// Makes a call and returns its reply, all of it or at least `enough` whole messages.
    fn ask(
        &mut self,
        method: Method,
        requests: impl IntoIterator<Item = impl Message>,
        enough: Option<u64>,
    ) -> Result<Vec<u8>, LoadError> {
        let mut request = Vec::new();
        for message in requests {
            messages::frame(&message, &mut request);
        }
        let stream = self.connection.session.begin(method, Reply::default())?;
        let mut rest = &request[..];
        let mut sent = false;
        let mut ended: Option<(Reply, CallStatus)> = None;
        loop {
            while !sent && ended.is_none() {
                let session = &mut self.connection.session;
                let len = rest.len().min(session.sendable(stream)).min(MAX_PAYLOAD);
                if len == 0 && !rest.is_empty() {
                    break;
                }
                let (now, later) = rest.split_at(len);
                sent = later.is_empty();
                session.send(stream, now, sent);
                rest = later;
            }
            self.connection.read()?;
            self.connection.dispatch(|event| match event {
                Event::Data { call, bytes, .. } => {
                    call.bytes.extend_from_slice(bytes);
                    call.counter.count(bytes);
                }
                Event::Ended { call, status } => ended = Some((call, status)),
            })?;
            if let Some((reply, status)) = ended {
                return if status.is_ok() {
                    Ok(reply.bytes)
                } else {
                    Err(LoadError::Call(status))
                };
            }
            let reply = self.connection.session.call_mut(stream);
            // The last message that has begun may not be whole.
            let begun = reply.map_or(0, |reply| reply.counter.begun());
            if enough.is_some_and(|enough| begun > enough) {
                let reply = self.connection.session.cancel(stream).unwrap_or_default();
                self.connection.flush()?;
                return Ok(reply.bytes);
            }
        }
    }
}

/// The one message of a reply.
fn one<M: Message + Default>(replies: &[u8]) -> Result<M, LoadError> {
    match messages::split(replies).next() {
        Some(message) => Ok(M::decode(message)?),
        None => Err(LoadError::Call(CallStatus::absent("200"))),
    }
}

//! Routes, encoded.

use bytes::Bytes;
use route_guide_geo::{E7Point, Track};
use route_guide_proto::routeguide::Point;

use crate::connection::messages;

/// The longest payload of a frame that a server accepts without saying so.
const MAX_PAYLOAD: usize = 16_384;

/// How points are put into DATA frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// As many as fit into 16 KiB.
    Packed,
    /// One point a frame, as gRPC clients send them.
    OnePoint,
}

/// An encoded route, and the summary that is expected of it.
#[derive(Clone, Debug)]
pub struct Route {
    wire: Bytes,
    frames: Vec<Frame>,
    meters: f64,
    expected: Expected,
}

/// The summary expected of a whole route besides its points, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Expected {
    pub(super) features: Option<u64>,
    pub(super) meters: Option<f64>,
}

/// Where a frame ends in the wire's bytes, and how many points there are up to it.
#[derive(Clone, Copy, Debug)]
struct Frame {
    end: usize,
    points: u64,
}

impl Route {
    /// Makes the route along these points, of whose summary only the points are checked.
    #[must_use]
    pub fn new(points: impl IntoIterator<Item = E7Point>, framing: Framing) -> Self {
        let mut wire = Vec::new();
        let mut frames: Vec<Frame> = Vec::new();
        let mut track = Track::default();
        let mut frame_start = 0;
        for point in points {
            let start = wire.len();
            messages::append(&Point::from(point), &mut wire);
            if framing == Framing::OnePoint || wire.len() - frame_start > MAX_PAYLOAD {
                frame_start = start;
            }
            track.push(point);
            let frame = Frame {
                end: wire.len(),
                points: track.point_count(),
            };
            match frames.last_mut() {
                Some(last) if frame_start < start => *last = frame,
                _ => frames.push(frame),
            }
        }
        Self {
            wire: wire.into(),
            frames,
            meters: track.distance_meters(),
            expected: Expected::default(),
        }
    }

    /// The same route, whose summary also has to count this many features.
    #[must_use]
    pub const fn expect_features(mut self, features: u64) -> Self {
        self.expected.features = Some(features);
        self
    }

    /// The same route, whose summary also has to have its length, truncated to metres.
    ///
    /// Some published servers truncate each step and fall short.
    #[must_use]
    pub const fn expect_meters(mut self) -> Self {
        self.expected.meters = Some(self.meters);
        self
    }

    /// Returns how many points the route has.
    #[must_use]
    pub fn points(&self) -> u64 {
        self.frames.last().map_or(0, |last| last.points)
    }

    pub(super) const fn expected(&self) -> Expected {
        self.expected
    }

    pub(super) fn frame_count(&self) -> usize {
        self.frames.len()
    }

    /// The number of points in the frames before this one.
    pub(super) fn points_before(&self, frame: usize) -> u64 {
        self.before(frame).map_or(0, |last| last.points)
    }

    /// Where a frame begins in the whole wire.
    pub(super) fn start_of(&self, frame: usize) -> usize {
        self.before(frame).map_or(0, |last| last.end)
    }

    /// The bytes of a frame from `offset` on, an offset into the whole wire; none behind the last frame.
    pub(super) fn rest_of(&self, frame: usize, offset: usize) -> Bytes {
        let end = self.frames.get(frame).map_or(offset, |frame| frame.end);
        self.wire.slice(offset..end)
    }

    fn before(&self, frame: usize) -> Option<&Frame> {
        self.frames.get(frame.checked_sub(1)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(points: i32) -> impl Iterator<Item = E7Point> {
        (0..points).map(|step| E7Point::unbounded(400_000_000 + step * 126, -740_000_000))
    }

    /// The length of each frame, and how many points there are before it.
    fn frames(route: &Route) -> Vec<(usize, u64)> {
        let mut offset = 0;
        (0..route.frame_count())
            .map(|frame| {
                let len = route.rest_of(frame, offset).len();
                offset += len;
                (len, route.points_before(frame))
            })
            .collect()
    }

    #[test]
    fn one_point_a_frame_is_a_frame_a_point() {
        let route = Route::new(walk(3), Framing::OnePoint);
        // 5 bytes of prefix, 1 + 5 of the latitude, 1 + 10 of the negative longitude.
        assert_eq!(frames(&route), [(22, 0), (22, 1), (22, 2)]);
        let expected = route.expect_meters().expected();
        assert!(
            (expected.meters.unwrap() - 2.802).abs() < 0.001,
            "{expected:?}"
        );
    }

    #[test]
    fn packed_frames_are_full_and_hold_whole_points() {
        let route = Route::new(walk(2_000), Framing::Packed).expect_features(7);
        // 744 points of 22 bytes are 16 368 bytes.
        assert_eq!(
            frames(&route),
            [(16_368, 0), (16_368, 744), (512 * 22, 1_488)]
        );
        assert_eq!(
            (route.points(), route.expected().features),
            (2_000, Some(7))
        );
    }

    #[test]
    fn a_route_may_have_no_points() {
        let route = Route::new([], Framing::Packed);
        assert_eq!((route.points(), route.frame_count()), (0, 0));
    }
}

//! The summary of a route while its points arrive.

use std::time::Instant;

use route_guide_geo::{E7Point, Track};
use route_guide_proto::routeguide::{Point, RouteSummary};
use route_guide_store::Store;

use crate::error::RpcError;
use crate::points::PointRule;

/// How many points are looked up at a time.
const LOOKED_UP_TOGETHER: usize = 64;

/// One RecordRoute call: what has been counted and measured so far.
#[derive(Debug)]
pub(crate) struct Recording<'a> {
    store: &'a Store,
    points: PointRule,
    start: Instant,
    track: Track,
    feature_count: u64,
    /// Points that have not been looked up yet: several at a time cost less than one by one.
    waiting: Vec<E7Point>,
}

impl<'a> Recording<'a> {
    /// Begins at the start of the call.
    pub(crate) fn new(store: &'a Store, points: PointRule) -> Self {
        Self {
            store,
            points,
            start: Instant::now(),
            track: Track::default(),
            feature_count: 0,
            waiting: Vec::with_capacity(LOOKED_UP_TOGETHER),
        }
    }

    /// Adds the next point of the route.
    pub(crate) fn add(&mut self, wire: Point) -> Result<(), RpcError> {
        let index = self.track.point_count();
        let point = self
            .points
            .point(wire)
            .map_err(|error| error.at_message(index))?;
        self.track.push(point);
        self.waiting.push(point);
        if self.waiting.len() == LOOKED_UP_TOGETHER {
            self.look_up();
        }
        Ok(())
    }

    fn look_up(&mut self) {
        self.feature_count += self.store.count_at(&self.waiting) as u64;
        self.waiting.clear();
    }

    /// Sums up at the end of the route.
    pub(crate) fn summary(mut self) -> RouteSummary {
        self.look_up();
        RouteSummary {
            point_count: saturate(self.track.point_count()),
            feature_count: saturate(self.feature_count),
            distance: saturate(self.track.whole_meters()),
            elapsed_time: saturate(self.start.elapsed().as_secs()),
        }
    }
}

/// The summary's fields are 32 bits wide; a longer route stays at their greatest value.
fn saturate(count: u64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_distances_over_the_greatest_number_stay_there() {
        assert_eq!(saturate(2_147_483_647), i32::MAX);
        assert_eq!(saturate(2_147_483_648), i32::MAX);
        assert_eq!(saturate(u64::MAX), i32::MAX);

        let store = Store::from_features(std::iter::empty::<(_, &str)>());
        let mut recording = Recording::new(&store, PointRule::OnGlobe);
        for _ in 0..60 {
            for longitude in [-900_000_000, 900_000_000] {
                let point = Point {
                    latitude: 0,
                    longitude,
                };
                recording.add(point).unwrap();
            }
        }
        assert_eq!(
            recording.summary().distance,
            i32::MAX,
            "119 times 20 015 km"
        );
    }
}

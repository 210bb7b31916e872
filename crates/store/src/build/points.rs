//! All locations of a data set.

use route_guide_geo::E7Point;

/// Latitudes and longitudes in arrays of their own, as in a snapshot.
#[derive(Debug, Default)]
pub(super) struct Points {
    pub(super) lats: Vec<i32>,
    pub(super) lons: Vec<i32>,
}

impl Points {
    pub(super) fn push(&mut self, point: E7Point) {
        self.lats.push(point.lat());
        self.lons.push(point.lon());
    }

    pub(super) const fn len(&self) -> usize {
        self.lats.len()
    }

    pub(super) fn get(&self, index: usize) -> E7Point {
        E7Point::unbounded(self.lats[index], self.lons[index])
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = E7Point> {
        let points = self.lats.iter().zip(&self.lons);
        points.map(|(&lat, &lon)| E7Point::unbounded(lat, lon))
    }
}

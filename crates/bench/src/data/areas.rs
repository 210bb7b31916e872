//! Rectangles of which it is known what is in them.

use route_guide_geo::{E7Point, E7Rectangle};

use crate::Dataset;
use crate::data::random::Random;

/// A rectangle, and how many features it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    /// The rectangle.
    pub rectangle: E7Rectangle,
    /// How many features lie in it or on its edges.
    pub features: u64,
}

/// All points of a data set, to be counted one by one: slow, and surely right.
#[derive(Clone, Debug)]
pub struct Points {
    lats: Vec<i32>,
    lons: Vec<i32>,
}

impl Points {
    /// Collects the points of a data set.
    #[must_use]
    pub fn of(dataset: Dataset) -> Self {
        let (lats, lons) = dataset
            .locations()
            .map(|point| (point.lat(), point.lon()))
            .unzip();
        Self { lats, lons }
    }

    /// The points in data-set order.
    pub fn iter(&self) -> impl Iterator<Item = E7Point> {
        let both = self.lats.iter().zip(&self.lons);
        both.map(|(&lat, &lon)| E7Point::unbounded(lat, lon))
    }

    /// The latitudes in E7, in data-set order.
    #[must_use]
    pub fn lats(&self) -> &[i32] {
        &self.lats
    }

    /// The longitudes in E7, in data-set order.
    #[must_use]
    pub fn lons(&self) -> &[i32] {
        &self.lons
    }

    /// The numbers of all points in a rectangle.
    pub fn inside(&self, area: E7Rectangle) -> impl Iterator<Item = usize> + '_ {
        let (lo, hi) = (area.lo(), area.hi());
        self.lats
            .iter()
            .zip(&self.lons)
            .enumerate()
            .filter(move |&(_, (&lat, &lon))| {
                (lo.lat()..=hi.lat()).contains(&lat) && (lo.lon()..=hi.lon()).contains(&lon)
            })
            .map(|(number, _)| number)
    }

    /// Counts the points in a rectangle.
    #[must_use]
    pub fn count(&self, area: E7Rectangle) -> u64 {
        let (lo, hi) = (area.lo(), area.hi());
        // Without a branch this takes a third of a nanosecond a point.
        let points = self.lats.iter().zip(&self.lons);
        points
            .map(|(&lat, &lon)| {
                u64::from(
                    (lo.lat() <= lat) & (lat <= hi.lat()) & (lo.lon() <= lon) & (lon <= hi.lon()),
                )
            })
            .sum()
    }

    /// Tells whether there is a point here.
    #[must_use]
    pub fn has(&self, at: E7Point) -> bool {
        self.count(E7Rectangle::new(at, at)) > 0
    }

    /// Finds rectangles around random points, twice as wide as high, with about so many points in each.
    ///
    /// They hold as many as is asked within a fifth, if the data set has so many and they are not all at one place.
    #[must_use]
    pub fn areas(&self, count: usize, features: u64, seed: u64) -> Vec<Area> {
        let len = self.lats.len();
        let mut random = Random::new(seed, features);
        let mut areas = Vec::with_capacity(count);
        while len > 0 && areas.len() < count {
            let number = usize::try_from(random.below(len as u64)).unwrap_or(0);
            let middle = E7Point::unbounded(self.lats[number], self.lons[number]);
            areas.push(self.area_around(middle, features));
        }
        areas
    }

    fn area_around(&self, middle: E7Point, features: u64) -> Area {
        let (mut too_small, mut too_large) = (0, E7Point::MAX_LON);
        loop {
            let reach = too_small + (too_large - too_small) / 2;
            let rectangle = around(middle, reach);
            let area = Area {
                rectangle,
                features: self.count(rectangle),
            };
            let is_close = area.features.abs_diff(features) <= features / 5;
            if is_close || too_large - too_small <= 1 {
                return area;
            }
            if area.features < features {
                too_small = reach;
            } else {
                too_large = reach;
            }
        }
    }
}

/// The rectangle that reaches so far from a point north and south, and twice as far east and west, on the globe.
fn around(middle: E7Point, reach: i32) -> E7Rectangle {
    let reach = i64::from(reach);
    let on_globe = |at: i64, bound: i32| {
        let clamped = at.clamp(-i64::from(bound), bound.into());
        i32::try_from(clamped).unwrap_or(bound)
    };
    let corner = |sign: i64| {
        let lat = i64::from(middle.lat()) + sign * reach;
        let lon = i64::from(middle.lon()) + sign * 2 * reach;
        E7Point::unbounded(
            on_globe(lat, E7Point::MAX_LAT),
            on_globe(lon, E7Point::MAX_LON),
        )
    };
    E7Rectangle::new(corner(-1), corner(1))
}

/// The whole world.
#[must_use]
pub fn world() -> E7Rectangle {
    around(E7Point::default(), E7Point::MAX_LON)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rectangles_hold_about_what_was_asked() {
        let dataset = Dataset::new(1, 20_000);
        let points = Points::of(dataset);
        for wanted in [1, 10, 1_000, 20_000] {
            for area in points.areas(5, wanted, 9) {
                let exact = dataset
                    .locations()
                    .filter(|&p| area.rectangle.contains(p))
                    .count() as u64;
                assert_eq!(area.features, exact);
                assert!(exact.abs_diff(wanted) <= wanted / 5, "{exact} for {wanted}");
                assert_eq!(points.inside(area.rectangle).count() as u64, exact);
            }
        }
        assert_eq!(points.count(world()), 20_000);
    }

    #[test]
    fn more_than_there_is_ends_with_all() {
        let points = Points::of(Dataset::new(1, 10));
        let areas = points.areas(3, 1_000, 9);
        assert!(areas.iter().all(|area| area.features == 10), "{areas:?}");
        assert!(Points::of(Dataset::new(1, 0)).areas(3, 1, 9).is_empty());
    }

    #[test]
    fn points_of_the_data_set_are_there() {
        let dataset = Dataset::new(1, 100);
        let points = Points::of(dataset);
        assert!(points.has(dataset.location(42)));
        assert!(!points.has(E7Point::default()));
    }
}

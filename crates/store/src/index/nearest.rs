//! Nearest neighbours by great-circle distance.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::f64::consts::{FRAC_PI_2, PI};

use route_guide_geo::{E7Point, EARTH_RADIUS_METERS, haversine_meters};

use crate::format::layout::{BLOCK, FAN_OUT};
use crate::index::Index;

#[cfg(test)]
mod tests;

/// A result of a [`Search`], with its distance as [`haversine_meters`] returns it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Neighbor {
    pub(crate) position: u32,
    pub(crate) distance_meters: f64,
}

/// A best-first search: it opens the box with the least bound next, until no box can hold a closer point.
pub(crate) struct Search<'a> {
    index: Index<'a>,
    to: E7Point,
    wanted: usize,
    within_meters: f64,
    origin: Origin,
    /// The unopened boxes, least bound first.
    queue: BinaryHeap<Reverse<Candidate>>,
    /// The best points so far, worst first.
    found: BinaryHeap<Found>,
    /// Boxes with a greater bound hold no point of the answer.
    limit: f64,
}

/// A box, ordered by its bound. The bits of floats that are not negative are ordered as the floats are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    bound_bits: u64,
    level: u32,
    child: u32,
}

/// A point, ordered by distance, then position.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    distance_bits: u64,
    position: u32,
}

impl<'a> Search<'a> {
    pub(crate) fn new(index: Index<'a>, to: E7Point, wanted: usize, within_meters: f64) -> Self {
        Self {
            index,
            to,
            wanted,
            within_meters,
            origin: Origin::new(to),
            queue: BinaryHeap::new(),
            found: BinaryHeap::new(),
            limit: limit(within_meters),
        }
    }

    pub(crate) fn run(mut self) -> Vec<Neighbor> {
        if self.wanted == 0 || self.within_meters.is_nan() || self.within_meters < 0.0 {
            return Vec::new();
        }
        if let Some(top) = self.index.levels.count().checked_sub(1) {
            self.open(top, 0);
        }
        while let Some(Reverse(Candidate {
            bound_bits,
            level,
            child,
        })) = self.queue.pop()
        {
            if f64::from_bits(bound_bits) > self.limit {
                break;
            }
            match level.checked_sub(1) {
                Some(below) => self.open(below as usize, child as usize),
                None => self.scan(child as usize),
            }
        }
        let neighbor = |found: Found| Neighbor {
            position: found.position,
            distance_meters: f64::from_bits(found.distance_bits),
        };
        self.found
            .into_sorted_vec()
            .into_iter()
            .map(neighbor)
            .collect()
    }

    /// Queues the children of a node.
    fn open(&mut self, level: usize, node: usize) {
        let [south, north, west, east] = self.index.node(level, node);
        let mut bounds = [0.0; FAN_OUT];
        for (child, bound) in bounds.iter_mut().enumerate() {
            *bound = self
                .origin
                .bound(south[child], north[child], west[child], east[child]);
        }
        let children = self.index.levels.child_count(level, node);
        for (child, &bound) in bounds.iter().take(children).enumerate() {
            if bound <= self.limit {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "there are fewer boxes than points"
                )]
                let (level, child) = (level as u32, (node * FAN_OUT + child) as u32);
                self.queue.push(Reverse(Candidate {
                    bound_bits: bound.to_bits(),
                    level,
                    child,
                }));
            }
        }
    }

    /// Measures the points of a block in the order of their bounds, up to the limit.
    fn scan(&mut self, block: usize) {
        let (lats, lons) = self.index.block(block);
        let mut bounds = [f64::INFINITY; BLOCK];
        for ((bound, &lat), &lon) in bounds.iter_mut().zip(lats).zip(lons) {
            *bound = self.origin.bound(lat, lat, lon, lon);
        }
        loop {
            let mut closest = 0;
            for point in 1..BLOCK {
                closest = if bounds[point] < bounds[closest] {
                    point
                } else {
                    closest
                };
            }
            // Points that have been measured, and those that do not exist, have the bound infinity.
            if bounds[closest] > self.limit || bounds[closest] == f64::INFINITY {
                return;
            }
            bounds[closest] = f64::INFINITY;
            self.measure(block * BLOCK + closest);
        }
    }

    /// Adds a point to the answer if it belongs there.
    fn measure(&mut self, slot: usize) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "an index has fewer than u32::MAX slots"
        )]
        let slot = slot as u32;
        let (Some(point), Some(position)) = (self.index.point(slot), self.index.position(slot))
        else {
            return;
        };
        let distance_meters = haversine_meters(self.to, point);
        if distance_meters > self.within_meters {
            return;
        }
        self.found.push(Found {
            distance_bits: distance_meters.to_bits(),
            position,
        });
        if self.found.len() > self.wanted {
            self.found.pop();
        }
        if self.found.len() == self.wanted
            && let Some(worst) = self.found.peek()
        {
            self.limit = limit(f64::from_bits(worst.distance_bits));
        }
    }
}

/// Returns the greatest bound that a point at most `meters` away can have.
fn limit(meters: f64) -> f64 {
    // Rounding errors are up to 10⁻⁸ m for short distances. This slack is a hundred times as much.
    const SLACK: f64 = 1e-13;
    let half_angle = meters / (2.0 * EARTH_RADIUS_METERS);
    if half_angle >= FRAC_PI_2 {
        return f64::INFINITY;
    }
    let sine = half_angle.sin() + SLACK;
    sine * sine
}

/// The origin of the search, prepared for bounds.
struct Origin {
    lat: f64,
    lon: f64,
    cos_lat: f64,
}

impl Origin {
    fn new(to: E7Point) -> Self {
        let (lat, lon) = on_globe(to);
        let cos_lat = (FRAC_PI_2 - (lat * RADIANS_PER_UNIT).abs()).max(0.0).sin();
        Self { lat, lon, cos_lat }
    }

    /// Returns a lower bound of the haversine of the angle to any point of a box.
    ///
    /// The haversine hav(x) = sin²(x / 2) of the angle to a point is hav(Δlat) + cos lat · cos lat₀ · hav(Δlon). Each
    /// term is least at one edge of the box, and the sum of the least terms is a bound. It need not be attained.
    /// Polynomials below the sine make it cheap.
    #[inline]
    fn bound(&self, south: i32, north: i32, west: i32, east: i32) -> f64 {
        let [south, north, west, east] = [south, north, west, east].map(f64::from);
        let lat_gap = greater(greater(south - self.lat, self.lat - north), 0.0);
        // The shorter way, eastwards or westwards. Inside the box both direct gaps are negative.
        let direct = greater(west - self.lon, self.lon - east);
        let around = TURN + lesser(west - self.lon, self.lon - east);
        let lon_gap = greater(lesser(direct, around), 0.0);
        let farthest_lat = greater(north, -south);
        let cos = sine_below((QUARTER - farthest_lat) * RADIANS_PER_UNIT);
        let (lat_sine, lon_sine) = (
            sine_below(lat_gap * (RADIANS_PER_UNIT / 2.0)),
            sine_below(lon_gap * (RADIANS_PER_UNIT / 2.0)),
        );
        let bound = lat_sine * lat_sine + self.cos_lat * cos * lon_sine * lon_sine;
        // Beyond a pole the terms are not monotonic.
        if farthest_lat <= QUARTER { bound } else { 0.0 }
    }
}

/// E7 units in a quarter and in a whole turn.
const QUARTER: f64 = 900_000_000.0;
const TURN: f64 = 3_600_000_000.0;
const RADIANS_PER_UNIT: f64 = PI / 1_800_000_000.0;

/// Returns latitude and longitude within ±90° and ±180°. Points off the globe are wrapped around it.
fn on_globe(point: E7Point) -> (f64, f64) {
    let (lat, lon) = (f64::from(point.lat()), f64::from(point.lon()));
    let (lat, lon) = match lat {
        over if over > QUARTER => (2.0 * QUARTER - over, lon + 2.0 * QUARTER),
        under if under < -QUARTER => (-2.0 * QUARTER - under, lon + 2.0 * QUARTER),
        _ => (lat, lon),
    };
    // At most one turn too far, in either direction.
    let lon = if lon > TURN / 2.0 { lon - TURN } else { lon };
    (lat, if lon < -TURN / 2.0 { lon + TURN } else { lon })
}

/// Returns a lower bound of the sine of an angle between 0 and a quarter turn, at most 0.02 % below it.
#[inline]
fn sine_below(x: f64) -> f64 {
    // The Taylor series, cut after a subtracted term: the rest is positive.
    const CUBIC: f64 = 1.0 / 6.0;
    const QUINTIC: f64 = 1.0 / 120.0;
    const SEPTIC: f64 = 1.0 / 5040.0;
    let square = x * x;
    x * (1.0 - square * (CUBIC - square * (QUINTIC - square * SEPTIC)))
}

/// `f64::max` handles NaN, which takes three more instructions.
#[inline]
fn greater(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

#[inline]
fn lesser(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

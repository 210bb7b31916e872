//! Bounding boxes, packed by sixteen so that one pass of wide compares judges them all.

use route_guide_geo::{E7Point, E7Rectangle};

/// How many points make a block, the smallest thing that has a box.
pub(crate) const BLOCK: usize = 32;

/// How many boxes make a node.
pub(crate) const FAN_OUT: usize = 16;

/// The boxes of up to sixteen children, coordinate by coordinate, in E7 units.
///
/// Children that do not exist have an empty box, which is kept out by their number: no box is outside every rectangle.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) south: [i32; FAN_OUT],
    pub(crate) north: [i32; FAN_OUT],
    pub(crate) west: [i32; FAN_OUT],
    pub(crate) east: [i32; FAN_OUT],
}

impl Node {
    /// Packs boxes into nodes, sixteen at a time.
    pub(crate) fn pack(boxes: impl IntoIterator<Item = E7Rectangle>) -> Vec<Self> {
        let mut nodes = Vec::new();
        for (index, bounds) in boxes.into_iter().enumerate() {
            let child = index % FAN_OUT;
            if child == 0 {
                nodes.push(Self::EMPTY);
            }
            if let Some(node) = nodes.last_mut() {
                node.south[child] = bounds.lo().lat();
                node.north[child] = bounds.hi().lat();
                node.west[child] = bounds.lo().lon();
                node.east[child] = bounds.hi().lon();
            }
        }
        nodes
    }

    const EMPTY: Self = Self {
        south: [i32::MAX; FAN_OUT],
        north: [i32::MIN; FAN_OUT],
        west: [i32::MAX; FAN_OUT],
        east: [i32::MIN; FAN_OUT],
    };

    /// Returns the box around all children.
    pub(crate) fn bounds(&self) -> E7Rectangle {
        E7Rectangle::new(
            E7Point::unbounded(least(&self.south), least(&self.west)),
            E7Point::unbounded(greatest(&self.north), greatest(&self.east)),
        )
    }

    /// Returns which of the first `children` touch the area, and which of those lie wholly inside, a bit each.
    pub(crate) fn judge(&self, area: E7Rectangle, children: usize) -> (u32, u32) {
        let (lo, hi) = (area.lo(), area.hi());
        let mut touching = 0;
        let mut inside = 0;
        for child in 0..FAN_OUT {
            let bit = 1 << child;
            let touches = (self.south[child] <= hi.lat())
                & (self.north[child] >= lo.lat())
                & (self.west[child] <= hi.lon())
                & (self.east[child] >= lo.lon());
            let within = (self.south[child] >= lo.lat())
                & (self.north[child] <= hi.lat())
                & (self.west[child] >= lo.lon())
                & (self.east[child] <= hi.lon());
            touching |= if touches { bit } else { 0 };
            inside |= if within { bit } else { 0 };
        }
        touching &= first_bits(children);
        (touching, inside & touching)
    }
}

/// Returns the box around a block of points.
pub(crate) fn bounds(lats: &[i32], lons: &[i32]) -> E7Rectangle {
    E7Rectangle::new(
        E7Point::unbounded(least(lats), least(lons)),
        E7Point::unbounded(greatest(lats), greatest(lons)),
    )
}

/// Returns which points of a block lie in the area, a bit each.
pub(crate) fn hits(lats: &[i32], lons: &[i32], area: E7Rectangle) -> u32 {
    let (lo, hi) = (area.lo(), area.hi());
    let hit = |lat: i32, lon: i32| {
        (lat >= lo.lat()) & (lat <= hi.lat()) & (lon >= lo.lon()) & (lon <= hi.lon())
    };
    let mut bits = 0;
    // A full block, all but the last, has its length known to the compiler, which then compares four points at a time.
    if let (Ok(lats), Ok(lons)) = (
        <&[i32; BLOCK]>::try_from(lats),
        <&[i32; BLOCK]>::try_from(lons),
    ) {
        for point in 0..BLOCK {
            bits |= if hit(lats[point], lons[point]) {
                1 << point
            } else {
                0
            };
        }
    } else {
        for (point, (&lat, &lon)) in lats.iter().zip(lons).enumerate() {
            bits |= if hit(lat, lon) { 1 << point } else { 0 };
        }
    }
    bits
}

/// Returns a word with the lowest `count` bits set, all of them from 32 on.
fn first_bits(count: usize) -> u32 {
    if count < 32 {
        (1 << count) - 1
    } else {
        u32::MAX
    }
}

fn least(values: &[i32]) -> i32 {
    values.iter().copied().fold(i32::MAX, i32::min)
}

fn greatest(values: &[i32]) -> i32 {
    values.iter().copied().fold(i32::MIN, i32::max)
}

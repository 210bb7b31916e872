//! Bounding boxes, packed by sixteen for SIMD comparisons.

use std::ops::Range;

use route_guide_geo::{E7Point, E7Rectangle};

use crate::format::layout::{BLOCK, FAN_OUT};

/// The boxes of up to sixteen children in E7 units: all southern edges, then all northern, western and eastern ones.
///
/// Unused boxes are empty. Their index excludes them, as no box lies outside every rectangle.
pub(crate) type Node = [[i32; FAN_OUT]; 4];

/// A node without children.
const EMPTY: Node = [
    [i32::MAX; FAN_OUT],
    [i32::MIN; FAN_OUT],
    [i32::MAX; FAN_OUT],
    [i32::MIN; FAN_OUT],
];

/// Packs boxes into nodes and appends them to `nodes`.
pub(crate) fn pack(boxes: impl IntoIterator<Item = E7Rectangle>, nodes: &mut Vec<Node>) {
    for (index, bounds) in boxes.into_iter().enumerate() {
        let child = index % FAN_OUT;
        if child == 0 {
            nodes.push(EMPTY);
        }
        if let Some([south, north, west, east]) = nodes.last_mut() {
            south[child] = bounds.lo().lat();
            north[child] = bounds.hi().lat();
            west[child] = bounds.lo().lon();
            east[child] = bounds.hi().lon();
        }
    }
}

/// Returns the box around all children of a node.
pub(crate) fn node_bounds([south, north, west, east]: &Node) -> E7Rectangle {
    E7Rectangle::new(
        E7Point::unbounded(least(south), least(west)),
        E7Point::unbounded(greatest(north), greatest(east)),
    )
}

/// Returns a bit for each of the first `children` that touches the area, and a bit for each of those that lies inside
/// it.
pub(crate) fn judge(
    [south, north, west, east]: &Node,
    area: E7Rectangle,
    children: usize,
) -> (u32, u32) {
    let (lo, hi) = (area.lo(), area.hi());
    let mut touching = 0;
    let mut inside = 0;
    for child in 0..FAN_OUT {
        let bit = 1 << child;
        let touches = (south[child] <= hi.lat())
            & (north[child] >= lo.lat())
            & (west[child] <= hi.lon())
            & (east[child] >= lo.lon());
        let within = (south[child] >= lo.lat())
            & (north[child] <= hi.lat())
            & (west[child] >= lo.lon())
            & (east[child] <= hi.lon());
        touching |= if touches { bit } else { 0 };
        inside |= if within { bit } else { 0 };
    }
    touching &= first_bits(children);
    (touching, inside & touching)
}

/// Returns the box around a block of points.
pub(crate) fn block_bounds(lats: &[i32], lons: &[i32]) -> E7Rectangle {
    E7Rectangle::new(
        E7Point::unbounded(least(lats), least(lons)),
        E7Point::unbounded(greatest(lats), greatest(lons)),
    )
}

/// Returns a bit for each point of a block that lies in the area.
pub(crate) fn hits(lats: &[i32], lons: &[i32], area: E7Rectangle) -> u32 {
    let (lo, hi) = (area.lo(), area.hi());
    let hit = |lat: i32, lon: i32| {
        (lat >= lo.lat()) & (lat <= hi.lat()) & (lon >= lo.lon()) & (lon <= hi.lon())
    };
    let mut bits = 0;
    // The length of a full block is known at compile time, so the compiler compares four points at a time.
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

/// Removes the first run of ones from `hits`, which must not be 0, and returns it.
pub(crate) fn take_run(hits: &mut u32) -> Range<u32> {
    let first = hits.trailing_zeros();
    let past = first + (*hits >> first).trailing_ones();
    // A run up to the last bit would shift by the whole width.
    *hits &= u32::MAX.checked_shl(past).unwrap_or_default();
    first..past
}

/// Returns a word with the lowest `count` bits set, all of them if `count` is 32 or more.
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

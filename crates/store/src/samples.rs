//! The published places, and points for property tests with the shapes and sizes of real data sets.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use route_guide_geo::{E7Point, E7Rectangle};

use crate::build::builder::Builder;
use crate::build::order::Order;
use crate::format::image::Image;
use crate::store::Store;

/// Returns the published places from the golden snapshot, which another program has written.
pub(crate) fn published() -> Store {
    let golden = include_bytes!("../tests/data/published-v1.rgs");
    Store::from_snapshot(Bytes::from_static(golden)).unwrap()
}

pub(crate) fn image_of(points: &[E7Point]) -> Image {
    let mut builder = Builder::new();
    for &point in points {
        builder.push(point, "").unwrap();
    }
    builder.into_image(Order::Input)
}

/// A point on the globe, more often on its edges and corners than by chance, and sometimes off it.
pub(crate) fn place() -> impl Strategy<Value = E7Point> {
    let coordinate = |bound: i32| {
        prop_oneof![
            12 => -bound..=bound,
            3 => prop::sample::select(vec![-bound, 1 - bound, -1, 0, 1, bound - 1, bound]),
            1 => prop::sample::select(vec![i32::MIN, i32::MIN + 1, i32::MAX - 1, i32::MAX]),
        ]
    };
    (coordinate(E7Point::MAX_LAT), coordinate(E7Point::MAX_LON))
        .prop_map(|(lat, lon)| E7Point::unbounded(lat, lon))
}

/// Data sets: uniform, clustered, on a grid with repeats, identical, on a line, extreme.
pub(crate) fn points() -> impl Strategy<Value = Vec<E7Point>> {
    size().prop_flat_map(|size| {
        prop_oneof![
            vec(place(), size),
            (
                vec(place(), 1..4),
                vec(
                    (any::<prop::sample::Index>(), -5_000..5_000, -5_000..5_000),
                    size
                )
            )
                .prop_map(|(centers, offsets)| clustered(&centers, &offsets)),
            vec((-9_i32..9, -9_i32..9), size).prop_map(|points| pairs(&points, 1)),
            vec((-9_i32..=9, -18_i32..=18), size).prop_map(|points| pairs(&points, 100_000_000)),
            place().prop_map(move |place| vec![place; size]),
            (place(), -300_000..300_000, -300_000..300_000)
                .prop_map(move |(start, lat, lon)| line(start, lat, lon, size)),
            vec(prop::sample::select(corners()), size),
        ]
    })
}

/// A rectangle whose corners are mostly points of the data set.
pub(crate) fn any_rectangle(points: &[E7Point]) -> impl Strategy<Value = E7Rectangle> + use<> {
    let candidates = if points.is_empty() {
        vec![E7Point::default()]
    } else {
        points.to_vec()
    };
    let corner = prop_oneof![3 => prop::sample::select(candidates), 1 => place()];
    (corner.clone(), corner).prop_map(|(a, b)| E7Rectangle::new(a, b))
}

/// Sizes around 32, a block, 512, a node of blocks, and 8 192, a node of nodes.
fn size() -> impl Strategy<Value = usize> {
    prop_oneof![
        4 => prop::sample::select(vec![0_usize, 1, 2, 31, 32, 33, 64, 65, 511, 512, 513]),
        4 => 0..1_200_usize,
        1 => prop::sample::select(vec![8_191_usize, 8_192, 8_193]),
    ]
}

fn clustered(centers: &[E7Point], offsets: &[(prop::sample::Index, i32, i32)]) -> Vec<E7Point> {
    let near = |(pick, lat, lon): &(prop::sample::Index, i32, i32)| {
        let center = centers[pick.index(centers.len())];
        E7Point::unbounded(
            center.lat().saturating_add(*lat),
            center.lon().saturating_add(*lon),
        )
    };
    offsets.iter().map(near).collect()
}

fn pairs(points: &[(i32, i32)], scale: i32) -> Vec<E7Point> {
    points
        .iter()
        .map(|&(lat, lon)| E7Point::unbounded(lat * scale, lon * scale))
        .collect()
}

fn line(start: E7Point, lat: i32, lon: i32, size: usize) -> Vec<E7Point> {
    let step = |point: &E7Point| {
        Some(E7Point::unbounded(
            point.lat().wrapping_add(lat),
            point.lon().wrapping_add(lon),
        ))
    };
    std::iter::successors(Some(start), step)
        .take(size)
        .collect()
}

fn corners() -> Vec<E7Point> {
    let lats = [i32::MIN, -E7Point::MAX_LAT, 0, E7Point::MAX_LAT, i32::MAX];
    let lons = [i32::MIN, -E7Point::MAX_LON, 0, E7Point::MAX_LON, i32::MAX];
    lats.iter()
        .flat_map(|&lat| lons.map(|lon| E7Point::unbounded(lat, lon)))
        .collect()
}

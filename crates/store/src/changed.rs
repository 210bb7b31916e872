//! Queries on bytes that change after they have been checked, as those of a mapped file can.

use proptest::collection::vec;
use proptest::prelude::*;
use route_guide_geo::{E7Point, E7Rectangle};

use crate::build::builder::Builder;
use crate::build::order::Order;
use crate::feature::Position;
use crate::format::image::{self, Image};
use crate::format::section::{LISTED, Section};
use crate::samples::{any_rectangle, place, points};
use crate::store::Store;

/// Fills a part of a section with a byte, after the checks.
fn change(image: &Image, section: Section, part: &(f64, f64), value: u8) -> Image {
    let header = image.header().clone();
    let range = header.layout.range(section).clone();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of a length"
    )]
    let at = |share: f64| range.start + (range.len() as f64 * share) as usize;
    let changed = at(part.0.min(part.1))..at(part.0.max(part.1));
    let Ok(bytes) = image::aligned(header.layout.file_bytes(), |bytes| {
        bytes.copy_from_slice(image.as_bytes());
        bytes[changed].fill(value);
        Ok::<_, std::convert::Infallible>(())
    });
    Image::new(bytes, header)
}

fn ask_everything(store: &Store, points: &[E7Point], area: E7Rectangle) {
    let hits = store.query(area).flatten();
    let positions = hits.map(|hit| hit.position().index());
    assert!(positions.max().is_none_or(|last| last < store.len()));
    let _ = (
        store.count(area),
        store.records(area).count(),
        store.features().count(),
        store.verify(),
    );
    for &at in points.iter().take(50) {
        let _ = (
            store.find(at),
            store.contains(at),
            store.find_record(at),
            store.nearest(at, 1e6),
        );
        let _ = (
            store.nearest_k(at, 3, f64::INFINITY),
            store.feature(Position::new(0)),
        );
    }
    assert!(store.count_at(points) <= points.len());
}

proptest! {
    /// Answers may be wrong, but no query panics, hangs or returns a position outside the data set.
    #[test]
    fn no_query_panics_or_hangs_when_bytes_change_behind_its_back(
        (points, area) in points().prop_flat_map(|points| {
            let area = any_rectangle(&points);
            (Just(points), area)
        }),
        elsewhere in vec(place(), 10),
        order in prop::sample::select(vec![Order::Input, Order::Spatial]),
        changes in vec(
            (prop::sample::select(LISTED.to_vec()), (0.0..=1.0, 0.0..=1.0), prop::sample::select(vec![0_u8, 1, 0x7f, 0x80, 0xff])),
            1..4,
        ),
    ) {
        let mut builder = Builder::new();
        for &point in &points {
            builder.push(point, "name").unwrap();
        }
        let mut image = builder.into_image(order);
        for (section, part, value) in &changes {
            if image.layout().sections().any(|listed| listed == *section) {
                image = change(&image, *section, part, *value);
            }
        }
        let asked: Vec<_> = points.iter().chain(&elsewhere).copied().collect();
        ask_everything(&Store::of(image), &asked, area);
    }
}

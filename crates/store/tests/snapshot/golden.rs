//! Snapshots of every version stay readable, and the code and the document agree on every byte of them.
//!
//! The files were made by `data/make.py`, which knows the document and not the code.

use std::path::Path;

use crate::kit::{self, PUBLISHED, PUBLISHED_V1, SPATIAL, SPATIAL_V1};
use route_guide_geo::E7Point;
use route_guide_store::{Order, Section, Store};

/// The published places, put together by this crate of what the first golden snapshot says they are.
fn published() -> Store {
    let golden = kit::open(PUBLISHED_V1).unwrap();
    let features = golden.features();
    assert_eq!(golden.len(), 100);
    Store::from_features(features.map(|feature| (feature.location(), feature.name())))
}

#[test]
fn a_snapshot_of_any_version_has_the_published_places() {
    let published = published();
    let points: Vec<_> = published
        .features()
        .map(|feature| feature.location())
        .collect();
    for version in [1, 2] {
        let name = format!("tests/data/published-v{version}.rgs");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let store = Store::open(&path).unwrap();
        store.verify().unwrap();
        assert_eq!(store.info().format_version, version);
        assert!(store.features().eq(published.features()));
        for &point in &points {
            assert_eq!(store.find(point), published.find(point));
            let near = E7Point::unbounded(point.lat() + 1, point.lon());
            assert_eq!(store.find(near), None);
        }
        assert_eq!(store.count_at(&points), 100);
    }
}

#[test]
fn what_is_loaded_is_what_the_last_version_has() {
    assert_eq!(published().info(), kit::open(PUBLISHED).unwrap().info());
}

#[test]
fn a_snapshot_in_curve_order_answers() {
    for golden in [SPATIAL_V1, SPATIAL] {
        check_answers(&kit::open(golden).unwrap());
    }
}

fn check_answers(store: &Store) {
    store.verify().unwrap();
    assert_eq!(store.len(), 600);
    let check = |lat, lon, expected: Option<&str>| {
        let found = store.find(E7Point::unbounded(lat, lon));
        assert_eq!(found.map(|feature| feature.name()), expected);
    };
    check(0, 0, Some("the origin"));
    check(i32::MIN, i32::MAX, Some("off the globe"));
    check(i32::MAX, i32::MIN, Some(""));
    check(0, -1, Some(&"Ωμέγα 𝄞 ".repeat(40)));
    check(127, 128, Some(&"n".repeat(127)));
    check(16_383, 16_384, Some(&"n".repeat(128)));
    check(1, 1, None);
    let unnamed = store.features().filter(|feature| feature.name().is_empty());
    assert_eq!(unnamed.count(), 1 + 197);
}

#[test]
fn what_is_written_is_what_the_document_says_byte_for_byte() {
    let check = |golden: &[u8], order| {
        let store = kit::open(golden).unwrap();
        let (bytes, info) = kit::written(&store, order);
        assert!(bytes == golden, "{order:?}");
        assert_eq!(info, store.info());
        assert_eq!(info.order, order);
    };
    check(PUBLISHED, Order::Input);
    check(SPATIAL, Order::Spatial);
}

#[test]
fn the_head_has_its_numbers_where_the_document_has_them() {
    for golden in [PUBLISHED_V1, SPATIAL_V1, PUBLISHED, SPATIAL] {
        let u32_at = |at: usize| u32::from_le_bytes(golden[at..at + 4].try_into().unwrap());
        let u64_at = |at: usize| u64::from_le_bytes(golden[at..at + 8].try_into().unwrap());
        let info = kit::open(golden).unwrap().info();
        assert_eq!(&golden[..8], b"\x89RGS\r\n\x1a\n");
        assert_eq!(u32_at(8), info.format_version);
        assert_eq!(u32_at(12) as usize, info.sections.len());
        assert_eq!(u64_at(16), info.file_bytes);
        assert_eq!(golden.len() as u64, info.file_bytes);
        assert_eq!(u64_at(24), info.features);
        assert_eq!(u64_at(32), info.version);
        for (index, section) in info.sections.iter().enumerate() {
            let entry = 64 + 32 * index;
            assert_eq!(
                &golden[entry..entry + 4],
                section.section.to_string().as_bytes()
            );
            assert_eq!(u32_at(entry + 4), section.checksum);
            assert_eq!(u64_at(entry + 8), section.offset);
            assert_eq!(u64_at(entry + 16), section.bytes);
            assert_eq!(section.offset % 64, 0);
        }
        let listed: Vec<_> = info.sections.iter().map(|listed| listed.section).collect();
        let with_order = [
            Section::Lats,
            Section::Lons,
            Section::Boxs,
            Section::Find,
            Section::Ordr,
            Section::Offs,
            Section::Recs,
        ];
        let without = with_order
            .into_iter()
            .filter(|section| *section != Section::Ordr);
        let expected: Vec<_> = match info.order {
            Order::Input => with_order.to_vec(),
            Order::Spatial => without.collect(),
        };
        assert_eq!(listed, expected);
    }
}

//! Snapshots of every version stay readable, and the code and the document agree on every byte of them.
//!
//! The files were made by `data/make.py`, which knows the document and not the code.

use crate::kit::{self, PUBLISHED, SPATIAL};
use route_guide_geo::E7Point;
use route_guide_store::{Feature, Order, Section, Store};

#[test]
fn the_published_snapshot_has_the_published_places() {
    let store = kit::open(PUBLISHED).unwrap();
    store.verify().unwrap();
    assert_eq!(store.len(), 100);
    let features: Vec<_> = store.features().map(Result::unwrap).collect();
    let points: Vec<_> = features.iter().map(Feature::location).collect();
    for feature in features {
        let at = feature.location();
        assert_eq!(store.find(at), Ok(Some(feature)));
        let near = E7Point::unbounded(at.lat() + 1, at.lon());
        assert_eq!(store.find(near), Ok(None));
    }
    assert_eq!(store.count_at(&points), 100);
}

#[test]
fn what_is_loaded_is_what_the_file_has() {
    let golden = kit::open(PUBLISHED).unwrap();
    let features = golden.features().map(Result::unwrap);
    let loaded = Store::from_features(features.map(|feature| (feature.location(), feature.name())));
    assert_eq!(loaded.info(), golden.info());
}

#[test]
fn a_snapshot_in_curve_order_answers() {
    check_answers(&kit::open(SPATIAL).unwrap());
}

fn check_answers(store: &Store) {
    store.verify().unwrap();
    assert_eq!(store.len(), 600);
    let check = |lat, lon, expected: Option<&str>| {
        let found = store.find(E7Point::unbounded(lat, lon)).unwrap();
        assert_eq!(found.map(|feature| feature.name()), expected);
    };
    check(0, 0, Some("the origin"));
    check(i32::MIN, i32::MAX, Some("off the globe"));
    check(i32::MAX, i32::MIN, Some(""));
    check(0, -1, Some(&"Ωμέγα 𝄞 ".repeat(40)));
    check(127, 128, Some(&"n".repeat(127)));
    check(16_383, 16_384, Some(&"n".repeat(128)));
    check(1, 1, None);
    let features = store.features().map(Result::unwrap);
    let unnamed = features.filter(|feature| feature.name().is_empty());
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
    for golden in [PUBLISHED, SPATIAL] {
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
            Section::Plat,
            Section::Plon,
            Section::Offs,
            Section::Recs,
            Section::Sums,
        ];
        let of_order = [Section::Ordr, Section::Plat, Section::Plon];
        let mut expected = with_order.to_vec();
        if info.order == Order::Spatial {
            expected.retain(|section| !of_order.contains(section));
        }
        assert_eq!(listed, expected);
    }
}

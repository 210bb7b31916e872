//! A snapshot that is not as it was written is refused with section and offset, or does no harm.

use crate::kit::{self, PUBLISHED, SPATIAL};
use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use route_guide_geo::{E7Point, E7Rectangle};
use route_guide_store::{Order, Position, Section, SnapshotError, Store};

fn opened(bytes: Vec<u8>) -> Result<Store, SnapshotError> {
    Store::from_snapshot(Bytes::from(bytes))
}

/// Opens and verifies.
fn verified(bytes: Vec<u8>) -> Result<(), SnapshotError> {
    opened(bytes)?.verify()
}

#[test]
fn a_snapshot_that_ends_at_any_byte_is_refused() {
    for golden in [PUBLISHED, SPATIAL] {
        for len in 0..golden.len() {
            let error = opened(golden[..len].to_vec()).unwrap_err();
            assert_eq!(error.section(), Section::Header, "{len}: {error}");
        }
        let longer = [golden, &[0]].concat();
        let error = opened(longer).unwrap_err().to_string();
        let (expected, found) = (golden.len(), golden.len() + 1);
        assert_eq!(
            error,
            format!(
                "header, offset 16: the length of the file is {found} and should be {expected}"
            )
        );
    }
}

#[test]
fn a_single_bit_that_flips_is_noticed_and_its_section_named() {
    let features = kit::open(PUBLISHED).unwrap();
    let features = features
        .features()
        .map(Result::unwrap)
        .take(17)
        .map(|hit| (hit.location(), hit.name()));
    let (golden, info) = kit::written(&Store::from_features(features), Order::Input);
    let head_bytes = 64 + 32 * info.sections.len();
    for bit in 0..8 * golden.len() {
        let mut bytes = golden.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let error = verified(bytes).expect_err(&format!("bit {bit}"));
        // A byte before a section counts as the section's.
        let byte = (bit / 8) as u64;
        let hit = info
            .sections
            .iter()
            .find(|section| byte < section.offset + section.bytes);
        let hit = hit.map(|section| section.section);
        let expected = if bit / 8 < head_bytes {
            Some(Section::Header)
        } else {
            hit
        };
        assert_eq!(Some(error.section()), expected, "bit {bit}: {error}");
        let start = if bit / 8 < head_bytes {
            head_bytes as u64
        } else {
            byte
        };
        assert!(error.offset() <= start, "bit {bit}: {error}");
    }
}

/// Changes the published snapshot, makes its checksums agree, and returns what is said about it.
fn changed(change: impl FnOnce(&mut Vec<u8>)) -> Result<(), String> {
    let mut bytes = PUBLISHED.to_vec();
    change(&mut bytes);
    kit::reseal(&mut bytes);
    verified(bytes).map_err(|error| error.to_string())
}

#[test]
fn a_writer_that_is_wrong_is_told_what_is_wrong() {
    let check = |change: &dyn Fn(&mut Vec<u8>), expected: &str| {
        assert_eq!(changed(change), Err(expected.to_owned()));
    };
    check(
        &|b| b[0] = b'x',
        "header, offset 0: the file begins with \"xRGS\\r\\n\\x1a\\n\", not as a snapshot does",
    );
    check(
        &|b| b[8] = 2,
        "header, offset 8: format version 2 is not known, only 1 is",
    );
    check(
        &|b| b[8] = 0,
        "header, offset 8: format version 0 is not known, only 1 is",
    );
    check(
        &|b| b[12] = 5,
        "header, offset 12: the number of sections is 5 and should be 7",
    );
    check(
        &|b| b[12] = 8,
        "header, offset 12: the number of sections is 8 and should be 10",
    );
    check(
        &|b| b[12] = 11,
        "header, offset 12: the number of sections is 11 and should be 10",
    );
    check(
        &|b| b[24] = 101,
        "section table, offset 80: the length of a section is 400 and should be 404",
    );
    check(
        &|b| b[24..32].fill(0xff),
        "header, offset 24: the number of features 18446744073709551615 is not below 4294967295",
    );
    check(
        &|b| b[40] = 1,
        "header, offset 40: a reserved number is 1 and should be 0",
    );
    check(
        &|b| b[59] = 1,
        "header, offset 56: a reserved number is 16777216 and should be 0",
    );
    check(
        &|b| b[64] = b'l',
        "section table, offset 64: a tag is 1398030700 and should be 1398030668",
    );
    check(
        &|b| b[72] ^= 0x80,
        "section table, offset 72: the offset of a section is 256 and should be 384",
    );
    check(
        &|b| b[88] = 7,
        "section table, offset 88: a reserved number is 7 and should be 0",
    );
    // The last byte of the records lies between the sections then.
    check(
        &|b| b[64 + 8 * 32 + 16] -= 1,
        "SUMS, offset 9334: a byte before the section is 1 and should be 0",
    );
    check(
        &|b| {
            b.push(0);
            b[16] += 1;
        },
        "header, offset 16: the length of the file is 9353 and should be 9352",
    );
    check(
        &|b| b[800] = 1,
        "LONS, offset 800: a byte before the section is 1 and should be 0",
    );
}

#[test]
fn numbers_that_lead_nowhere_are_refused() {
    let at = |section| kit::range(PUBLISHED, section).start;
    let put = |offset: usize, value: &[u8]| {
        let value = value.to_vec();
        changed(|bytes| bytes[offset..offset + value.len()].copy_from_slice(&value))
    };
    let check = |found: Result<(), String>, expected: String| assert_eq!(found, Err(expected));

    let find = at(Section::Find);
    // Seven bits are the slot; the tag above them leads nowhere.
    for cell in [0x64_u32, 0x7f, 0x8000_0064, 0xffff_ff7f] {
        check(
            put(find + 40, &cell.to_le_bytes()),
            format!(
                "FIND, offset {}: slot {} is not below 100",
                find + 40,
                cell & 127
            ),
        );
    }
    check(
        put(find, &[0; 800]),
        format!("FIND, offset {find}: no cell is free"),
    );

    let ordr = at(Section::Ordr);
    check(
        put(ordr + 396, &u32::MAX.to_le_bytes()),
        format!(
            "ORDR, offset {}: position 4294967295 is not below 100",
            ordr + 396
        ),
    );
    let first: [u8; 4] = PUBLISHED[ordr..ordr + 4].try_into().unwrap();
    check(
        put(ordr + 4, &first),
        format!(
            "ORDR, offset {}: position {} is there twice",
            ordr + 4,
            u32::from_le_bytes(first)
        ),
    );

    let offs = at(Section::Offs);
    let records_bytes = kit::range(PUBLISHED, Section::Recs).len();
    check(
        put(offs, &[1]),
        format!("OFFS, offset {offs}: the offset of a record is 1 and should be 0"),
    );
    check(
        put(offs + 16, &[0; 8]),
        format!(
            "OFFS, offset {}: the offset of a record 0 is out of order",
            offs + 16
        ),
    );
    check(
        put(offs + 16, &[0xff; 8]),
        format!(
            "OFFS, offset {}: the offset of a record 18446744073709551615 is out of order",
            offs + 16
        ),
    );
    check(
        put(offs + 13 * 8, &[0; 8]),
        format!(
            "OFFS, offset {}: the offset of a record is 0 and should be {records_bytes}",
            offs + 13 * 8
        ),
    );
}

/// Opening reads no records, and their checksums agree: what is wrong with one is met by the queries that need it.
#[test]
fn a_record_that_a_writer_got_wrong_fails_the_queries_that_need_it() {
    let recs = kit::range(PUBLISHED, Section::Recs).start;
    let sound = kit::open(PUBLISHED).unwrap();
    let features = sound.features().map(Result::unwrap);
    let points: Vec<_> = features.map(|feature| feature.location()).collect();

    let check = |at: usize, value: u8| {
        let mut bytes = PUBLISHED.to_vec();
        bytes[recs + at] = value;
        kit::reseal(&mut bytes);
        let store = opened(bytes).unwrap();
        let expected = format!("RECS, offset {recs}: the record of feature 0 is damaged");
        let damage = Err(expected.clone());
        assert_eq!(store.verify().map_err(|error| error.to_string()), damage);
        let found = store.find_record(points[0]).map(drop);
        assert_eq!(found.map_err(|error| error.to_string()), damage);
        let found = store.find(points[0]).map(drop);
        assert_eq!(found.map_err(|error| error.to_string()), damage);
        // A list that begins after the record has to step over it.
        let second = E7Rectangle::new(points[1], points[1]);
        let found: Vec<_> = store.records(second).collect();
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0]
                .clone()
                .map(drop)
                .map_err(|error| error.to_string()),
            damage
        );
        let found: Result<Vec<_>, _> = store.query(second).collect();
        assert_eq!(found.unwrap_err().to_string(), expected);
        assert!(store.contains(points[0]));
        // The records of the next group do not depend on it.
        assert_eq!(store.find(points[8]), sound.find(points[8]));
        assert_eq!(store.find_record(points[99]), sound.find_record(points[99]));
    };
    check(0, 1);
    check(1, 0xff);
    check(3, 0xff);
}

/// Asks everything that can be asked.
fn ask(store: &Store, at: E7Point, area: E7Rectangle) {
    let _ = store.verify();
    let _ = (store.contains(at), store.find(at), store.find_record(at));
    let _ = store.count_at(&[at; 40]);
    let hits = store.query(area).count();
    let sent: usize = store.records(area).flatten().map(|run| run.len()).sum();
    let _ = (
        hits,
        sent,
        store.count(area),
        store.features().count(),
        store.info(),
    );
    let _ = store.nearest_k(at, 3, 1e6);
    let _ = store.feature(Position::new(7));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Bytes with checksums that agree are refused, or every query comes to its end without a panic.
    #[test]
    fn nothing_in_a_snapshot_can_make_a_query_panic(
        golden in prop::sample::select(vec![PUBLISHED, SPATIAL]),
        changes in vec((any::<prop::sample::Index>(), prop_oneof![Just(0), Just(0xff), any::<u8>()], 1..9_usize), 1..8),
        cut in prop::option::weighted(0.1, any::<prop::sample::Index>()),
        at: (i32, i32),
        to: (i32, i32),
    ) {
        let mut bytes = golden.to_vec();
        for (place, value, len) in changes {
            let start = place.index(bytes.len());
            let end = bytes.len().min(start + len);
            bytes[start..end].fill(value);
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        kit::reseal(&mut bytes);
        if let Ok(store) = opened(bytes) {
            let at = E7Point::unbounded(at.0, at.1);
            let to = E7Point::unbounded(to.0, to.1);
            ask(&store, at, E7Rectangle::new(at, to));
            ask(&store, E7Point::unbounded(0, 0), E7Rectangle::new(E7Point::unbounded(0, 0), to));
        }
    }

    /// Anything at all is refused without a panic.
    #[test]
    fn bytes_that_are_no_snapshot_are_refused(mut bytes in vec(any::<u8>(), 0..600), begins_well: bool) {
        if begins_well && bytes.len() >= 16 {
            bytes[..16].copy_from_slice(&PUBLISHED[..16]);
            kit::reseal(&mut bytes);
        }
        prop_assert!(opened(bytes).is_err());
    }
}

#[test]
fn a_snapshot_may_lie_anywhere_in_memory() {
    for shift in 0..9 {
        let bytes = Bytes::from([&vec![0; shift], SPATIAL].concat()).slice(shift..);
        Store::from_snapshot(bytes).unwrap().verify().unwrap();
    }
}

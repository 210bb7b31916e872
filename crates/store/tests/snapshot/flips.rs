//! A bit that flips in the file is never sent: the file is refused, the query fails, or the answer is right.

use crate::kit;
use std::sync::LazyLock;

use bytes::Bytes;
use proptest::prelude::*;
use route_guide_geo::{E7Point, E7Rectangle};
use route_guide_store::{Builder, CorruptRecord, Info, Order, Position, Section, Store};

/// So many features that their records take several pages and their boxes two levels.
const FEATURES: i32 = 600;

fn point(number: i32) -> E7Point {
    E7Point::unbounded(number * 7_919 % 1_000, number * 104_729 % 1_000)
}

fn name(number: i32) -> String {
    // Some take up more than a page, so that records are stepped over whose pages are not needed.
    let letters = if number % 97 == 5 { 5_000 } else { number % 40 };
    "n".repeat(usize::try_from(letters).unwrap())
}

fn sound(order: Order) -> Store {
    let mut builder = Builder::new();
    for number in 0..FEATURES {
        builder.push(point(number), &name(number)).unwrap();
    }
    builder.into_store(order)
}

fn rectangle(a: (i32, i32), b: (i32, i32)) -> E7Rectangle {
    E7Rectangle::new(E7Point::unbounded(a.0, a.1), E7Point::unbounded(b.0, b.1))
}

fn everywhere() -> E7Rectangle {
    rectangle((i32::MIN, i32::MIN), (i32::MAX, i32::MAX))
}

/// The records that come before the end or the damage, and whether it was damage.
fn listed(store: &Store, area: E7Rectangle) -> (Vec<u8>, bool) {
    let mut sent = Vec::new();
    for piece in store.records(area) {
        match piece {
            Ok(piece) => sent.extend_from_slice(&piece),
            Err(_) => return (sent, true),
        }
    }
    (sent, false)
}

/// Asks for everything in each way that there is. What is answered is right; returns whether all was answered.
fn ask(store: &Store, sound: &Store) -> Result<bool, TestCaseError> {
    let mut damage = false;
    for area in [
        everywhere(),
        rectangle((0, 0), (999, 499)),
        rectangle((10, 10), (60, 60)),
    ] {
        let (sent, cut) = listed(store, area);
        let (expected, _) = listed(sound, area);
        if cut {
            prop_assert!(
                expected.starts_with(&sent),
                "what comes before the damage is right"
            );
        } else {
            prop_assert!(sent == expected);
        }
        prop_assert_eq!(store.count(area), sound.count(area));
        let expected: Vec<_> = sound.query(area).collect();
        let mut found: Vec<_> = store.query(area).collect();
        let failed = found.pop_if(|last| last.is_err()).is_some();
        prop_assert!(expected.starts_with(&found));
        prop_assert!(failed || found.len() == expected.len());
        prop_assert_eq!(failed, cut);
        damage |= cut;
    }
    let points: Vec<_> = (0..FEATURES).map(point).collect();
    prop_assert_eq!(store.count_at(&points), sound.count_at(&points));
    for (&at, position) in points.iter().zip(0..).step_by(7) {
        let near = E7Point::unbounded(at.lat() + 1, at.lon() - 1);
        let wrong = [
            differs(store.find(at), sound.find(at)),
            differs(store.find(near), sound.find(near)),
            differs(store.find_record(at), sound.find_record(at)),
            differs(store.nearest(near, 1e6), sound.nearest(near, 1e6)),
            differs(
                store.feature(Position::new(position)),
                sound.feature(Position::new(position)),
            ),
        ];
        prop_assert!(!wrong.contains(&Some(true)), "{position}: {wrong:?}");
        damage |= wrong.contains(&None);
    }
    Ok(!damage)
}

/// Tells whether an answer is another one than it should be, `None` if damage is met.
fn differs<T: PartialEq>(
    found: Result<T, CorruptRecord>,
    expected: Result<T, CorruptRecord>,
) -> Option<bool> {
    Some(found.ok()? != expected.ok()?)
}

/// A snapshot and what is in it.
type Written = (Vec<u8>, Info);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    /// Of 1 500 single bits that flipped, 832 became part of an answer.
    #[test]
    fn a_flipped_bit_is_never_part_of_an_answer(
        order in prop::sample::select(vec![Order::Input, Order::Spatial]),
        place: prop::sample::Index,
        bit in 0..8_u8,
        whole: bool,
    ) {
        static WRITTEN: LazyLock<[(Store, Written); 2]> = LazyLock::new(|| {
            [Order::Input, Order::Spatial].map(|order| (sound(order), kit::written(&sound(order), order)))
        });
        let (sound, (golden, info)) = &WRITTEN[usize::from(order == Order::Spatial)];
        let mut bytes = golden.clone();
        // Half of them anywhere, and half in the records, as these are read last.
        let records = kit::range(&bytes, Section::Recs);
        let flipped = if whole { place.index(bytes.len()) } else { records.start + place.index(records.len()) };
        bytes[flipped] ^= 1 << bit;
        match Store::from_snapshot(Bytes::from(bytes)) {
            Err(error) => {
                prop_assert!(!records.contains(&flipped), "{error}");
                let in_head = flipped < 64 + 32 * info.sections.len();
                let section = info.sections.iter().find(|s| (flipped as u64) < s.offset + s.bytes);
                let expected = if in_head { Some(Section::Header) } else { section.map(|s| s.section) };
                prop_assert_eq!(Some(error.section()), expected);
            }
            Ok(store) => {
                prop_assert!(records.contains(&flipped), "byte {} is covered by no check", flipped);
                prop_assert!(!ask(&store, sound)?, "the damage is met");
                prop_assert!(store.verify().is_err());
            }
        }
    }
}

/// Whoever needs other pages does not notice, and whoever comes again is told again.
#[test]
fn damage_fails_the_queries_that_need_it_and_no_others() {
    let sound = sound(Order::Spatial);
    let (mut bytes, _) = kit::written(&sound, Order::Spatial);
    let records = kit::range(&bytes, Section::Recs);
    let page = 4_096;
    bytes[records.start + page + 100] ^= 1;
    let store = Store::from_snapshot(Bytes::from(bytes)).unwrap();

    let (sent, cut) = listed(&store, everywhere());
    assert!(
        cut && sent.is_empty(),
        "all of it is one piece, which is checked before any of it is sent"
    );
    let last = sound.features().last().unwrap().unwrap();
    assert_eq!(store.find(last.location()), Ok(Some(last)));
    let error = store.verify().unwrap_err();
    let offset = (records.start + page) as u64;
    assert_eq!((error.section(), error.offset()), (Section::Recs, offset));
    let expected = format!("RECS, offset {offset}: the checksum of 4096 bytes is ");
    assert!(error.to_string().starts_with(&expected), "{error}");

    let mut found: Vec<_> = store.query(everywhere()).collect();
    let failure = found.pop().unwrap().unwrap_err();
    assert!(found.iter().all(Result::is_ok), "damage is the end");
    let before = found.len();
    assert!(before > 0 && before < 600, "{before}");
    assert!(failure.is_known(), "the listing has met it before");
    assert_eq!(failure.offset(), offset);
    let met = store.feature(Position::new(u32::try_from(before).unwrap()));
    assert_eq!(met, Err(failure));
}

/// A data set that this process has made is not read once more to check it.
#[test]
fn a_store_in_memory_has_the_same_answers() {
    for order in [Order::Input, Order::Spatial] {
        let sound = sound(order);
        let (bytes, _) = kit::written(&sound, order);
        let store = Store::from_snapshot(Bytes::from(bytes)).unwrap();
        assert!(ask(&store, &sound).unwrap());
        sound.verify().unwrap();
    }
}

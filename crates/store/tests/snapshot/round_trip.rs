//! A data set answers alike before it is written and after it has been opened, in either order.

use proptest::collection::vec;
use proptest::prelude::*;
use route_guide_geo::{E7Point, E7Rectangle};
use route_guide_store::{Builder, Order, Store};

use crate::kit::{self, PUBLISHED};

/// Points close enough to each other that some are equal and rectangles hit several, now and then far away.
fn features() -> impl Strategy<Value = Vec<(E7Point, String)>> {
    let coordinate = || prop_oneof![9 => -40..40, 1 => any::<i32>()];
    let place = (coordinate(), coordinate()).prop_map(|(lat, lon)| E7Point::unbounded(lat, lon));
    vec((place, "[a-zé]{0,6}"), 0..700)
}

fn answers(store: &Store, areas: &[(E7Point, E7Point)]) -> impl PartialEq + std::fmt::Debug {
    let feature = |feature: route_guide_store::Feature<'_>| {
        (
            feature.position(),
            feature.location(),
            feature.name().to_owned(),
        )
    };
    let all: Vec<_> = store.features().map(Result::unwrap).map(feature).collect();
    let of_areas: Vec<_> = areas
        .iter()
        .map(|&(at, to)| {
            let area = E7Rectangle::new(at, to);
            let sent: Result<Vec<_>, _> = store.records(area).collect();
            (
                store
                    .query(area)
                    .map(|hit| hit.map(feature))
                    .collect::<Result<Vec<_>, _>>(),
                sent.unwrap().concat(),
                store.count(area),
                store.find(at).unwrap().map(feature),
                store.find_record(at),
                store
                    .nearest(to, 1e5)
                    .unwrap()
                    .map(|nearby| feature(nearby.feature())),
            )
        })
        .collect();
    (all, of_areas, store.info())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The file is a data set like any other, and says what it had said.
    #[test]
    fn answers_are_the_same_after_a_round_trip(
        features in features(),
        order in prop::sample::select(vec![Order::Input, Order::Spatial]),
        areas in vec((-45..45, -45..45, -45..45, -45..45), 1..5),
    ) {
        let builder = || {
            let mut builder = Builder::new();
            for (at, name) in &features {
                builder.push(*at, name).unwrap();
            }
            builder
        };
        let areas: Vec<_> = areas
            .into_iter()
            .map(|(a, b, c, d)| (E7Point::unbounded(a, b), E7Point::unbounded(c, d)))
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("places.rgs");
        let info = builder().write(order, &path).unwrap();
        let (before, after) = (builder().into_store(order), Store::open(&path).unwrap());
        prop_assert!(after.verify().is_ok());
        prop_assert_eq!(after.info(), info);
        prop_assert_eq!(answers(&after, &areas), answers(&before, &areas));
    }
}

#[test]
fn the_version_is_another_one_if_anything_is_different() {
    let version = |features: &[(i32, i32, &str)], order| {
        let mut builder = Builder::new();
        for (lat, lon, name) in features {
            builder.push(E7Point::unbounded(*lat, *lon), name).unwrap();
        }
        builder.into_store(order).version()
    };
    let features = [(1, 2, "a"), (-5, 8, "b"), (1, 2, "")];
    let mut versions = vec![
        version(&features, Order::Input),
        version(&features, Order::Spatial),
        version(&features[..2], Order::Input),
        version(&[], Order::Input),
        version(&[(1, 2, "c"), (-5, 8, "b"), (1, 2, "")], Order::Input),
        version(&[(1, 3, "a"), (-5, 8, "b"), (1, 2, "")], Order::Input),
        version(&[(1, 2, ""), (-5, 8, "b"), (1, 2, "a")], Order::Input),
    ];
    assert_eq!(
        versions[0],
        version(&features, Order::Input),
        "it is the same for the same"
    );
    versions.sort_unstable();
    versions.dedup();
    assert_eq!(versions.len(), 7);
    // Told to clients, so it stays what it is.
    assert_eq!(
        format!("{:016x}", kit::open(PUBLISHED).unwrap().version()),
        "7b1503d54f6169b3"
    );
}

//! Stored records are, byte for byte, what a gRPC server sends for the same features.
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;
use route_guide_geo::{E7Point, E7Rectangle};
use route_guide_proto::routeguide::Feature;
use route_guide_store::{Builder, Order, Store};

/// The message in its frame, made by the generated code.
fn framed(location: E7Point, name: &str) -> Vec<u8> {
    let message = Feature {
        name: name.to_owned(),
        location: Some(location.into()),
    };
    let mut frame = vec![0];
    frame.extend(u32::try_from(message.encoded_len()).unwrap().to_be_bytes());
    message.encode(&mut frame).unwrap();
    frame
}

fn everywhere() -> E7Rectangle {
    E7Rectangle::new(
        E7Point::unbounded(i32::MIN, i32::MIN),
        E7Point::unbounded(i32::MAX, i32::MAX),
    )
}

/// All that is stored for an area.
fn stored(store: &Store, area: E7Rectangle) -> Vec<u8> {
    let runs: Result<Vec<_>, _> = store.records(area).collect();
    runs.unwrap().concat()
}

/// Coordinates of every encoded length, on the globe and off it; names around the lengths at which their length grows.
fn features() -> impl Strategy<Value = Vec<(E7Point, String)>> {
    let coordinate = || {
        prop_oneof![
            any::<i32>(),
            -3..3,
            prop::sample::select(vec![
                127,
                128,
                16_383,
                16_384,
                2_097_151,
                2_097_152,
                i32::MAX,
                i32::MIN
            ]),
        ]
    };
    let place = (coordinate(), coordinate()).prop_map(|(lat, lon)| E7Point::unbounded(lat, lon));
    let name = prop_oneof![
        Just(String::new()),
        any::<String>(),
        prop::sample::select(vec![126, 127, 128, 129, 16_383, 16_384])
            .prop_map(|len| "n".repeat(len)),
    ];
    vec((place, name), 0..150)
}

proptest! {
    /// A listing of stored bytes is the listing of generated messages, in any order of the data set.
    #[test]
    fn records_are_what_the_generated_code_encodes(
        features in features(),
        order in prop::sample::select(vec![Order::Input, Order::Spatial]),
        corners: (usize, usize),
    ) {
        let mut builder = Builder::new();
        for (location, name) in &features {
            builder.push(*location, name).unwrap();
        }
        let store = builder.into_store(order);

        let corner = |pick: usize| features.get(pick % features.len().max(1)).map_or_else(E7Point::default, |(at, _)| *at);
        let some = E7Rectangle::new(corner(corners.0), corner(corners.1));
        for area in [some, everywhere()] {
            let expected: Vec<_> = store.query(area).map(Result::unwrap).map(|hit| framed(hit.location(), hit.name())).collect();
            prop_assert_eq!(stored(&store, area), expected.concat());
        }
        if order == Order::Input {
            let expected: Vec<_> = features.iter().map(|(at, name)| framed(*at, name)).collect();
            prop_assert_eq!(stored(&store, everywhere()), expected.concat());
        }

        for (at, _) in &features {
            let found = store.find(*at).unwrap().unwrap();
            prop_assert_eq!(found.location(), *at);
            let record = store.find_record(*at).unwrap().unwrap();
            prop_assert_eq!(&record[..], framed(*at, found.name()));
        }
    }
}

#[test]
fn everything_is_one_run_in_either_order() {
    let points = (0..1_000).map(|i| E7Point::unbounded(i * 7_919 % 1_000, i * 104_729 % 1_000));
    for order in [Order::Input, Order::Spatial] {
        let mut builder = Builder::new();
        for point in points.clone() {
            builder.push(point, "name").unwrap();
        }
        let store = builder.into_store(order);
        assert_eq!(store.records(everywhere()).count(), 1, "{order:?}");
    }
    let empty = Builder::new().into_store(Order::Spatial);
    assert_eq!(empty.records(everywhere()).count(), 0);
    assert_eq!(empty.find_record(E7Point::default()), Ok(None));
}

#[test]
fn records_outlive_their_store() {
    fn check<T: Send + Unpin + 'static>(records: T) -> T {
        records
    }
    let points = (0..100).map(|i| (E7Point::unbounded(i, -i), "somewhere"));
    let store = Store::from_features(points);
    let expected = stored(&store, everywhere());
    let records = check(store.records(everywhere()));
    drop(store);
    let runs: Result<Vec<_>, _> = records.collect();
    assert_eq!(runs.unwrap().concat(), expected);
}

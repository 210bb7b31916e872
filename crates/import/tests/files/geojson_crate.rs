//! `GeoJSON` as the crate of that name writes it is read as it reads it.
use std::io::Cursor;
use std::ops::ControlFlow;

use geojson::{
    Feature, FeatureCollection, GeoJson, Geometry, GeometryValue, JsonObject, JsonValue,
};
use proptest::collection::vec;
use proptest::prelude::*;
use route_guide_import::{Format, Import, Item, Options};

type Row = (String, String);

fn read(format: Format, text: String) -> (Vec<Row>, u64) {
    let options = Options {
        format: Some(format),
        ..Options::default()
    };
    let import = Import::from_reader("x", Cursor::new(text), options).unwrap();
    let mut rows = Vec::new();
    let counts = import.run(|item| {
        let row = match item {
            Item::Row(row) => row,
            // Where no feature has a property, none has a name.
            Item::Notice(_) => return ControlFlow::Continue(()),
            Item::Rejected(rejected) => panic!("{rejected}"),
        };
        rows.push((row.location.to_string(), row.name.to_owned()));
        ControlFlow::<()>::Continue(())
    });
    let Ok(ControlFlow::Continue(counts)) = counts else {
        panic!("{counts:?}");
    };
    (rows, counts.skipped.total())
}

/// Degrees with so many decimals that no rounding is needed.
fn any_position() -> impl Strategy<Value = (i32, i32)> {
    (-900_000_000..=900_000_000, -1_800_000_000..=1_800_000_000)
}

fn coordinates((lat, lon): (i32, i32)) -> Vec<f64> {
    vec![f64::from(lon) / 1e7, f64::from(lat) / 1e7]
}

fn any_geometry() -> impl Strategy<Value = Option<GeometryValue>> {
    prop_oneof![
        4 => any_position().prop_map(|at| Some(GeometryValue::new_point(coordinates(at)))),
        1 => vec(any_position(), 1..4).prop_map(|all| Some(GeometryValue::new_multi_point(all.into_iter().map(coordinates)))),
        1 => vec(any_position(), 2..4).prop_map(|all| Some(GeometryValue::new_line_string(all.into_iter().map(coordinates)))),
        1 => Just(None),
    ]
}

fn any_feature() -> impl Strategy<Value = Feature> {
    let properties = proptest::option::of(any::<String>());
    (any_geometry(), properties).prop_map(|(geometry, name)| Feature {
        geometry: geometry.map(Geometry::new),
        properties: name
            .map(|name| JsonObject::from_iter([("name".to_owned(), JsonValue::from(name))])),
        ..Feature::default()
    })
}

/// What the other reader makes of a text.
fn expected(text: &str) -> (Vec<Row>, u64) {
    let Ok(GeoJson::FeatureCollection(collection)) = text.parse() else {
        panic!("{text}");
    };
    let (mut rows, mut skipped) = (Vec::new(), 0);
    for feature in collection.features {
        let name = feature
            .property("name")
            .and_then(|name| name.as_str())
            .unwrap_or_default()
            .trim()
            .to_owned();
        let positions = match feature.geometry.map(|geometry| geometry.value) {
            Some(GeometryValue::Point { coordinates }) => vec![coordinates],
            Some(GeometryValue::MultiPoint { coordinates }) => coordinates,
            _ => {
                skipped += 1;
                continue;
            }
        };
        for position in positions {
            rows.push((format!("{},{}", position[1], position[0]), name.clone()));
        }
    }
    (rows, skipped)
}

proptest! {
    #[test]
    fn both_readers_agree(features in vec(any_feature(), 0..20)) {
        let lines: Vec<_> = features.iter().map(Feature::to_string).collect();
        let text = FeatureCollection::new(features).to_string();
        let expected = expected(&text);
        prop_assert_eq!(&read(Format::GeoJson, text), &expected);
        prop_assert_eq!(&read(Format::GeoJsonSeq, lines.join("\n")), &expected);
    }
}

//! The published places, as a test reads them: straight from the JSON file.

use std::fs;

use route_guide_proto::routeguide::{Feature, Point};
use serde_json::Value;

/// A point on the wire, latitude first, in E7.
#[must_use]
pub fn point(latitude: i32, longitude: i32) -> Point {
    Point {
        latitude,
        longitude,
    }
}

/// One entry of the published list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where it is.
    pub location: Point,
    /// What it is called; empty for 36 of the 100.
    pub name: String,
}

/// Reads `data/route_guide_db.json`, in file order.
///
/// # Panics
///
/// If the file is not there or is not in the published shape.
#[must_use]
pub fn published_places() -> Vec<Place> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/route_guide_db.json");
    let text = fs::read_to_string(path).expect("the published places are there");
    let list: Value = serde_json::from_str(&text).expect("they are JSON");
    let list = list.as_array().expect("they are an array");
    list.iter().map(place).collect()
}

fn place(entry: &Value) -> Place {
    let coordinate = |axis: &str| {
        let value = entry["location"][axis].as_i64();
        value.and_then(|value| i32::try_from(value).ok())
    };
    Place {
        location: point(
            coordinate("latitude").expect("a latitude"),
            coordinate("longitude").expect("a longitude"),
        ),
        name: entry["name"].as_str().expect("a name").to_owned(),
    }
}

impl Place {
    /// The message that stands for this place on the wire.
    #[must_use]
    pub fn feature(&self) -> Feature {
        Feature {
            name: self.name.clone(),
            location: Some(self.location),
        }
    }

    /// Whether it lies between two corners, edges included.
    #[must_use]
    pub fn lies_between(&self, a: Point, b: Point) -> bool {
        let between = |value: i32, a: i32, b: i32| (a.min(b)..=a.max(b)).contains(&value);
        between(self.location.latitude, a.latitude, b.latitude)
            && between(self.location.longitude, a.longitude, b.longitude)
    }
}

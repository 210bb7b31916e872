//! `ListFeatures`: everything inside a rectangle, in data-set order.

use std::fs;

use route_guide_proto::routeguide::{Feature, Point, Rectangle};
use route_guide_server::{FeatureSource, RouteGuideSettings};
use route_guide_tests::{Place, TestServer, point, published_places, run};
use tokio_stream::StreamExt;

async fn list(
    server: &TestServer,
    lo: impl Into<Option<Point>>,
    hi: impl Into<Option<Point>>,
) -> Vec<Feature> {
    let rectangle = Rectangle {
        lo: lo.into(),
        hi: hi.into(),
    };
    let replies = server.guide().list_features(rectangle).await.unwrap();
    let collected: Result<_, _> = replies.into_inner().collect().await;
    collected.unwrap()
}

/// What a scan over the file finds.
fn scan(a: Point, b: Point) -> Vec<Feature> {
    let mut places = published_places();
    places.retain(|place| place.lies_between(a, b));
    places.iter().map(Place::feature).collect()
}

async fn serving(json: &str) -> TestServer {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("features.json");
    fs::write(&file, json).unwrap();
    TestServer::route_guide_with(RouteGuideSettings {
        features: FeatureSource::File(file),
        ..RouteGuideSettings::default()
    })
    .await
}

fn names(features: &[Feature]) -> Vec<&str> {
    features
        .iter()
        .map(|feature| feature.name.as_str())
        .collect()
}

#[test]
fn the_tutorials_rectangle_holds_all_hundred_unnamed_ones_included_in_file_order() {
    run(async {
        let server = TestServer::route_guide().await;
        let found = list(
            &server,
            point(400_000_000, -750_000_000),
            point(420_000_000, -730_000_000),
        )
        .await;
        let all: Vec<_> = published_places().iter().map(Place::feature).collect();
        assert_eq!(found.len(), 100);
        assert_eq!(
            found
                .iter()
                .filter(|feature| feature.name.is_empty())
                .count(),
            36
        );
        assert_eq!(found, all);
    });
}

#[test]
fn any_two_opposite_corners_in_any_order_name_the_same_rectangle() {
    run(async {
        let server = TestServer::route_guide().await;
        let (south, north) = (407_000_000, 411_000_000);
        let (west, east) = (-747_000_000, -742_000_000);
        let expected = scan(point(south, west), point(north, east));
        assert!(
            (2..100).contains(&expected.len()),
            "{} is no test",
            expected.len()
        );
        for (lo, hi) in [
            (point(south, west), point(north, east)),
            (point(north, east), point(south, west)),
            (point(south, east), point(north, west)),
            (point(north, west), point(south, east)),
        ] {
            assert_eq!(
                list(&server, lo, hi).await,
                expected,
                "from {lo:?} to {hi:?}"
            );
        }
    });
}

#[test]
fn all_four_edges_and_corners_belong_to_the_rectangle() {
    run(async {
        let around = |latitude: i32, longitude: i32, name: &str| {
            format!(
                r#"{{"location":{{"latitude":{latitude},"longitude":{longitude}}},"name":"{name}"}}"#
            )
        };
        let mut entries = vec![
            around(11, 0, "beyond north"),
            around(-11, 0, "beyond south"),
        ];
        entries.extend([around(0, 21, "beyond east"), around(0, -21, "beyond west")]);
        for (latitude, longitude) in [
            (10, 0),
            (-10, 0),
            (0, 20),
            (0, -20),
            (10, 20),
            (10, -20),
            (-10, 20),
            (-10, -20),
        ] {
            entries.push(around(latitude, longitude, "on the edge"));
        }
        let server = serving(&format!("[{}]", entries.join(","))).await;
        let found = list(&server, point(-10, -20), point(10, 20)).await;
        assert_eq!(names(&found), ["on the edge"; 8]);
    });
}

#[test]
fn a_rectangle_of_one_point_finds_what_is_at_that_point() {
    run(async {
        let server = TestServer::route_guide().await;
        for place in published_places().iter().step_by(7) {
            let found = list(&server, place.location, place.location).await;
            assert_eq!(found, [place.feature()]);
        }
    });
}

#[test]
fn a_rectangle_between_any_two_places_holds_what_a_scan_of_the_file_finds() {
    run(async {
        let server = TestServer::route_guide().await;
        let places = published_places();
        for first in 0..places.len() {
            let second = (first * 37 + 11) % places.len();
            let (a, b) = (places[first].location, places[second].location);
            assert_eq!(list(&server, a, b).await, scan(a, b), "from {a:?} to {b:?}");
        }
    });
}

#[test]
fn where_nothing_is_the_answer_is_an_empty_stream_and_ok() {
    run(async {
        let server = TestServer::route_guide().await;
        assert_eq!(list(&server, point(-100, -100), point(100, 100)).await, []);
    });
}

#[test]
fn absent_corners_are_the_point_0_0() {
    run(async {
        let server = serving(
            r#"[{"location":{"latitude":5,"longitude":5},"name":"north-east"},
                {"location":{},"name":"middle"},
                {"location":{"latitude":-5,"longitude":-5},"name":"south-west"}]"#,
        )
        .await;
        let to = point(5, 5);
        assert_eq!(
            names(&list(&server, None, to).await),
            ["north-east", "middle"]
        );
        assert_eq!(
            names(&list(&server, to, None).await),
            ["north-east", "middle"]
        );
        assert_eq!(names(&list(&server, None, None).await), ["middle"]);
    });
}

#[test]
fn corners_across_the_antimeridian_mean_the_wide_side() {
    run(async {
        let server = serving(
            r#"[{"location":{"latitude":0,"longitude":1790000000},"name":"narrow, east"},
                {"location":{"latitude":0,"longitude":0},"name":"wide"},
                {"location":{"latitude":0,"longitude":-1790000000},"name":"narrow, west"}]"#,
        )
        .await;
        let found = list(&server, point(-1, 1_700_000_000), point(1, -1_700_000_000)).await;
        assert_eq!(names(&found), ["wide"]);
    });
}

#[test]
fn another_file_in_either_published_shape_is_listed_in_its_own_order() {
    run(async {
        let entries = r#"[
            {"location": {"latitude": 900000000, "longitude": 0}, "name": "pole"},
            {"name": "name first", "location": {"longitude": -5, "latitude": 4}},
            {"location": {"latitude": -7, "longitude": 1800000000}, "name": "Größe 名前"},
            {"location": {"latitude": 4, "longitude": -5}, "name": "the same point again"}
        ]"#;
        let expected = ["pole", "name first", "Größe 名前", "the same point again"];
        let whole_world = (
            point(-900_000_000, -1_800_000_000),
            point(900_000_000, 1_800_000_000),
        );
        for shape in [entries.to_owned(), format!(r#"{{"feature": {entries}}}"#)] {
            let server = serving(&shape).await;
            let found = list(&server, whole_world.0, whole_world.1).await;
            assert_eq!(names(&found), expected);
        }
    });
}

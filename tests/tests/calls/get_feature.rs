//! `GetFeature`: the name of what is at a point, or an empty one.

use std::fs;

use route_guide_proto::routeguide::{Feature, Point};
use route_guide_server::{FeatureSource, RouteGuideSettings};
use route_guide_tests::{Place, TestServer, point, published_places, run};

async fn ask(server: &TestServer, points: impl IntoIterator<Item = Point>) -> Vec<Feature> {
    let mut guide = server.guide();
    let mut replies = Vec::new();
    for point in points {
        replies.push(guide.get_feature(point).await.unwrap().into_inner());
    }
    replies
}

fn nothing_at(point: Point) -> Feature {
    Feature {
        name: String::new(),
        location: Some(point),
    }
}

#[test]
fn every_published_place_is_found_by_its_coordinates() {
    run(async {
        let server = TestServer::route_guide().await;
        let places = published_places();
        assert_eq!(places.len(), 100);
        let found = ask(&server, places.iter().map(|place| place.location)).await;
        let expected: Vec<_> = places.iter().map(Place::feature).collect();
        assert_eq!(found, expected);
    });
}

#[test]
fn the_tutorials_two_questions_have_the_tutorials_answers() {
    run(async {
        let server = TestServer::route_guide().await;
        let here = point(409_146_138, -746_188_906);
        let named = "Berkshire Valley Management Area Trail, Jefferson, NJ, USA";
        let answers = ask(&server, [here, point(0, 0)]).await;
        assert_eq!(answers[0].name, named);
        assert_eq!(answers[0].location, Some(here));
        assert_eq!(answers[1], nothing_at(point(0, 0)));
    });
}

#[test]
fn an_unnamed_place_is_a_hit_with_an_empty_name() {
    run(async {
        let server = TestServer::route_guide().await;
        let mut places = published_places();
        places.retain(|place| place.name.is_empty());
        assert_eq!(places.len(), 36);
        for (place, found) in places
            .iter()
            .zip(ask(&server, places.iter().map(|p| p.location)).await)
        {
            assert_eq!(found, place.feature());
        }
    });
}

#[test]
fn one_step_beside_a_place_is_a_miss_that_echoes_the_request() {
    run(async {
        let server = TestServer::route_guide().await;
        let places = published_places();
        for place in places.iter().take(10) {
            let Point {
                latitude,
                longitude,
            } = place.location;
            let beside = [
                point(latitude + 1, longitude),
                point(latitude - 1, longitude),
                point(latitude, longitude + 1),
                point(latitude, longitude - 1),
                point(longitude, latitude),
            ];
            assert_eq!(ask(&server, beside).await, beside.map(nothing_at));
        }
    });
}

#[test]
fn the_edges_of_the_globe_are_on_it() {
    run(async {
        let server = TestServer::route_guide().await;
        let corners = [-1, 1]
            .map(|north| [-1, 1].map(|east| point(north * 900_000_000, east * 1_800_000_000)));
        let corners = corners.concat();
        let expected: Vec<_> = corners.iter().copied().map(nothing_at).collect();
        assert_eq!(ask(&server, corners).await, expected);
    });
}

#[test]
fn of_several_features_at_a_point_the_first_in_the_data_set_answers() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("twice.json");
        let list = r#"[
            {"location": {"latitude": 2, "longitude": 2}, "name": "other"},
            {"location": {"latitude": 1, "longitude": 1}, "name": "first"},
            {"location": {"latitude": 1, "longitude": 1}, "name": "second"},
            {"location": {"latitude": 3, "longitude": 3}, "name": ""},
            {"location": {"latitude": 3, "longitude": 3}, "name": "named"}
        ]"#;
        fs::write(&file, list).unwrap();
        let settings = RouteGuideSettings {
            features: FeatureSource::File(file),
            ..RouteGuideSettings::default()
        };
        let server = TestServer::route_guide_with(settings).await;
        let names: Vec<_> = ask(&server, [point(1, 1), point(2, 2), point(3, 3)])
            .await
            .into_iter()
            .map(|feature| feature.name)
            .collect();
        assert_eq!(names, ["first", "other", ""]);
    });
}

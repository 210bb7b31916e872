//! Coordinates off the globe: refused by name, or, with `--compat`, answered as the tutorial's server does.

use clap::Parser;
use route_guide_proto::routeguide::{Feature, Point, Rectangle, RouteNote};
use route_guide_server::cli::RouteGuideFlags;
use route_guide_tests::{Chat, TestServer, note, point, published_places, run};
use tokio_stream::StreamExt;
use tonic::{Code, Status};
use tonic_types::StatusExt;

const EXTREMES: [i32; 15] = [
    i32::MIN,
    i32::MIN + 1,
    -1_800_000_001,
    -1_800_000_000,
    -900_000_001,
    -900_000_000,
    -1,
    0,
    1,
    900_000_000,
    900_000_001,
    1_800_000_000,
    1_800_000_001,
    i32::MAX - 1,
    i32::MAX,
];

fn all_extremes() -> impl Iterator<Item = Point> {
    let latitudes = EXTREMES.into_iter();
    latitudes.flat_map(|latitude| EXTREMES.map(|longitude| point(latitude, longitude)))
}

/// What is wrong with a point: the field, its value and the range.
fn fault(at: Point) -> Option<(&'static str, i32, &'static str)> {
    if !(-900_000_000..=900_000_000).contains(&at.latitude) {
        Some(("latitude", at.latitude, "±900000000"))
    } else if !(-1_800_000_000..=1_800_000_000).contains(&at.longitude) {
        Some(("longitude", at.longitude, "±1800000000"))
    } else {
        None
    }
}

/// The status must explain the fault of `at`, which stood in the field `parent` (if any), to a program and
/// to a person.
fn check_refused(status: &Status, parent: &str, at: Point, index: Option<usize>) {
    let (axis, value, range) = fault(at).unwrap();
    let explained = format!("{status:?} of {at:?} in {parent:?}");
    assert_eq!(status.code(), Code::InvalidArgument, "{explained}");
    let details = status.get_details_bad_request().unwrap();
    let [violation] = &details.field_violations[..] else {
        panic!("{explained} has not one violation");
    };
    assert_eq!(violation.field, format!("{parent}{axis}"), "{explained}");
    for text in [&violation.description, status.message()] {
        for part in [axis, &value.to_string(), range] {
            assert!(text.contains(part), "{part} is not in {text:?}");
        }
        if let Some(index) = index {
            assert!(
                text.contains(&format!("message {index} ")),
                "no index in {text:?}"
            );
        }
    }
}

#[test]
fn get_feature_takes_every_point_on_the_globe_and_names_what_is_wrong_with_others() {
    run(async {
        let server = TestServer::route_guide().await;
        let mut guide = server.guide();
        for at in all_extremes() {
            match guide.get_feature(at).await {
                Ok(reply) => {
                    assert_eq!(fault(at), None);
                    assert_eq!(reply.into_inner().location, Some(at));
                }
                Err(status) => check_refused(&status, "", at, None),
            }
        }
        server.still_answers().await;
    });
}

#[test]
fn list_features_names_the_corner_that_is_wrong() {
    run(async {
        let server = TestServer::route_guide().await;
        let mut guide = server.guide();
        for at in all_extremes() {
            for (parent, lo, hi) in [("lo.", Some(at), None), ("hi.", None, Some(at))] {
                match guide.list_features(Rectangle { lo, hi }).await {
                    Ok(replies) => {
                        assert_eq!(fault(at), None);
                        let found: Result<Vec<_>, _> = replies.into_inner().collect().await;
                        let mut places = published_places();
                        places.retain(|place| place.lies_between(at, point(0, 0)));
                        assert_eq!(found.unwrap().len(), places.len(), "{at:?}");
                    }
                    Err(status) => check_refused(&status, parent, at, None),
                }
            }
        }
        server.still_answers().await;
    });
}

#[test]
fn record_route_names_the_message_that_is_wrong_and_does_not_wait_for_more() {
    run(async {
        let server = TestServer::route_guide().await;
        for at in all_extremes().filter(|at| fault(*at).is_some()) {
            // The stream goes on for ever behind it.
            let route = tokio_stream::iter([point(1, 1), point(2, 2), at]);
            let route = route.chain(tokio_stream::pending());
            let status = server.guide().record_route(route).await.unwrap_err();
            check_refused(&status, "", at, Some(2));
        }
        let first = tokio_stream::iter([point(i32::MIN, 0)]);
        let status = server.guide().record_route(first).await.unwrap_err();
        check_refused(&status, "", point(i32::MIN, 0), Some(0));
        server.still_answers().await;
    });
}

#[test]
fn route_chat_names_the_message_that_is_wrong_and_keeps_the_ones_before() {
    run(async {
        let server = TestServer::route_guide().await;
        for at in all_extremes().filter(|at| fault(*at).is_some()) {
            let mut chat = Chat::open(&server).await;
            chat.settled().await;
            chat.post(at, "off the globe");
            // `settled` has sent two notes.
            check_refused(&chat.cut().await, "location.", at, Some(2));
        }
        let mut chat = Chat::open(&server).await;
        chat.post(point(1, 1), "stays");
        chat.post(point(i32::MAX, 0), "off the globe");
        check_refused(&chat.cut().await, "location.", point(i32::MAX, 0), Some(1));
        let chat = Chat::open(&server).await;
        chat.post(point(1, 1), "next");
        assert_eq!(chat.finish().await, ["stays"]);
    });
}

async fn compatible() -> TestServer {
    let flags = RouteGuideFlags::try_parse_from(["route-guide-server", "--compat"]).unwrap();
    TestServer::route_guide_with(flags.settings()).await
}

#[test]
fn compat_accepts_and_echoes_every_point() {
    run(async {
        let server = compatible().await;
        let mut guide = server.guide();
        for at in all_extremes() {
            let feature = guide.get_feature(at).await.unwrap().into_inner();
            let expected = Feature {
                name: String::new(),
                location: Some(at),
            };
            assert_eq!(feature, expected);
        }
    });
}

#[test]
fn compat_lists_between_any_two_corners() {
    run(async {
        let server = compatible().await;
        let mut guide = server.guide();
        for (lo, hi, count) in [
            (point(i32::MIN, i32::MIN), point(i32::MAX, i32::MAX), 100),
            (point(i32::MAX, i32::MIN), point(i32::MIN, i32::MAX), 100),
            (
                point(i32::MAX, i32::MAX),
                point(900_000_001, 1_800_000_001),
                0,
            ),
        ] {
            let rectangle = Rectangle {
                lo: Some(lo),
                hi: Some(hi),
            };
            let found = guide.list_features(rectangle).await.unwrap().into_inner();
            let found: Vec<_> = found.collect().await;
            assert_eq!(found.len(), count, "{lo:?} to {hi:?}");
        }
    });
}

#[test]
fn compat_measures_a_route_through_any_points_without_an_error() {
    run(async {
        let server = compatible().await;
        let route: Vec<_> = all_extremes().collect();
        let summary = server.guide().record_route(tokio_stream::iter(route)).await;
        let summary = summary.unwrap().into_inner();
        assert_eq!(summary.point_count, 225);
        assert_eq!(summary.feature_count, 0);
        assert!(summary.distance > 0);
    });
}

#[test]
fn compat_takes_notes_anywhere_and_keeps_them_to_their_stream() {
    run(async {
        let server = compatible().await;
        let off_globe = point(i32::MIN, i32::MAX);
        let mut chat = Chat::open(&server).await;
        chat.post(off_globe, "0");
        chat.post(off_globe, "1");
        assert_eq!(chat.next_note().await, note(off_globe, "0"));
        let other = Chat::open(&server).await;
        other.post(off_globe, "other");
        assert!(other.finish().await.is_empty());
        assert!(chat.finish().await.is_empty());
    });
}

#[test]
fn absent_locations_are_the_point_0_0() {
    run(async {
        let server = TestServer::route_guide().await;
        let chat = Chat::open(&server).await;
        chat.post(point(0, 0), "at 0,0");
        let absent = RouteNote {
            location: None,
            message: "nowhere said".to_owned(),
        };
        chat.send(absent);
        chat.post(point(0, 0), "again");
        assert_eq!(chat.finish().await, ["at 0,0", "at 0,0", "nowhere said"]);
    });
}

//! `RecordRoute`: counts, metres and seconds of a route.

use std::f64::consts::PI;
use std::time::{Duration, Instant};

use route_guide_proto::routeguide::{Point, RouteSummary};
use route_guide_tests::{RawConnection, TestServer, point, published_places, run};
use tokio::sync::mpsc::unbounded_channel;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::Code;

/// Sends a route at once; nothing here takes a second on the server.
async fn record(server: &TestServer, route: impl IntoIterator<Item = Point>) -> RouteSummary {
    let route: Vec<_> = route.into_iter().collect();
    let replied = server.guide().record_route(tokio_stream::iter(route)).await;
    replied.unwrap().into_inner()
}

async fn check(server: &TestServer, route: &[Point], features: i32, meters: i32) {
    let start = Instant::now();
    let summary = record(server, route.to_owned()).await;
    assert_eq!(summary.point_count, i32::try_from(route.len()).unwrap());
    assert_eq!(summary.feature_count, features);
    assert_eq!(summary.distance, meters);
    let seconds = u64::try_from(summary.elapsed_time).unwrap();
    assert!(seconds <= start.elapsed().as_secs());
}

#[test]
fn the_published_points_in_file_order_measure_what_the_published_servers_say() {
    run(async {
        let server = TestServer::route_guide().await;
        let places = published_places();
        let all: Vec<_> = places.iter().map(|place| place.location).collect();
        check(&server, &all, 100, 7_494_392).await;
        let unnamed = places.iter().filter(|place| place.name.is_empty());
        let unnamed: Vec<_> = unnamed.map(|place| place.location).collect();
        check(&server, &unnamed, 36, 2_588_654).await;
    });
}

#[test]
fn every_pass_counts_as_a_feature_and_points_without_one_count_as_points() {
    run(async {
        let server = TestServer::route_guide().await;
        let here = published_places()[0].location;
        check(&server, &[here; 3], 3, 0).await;
        let beside = point(here.latitude + 1, here.longitude);
        check(&server, &[here, beside, here], 2, 0).await;
    });
}

#[test]
fn a_route_without_points_is_all_zero() {
    run(async {
        let server = TestServer::route_guide().await;
        check(&server, &[], 0, 0).await;
    });
}

#[test]
fn one_point_is_no_distance() {
    run(async {
        let server = TestServer::route_guide().await;
        check(&server, &[point(1, 1)], 0, 0).await;
    });
}

/// A user walked 3 600 steps of 1.4 m and was told 3 600 m: servers that truncate each leg lose 29 %.
#[test]
fn legs_are_summed_before_the_distance_is_truncated() {
    run(async {
        let server = TestServer::route_guide().await;
        // Along a meridian one E7 step is 11.12 mm: 81 steps are 0.90 m, 126 are 1.40 m.
        let north = |legs: i32, steps: i32| {
            (0..=legs)
                .map(|leg| point(leg * steps, 0))
                .collect::<Vec<_>>()
        };
        check(&server, &north(10, 81), 0, 9).await;
        check(&server, &north(3_600, 126), 0, 5_043).await;
    });
}

#[test]
fn antipodes_are_half_the_globe_apart_and_not_nan() {
    run(async {
        let server = TestServer::route_guide().await;
        let half = 20_015_086;
        for (from, to) in [
            (point(0, 0), point(0, 1_800_000_000)),
            (point(0, -900_000_000), point(0, 900_000_000)),
            (point(900_000_000, 0), point(-900_000_000, 0)),
            (point(900_000_000, 0), point(-900_000_000, 1_234_567_890)),
            (
                point(123_456_789, -746_143_764),
                point(-123_456_789, 1_053_856_236),
            ),
        ] {
            check(&server, &[from, to], 0, half).await;
        }
    });
}

#[test]
fn the_distance_stays_at_its_greatest_value_and_never_turns_negative() {
    run(async {
        let server = TestServer::route_guide().await;
        let back_and_forth = |legs: usize| {
            let ends = [point(0, 0), point(0, 1_800_000_000)];
            ends.into_iter().cycle().take(legs + 1).collect::<Vec<_>>()
        };
        #[expect(clippy::cast_possible_truncation, reason = "it is truncated")]
        let longest = (107.0 * PI * 6_371_000.0) as i32;
        check(&server, &back_and_forth(107), 0, longest).await;
        check(&server, &back_and_forth(108), 0, i32::MAX).await;
        check(&server, &back_and_forth(10_000), 0, i32::MAX).await;
    });
}

#[test]
fn the_time_is_that_of_the_call_in_whole_seconds() {
    run(async {
        let server = TestServer::route_guide().await;
        let wire = RawConnection::open(&server).await;
        let start = Instant::now();
        let mut route = wire.call("/routeguide.RouteGuide/RecordRoute", &[]).await;
        route.head().await;
        // The server lets another call wait for as long as that call says.
        let waiting = wire.call(
            "/routeguide.RouteGuide/GetFeature",
            &[("grpc-timeout", "1100m")],
        );
        let expired = waiting.await.reply().await;
        assert_eq!(expired.status().code(), Code::DeadlineExceeded);
        route.half_close();
        let reply = route.reply().await;
        let elapsed = start.elapsed();
        let message = reply.messages().concat();
        // The one field that is not zero: number 4, a varint of one byte.
        let [0x20, seconds] = message[..] else {
            panic!("{message:?} holds another field");
        };
        let seconds = Duration::from_secs(u64::from(seconds));
        assert!(
            seconds >= Duration::from_secs(1) && seconds <= elapsed,
            "{seconds:?} of {elapsed:?}"
        );
    });
}

#[test]
fn nothing_is_answered_before_the_client_has_sent_its_last_point() {
    run(async {
        let server = TestServer::route_guide().await;
        let (points, route) = unbounded_channel();
        let mut guide = server.guide();
        // The headers come at once, the stub returns with the summary.
        let recording = guide.record_route(UnboundedReceiverStream::new(route));
        let sending = async {
            let mut other = server.guide();
            for place in published_places() {
                points.send(place.location).unwrap();
                other.get_feature(place.location).await.unwrap();
            }
            drop(points);
        };
        let (summary, ()) = tokio::join!(recording, sending);
        assert_eq!(summary.unwrap().into_inner().point_count, 100);
    });
}

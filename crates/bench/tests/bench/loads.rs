//! Every load, on the baseline and on the real server: what is counted is what was asked.

use std::future::Future;
use std::time::Duration;

use route_guide_bench::check::check;
use route_guide_bench::data::areas::{Points, world};
use route_guide_bench::{Baseline, Canned, Dataset};
use route_guide_geo::E7Point;
use route_guide_load::{
    FanOut, Framing, GetFeature, IdleChats, IdleConnections, ListFeatures, Load, LoadError, Reach,
    RecordRoute, Replays, Report, Route, StalledListings, Target, Windows, Workload,
};
use route_guide_server::{FeatureSource, RouteGuideSettings, Server};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

const DATASET: Dataset = Dataset::new(5, 3_000);

/// A server on a runtime of its own, which ends with it.
struct Running {
    target: Target,
    _runtime: Runtime,
}

fn run<F: Future<Output = ()> + Send + 'static>(
    start: impl Future<Output = (String, F)>,
) -> Running {
    let runtime = Runtime::new().expect("threads");
    let (address, serving) = runtime.block_on(start);
    runtime.spawn(serving);
    Running {
        target: Target::resolve(&address, Reach::Loopback).expect("a loopback address"),
        _runtime: runtime,
    }
}

fn baseline() -> Running {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let baseline = Baseline::new(DATASET.features().collect());
        let serving = async { baseline.serve(listener).await.expect("it goes on") };
        (address, serving)
    })
}

fn canned() -> Running {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let canned = Canned::new(&DATASET.feature(0)).expect("a short feature");
        let serving = async { canned.serve(listener).await.expect("it goes on") };
        (address, serving)
    })
}

fn ours() -> Running {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("features.json");
    DATASET.save_json(&path).expect("a file");
    run(async {
        let settings = RouteGuideSettings {
            listen: vec!["127.0.0.1:0".parse().expect("an address")],
            features: FeatureSource::File(path),
            ..RouteGuideSettings::default()
        };
        let server = Server::route_guide(settings).await.expect("a server");
        let address = server.addresses().next().expect("an address").to_string();
        let serving = async {
            let _report = server.run(std::future::pending()).await;
        };
        (address, serving)
    })
}

fn on_both(test: impl Fn(&Target)) {
    test(&baseline().target);
    test(&ours().target);
}

/// So many calls, however long they take.
fn calls(count: u64) -> Load {
    Load {
        calls: Some(count),
        time: Duration::from_secs(60),
        ..Load::default()
    }
}

fn assert_sound(report: &Report, calls: u64, messages: u64) {
    assert_eq!(report.failures.first(), None);
    assert_eq!((report.calls, report.messages), (calls, messages));
    assert_eq!(report.latency.count(), calls);
    let median = report.latency.quantile(0.5);
    assert_eq!(median > Duration::ZERO, calls > 0);
    assert!(median <= report.latency.max() && report.latency.max() <= report.elapsed);
}

#[test]
fn the_answers_of_both_servers_are_right() {
    let points = Points::of(DATASET);
    let areas = points.areas(5, 50, 1);
    on_both(|target| check(target, DATASET, &points, &areas).unwrap());
}

#[test]
fn listings_are_counted_feature_by_feature() {
    let mut listing = ListFeatures::default();
    listing.list(world(), Some(DATASET.len()));
    on_both(|target| {
        for windows in [Windows::WIDE, Windows::HTTP2_DEFAULT] {
            let load = Load {
                windows,
                connections: 2,
                threads: 2,
                in_flight: 3,
                ..calls(20)
            };
            let report = listing.run(target, &load).unwrap();
            assert_sound(&report, 20, 20 * DATASET.len());
            assert_eq!(report.first_message.count(), 20);
        }
    });
}

#[test]
fn a_listing_can_stop_at_the_first_feature() {
    let mut listing = ListFeatures::default();
    listing.list(world(), Some(DATASET.len()));
    listing.stop_after(1);
    on_both(|target| {
        let report = listing.run(target, &calls(5)).unwrap();
        assert_eq!((report.calls, report.failures.count()), (5, 0));
        assert_eq!(report.first_message.count(), 5);
    });
}

/// h2 takes a thousand frames for streams that it has forgotten for an attack.
#[test]
fn thousands_of_listings_can_stop_at_the_first_feature() {
    let mut listing = ListFeatures::default();
    listing.list(world(), Some(DATASET.len()));
    listing.stop_after(1);
    let load = Load {
        in_flight: 8,
        ..calls(3_000)
    };
    let report = listing.run(&ours().target, &load).unwrap();
    assert_eq!((report.calls, report.failures.count()), (3_000, 0));
}

/// What a call costs is compared with a server of one answer, so both must be asked the same.
#[test]
fn a_canned_answer_is_right_where_any_name_is() {
    let mut look_ups = GetFeature::default();
    look_ups.ask(DATASET.location(0), Some(true));
    look_ups.ask(E7Point::unbounded(1, 1), Some(false));
    let canned = canned();
    let load = Load {
        connections: 2,
        in_flight: 20,
        ..calls(200)
    };
    let strict = look_ups.run(&canned.target, &load).unwrap();
    assert_eq!((strict.calls, strict.failures.count()), (100, 100));
    look_ups.expect_any_name();
    assert_sound(&look_ups.run(&canned.target, &load).unwrap(), 200, 200);
    assert_sound(&look_ups.run(&ours().target, &load).unwrap(), 200, 200);
}

#[test]
fn look_ups_are_hits_and_misses_as_expected() {
    let mut look_ups = GetFeature::default();
    for feature in 0..10 {
        look_ups.ask(DATASET.location(feature), Some(true));
        look_ups.ask(E7Point::unbounded(1, 1), Some(false));
    }
    on_both(|target| {
        let load = Load {
            connections: 3,
            in_flight: 40,
            threads: 2,
            ..calls(2_000)
        };
        assert_sound(&look_ups.run(target, &load).unwrap(), 2_000, 2_000);
    });
}

#[test]
fn what_was_not_expected_is_a_failure() {
    let mut look_ups = GetFeature::default();
    look_ups.ask(DATASET.location(0), Some(false));
    let mut listing = ListFeatures::default();
    listing.list(world(), Some(DATASET.len() + 1));
    on_both(|target| {
        let check = |report: Report, words: &str| {
            assert_eq!((report.calls, report.failures.count()), (0, 1));
            assert_eq!(report.failures.first().unwrap().to_string(), words);
        };
        let looked_up = look_ups.run(target, &calls(1)).unwrap();
        check(looked_up, "1 names where 0 were expected");
        let listed = listing.run(target, &calls(1)).unwrap();
        check(listed, "3000 features where 3001 were expected");
        let route = Route::new([DATASET.location(0)], Framing::Packed);
        let recorded = RecordRoute::new(route.expect_features(0));
        let recorded = recorded.run(target, &calls(1)).unwrap();
        check(recorded, "1 features where 0 were expected");
    });
}

#[test]
fn routes_are_summarised_as_sent() {
    // Short enough for tonic's own windows, which take longer routes of one point a frame for an attack.
    let points = || DATASET.locations().take(1_000);
    on_both(|target| {
        for framing in [Framing::Packed, Framing::OnePoint] {
            let route = Route::new(points(), framing)
                .expect_features(1_000)
                .expect_meters();
            let load = Load {
                connections: 2,
                in_flight: 2,
                ..calls(4)
            };
            let report = RecordRoute::new(route).run(target, &load).unwrap();
            assert_sound(&report, 4, 4_000);
        }
        let none = Route::new([], Framing::Packed)
            .expect_features(0)
            .expect_meters();
        let none = RecordRoute::new(none);
        assert_sound(&none.run(target, &calls(2)).unwrap(), 2, 0);
    });
}

#[test]
fn a_route_that_runs_out_of_time_ends_early_and_is_counted() {
    let route = Route::new(DATASET.locations(), Framing::Packed);
    on_both(|target| {
        let load = Load {
            time: Duration::ZERO,
            ..Load::default()
        };
        // The time is over before the first call begins.
        let report = RecordRoute::new(route.clone()).run(target, &load).unwrap();
        assert_sound(&report, 0, 0);
    });
}

#[test]
fn a_hundred_thousand_points_one_a_frame_go_through() {
    let points = (0..100_000).map(|step| E7Point::unbounded(400_000_000 + step, -740_000_000));
    let route = RecordRoute::new(Route::new(points, Framing::OnePoint));
    let ours = ours();
    assert_sound(&route.run(&ours.target, &calls(1)).unwrap(), 1, 100_000);
    // The baseline has the settings of every tutorial, and takes it for an attack.
    let baseline = baseline();
    let error = route.run(&baseline.target, &calls(1)).unwrap_err();
    assert!(
        matches!(
            error,
            LoadError::GoAway { .. } | LoadError::Io(_) | LoadError::Closed
        ),
        "{error}"
    );
}

#[test]
fn notes_come_back() {
    on_both(|target| {
        let load = Load {
            connections: 2,
            threads: 2,
            in_flight: 5,
            ..calls(500)
        };
        let report = Replays::new(1).run(target, &load).unwrap();
        assert_sound(&report, 500, 1_500);
    });
}

#[test]
fn notes_reach_every_listener_once() {
    let ours = ours();
    let fan_out = FanOut {
        places: 3,
        listeners: 20,
        arrivals: 1,
        seed: 1,
    };
    let load = Load {
        connections: 2,
        ..calls(50)
    };
    let report = fan_out.run(&ours.target, &load).unwrap();
    assert_sound(&report, 50 * 20, 50 * 21);
    // The tutorials' servers keep notes to their stream.
    let baseline = baseline();
    let impatient = Load {
        silence: Duration::from_millis(200),
        ..load
    };
    let error = fan_out.run(&baseline.target, &impatient).unwrap_err();
    assert!(matches!(error, LoadError::Silent(_)), "{error}");
    let short = Load {
        timeout: Some(Duration::from_millis(1)),
        ..calls(50)
    };
    let error = fan_out.run(&baseline.target, &short).unwrap_err();
    let LoadError::Call(status) = &error else {
        panic!("{error}");
    };
    assert_eq!(status.message(), "the call did not end within 1ms");
}

#[test]
fn listings_stall_that_nobody_reads() {
    on_both(|target| {
        let stalled = StalledListings::open(target, world(), 30, 2).unwrap();
        assert_eq!(stalled.len(), 30);
        // What fits into the window does not stall.
        let few = "0,0:0,0".parse().unwrap();
        assert!(
            StalledListings::open(target, few, 30, 2)
                .unwrap()
                .is_empty()
        );
    });
}

#[test]
fn idle_connections_are_opened_one_by_one() {
    on_both(|target| {
        let connections = IdleConnections::open(target, 50).unwrap();
        assert_eq!(connections.len(), 50);
        assert!(!connections.is_empty());
    });
}

#[test]
fn idle_chats_stay_open() {
    on_both(|target| {
        let chats = IdleChats::open(target, 300, 2, 1).unwrap();
        assert_eq!(chats.len(), 300);
    });
    let ours = ours();
    let error = IdleChats::open(&ours.target, 300, 1, 1).unwrap_err();
    assert!(
        matches!(error, LoadError::TooManyStreams { allowed: 200 }),
        "{error}"
    );
}

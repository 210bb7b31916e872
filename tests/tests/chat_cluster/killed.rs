//! Ten thousand notes over two servers and three NATS servers, each of which is killed meanwhile; with `ROUTE_GUIDE_LONG`
//! set a hundred thousand, which takes some minutes.
//!
//! A note counts as acknowledged once any stream has been handed it, its sender by the answer to a later one included. Every such
//! note must be in the stream of NATS at the end, which is read without any of our code, and in what a server says that starts
//! afterwards. What each of the streams was handed, broken ones included, is followed note by note along that log.

use std::env;
use std::time::{Duration, Instant};

use route_guide_testkit::{NatsCluster, NatsServer};
use route_guide_tests::audit::faults;
use route_guide_tests::numbered::{NumberedRun, Shape, read_back};
use route_guide_tests::{ServerProcess, programs, run_for, say};
use tokio::sync::watch;

use crate::ready;
use crate::stored::{caught_up, stored};

/// A hundred thousand notes.
const LONG: Shape = Shape {
    groups: 32,
    places: 521,
    rounds: 3,
    batch: 100,
    listened: 8,
};

const SHORT: Shape = Shape {
    groups: 8,
    places: 209,
    batch: 20,
    ..LONG
};

/// Much more than it takes, on a machine that does much else.
const LIMIT: Duration = Duration::from_secs(900);

#[test]
fn no_note_that_was_delivered_is_lost_none_comes_twice_and_all_stay_in_order() {
    if !NatsServer::available() {
        return;
    }
    let (shape, at_least) = match env::var_os("ROUTE_GUIDE_LONG") {
        Some(_) => (LONG, 100_000),
        None => (SHORT, 10_000),
    };
    run_for(LIMIT, async {
        let mut cluster = NatsCluster::start(3).await;
        let store = cluster.urls().join(",");
        let mut east = start(&store);
        let west = start(&store);
        for server in [&east, &west] {
            ready(server.target()).await;
        }
        let (east_door, behind_east) = watch::channel(east.target().to_owned());
        let (_west_door, behind_west) = watch::channel(west.target().to_owned());
        let begun = Instant::now();
        let mut notes = NumberedRun::start(shape, &[behind_east, behind_west]).await;
        assert!(notes.total() >= at_least);

        notes.percent(15).await;
        east.kill();
        east = start(&store);
        east_door.send_replace(east.target().to_owned());
        for (node, percent) in [(0, 30), (1, 50), (2, 70)] {
            notes.percent(percent).await;
            cluster.server(node).kill();
            notes.percent(percent + 10).await;
            cluster.server(node).restart().await;
            // With a second one down while it catches up, there would be no majority.
            caught_up(&cluster).await;
        }
        let total = notes.total();
        let seen = notes.finished().await;
        let streams = seen.transcripts.len();
        let handed: usize = seen
            .transcripts
            .iter()
            .map(|transcript| transcript.received.len())
            .sum();
        say(&format!(
            "{total} notes, handed out {handed} times to {streams} streams, in {:.1} s",
            begun.elapsed().as_secs_f64()
        ));
        // Who only listens is not cut off by NATS, only by the end of its own server.
        let [east_streams, west_streams] = seen.streams_of_listeners[..] else {
            panic!("two doors, two listeners");
        };
        assert!(east_streams >= 2, "{east_streams}");
        assert_eq!(west_streams, 1);

        let ended = Instant::now();
        let log = stored(&cluster).await;
        let read = Instant::now();
        assert_eq!(faults(&log, &seen.transcripts), [""; 0]);
        let compared = Instant::now();
        let fresh = start(&store);
        ready(fresh.target()).await;
        assert!(
            read_back(fresh.target(), &seen.spots).await == log,
            "a fresh server says otherwise"
        );
        say(&format!(
            "NATS was read in {:.1} s, compared in {:.1} s, and a fresh server in {:.1} s",
            (read - ended).as_secs_f64(),
            (compared - read).as_secs_f64(),
            compared.elapsed().as_secs_f64()
        ));
    });
}

fn start(store: &str) -> ServerProcess {
    let program = programs().join("route-guide-server");
    let flags = [
        "--chat-store",
        store,
        "--nats-replicas",
        "3",
        "--log",
        "warn",
    ];
    ServerProcess::start(&program, &flags)
}

//! Ten thousand notes over two servers and three NATS servers, each of which is killed meanwhile; with `ROUTE_GUIDE_LONG`
//! set a hundred thousand, which takes some minutes.
//!
//! A note counts as acknowledged once any stream has been handed it, its sender by the answer to a later one included. Every such
//! note must be in the stream of NATS at the end, which is read without any of our code, and in what a server says that starts
//! afterwards. What each of the streams was handed, broken ones included, is followed note by note along that log.

use std::collections::HashMap;
use std::env;
use std::time::{Duration, Instant};

use async_nats::jetstream;
use async_nats::jetstream::consumer::push::OrderedConfig;
use async_nats::jetstream::stream::Stream;
use route_guide_chat::nats_server::{NatsCluster, NatsServer};
use route_guide_tests::audit::{Log, Numbered, Spot, faults};
use route_guide_tests::numbered::{NumberedRun, Shape, read_back};
use route_guide_tests::{ServerProcess, point, programs, run_for, say, within};
use tokio::sync::watch;
use tokio_stream::StreamExt;

use crate::ready;

/// A hundred thousand notes.
const LONG: Shape = Shape {
    groups: 8,
    places: 2_084,
    rounds: 3,
    batch: 100,
    listened: 8,
};

const SHORT: Shape = Shape {
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
            is_on_all(&cluster).await;
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

        let log = stored(&cluster).await;
        assert_eq!(faults(&log, &seen.transcripts), [""; 0]);
        let fresh = start(&store);
        ready(fresh.target()).await;
        assert!(
            read_back(fresh.target(), &seen.spots).await == log,
            "a fresh server says otherwise"
        );
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

async fn stream(cluster: &NatsCluster) -> Option<Stream> {
    let options = async_nats::ConnectOptions::new().request_timeout(Some(Duration::from_secs(2)));
    let client = options.connect(cluster.urls()).await.ok()?;
    jetstream::new(client).get_stream("ROUTE_NOTES").await.ok()
}

/// Waits until every server of the cluster has all of the stream.
async fn is_on_all(cluster: &NatsCluster) {
    let asking = async {
        let mut pause = tokio::time::interval(Duration::from_millis(50));
        loop {
            pause.tick().await;
            if let Some(stream) = stream(cluster).await
                && let Some(cluster) = &stream.cached_info().cluster
                && cluster.leader.is_some()
                && cluster.replicas.len() == 2
                && cluster.replicas.iter().all(|replica| replica.current)
            {
                return;
            }
        }
    };
    within("the stream to be on all servers", asking).await;
}

/// Reads what is in the stream, and checks that every author's notes are in the order in which it sent them, wherever.
async fn stored(cluster: &NatsCluster) -> Log {
    let stream = stream(cluster).await.expect("the stream is there");
    let count = stream.cached_info().state.messages;
    let config = OrderedConfig {
        deliver_subject: "everything".to_owned(),
        ..OrderedConfig::default()
    };
    let consumer = stream.create_consumer(config).await.expect("a consumer");
    let mut messages = consumer.messages().await.expect("its messages");
    let mut log = Log::new();
    let mut latest = HashMap::new();
    for _ in 0..count {
        let message = within("a message", messages.next()).await;
        let message = message.expect("there are more").expect("a message");
        let coordinates = message.subject.strip_prefix("route.notes.");
        let (lat, lon) = coordinates
            .and_then(|rest| rest.split_once('.'))
            .expect("a place");
        let location = point(
            lat.parse().expect("a latitude"),
            lon.parse().expect("a longitude"),
        );
        let Some(spot) = Spot::at(location) else {
            continue;
        };
        let text = std::str::from_utf8(&message.payload).expect("a text");
        let note = Numbered::parse(text).expect("a note of the run");
        let earlier = latest.insert(note.stream, note.number);
        assert!(
            earlier < Some(note.number),
            "{note} lies behind {earlier:?} of its stream"
        );
        log.entry(spot).or_default().push(note);
    }
    log
}

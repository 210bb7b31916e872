//! What NATS has stored, as it says itself: none of our code reads it.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::stream::Stream;
use async_nats::jetstream::{self, Message};
use route_guide_proto::routeguide::Point;
use route_guide_testkit::{NatsCluster, NatsServer};
use route_guide_tests::audit::{Log, Numbered, Spot};
use route_guide_tests::{point, within};
use serde_json::Value;
use tokio::time::{Instant, sleep};
use tokio_stream::StreamExt;

/// How long the servers may take to agree, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(120);

/// What one server has of the stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Replica {
    messages: u64,
    first: u64,
    last: u64,
    deleted: u64,
}

/// Waits until every server has what is in the stream by now, and says of itself that it is well.
///
/// That another one may be killed then is what NATS promises. That the leader counts a server among the current ones
/// is not enough: it has the log then, but may still be copying what went before.
pub(crate) async fn caught_up(cluster: &NatsCluster) {
    let mut goal = 0;
    for server in cluster.servers() {
        goal = goal.max(replica(server).await.map_or(0, |replica| replica.last));
    }
    until(cluster, async || {
        for server in cluster.servers() {
            server.monitor("/healthz").await.ok()?;
            replica(server)
                .await
                .filter(|replica| replica.last >= goal)?;
        }
        Some(())
    })
    .await;
}

/// Reads all of the stream by its numbers, of which none may be missing on any server, and checks that every author's
/// notes are in the order in which it sent them, wherever.
pub(crate) async fn stored(cluster: &NatsCluster) -> Log {
    let replica = until(cluster, async || {
        let mut replicas = Vec::new();
        for server in cluster.servers() {
            replicas.push(replica(server).await?);
        }
        let first = replicas.pop()?;
        let is_whole = first.messages == first.last + 1 - first.first && first.deleted == 0;
        (is_whole && replicas.iter().all(|other| *other == first)).then_some(first)
    })
    .await;
    let mut log = Log::new();
    let mut latest = HashMap::new();
    for (place, text) in messages(cluster, &replica).await {
        let Some(spot) = Spot::at(place) else {
            continue;
        };
        let note = Numbered::parse(&text).expect("a note of the run");
        let earlier = latest.insert(note.stream, note.number);
        assert!(
            earlier < Some(note.number),
            "{note} lies behind {earlier:?} of its stream"
        );
        log.entry(spot).or_default().push(note);
    }
    log
}

/// Reads the messages, with a consumer for every batch: it matters to none if the one before it was lost.
async fn messages(cluster: &NatsCluster, replica: &Replica) -> Vec<(Point, String)> {
    let stream = stream(cluster).await;
    let mut messages = Vec::new();
    let mut next = replica.first;
    while next <= replica.last {
        let event = format!("message {next} of {replica:?}");
        let batch = within(&event, async {
            loop {
                match batch(&stream, next).await {
                    Ok(batch) if !batch.is_empty() => return batch,
                    // A consumer that has just been made may have nothing yet.
                    Ok(_) | Err(_) => sleep(Duration::from_millis(100)).await,
                }
            }
        });
        for message in batch.await {
            let found = message.info().expect("a message of the stream");
            assert_eq!(found.stream_sequence, next, "of {replica:?}");
            messages.push(place_and_text(&message));
            next += 1;
        }
    }
    messages
}

async fn batch(stream: &Stream, start_sequence: u64) -> Result<Vec<Message>, async_nats::Error> {
    const BATCH: usize = 10_000;
    let config = pull::Config {
        deliver_policy: DeliverPolicy::ByStartSequence { start_sequence },
        ack_policy: AckPolicy::None,
        memory_storage: true,
        num_replicas: 1,
        ..pull::Config::default()
    };
    let consumer = stream.create_consumer(config).await?;
    let mut batch = consumer.fetch().max_messages(BATCH).messages().await?;
    let mut messages = Vec::new();
    while let Some(message) = batch.next().await {
        messages.push(message?);
    }
    stream.delete_consumer(&consumer.cached_info().name).await?;
    Ok(messages)
}

fn place_and_text(message: &Message) -> (Point, String) {
    let coordinates = message.subject.strip_prefix("route.notes.");
    let (lat, lon) = coordinates
        .and_then(|rest| rest.split_once('.'))
        .expect("a place");
    let place = point(
        lat.parse().expect("a latitude"),
        lon.parse().expect("a longitude"),
    );
    let text = String::from_utf8(message.payload.to_vec()).expect("a text");
    (place, text)
}

async fn stream(cluster: &NatsCluster) -> Stream {
    let client = async_nats::connect(cluster.urls())
        .await
        .expect("a connection");
    let stream = jetstream::new(client).get_stream("ROUTE_NOTES").await;
    stream.expect("the stream is there")
}

/// Asks until there is an answer, and if there is none says how things stand.
async fn until<T>(cluster: &NatsCluster, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(answer) = ask().await {
            return answer;
        }
        sleep(Duration::from_millis(50)).await;
    }
    let mut report = String::new();
    for server in cluster.servers() {
        let health = server.monitor("/healthz").await;
        let replica = replica(server).await;
        let _ = write!(report, "\n{}: {replica:?}, {health:?}", server.name());
    }
    panic!("the servers do not agree on the stream after {PATIENCE:?}:{report}");
}

/// Asks one server what it has, whoever leads.
async fn replica(server: &NatsServer) -> Option<Replica> {
    let answer = server
        .monitor("/jsz?streams=true&accounts=true")
        .await
        .ok()?;
    let answer: Value = serde_json::from_str(&answer).ok()?;
    let accounts = answer["account_details"].as_array()?.iter();
    let mut streams = accounts
        .filter_map(|account| account["stream_detail"].as_array())
        .flatten();
    let state = &streams.find(|stream| stream["name"] == "ROUTE_NOTES")?["state"];
    let number = |name: &str| state[name].as_u64().unwrap_or(0);
    Some(Replica {
        messages: number("messages"),
        first: number("first_seq"),
        last: number("last_seq"),
        deleted: number("num_deleted"),
    })
}

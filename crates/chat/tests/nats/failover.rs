//! How long notes are silent when the leader of the stream is killed: a measurement, which prints seconds.
//!
//! `cargo test -p route-guide-chat --test nats failover -- --ignored --nocapture`

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use route_guide_chat::{Author, NatsSettings, Notebook};
use route_guide_testkit::{NatsCluster, NatsServer};
use tokio::time::interval;

use crate::kit::{draft, due, open, place, stream};

/// Waits until a server that is left says that another one than `killed` leads the stream.
async fn another_leads(cluster: &NatsCluster, killed: &str) {
    let mut pace = interval(Duration::from_millis(10));
    loop {
        pace.tick().await;
        for server in cluster
            .servers()
            .iter()
            .filter(|server| server.is_running())
        {
            let state = server.monitor("/jsz?streams=true&accounts=true").await;
            let Ok(state) = state else { continue };
            let Some((_, stream)) = state.split_once("\"name\": \"ROUTE_NOTES\"") else {
                continue;
            };
            let leader = stream
                .split_once("\"leader\": \"")
                .and_then(|(_, rest)| rest.split_once('"'));
            if leader.is_some_and(|(leader, _)| leader != killed && !leader.is_empty()) {
                return;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement: prints seconds"]
async fn silence_after_the_leader_is_killed() {
    if !NatsServer::available() {
        return;
    }
    for _ in 0..5 {
        let mut cluster = NatsCluster::start(3).await;
        let settings = NatsSettings {
            servers: cluster.urls(),
            replicas: NonZeroUsize::new(3).unwrap(),
            ..NatsSettings::default()
        };
        let (here, there) = (open(settings.clone()).await, open(settings).await);
        let mut reader = stream(&there);
        reader.post(place(1), "reader").await.unwrap();
        let author = Author::unique();
        here.append(draft(place(1), "first", author)).await.unwrap();
        let leader = cluster.leader_of("ROUTE_NOTES").await;
        let name = cluster.servers()[leader].name().to_owned();
        let writing = tokio::spawn(async move {
            let mut pace = interval(Duration::from_millis(20));
            loop {
                pace.tick().await;
                let here = here.clone();
                tokio::spawn(async move {
                    let _ = here.append(draft(place(1), "x", Author::unique())).await;
                });
            }
        });
        while due(&mut reader).len() < 10 {
            reader.woken().await;
        }
        cluster.server(leader).kill();
        let killed = Instant::now();
        let reading = async {
            let (mut last, mut longest) = (Instant::now(), (Duration::ZERO, killed));
            while killed.elapsed() < Duration::from_secs(20) {
                if tokio::time::timeout(Duration::from_millis(100), reader.woken())
                    .await
                    .is_ok()
                {
                    // Retention may be faster: it does not matter here.
                    while !matches!(reader.next_page(), Ok(None)) {}
                    if last.elapsed() > longest.0 {
                        longest = (last.elapsed(), Instant::now());
                    }
                    last = Instant::now();
                }
            }
            longest
        };
        let leading = async {
            another_leads(&cluster, &name).await;
            Instant::now()
        };
        let ((silence, end), leads) = tokio::join!(reading, leading);
        assert!(end > killed, "notes go on");
        println!(
            "silence {:.1} s; another leader after {:.1} s, notes {:.1} s after it",
            silence.as_secs_f64(),
            (leads - killed).as_secs_f64(),
            end.saturating_duration_since(leads).as_secs_f64()
        );
        writing.abort();
    }
}

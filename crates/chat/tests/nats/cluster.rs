//! A cluster of three NATS servers, one of which is killed.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use route_guide_chat::{
    AppendError, Author, Conversation, ConversationLimits, Limits, NatsNotebook, NatsSettings,
    Notebook,
};
use route_guide_testkit::{NatsCluster, NatsServer};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use crate::kit::{draft, due, open, place};

const WRITERS: usize = 20;
const NOTES: usize = 500;

fn settings(urls: Vec<String>) -> NatsSettings {
    NatsSettings {
        servers: urls,
        replicas: NonZeroUsize::new(3).unwrap(),
        limits: Limits {
            notes_per_place: NonZeroUsize::new(100_000).unwrap(),
            ..Limits::default()
        },
        ..NatsSettings::default()
    }
}

/// Writes numbered notes, one after the other, and returns the numbers of those that were acknowledged.
async fn write(
    notebook: Arc<NatsNotebook>,
    author: Author,
    progress: watch::Sender<usize>,
) -> (Author, Vec<usize>) {
    let mut written = Vec::new();
    for number in 0..NOTES {
        let note = draft(place(1), number.to_string(), author);
        match notebook.append(note).await {
            Ok(_) => written.push(number),
            // It may or may not have been written. The next one goes on.
            Err(AppendError::Unavailable { .. } | AppendError::Unconfirmed { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        progress.send_modify(|count| *count += 1);
    }
    (author, written)
}

/// Reads everything until it is told that all is written and one last note has come.
async fn read(
    mut chat: Conversation,
    mut begun: Option<oneshot::Sender<()>>,
) -> HashMap<Author, Vec<usize>> {
    chat.post(place(1), "reader").await.unwrap();
    due(&mut chat);
    if let Some(begun) = begun.take() {
        begun.send(()).unwrap();
    }
    let mut received: HashMap<Author, Vec<usize>> = HashMap::new();
    loop {
        chat.woken().await;
        while let Some(page) = chat.next_page().unwrap() {
            for note in page {
                match note.message().parse() {
                    Ok(number) => received.entry(note.author()).or_default().push(number),
                    Err(_) if note.message() == "end" => return received,
                    Err(_) => {}
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_leader_is_killed_and_nothing_acknowledged_is_lost() {
    if !NatsServer::available() {
        return;
    }
    let mut cluster = NatsCluster::start(3).await;
    let urls = cluster.urls();
    // The second one learns of the others only through the last server, so that not both lose their connection.
    let here = open(settings(urls.clone())).await;
    let there = open(settings(vec![urls[2].clone()])).await;
    let mut readers = JoinSet::new();
    for notebook in [&here, &there] {
        let (begun, has_begun) = oneshot::channel();
        let chat = Conversation::shared(notebook.clone(), ConversationLimits::default());
        readers.spawn(read(chat, Some(begun)));
        has_begun.await.unwrap();
    }
    let (progress, mut count) = watch::channel(0);
    let mut writers = JoinSet::new();
    for number in 0..WRITERS {
        let notebook = [&here, &there][number % 2].clone();
        writers.spawn(write(notebook, Author::unique(), progress.clone()));
    }
    count
        .wait_for(|count| *count > WRITERS * NOTES / 4)
        .await
        .unwrap();
    let leader = cluster.leader_of("ROUTE_NOTES").await;
    cluster.server(leader).kill();
    count
        .wait_for(|count| *count > WRITERS * NOTES / 2)
        .await
        .unwrap();
    cluster.server(leader).restart().await;

    let written: HashMap<_, _> = writers.join_all().await.into_iter().collect();
    here.ready().await;
    let end = draft(place(1), "end", Author::unique());
    here.append(end).await.unwrap();
    let mut logs = Vec::new();
    for received in readers.join_all().await {
        for (author, written) in &written {
            let received = &received[author];
            assert!(received.is_sorted_by(|a, b| a < b), "in order, none twice");
            for number in written {
                assert!(
                    received.binary_search(number).is_ok(),
                    "note {number} was acknowledged"
                );
            }
        }
        logs.push(received);
    }
    assert_eq!(logs[0], logs[1], "both servers have received the same");
    let acknowledged: usize = written.values().map(Vec::len).sum();
    // One server of three may be gone, so hardly any append has to fail.
    println!(
        "{acknowledged} of {} notes were acknowledged",
        WRITERS * NOTES
    );
    assert!(acknowledged > WRITERS * NOTES / 2);
}

//! NATS whose disk is full, or has lost something.

use std::fs;
use std::process::Command;
use std::time::Duration;

use route_guide_chat::nats_server::NatsServer;
use route_guide_chat::{
    AppendError, Author, Limits, NatsNotebook, NatsSettings, Notebook, Receipt, Standing,
};
use tempfile::TempDir;

use kit::{draft, kept, open, place, settings};

mod kit;

/// Starts a server that stores where a test can reach it, with further settings for that.
async fn server_in(dir: &TempDir, settings: &str) -> NatsServer {
    let store = dir.path().join("store");
    let store = store.display();
    let settings = format!("jetstream {{ store_dir: \"{store}\", {settings} }}\n");
    NatsServer::start_with(&settings).await
}

/// Appends, and again as long as NATS is away.
async fn append_in_time(notebook: &NatsNotebook, text: &str, author: Author) -> Receipt {
    loop {
        match notebook.append(draft(place(1), text, author)).await {
            Ok(receipt) => return receipt,
            Err(AppendError::Away { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn notes_are_refused_while_the_disk_is_full_and_taken_when_there_is_room() {
    if !NatsServer::available() {
        return;
    }
    let dir = TempDir::new().unwrap();
    let server = server_in(&dir, "max_file_store: 256KB").await;
    // A stream with a bound would have its room reserved.
    let endless = NatsSettings {
        limits: Limits {
            bytes_total: usize::MAX,
            ..Limits::default()
        },
        ..settings(&server)
    };
    let notebook = open(endless.clone()).await;
    let author = Author::unique();
    let text = "x".repeat(4 * 1024);
    let mut written = 0;
    loop {
        match notebook
            .append(draft(place(1), text.as_str(), author))
            .await
        {
            Ok(_) => written += 1,
            Err(AppendError::DiskFull { .. }) => break,
            Err(error) => panic!("{error}"),
        }
        assert!(written < 100, "more than there is room for");
    }
    assert!(written > 10, "{written}");
    assert_eq!(kept(&*notebook, place(1)).len(), written);

    let client = async_nats::connect(server.url()).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    let stream = jetstream.get_stream("ROUTE_NOTES").await.unwrap();
    stream.purge().await.unwrap();
    let note = draft(place(1), "there is room", author);
    notebook.append(note).await.unwrap();
    let again = open(endless).await;
    assert_eq!(kept(&*again, place(1)), ["there is room"]);
}

#[tokio::test]
async fn a_server_that_has_lost_its_disk_is_survived() {
    if !NatsServer::available() {
        return;
    }
    let mut server = NatsServer::start().await;
    let notebook = open(settings(&server)).await;
    let author = Author::unique();
    notebook
        .append(draft(place(1), "old", author))
        .await
        .unwrap();
    server.kill();
    server.forget();
    server.restart().await;
    let mut standing = notebook.standing();
    standing
        .wait_for(|standing| *standing == Standing::Ready)
        .await
        .unwrap();
    let receipt = append_in_time(&notebook, "new", author).await;
    assert_eq!(receipt.index.get(), 2);
    assert_eq!(kept(&*notebook, place(1)), ["old", "new"]);
}

/// As when its disk is put back from a backup. A note was acknowledged then under a number of one that was lost, and never
/// handed to anybody by the server that had taken it.
#[tokio::test]
async fn a_stream_that_has_lost_its_end_goes_on_from_there() {
    if !NatsServer::available() {
        return;
    }
    let dir = TempDir::new().unwrap();
    let (store, backup) = (dir.path().join("store"), dir.path().join("backup"));
    let mut server = server_in(&dir, "").await;
    let notebook = open(NatsSettings {
        patience: Duration::from_secs(1),
        ..settings(&server)
    })
    .await;
    let author = Author::unique();
    append_in_time(&notebook, "one", author).await;
    server.kill();
    let copied = Command::new("cp")
        .arg("-a")
        .args([&store, &backup])
        .status();
    assert!(copied.unwrap().success());
    server.restart().await;
    append_in_time(&notebook, "two", author).await;
    append_in_time(&notebook, "three", author).await;

    server.kill();
    fs::remove_dir_all(&store).unwrap();
    fs::rename(&backup, &store).unwrap();
    server.restart().await;
    let receipt = append_in_time(&notebook, "four", author).await;
    let here = kept(&*notebook, place(1));
    assert_eq!(here[..3], ["one", "two", "three"]);
    // Attempts that failed may be there too.
    assert_eq!(receipt.index.get(), here.len() as u64);
    assert_eq!(receipt.earlier, receipt.index.get() - 1);
    assert!(here[3..].iter().all(|text| text == "four"), "{here:?}");
    let again = open(settings(&server)).await;
    let there = kept(&*again, place(1));
    assert_eq!(there[0], "one");
    assert_eq!(there.last().unwrap(), "four");
}

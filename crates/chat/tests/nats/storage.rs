//! NATS whose disk is full, or has lost something.

use route_guide_chat::{
    AppendError, Author, Limits, NatsNotebook, NatsSettings, Notebook, Receipt, SyncState,
};
use route_guide_testkit::NatsServer;
use tempfile::TempDir;

use crate::kit::{draft, kept, open, place, settings};

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
            Err(AppendError::Unavailable { .. } | AppendError::Unconfirmed { .. }) => {}
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
    let mut state = notebook.sync_state();
    state
        .wait_for(|state| *state == SyncState::Ready)
        .await
        .unwrap();
    append_in_time(&notebook, "new", author).await;
    // What is gone is gone everywhere; attempts that were not confirmed may be there.
    let here = kept(&*notebook, place(1));
    assert!(here.iter().all(|text| text == "new"), "{here:?}");
    assert_eq!(kept(&*open(settings(&server)).await, place(1)), here);
}

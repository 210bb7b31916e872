//! A stream of NATS that has lost its end: its disk was put back from a backup, or lost power.
//!
//! A server went by the numbers of messages: where the stream had reached the number of the last one it had read, it took
//! the notes before that for those it had read. Notes of other servers under these numbers never reached it.

use std::sync::Arc;

use route_guide_chat::{
    ChatError, Conversation, ConversationLimits, NatsNotebook, NatsSettings, SyncState,
};
use route_guide_testkit::NatsServer;
use tempfile::TempDir;
use tokio::time::{Duration, MissedTickBehavior, interval};

use crate::kit::{Wire, kept, open, place, settings, stands, write};

/// A server with five notes at each of two places, cut off; five more at the first, which the stream loses.
struct Scene {
    nats: NatsServer,
    wire: Wire,
    here: Arc<NatsNotebook>,
    /// Follows both places at the server that is cut off.
    reader: Conversation,
}

impl Scene {
    async fn new() -> Self {
        let mut nats = NatsServer::start().await;
        let wire = Wire::to(&nats).await;
        let here = open(through(&wire)).await;
        for at in [place(1), place(2)] {
            write(&*here, at, &["1", "2", "3", "4", "5"]).await;
        }
        let backup = back_up(&mut nats, &[&here]).await;
        let mut reader = follow(&here).await;
        write(&*here, place(1), &["6", "7", "8", "9", "10"]).await;
        assert_eq!(read(&mut reader, "10").await, 0);
        wire.cut(&here).await;
        nats.kill();
        nats.restore(&backup);
        nats.restart().await;
        Self {
            nats,
            wire,
            here,
            reader,
        }
    }

    /// Reconnects the server and checks that it has what the stream has, and that its reader was told.
    async fn reconnected(mut self, there: &NatsNotebook) {
        self.wire.mend(&self.here).await;
        write(there, place(1), &["last"]).await;
        assert!(read(&mut self.reader, "last").await > 0, "it is told");
        self.same_notes(there).await;
        // Nothing was lost at the other place.
        write(there, place(2), &["last"]).await;
        assert_eq!(read(&mut self.reader, "last").await, 0);
    }

    async fn same_notes(&self, there: &NatsNotebook) {
        let fresh = open(settings(&self.nats)).await;
        for at in [place(1), place(2)] {
            assert_eq!(kept(&*self.here, at), kept(&*fresh, at), "{at}");
            assert_eq!(kept(there, at), kept(&*fresh, at), "{at}");
        }
    }
}

fn through(wire: &Wire) -> NatsSettings {
    NatsSettings {
        servers: vec![wire.url.clone()],
        patience: Duration::from_secs(1),
        ..NatsSettings::default()
    }
}

/// Copies what NATS has stored, and waits until the notebooks are connected again.
async fn back_up(nats: &mut NatsServer, notebooks: &[&NatsNotebook]) -> TempDir {
    nats.kill();
    for notebook in notebooks {
        stands(notebook, SyncState::Unavailable).await;
    }
    let backup = nats.back_up();
    nats.restart().await;
    for notebook in notebooks {
        stands(notebook, SyncState::Ready).await;
    }
    backup
}

async fn follow(notebook: &Arc<NatsNotebook>) -> Conversation {
    let mut reader = Conversation::of_logs(notebook.clone(), ConversationLimits::default());
    for at in [place(1), place(2)] {
        reader.follow(at).await.unwrap();
    }
    reader
}

/// Reads until a note has the text `last`, and returns how often notes were missed.
async fn read(reader: &mut Conversation, last: &str) -> usize {
    let mut missed = 0;
    loop {
        match reader.next_page() {
            Ok(Some(page)) if page.iter().any(|note| note.message() == last) => return missed,
            Ok(Some(_)) => {}
            Ok(None) => reader.woken().await,
            Err(ChatError::Missed { .. }) => missed += 1,
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn another_server_fills_the_stream_up_to_the_number_that_was_read_or_elsewhere() {
    if !NatsServer::available() {
        return;
    }
    for others in [1, 4, 5, 6, 30] {
        let scene = Scene::new().await;
        let there = open(settings(&scene.nats)).await;
        for number in 0..others {
            write(&*there, place(1), &[&format!("other {number}")]).await;
        }
        scene.reconnected(&there).await;
    }
}

#[tokio::test]
async fn another_server_writes_elsewhere_meanwhile() {
    if !NatsServer::available() {
        return;
    }
    let scene = Scene::new().await;
    let there = open(settings(&scene.nats)).await;
    write(&*there, place(3), &["a", "b", "c", "d", "e", "f"]).await;
    scene.reconnected(&there).await;
}

/// The wait for the end that a new leader may still have to read was begun again with every note.
#[tokio::test]
async fn another_server_goes_on_writing_while_this_one_waits_for_the_end() {
    if !NatsServer::available() {
        return;
    }
    let mut scene = Scene::new().await;
    let there = open(settings(&scene.nats)).await;
    let here = scene.here.clone();
    let mut pace = interval(Duration::from_millis(200));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let writing = async {
        for number in 0.. {
            pace.tick().await;
            write(&*there, place(1), &[&format!("other {number}")]).await;
        }
    };
    tokio::select! {
        () = writing => {}
        () = scene.wire.mend(&here) => {}
    }
    write(&*there, place(1), &["last"]).await;
    assert!(read(&mut scene.reader, "last").await > 0, "it is told");
    scene.same_notes(&there).await;
}

#[tokio::test]
async fn nobody_writes_meanwhile_and_then_both_servers_do() {
    if !NatsServer::available() {
        return;
    }
    let mut scene = Scene::new().await;
    let there = open(settings(&scene.nats)).await;
    scene.wire.mend(&scene.here).await;
    write(&*scene.here, place(1), &["here"]).await;
    write(&*there, place(1), &["there", "last"]).await;
    assert!(read(&mut scene.reader, "last").await > 0, "it is told");
    scene.same_notes(&there).await;
}

/// Both have read what is lost, and neither writes anything under its numbers before the other has noticed.
#[tokio::test]
async fn two_servers_that_were_there_all_the_time_lose_the_same() {
    if !NatsServer::available() {
        return;
    }
    let mut nats = NatsServer::start().await;
    let (here, there) = (open(settings(&nats)).await, open(settings(&nats)).await);
    write(&*here, place(1), &["1", "2"]).await;
    let backup = back_up(&mut nats, &[&here, &there]).await;
    let mut readers = [follow(&here).await, follow(&there).await];
    write(&*there, place(1), &["3"]).await;
    for reader in &mut readers {
        assert_eq!(read(reader, "3").await, 0);
    }
    nats.kill();
    for notebook in [&here, &there] {
        stands(notebook, SyncState::Unavailable).await;
    }
    nats.restore(&backup);
    nats.restart().await;
    for notebook in [&here, &there] {
        stands(notebook, SyncState::Ready).await;
    }
    write(&*here, place(1), &["from here"]).await;
    write(&*there, place(1), &["last"]).await;
    for reader in &mut readers {
        assert!(read(reader, "last").await > 0, "it is told");
    }
    for notebook in [&here, &there, &open(settings(&nats)).await] {
        assert_eq!(kept(&**notebook, place(1)), ["1", "2", "from here", "last"]);
    }
}

/// NATS changes the time at which a stream was created when its settings change after a restart, or when it is created
/// again as it is. Servers took it for another stream, and told all readers that they had missed notes.
#[tokio::test]
async fn a_stream_whose_time_of_creation_changes_has_lost_nothing() {
    if !NatsServer::available() {
        return;
    }
    let mut nats = NatsServer::start().await;
    let here = open(settings(&nats)).await;
    let mut reader = follow(&here).await;
    write(&*here, place(1), &["1", "2", "3"]).await;
    assert_eq!(read(&mut reader, "3").await, 0);
    let client = async_nats::connect(nats.url()).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    let stream = |change: &'static str| {
        let jetstream = &jetstream;
        async move {
            let stream = jetstream.get_stream("ROUTE_NOTES").await.unwrap();
            let mut config = stream.cached_info().config.clone();
            config.description = Some(change.to_owned());
            jetstream.update_stream(config).await.unwrap();
            stream.cached_info().created
        }
    };
    let restart = async |nats: &mut NatsServer| {
        nats.kill();
        stands(&here, SyncState::Unavailable).await;
        nats.restart().await;
        stands(&here, SyncState::Ready).await;
    };
    restart(&mut nats).await;
    let before = stream("one").await;
    restart(&mut nats).await;
    let after = stream("two").await;
    assert_ne!(before, after, "NATS has not done what this is about");
    write(&*here, place(1), &["last"]).await;
    assert_eq!(read(&mut reader, "last").await, 0);
    assert_eq!(kept(&*here, place(1)), ["1", "2", "3", "last"]);
}

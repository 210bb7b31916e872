//! `kill -9` of a server with notes in a file, under clients that go on when it is back.

use route_guide_tests::audit::faults;
use route_guide_tests::numbered::{NumberedRun, Shape, read_back};
use route_guide_tests::{ServerProcess, programs, run};
use tokio::sync::watch;

fn start(store: &str) -> ServerProcess {
    let program = programs().join("route-guide-server");
    let flags = [
        "--chat-store",
        store,
        "--chat-notes-per-place",
        "1000",
        "--log",
        "warn",
    ];
    ServerProcess::start(&program, &flags)
}

#[test]
fn no_note_that_was_delivered_is_lost_none_comes_twice_and_all_stay_in_order() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let store = format!("file:{}", folder.path().display());
        let mut server = start(&store);
        let (door, behind) = watch::channel(server.target().to_owned());
        let shape = Shape {
            groups: 8,
            places: 400,
            rounds: 2,
            batch: 50,
            listened: 4,
        };
        // Two doors to one server, so that two senders share their places.
        let mut notes = NumberedRun::start(shape, &[behind.clone(), behind]).await;
        for percent in [30, 60] {
            notes.percent(percent).await;
            server.kill();
            server = start(&store);
            door.send_replace(server.target().to_owned());
        }
        let seen = notes.finished().await;
        assert_eq!(seen.streams_of_listeners, [3, 3]);
        server.kill();
        server = start(&store);
        let log = read_back(server.target(), &seen.spots).await;
        assert_eq!(faults(&log, &seen.transcripts), [""; 0]);
    });
}

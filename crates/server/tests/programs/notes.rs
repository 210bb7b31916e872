//! Notes that are kept in a file.

use route_guide_proto::routeguide::route_guide_client::RouteGuideClient;
use route_guide_proto::routeguide::{Point, RouteNote};

use crate::ROUTE_GUIDE_SERVER;
use crate::process::{Program, connect, run, within};

/// Starts a server on a folder of notes, posts one, and returns the texts that came back. The server is killed.
fn post_and_kill(store: &str, message: &str) -> Vec<String> {
    let flags = [
        "--chat-store",
        store,
        "--listen",
        "127.0.0.1:0",
        "--log",
        "off",
    ];
    let mut server = Program::start(ROUTE_GUIDE_SERVER, &flags);
    let address = server.address();
    let note = RouteNote {
        location: Some(Point::default()),
        message: message.to_owned(),
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let received = runtime.block_on(within("the replay", async {
        let mut guide = RouteGuideClient::new(connect(&address).await);
        let replies = guide.route_chat(tokio_stream::once(note)).await.unwrap();
        let mut replies = replies.into_inner();
        let mut received = Vec::new();
        while let Some(note) = replies.message().await.unwrap() {
            received.push(note.message);
        }
        received
    }));
    server.signal("KILL");
    server.ended();
    received
}

#[test]
fn notes_survive_a_server_that_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("file:{}", folder.path().display());
    assert_eq!(post_and_kill(&store, "first"), [""; 0]);
    assert_eq!(post_and_kill(&store, "second"), ["first"]);
    assert_eq!(post_and_kill(&store, "third"), ["first", "second"]);
}

#[test]
fn a_folder_that_another_server_uses_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("file:{}", folder.path().display());
    let flags = [
        "--chat-store",
        &store,
        "--listen",
        "127.0.0.1:0",
        "--log",
        "off",
    ];
    let mut first = Program::start(ROUTE_GUIDE_SERVER, &flags);
    first.address();
    let ended = run(ROUTE_GUIDE_SERVER, &flags);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    assert!(ended.stderr.starts_with("error: "), "{ended:?}");
}

//! `chat` after a lost connection.

use route_guide_server::ChatSettings;

use crate::ROUTE_GUIDE_CLIENT;
use crate::process::{Program, run_with_input};
use crate::servers::RealServer;
use crate::wire::Wire;

/// Leaves notes at 0,0.
fn post(server: &str, notes: &str) {
    let chat = ["chat", "--target", server];
    let ended = run_with_input(ROUTE_GUIDE_CLIENT, &chat, notes);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

/// A server that keeps two notes of each place.
fn forgetful() -> RealServer {
    let mut chat = ChatSettings::default();
    chat.notebook.notes_per_place = 2.try_into().unwrap();
    RealServer::route_guide_with("127.0.0.1:0", chat)
}

/// Notes were told apart by their texts: two more "ok" at a place that keeps two were never shown, without a word.
#[test]
fn what_was_left_meanwhile_is_shown_or_counted() {
    let server = forgetful();
    let wire = Wire::to(server.target());
    let watch = ["chat", "--watch", "--target", wire.target()];
    let mut watcher = Program::start(ROUTE_GUIDE_CLIENT, &watch);
    post(server.target(), "ok\nok\n");
    for _ in 0..2 {
        assert_eq!(watcher.line(), "0,0 < ok");
    }
    for (notes, missed) in [
        ("ok\nok\n", None),
        (
            "ok\nok\nok\n",
            Some("up to 1 note came and went unseen at 0,0"),
        ),
        (
            "ok\nok\nok\nok\nok\n",
            Some("up to 3 notes came and went unseen at 0,0"),
        ),
    ] {
        wire.cut();
        let lost = watcher.complaint();
        assert!(lost.starts_with("connection lost: UNAVAILABLE: "), "{lost}");
        post(server.target(), notes);
        wire.mend();
        assert_eq!(watcher.complaint(), "connected again");
        if let Some(missed) = missed {
            assert_eq!(watcher.complaint(), missed);
        }
        for _ in 0..2 {
            assert_eq!(watcher.line(), "0,0 < ok", "{notes:?}");
        }
    }
    watcher.signal("INT");
    let ended = watcher.ended();
    assert!(ended.stdout.is_empty(), "{ended:?}");
}

/// The same text of somebody else was taken for the sign that one's own note had arrived.
#[test]
fn own_notes_arrive_once_beside_the_same_of_others() {
    let server = RealServer::route_guide();
    let wire = Wire::to(server.target());
    let mut ada = Program::piped(ROUTE_GUIDE_CLIENT, &["chat", "--target", wire.target()]);
    ada.write("ok\n");
    assert_eq!(ada.line(), "0,0 > ok");
    post(server.target(), "ok\n");
    assert_eq!(ada.line(), "0,0 < ok");
    wire.cut();
    ada.complaint();
    ada.write("ok\n");
    assert_eq!(ada.complaint(), "kept until there is a connection");
    post(server.target(), "ok\n");
    wire.mend();
    assert_eq!(ada.complaint(), "connected again");
    // What came meanwhile is shown before the note that had waited.
    assert_eq!(ada.line(), "0,0 < ok");
    assert_eq!(ada.line(), "0,0 > ok");
    ada.ends_well();

    let watch = ["chat", "--watch", "--target", server.target()];
    let mut watcher = Program::start(ROUTE_GUIDE_CLIENT, &watch);
    for _ in 0..4 {
        assert_eq!(watcher.line(), "0,0 < ok");
    }
    post(server.target(), "last\n");
    assert_eq!(watcher.line(), "0,0 < last");
}

//! `channel`: the states, as they come.

use crate::process::{Program, run};
use crate::servers::RealServer;
use crate::targets::{Nobody, rude_server};
use crate::{GREETER_CLIENT, ROUTE_GUIDE_CLIENT};

#[test]
fn the_way_to_ready_is_shown() {
    let server = RealServer::route_guide();
    for program in [ROUTE_GUIDE_CLIENT, GREETER_CLIENT] {
        let lines = run(program, &["channel", "--target", server.target()]).printed();
        assert_eq!(lines, ["IDLE", "CONNECTING", "READY"]);
    }
    let json = ["channel", "--json", "--target", server.target()];
    assert_eq!(
        run(ROUTE_GUIDE_CLIENT, &json).printed(),
        [
            r#"{"state":"IDLE"}"#,
            r#"{"state":"CONNECTING"}"#,
            r#"{"state":"READY"}"#,
        ]
    );
}

#[test]
fn the_way_to_a_failure_is_shown() {
    let nobody = Nobody::new();
    let ended = run(
        ROUTE_GUIDE_CLIENT,
        &["channel", "--target", nobody.target()],
    );
    assert_eq!(ended.stdout, ["IDLE", "CONNECTING", "TRANSIENT_FAILURE"]);
    assert_eq!(
        ended.failed(78),
        format!(
            "UNAVAILABLE: nothing is listening at {}; start a server with: route-guide-server",
            nobody.target()
        )
    );
}

/// A port that is open is no server: READY means that HTTP/2 was spoken.
#[test]
fn a_program_that_does_not_speak_http_2_is_not_ready() {
    let silent = rude_server(b"", false);
    let flags = ["channel", "--timeout", "100ms", "--target", &silent];
    let ended = run(ROUTE_GUIDE_CLIENT, &flags);
    assert_eq!(ended.stdout[..2], ["IDLE", "CONNECTING"]);
    assert!(!ended.stdout.contains(&"READY".to_owned()), "{ended:?}");
    assert_eq!(
        ended.failed(68),
        "DEADLINE_EXCEEDED: the call did not end within 100ms"
    );

    for (says, hangs_up) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], false),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", true),
        (b"", true),
        (b"\0\0\0", true),
    ] {
        let rude = rude_server(says, hangs_up);
        let ended = run(ROUTE_GUIDE_CLIENT, &["channel", "--target", &rude]);
        assert_eq!(ended.stdout, ["IDLE", "CONNECTING", "TRANSIENT_FAILURE"]);
        assert_eq!(ended.code, Some(78), "{ended:?}");
    }
}

#[test]
fn watch_follows_a_server_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let target = format!("unix:{}", folder.path().join("guide.sock").display());
    let server = RealServer::route_guide_at(&target);
    let mut watch = Program::start(
        ROUTE_GUIDE_CLIENT,
        &["channel", "--watch", "--target", &target],
    );
    for state in ["IDLE", "CONNECTING", "READY"] {
        assert_eq!(watch.line(), state);
    }
    drop(server);
    for state in ["IDLE", "CONNECTING", "TRANSIENT_FAILURE"] {
        assert_eq!(watch.line(), state);
    }
    let _server = RealServer::route_guide_at(&target);
    // It may have tried once more before the server was there.
    let mut states = Vec::new();
    while states.last().is_none_or(|state| state != "READY") {
        states.push(watch.line());
    }
    assert_eq!(states[states.len() - 2], "CONNECTING");
    watch.signal("INT");
    assert_eq!(watch.ended().failed(65), "CANCELLED: interrupted");
}

#[test]
fn watch_ends_in_peace_when_its_time_is_over() {
    let server = RealServer::route_guide();
    let flags = ["--watch", "--timeout", "3s", "--target", server.target()];
    let ended = run(ROUTE_GUIDE_CLIENT, &[&["channel"], &flags[..]].concat());
    assert_eq!(ended.printed(), ["IDLE", "CONNECTING", "READY"]);
}

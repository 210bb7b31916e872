//! `--wait-for-ready`.

use crate::process::{Program, run};
use crate::servers::RealServer;
use crate::targets::Nobody;
use crate::{GREETER_CLIENT, ROUTE_GUIDE_CLIENT};

#[test]
fn a_call_waits_for_a_server_that_is_started_later() {
    let folder = tempfile::tempdir().unwrap();
    let target = format!("unix:{}", folder.path().join("guide.sock").display());
    let flags = ["--wait-for-ready", "--target", &target];

    // The watcher tells when an attempt has failed, so that the server really comes later.
    let mut watcher = Program::start(ROUTE_GUIDE_CLIENT, &[&flags[..], &["channel"]].concat());
    let get = Program::start(ROUTE_GUIDE_CLIENT, &[&flags[..], &["get", "0,0"]].concat());
    for state in ["IDLE", "CONNECTING", "TRANSIENT_FAILURE"] {
        assert_eq!(watcher.line(), state);
    }
    let _server = RealServer::route_guide_at(&target);
    assert_eq!(
        get.ended().printed(),
        ["Found no feature at latitude: 0, longitude: 0"]
    );
    // It may have tried once more before the server was there.
    assert!(
        watcher
            .ended()
            .printed()
            .ends_with(&["CONNECTING".to_owned(), "READY".to_owned()])
    );
}

#[test]
fn the_wait_ends_with_the_deadline_and_says_what_was_missing() {
    let nobody = Nobody::new();
    let flags = [
        "--wait-for-ready",
        "--timeout",
        "100ms",
        "--target",
        nobody.target(),
    ];
    let expected = |server: &str| {
        format!(
            "DEADLINE_EXCEEDED: the call did not end within 100ms; nothing is listening at {}; \
             start a server with: {server}",
            nobody.target()
        )
    };
    for command in [
        &["get", "0,0"][..],
        &["list", "0,0:1,1"],
        &["record"],
        &["chat"],
    ] {
        let ended = run(ROUTE_GUIDE_CLIENT, &[&flags[..], command].concat());
        assert_eq!(ended.failed(68), expected("route-guide-server"));
    }
    let ended = run(GREETER_CLIENT, &[&flags[..], &["greet"]].concat());
    assert_eq!(ended.failed(68), expected("greeter-server"));
}

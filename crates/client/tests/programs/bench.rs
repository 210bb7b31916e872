//! `bench`: what is measured is what was asked for, and whatever goes wrong is told.

use std::fs;

use serde_json::Value;

use crate::ROUTE_GUIDE_CLIENT;
use crate::odd::{OddServer, SILENCE};
use crate::process::{Program, run, run_with_input};
use crate::servers::RealServer;
use crate::targets::rude_server;

fn bench<'a>(target: &'a str, arguments: &[&'a str]) -> Vec<&'a str> {
    [&["--target", target, "--json", "bench"], arguments].concat()
}

/// Runs `bench` with a server of the published places and returns its JSON, of a run in which nothing failed.
fn measured(arguments: &[&str]) -> Value {
    let server = RealServer::route_guide();
    let lines = run(ROUTE_GUIDE_CLIENT, &bench(server.target(), arguments)).printed();
    let report: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(report["failed"], 0, "{report}");
    report
}

#[test]
fn each_method_is_asked_as_often_as_was_said() {
    let check = |arguments: &[&str], messages: u64| {
        let bounds = ["--calls", "30", "--connections", "2", "--concurrency", "2"];
        let report = measured(&[arguments, &bounds].concat());
        assert_eq!(report["calls"], 30, "{report}");
        assert_eq!(report["messages"], messages, "{report}");
        let latency = &report["latencySeconds"];
        for (less, more) in [
            ("p50", "p90"),
            ("p90", "p99"),
            ("p99", "p999"),
            ("p999", "max"),
        ] {
            assert!(latency[less].as_f64() <= latency[more].as_f64(), "{report}");
        }
        assert!(report.get("serverCpuSeconds").is_none(), "{report}");
    };
    check(&["get-feature"], 30);
    check(&["get-feature", "--at", "1,1"], 30);
    check(&["list-features"], 30 * 100);
    check(
        &[
            "list-features",
            "--area",
            "0,0:1,1",
            "--area",
            "40,-75:42,-73",
            "--window",
            "1000",
        ],
        15 * 100,
    );
    check(&["record-route", "--length", "123"], 30 * 123);
    check(&["record-route", "--length", "123", "--packed"], 30 * 123);
    check(&["record-route", "--sample", "1", "--length", "5"], 30 * 5);
}

#[test]
fn each_note_is_delivered_to_each_listener() {
    let report = measured(&["route-chat", "--listeners", "15", "--calls", "10"]);
    assert_eq!(report["calls"], 10 * 15, "{report}");
    assert_eq!(report["messages"], 10 * (1 + 15), "{report}");
}

#[test]
fn notes_are_exchanged_for_some_time() {
    let report = measured(&["route-chat", "--duration", "100ms", "--warm-up", "50ms"]);
    let calls = report["calls"].as_u64().unwrap();
    assert!(calls > 0);
    assert_eq!(report["messages"], 3 * calls);
}

#[test]
fn points_come_from_a_file_too() {
    let server = RealServer::route_guide();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("points");
    fs::write(
        &file,
        "# three points\n1,1\n2,2\n\n40.9146138,-74.6188906\n",
    )
    .unwrap();
    let arguments = [
        "get-feature",
        "--calls",
        "5",
        "--points",
        file.to_str().unwrap(),
    ];
    let lines = run(ROUTE_GUIDE_CLIENT, &bench(server.target(), &arguments)).printed();
    assert!(lines[0].contains(r#""calls":5,"#), "{lines:?}");

    let check = |input: &str, expected: &str| {
        let arguments = bench(server.target(), &["get-feature", "--points", "-"]);
        let ended = run_with_input(ROUTE_GUIDE_CLIENT, &arguments, input);
        assert_eq!(ended.failed(1), format!("error: {expected}"));
    };
    check(
        "1,1\nhere\n",
        "standard input: line 2: expected LAT,LON but found \"here\"",
    );
    check("\n", "standard input has no points");
}

/// With a Unix socket, metadata, a limit of time for each call and the server's processor time.
#[test]
#[cfg(target_os = "linux")]
fn people_read_lines() {
    let folder = tempfile::tempdir().unwrap();
    let socket = format!("unix:{}", folder.path().join("guide.sock").display());
    let _server = RealServer::route_guide_at(&socket);
    let pid = std::process::id().to_string();
    let flags = [
        "--target",
        &socket,
        "--timeout",
        "30s",
        "-H",
        "token:secret",
        "bench",
    ];
    let command = ["list-features", "--calls", "3", "--server-pid", &pid];
    let lines = run(ROUTE_GUIDE_CLIENT, &[&flags[..], &command].concat()).printed();
    assert_eq!(
        lines[0],
        format!("ListFeatures at {socket} until 3 calls are made: 1 connection, 1 at a time")
    );
    let begins = [
        "calls     3 in ",
        "features  300, ",
        "latency   p50 ",
        "first     p50 ",
        "server    ",
    ];
    assert_eq!(lines.len(), 1 + begins.len(), "{lines:?}");
    for (line, begin) in lines[1..].iter().zip(begins) {
        assert!(line.starts_with(begin), "{line}");
    }
}

#[test]
fn calls_that_fail_are_counted_and_named() {
    let server = RealServer::route_guide();
    let run = |arguments: &[&str]| {
        run(
            ROUTE_GUIDE_CLIENT,
            &[&["--target", server.target(), "bench"], arguments].concat(),
        )
    };
    let off_the_globe = "INVALID_ARGUMENT: latitude 900000001 is outside ±900000000";

    let ended = run(&["get-feature", "--calls", "4", "--at", "e7:900000001,0"]);
    assert_eq!(ended.code, Some(67), "{ended:?}");
    assert_eq!(
        ended.stdout.last().unwrap(),
        &format!("failed    4 × {off_the_globe}")
    );
    assert_eq!(
        ended.failed(67),
        "INVALID_ARGUMENT: no call succeeded; the first ended so: latitude 900000001 is outside ±900000000"
    );

    // If some succeed, the command does.
    let points = ["--at", "e7:900000001,0", "--at", "1,1"];
    let lines = run(&[&["get-feature", "--calls", "4"], &points[..]].concat()).printed();
    assert!(lines[1].starts_with("calls     2 in "), "{lines:?}");
    assert_eq!(
        lines.last().unwrap(),
        &format!("failed    2 × {off_the_globe}")
    );
}

#[test]
fn a_server_that_is_not_there_or_not_one_is_told_as_by_every_command() {
    let gone = RealServer::route_guide().target().to_owned();
    assert_eq!(
        run(ROUTE_GUIDE_CLIENT, &bench(&gone, &["get-feature"])).failed(78),
        format!(
            "UNAVAILABLE: nothing is listening at {gone}; start a server with: route-guide-server"
        )
    );
    let rude = rude_server(b"HTTP/1.1 400 Bad Request\r\n\r\n", true);
    assert_eq!(
        run(ROUTE_GUIDE_CLIENT, &bench(&rude, &["list-features"])).failed(78),
        format!("UNAVAILABLE: the program listening at {rude} does not speak HTTP/2")
    );
    let server = RealServer::route_guide();
    assert_eq!(
        run(
            ROUTE_GUIDE_CLIENT,
            &bench(server.target(), &["get-feature", "--area", "0,0:1,1"])
        )
        .failed(1),
        "error: the server has no features in 0,0:1,1: say with --at or --points what to ask for"
    );
    assert_eq!(
        run(
            ROUTE_GUIDE_CLIENT,
            &bench(server.target(), &["route-chat", "--listeners", "500"])
        )
        .failed(1),
        "error: the server allows 200 streams a connection: use more connections or fewer streams"
    );
    let nobody = ["get-feature", "--server-pid", "4294967295"];
    assert!(
        run(ROUTE_GUIDE_CLIENT, &bench(server.target(), &nobody))
            .failed(1)
            .starts_with("error: cannot tell the processor time of process 4294967295: ")
    );
}

/// The first call is answered, and the second is not.
#[test]
fn an_interrupt_ends_the_run_and_shows_what_was_measured() {
    let server = OddServer::start();
    let flags = [
        "--target",
        server.target(),
        "--timeout",
        "30m",
        "-H",
        "x-text:hello",
    ];
    let points = ["--at", "1,1", "--at", SILENCE, "--duration", "1h"];
    let arguments = [&flags[..], &["bench", "get-feature"], &points].concat();
    let mut bench = Program::start(ROUTE_GUIDE_CLIENT, &arguments);
    assert_eq!(
        bench.line(),
        format!(
            "GetFeature at {} for 3600s: 1 connection, 1 at a time",
            server.target()
        )
    );
    for _ in 0..2 {
        assert_eq!(server.event(), "x-text: hello");
        assert!(server.event().starts_with("grpc-timeout: 1800"));
        assert!(server.event().starts_with("user-agent: route-guide-load/"));
        assert_eq!(server.event(), "GetFeature");
    }
    bench.signal("INT");
    let ended = bench.ended();
    assert!(ended.stdout[0].starts_with("calls     1 in "), "{ended:?}");
    assert_eq!(ended.failed(65), "CANCELLED: interrupted");
    assert_eq!(server.event(), "cancelled");
}

#[test]
fn a_server_that_goes_ends_the_run() {
    let server = RealServer::route_guide();
    let arguments = [
        "--target",
        server.target(),
        "bench",
        "list-features",
        "--duration",
        "1h",
    ];
    let mut bench = Program::start(ROUTE_GUIDE_CLIENT, &arguments);
    bench.line();
    drop(server);
    let line = bench.ended().failed(78);
    assert!(line.starts_with("UNAVAILABLE: "), "{line}");
}

//! `--timeout` and `--deadline`.

use crate::odd::{OddServer, SILENCE};
use crate::process::{Program, run, run_with_input};
use crate::servers::RealServer;
use crate::{GREETER_CLIENT, ROUTE_GUIDE_CLIENT};

const LATE: &str = "DEADLINE_EXCEEDED: the call did not end within 100ms";

#[test]
fn a_call_of_each_kind_ends_with_deadline_exceeded() {
    let server = OddServer::start();
    let flags = ["--timeout", "100ms", "--target", server.target()];
    let get = run(
        ROUTE_GUIDE_CLIENT,
        &[&flags[..], &["get", SILENCE]].concat(),
    );
    assert!(get.stdout.is_empty(), "{get:?}");
    assert_eq!(get.failed(68), LATE);

    // Long enough for the first feature to come, also on a busy machine.
    let list = [
        "--timeout",
        "2s",
        "list",
        "1,1:2,2",
        "--target",
        server.target(),
    ];
    let list = run(ROUTE_GUIDE_CLIENT, &list);
    assert_eq!(
        list.stdout,
        ["Feature called 'first' at latitude: 0, longitude: 0"]
    );
    assert_eq!(
        list.failed(68),
        "DEADLINE_EXCEEDED: the call did not end within 2s"
    );

    // The input stays open, so these two wait for ever.
    for command in ["record", "chat"] {
        let program = Program::piped(ROUTE_GUIDE_CLIENT, &[&flags[..], &[command]].concat());
        assert_eq!(program.ended().failed(68), LATE, "{command}");
    }
}

#[test]
fn a_call_of_each_kind_to_a_real_server_ends_with_deadline_exceeded() {
    let server = RealServer::route_guide();
    let flags = ["--timeout", "100ms", "--target", server.target()];
    for command in ["record", "chat"] {
        let mut program = Program::piped(ROUTE_GUIDE_CLIENT, &[&flags[..], &[command]].concat());
        program.write("1,1\n");
        let ended = program.ended();
        assert_eq!(ended.code, Some(68), "{command} {ended:?}");
        assert!(
            ended.stderr[0].starts_with("DEADLINE_EXCEEDED: "),
            "{command} {ended:?}"
        );
    }
    let greetings = RealServer::slow_greetings();
    let flags = ["--timeout", "2s", "--target", greetings.target()];
    for command in ["greet-stream", "lots-of-replies"] {
        let ended = run(GREETER_CLIENT, &[&flags[..], &[command]].concat());
        assert_eq!(ended.code, Some(68), "{command} {ended:?}");
        assert_eq!(ended.stdout.len(), 1, "{command} {ended:?}");
    }
}

#[test]
fn a_deadline_is_a_point_in_time() {
    let server = RealServer::route_guide();
    let at = |time: &str| {
        run_with_input(
            ROUTE_GUIDE_CLIENT,
            &["--deadline", time, "--target", server.target(), "record"],
            "1,1\n",
        )
    };
    assert_eq!(at("9999-12-30T22:00:00Z").printed().len(), 4);
    assert_eq!(
        at("2020-01-01T00:00:00Z").failed(68),
        "DEADLINE_EXCEEDED: the call did not end before its deadline"
    );
}

#[test]
fn the_earlier_of_the_two_counts() {
    let server = OddServer::start();
    let get = |timeout: &str, deadline: &str| {
        let flags = ["--timeout", timeout, "--deadline", deadline];
        let call = ["--target", server.target(), "get", SILENCE];
        run(ROUTE_GUIDE_CLIENT, &[flags, call].concat()).failed(68)
    };
    assert_eq!(get("100ms", "9999-12-30T22:00:00Z"), LATE);
    assert_eq!(
        get("1h", "2020-01-01T00:00:00Z"),
        "DEADLINE_EXCEEDED: the call did not end before its deadline"
    );
}

#[test]
fn the_server_is_told_the_time_that_is_left() {
    let server = OddServer::start();
    let get = |flags: &[&str]| {
        let call = ["--target", server.target(), "get", "0,0"];
        run(ROUTE_GUIDE_CLIENT, &[flags, &call].concat()).printed();
        server.event()
    };
    let told = get(&["--timeout", "10s"]);
    let micros = told
        .strip_prefix("grpc-timeout: ")
        .and_then(|rest| rest.strip_suffix('u'))
        .unwrap_or_else(|| panic!("{told}"));
    let micros: u64 = micros.parse().unwrap();
    assert!((1_000_000..=10_000_000).contains(&micros), "{told}");
}

//! `-H`, `-v` and `--compression`.

use std::io::Read as _;

use crate::odd::{DETAILS, OddServer};
use crate::process::{Ended, command, run, run_with_input};
use crate::servers::RealServer;
use crate::{GREETER_CLIENT, ROUTE_GUIDE_CLIENT};

#[test]
fn metadata_of_both_kinds_is_sent() {
    let server = OddServer::start();
    let flags = [
        "-H",
        "X-Text:  one: two ",
        "--header",
        "x-bytes-bin:AP8=",
        "-H",
        "x-bytes-bin:AQ",
    ];
    let call = ["--target", server.target(), "get", "0,0"];
    run(ROUTE_GUIDE_CLIENT, &[&flags[..], &call].concat()).printed();
    assert_eq!(server.event(), "x-text: one: two");
    assert_eq!(
        server.event(),
        format!(
            "user-agent: route-guide-client/{}",
            env!("CARGO_PKG_VERSION")
        )
    );
    assert_eq!(server.event(), r#"x-bytes-bin: b"\0\xff""#);
    assert_eq!(server.event(), r#"x-bytes-bin: b"\x01""#);
    assert_eq!(server.event(), "GetFeature");
}

/// Checks what `-v` shows of a call whose server sends metadata at both ends.
#[track_caller]
fn check(ended: &Ended, path: &str, trailing: &str) {
    let mut kinds: Vec<_> = ended
        .stderr
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(kind, _)| kind)
        .collect();
    kinds.dedup();
    let has = |line: &str| ended.stderr.iter().any(|shown| shown == line);
    assert!(has(&format!("request: {path}")), "{ended:?}");
    assert!(has("request metadata: x-text: hello"), "{ended:?}");
    assert!(
        has("initial metadata: x-initial: from the start"),
        "{ended:?}"
    );
    assert!(has("initial metadata: x-initial-bin: AP8="), "{ended:?}");
    assert!(has(trailing), "{ended:?}");
    assert_eq!(
        kinds[..4],
        [
            "request",
            "request metadata",
            "initial metadata",
            "trailing metadata"
        ],
        "{ended:?}"
    );
}

#[test]
fn verbose_shows_the_metadata_of_a_call_of_each_kind() {
    let server = OddServer::start();
    let call = |command: &[&str]| {
        let flags = ["-v", "-H", "x-text: hello", "--target", server.target()];
        run_with_input(ROUTE_GUIDE_CLIENT, &[&flags[..], command].concat(), "1,1\n")
    };
    let none = "trailing metadata: (none)";
    let some = "trailing metadata: x-trailing: at the end";
    let ended = call(&["get", "0,0"]);
    check(&ended, "/routeguide.RouteGuide/GetFeature", none);
    assert_eq!(ended.code, Some(0));
    let ended = call(&["list", "0,0:1,1"]);
    check(&ended, "/routeguide.RouteGuide/ListFeatures", some);
    assert_eq!(ended.stderr.last().unwrap(), "ABORTED: enough");
    assert_eq!(ended.code, Some(74));
    let ended = call(&["record"]);
    check(&ended, "/routeguide.RouteGuide/RecordRoute", none);
    assert_eq!(ended.code, Some(0));
    let ended = call(&["chat"]);
    check(&ended, "/routeguide.RouteGuide/RouteChat", some);
    assert_eq!(ended.code, Some(74));
}

#[test]
fn verbose_shows_a_call_of_every_greeter_command() {
    let server = RealServer::greetings();
    for (command, path) in [
        ("greet", "helloworld.Greeter/SayHello"),
        ("greet-again", "helloworld.Greeter/SayHelloAgain"),
        ("greet-stream", "helloworld.Greeter/SayHelloStreamReply"),
        ("greet-each", "helloworld.Greeter/SayHelloBidiStream"),
        ("say-hello", "hello.HelloService/SayHello"),
        ("lots-of-replies", "hello.HelloService/LotsOfReplies"),
        ("lots-of-greetings", "hello.HelloService/LotsOfGreetings"),
        ("bidi-hello", "hello.HelloService/BidiHello"),
    ] {
        let ended = run(
            GREETER_CLIENT,
            &["-v", "--target", server.target(), command],
        );
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let shown = &ended.stderr;
        assert_eq!(shown[0], format!("request: /{path}"));
        assert_eq!(shown[1], "initial metadata: content-type: application/grpc");
        assert_eq!(shown.last().unwrap(), "trailing metadata: (none)");
    }
}

#[test]
fn verbose_leaves_standard_output_as_it_is() {
    let server = RealServer::route_guide();
    let list = ["list", "40,-75:42,-73", "--target", server.target()];
    let quiet = run(ROUTE_GUIDE_CLIENT, &list).printed();
    let verbose = run(ROUTE_GUIDE_CLIENT, &[&list[..], &["--verbose"]].concat());
    assert_eq!(verbose.stdout, quiet);
}

#[test]
fn the_details_of_an_error_are_lines_below_it() {
    let server = OddServer::start();
    let ended = run(
        ROUTE_GUIDE_CLIENT,
        &["get", DETAILS, "--target", server.target()],
    );
    assert_eq!(ended.code, Some(73));
    assert_eq!(
        ended.stderr,
        [
            "FAILED_PRECONDITION: no",
            r"  field latitude: not to our\nliking",
            "  request r-17",
        ]
    );
}

#[test]
fn requests_are_compressed_and_compressed_responses_understood() {
    let odd = OddServer::start();
    for method in ["gzip", "zstd"] {
        let flags = ["--compression", method, "--target", odd.target()];
        let get = [&flags[..], &["get", "0,0"]].concat();
        assert_eq!(
            run(ROUTE_GUIDE_CLIENT, &get).printed(),
            ["Feature called 'somewhere' at latitude: 0, longitude: 0"]
        );
        assert_eq!(odd.event(), format!("grpc-encoding: {method}"));
        assert!(odd.event().starts_with("user-agent: "));
        assert_eq!(odd.event(), "GetFeature");
    }
    let real = RealServer::route_guide();
    for method in ["gzip", "zstd", "none"] {
        let flags = ["--compression", method, "--target", real.target()];
        let get = [&flags[..], &["get", "0,0"]].concat();
        assert_eq!(
            run(ROUTE_GUIDE_CLIENT, &get).printed(),
            ["Found no feature at latitude: 0, longitude: 0"]
        );
        let record = [&flags[..], &["record", "--json"]].concat();
        let summary = run_with_input(ROUTE_GUIDE_CLIENT, &record, "1,1\n".repeat(1_000));
        let printed = summary.printed().join("\n");
        // How long it takes is the machine's business.
        let (summary, _seconds) = printed.split_once(",\"elapsedTime\":").unwrap();
        assert_eq!(
            summary,
            r#"{"pointCount":1000,"featureCount":0,"distance":0"#
        );
    }
}

/// `greet -v 2>&1` printed its greeting between the lines of metadata, now and then.
#[test]
fn both_outputs_in_one_pipe_keep_their_order() {
    let server = RealServer::greetings();
    let (mut reader, pipe) = std::io::pipe().unwrap();
    let greet = ["greet", "--verbose", "--target", server.target()];
    let mut greet = command(GREETER_CLIENT, &greet);
    greet.stdout(pipe.try_clone().unwrap()).stderr(pipe);
    for _ in 0..20 {
        assert!(greet.status().unwrap().success());
    }
    drop(greet);
    let mut printed = String::new();
    reader.read_to_string(&mut printed).unwrap();
    let lines: Vec<_> = printed.lines().collect();
    let each = lines.len() / 20;
    for run in lines.chunks(each) {
        assert!(run[0].starts_with("request: "), "{run:#?}");
        assert!(run[each - 1].starts_with("Greeter client"), "{run:#?}");
    }
}

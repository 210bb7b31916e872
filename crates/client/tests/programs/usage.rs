//! Flags and arguments that are wrong: one clear line each, and exit status 2, before anything is sent.

use crate::process::run;
use crate::{GREETER_CLIENT, ROUTE_GUIDE_CLIENT};

#[track_caller]
fn check(program: &str, arguments: &[&str], expected: &str) {
    let ended = run(program, arguments);
    assert_eq!(ended.code, Some(2), "{arguments:?} {ended:?}");
    assert!(ended.stdout.is_empty(), "{arguments:?} {ended:?}");
    assert_eq!(
        ended.stderr[0],
        format!("error: {expected}"),
        "{arguments:?}"
    );
}

fn guide(arguments: &[&str], expected: &str) {
    check(ROUTE_GUIDE_CLIENT, arguments, expected);
}

#[test]
fn times_need_a_unit_or_a_zone() {
    for (flag, value) in [("--timeout", "5"), ("--timeout", "soon"), ("--timeout", "")] {
        guide(
            &[flag, value, "get", "0,0"],
            &format!(
                "invalid value '{value}' for '--timeout <DURATION>': not a length of time; \
                 expected a number with a unit, as in 200ms, 1.5s or 2m"
            ),
        );
    }
    guide(
        &["get", "0,0", "--timeout", "-1s"],
        "invalid value '-1s' for '--timeout <DURATION>': a timeout cannot be negative",
    );
    for value in ["tomorrow", "2026-11-20", "2026-11-20T22:00:00"] {
        guide(
            &["get", "0,0", "--deadline", value],
            &format!(
                "invalid value '{value}' for '--deadline <TIME>': not a point in time; \
                 expected for example 2026-11-20T22:00:00Z"
            ),
        );
    }
}

/// A slip in an option was taken for a point, and the point after it was blamed.
#[test]
fn an_option_that_does_not_exist_is_named() {
    for arguments in [
        &["get", "--jsno", "0,0"][..],
        &["get", "-40,-74", "--jsno"],
        &["list", "--jsno", "-40,-75:42,-73"],
        &["list", "40,-75", "--jsno"],
    ] {
        guide(arguments, "unexpected argument '--jsno' found");
        let ended = run(ROUTE_GUIDE_CLIENT, arguments);
        let tip = "  tip: a similar argument exists: '--json'".to_owned();
        assert!(ended.stderr.contains(&tip), "{ended:?}");
    }
}

#[test]
fn calls_are_shared_by_connections_evenly() {
    guide(
        &[
            "bench",
            "get-feature",
            "--connections",
            "3",
            "--concurrency",
            "10",
        ],
        "--concurrency 10 cannot be shared by 3 connections: a multiple of --connections can",
    );
}

#[test]
fn metadata_that_cannot_be_sent_is_refused() {
    let header = |value: &str, expected: &str| {
        guide(
            &["-H", value, "get", "0,0"],
            &format!("invalid value '{value}' for '--header <KEY:VALUE>': {expected}"),
        );
    };
    header("token", "'token' has no key; expected key:value");
    header(
        "a b:c",
        "'a b' is not a metadata key; expected letters, digits, '-', '_' and '.'",
    );
    for key in ["grpc-timeout", "te", "content-type", "user-agent"] {
        header(
            &format!("{key}:x"),
            &format!("metadata key '{key}' is reserved for the protocol"),
        );
    }
    header("x-bin:*", "the value of 'x-bin' is not Base64");
    header(
        "x:ü",
        "the value of 'x' has characters other than printable ASCII; send it as 'x-bin' in Base64",
    );
}

#[test]
fn a_target_must_name_a_server() {
    guide(
        &["--target", "localhost:99999"],
        "invalid value 'localhost:99999' for '--target <TARGET>': '99999' is not a port \
         in target 'localhost:99999'; expected a number from 1 to 65535",
    );
    guide(
        &["--target", "https://localhost"],
        "invalid value 'https://localhost' for '--target <TARGET>': target 'https://localhost' \
         asks for TLS, which this client does not speak; use http:// or host:port",
    );
}

#[test]
fn compression_has_three_names() {
    guide(
        &["--compression", "lzma"],
        "invalid value 'lzma' for '--compression <METHOD>': \
         unknown compression 'lzma'; expected gzip, zstd or none",
    );
}

#[test]
fn points_must_be_on_the_globe_unless_the_server_is_to_judge() {
    guide(
        &["get", "here"],
        "'here' is no point: expected LAT,LON but found \"here\"",
    );
    guide(
        &["get", "90.5,0"],
        "'90.5,0' is no point: latitude \"90.5\" is outside ±90 degrees",
    );
    guide(
        &["get", "91,0"],
        "'91,0' is no point: latitude \"91\" is outside ±90 degrees; a point in E7 units is written e7:LAT,LON",
    );
    guide(
        &["get", "900000001,0"],
        "'900000001,0' is no point: latitude \"900000001\" is outside ±900000000",
    );
    guide(
        &["get", "--e7", "0.5,0"],
        "'0.5,0' is no point: latitude \"0.5\" is not a whole number",
    );
    guide(
        &["chat", "--at", "\u{1b}[2J"],
        r#"'\u{1b}[2J' is no point: expected LAT,LON but found "\u{1b}[2J""#,
    );
}

#[test]
fn a_rectangle_is_one_argument_or_two_corners() {
    guide(
        &["list", "40,-75"],
        "a rectangle needs a second corner: LAT,LON:LAT,LON or LAT,LON LAT,LON",
    );
    guide(
        &["list", "40,-75:42,-73", "0,0"],
        "expected one rectangle or two corners, not both",
    );
    guide(
        &["list", "1:2"],
        "'1:2' is no rectangle: expected LAT,LON but found \"1\"",
    );
}

#[test]
fn unknown_words_are_named() {
    guide(&["fly"], "unrecognized subcommand 'fly'");
    guide(&["--fly"], "unexpected argument '--fly' found");
    check(
        GREETER_CLIENT,
        &["person", "--parse", "0x1"],
        "invalid value '0x1' for '--parse <HEX>': 'x' is not a hexadecimal digit",
    );
    check(
        GREETER_CLIENT,
        &["bidi-hello", "--mode", "duet"],
        "invalid value 'duet' for '--mode <MODE>'",
    );
}

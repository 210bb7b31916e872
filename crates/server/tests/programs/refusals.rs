//! What keeps the programs from starting: one clear line on stderr and a status that is not 0.

use std::fs;
use std::net::TcpListener;

use route_guide_testkit::Ended;

use crate::process::run;
use crate::{GREETER_SERVER, ROUTE_GUIDE_SERVER};

/// The program must not have said that it serves; returns its one line.
fn refusal(ended: &Ended) -> &str {
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.stdout, [""; 0], "{ended:?}");
    only_line(ended)
}

/// What a program wrote to stderr, which must be one line.
fn only_line(ended: &Ended) -> &str {
    let line = ended.stderr.strip_suffix('\n').unwrap_or_default();
    assert!(
        !line.is_empty() && !line.contains('\n'),
        "not one line: {ended:?}"
    );
    line
}

#[test]
fn a_log_filter_that_is_none_is_one_clear_line() {
    for program in [ROUTE_GUIDE_SERVER, GREETER_SERVER] {
        let ended = run(program, &["--log", "info,h2=loud"]);
        let line = refusal(&ended);
        assert!(
            line.starts_with("error: --log \"info,h2=loud\": write a level"),
            "{line}"
        );
    }
}

#[test]
fn a_taken_port_is_one_clear_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for program in [ROUTE_GUIDE_SERVER, GREETER_SERVER] {
        let ended = run(program, &["--listen", &address]);
        let expected = format!("error: cannot listen on {address}: it is already in use");
        assert_eq!(refusal(&ended), expected);
    }
}

#[test]
fn if_one_of_several_ports_is_taken_none_is_announced() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let flags = [
        "--log",
        "off",
        "--listen",
        "127.0.0.1:0",
        "--listen",
        &address,
    ];
    let ended = run(ROUTE_GUIDE_SERVER, &flags);
    assert!(refusal(&ended).contains(&address), "{ended:?}");
}

#[test]
fn an_address_that_cannot_be_had_is_one_clear_line() {
    for (address, part) in [
        ("name.invalid:1", "does not resolve"),
        // The documentation's own network: no machine has this address.
        ("192.0.2.1:1", "annot assign"),
        ("unix:/nonexistent/rg.sock", "No such file"),
    ] {
        let ended = run(ROUTE_GUIDE_SERVER, &["--log", "off", "--listen", address]);
        let line = refusal(&ended);
        assert!(
            line.starts_with(&format!("error: cannot listen on {address}: ")),
            "{line}"
        );
        assert!(line.contains(part), "{line}");
    }
}

/// Starts a server with a file of this content, which must be refused with all of these parts.
#[track_caller]
fn check_file(content: &[u8], parts: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("features.json");
    fs::write(&file, content).unwrap();
    check_path(file.to_str().unwrap(), parts);
}

#[track_caller]
fn check_path(file: &str, parts: &[&str]) {
    let ended = run(
        ROUTE_GUIDE_SERVER,
        &["--features", file, "--listen", "127.0.0.1:0"],
    );
    let line = refusal(&ended);
    for part in [&["error: ", file], parts].concat() {
        assert!(line.contains(part), "{part:?} is not in {line:?}");
    }
}

#[test]
fn a_features_file_that_is_not_there_is_named() {
    check_path("/nonexistent/features.json", &["No such file"]);
    check_path("/", &["directory"]);
}

#[test]
fn a_features_file_that_is_not_json_is_named_with_the_position() {
    check_file(b"", &["not a list of places in json", "is empty"]);
    check_file(b"[]", &["it has no place", "--allow-empty"]);
    check_file(
        b"no json",
        &["not a list of places in json", "begins with 'n'"],
    );
    check_file(
        b"\xfe[]",
        &["not a list of places in json", "begins with byte 0xfe"],
    );
    check_file(b"[\n{\"name\": \"cut", &["line 2", "column"]);
    check_file(b"[]\n[]", &["line 2", "column 1"]);
    check_file("[".repeat(100_000).as_bytes(), &["line 1", "column"]);
}

#[test]
fn a_features_file_in_another_shape_is_named_with_the_position() {
    check_file(b"3", &["expected an array", "begins with '3'"]);
    check_file(br#"{"features": []}"#, &["\"feature\""]);
    check_file(b"[1]", &["line 1", "entry 1", "`1`"]);
    let text = br#"[{"location": {"latitude": "north", "longitude": 0}, "name": ""}]"#;
    check_file(text, &["line 1", "entry 1", "latitude", "north"]);
    let number = br#"[{"location": {"latitude": 0, "longitude": 0}, "name": 7}]"#;
    check_file(number, &["line 1", "entry 1", "`7`"]);
}

#[test]
fn a_coordinate_out_of_range_is_named_with_file_position_and_value() {
    let second = |latitude: &str, longitude: &str| {
        format!(
            "[{{\"location\": {{\"latitude\": 1, \"longitude\": 2}}, \"name\": \"good\"}},\n \
              {{\"location\": {{\"latitude\": {latitude}, \"longitude\": {longitude}}}, \"name\": \"bad\"}}]"
        )
    };
    for (latitude, longitude, expected) in [
        ("900000001", "0", "latitude 900000001 is outside ±900000000"),
        (
            "-900000001",
            "0",
            "latitude -900000001 is outside ±900000000",
        ),
        (
            "0",
            "1800000001",
            "longitude 1800000001 is outside ±1800000000",
        ),
        (
            "0",
            "-2147483649",
            "longitude -2147483649 is outside ±1800000000",
        ),
        ("99999999999999999999", "0", "latitude"),
        ("1e300", "0", "latitude"),
        ("40.78", "0", "latitude 40.78"),
    ] {
        let text = second(latitude, longitude);
        check_file(text.as_bytes(), &["line 2", "entry 2", expected]);
    }
}

#[test]
fn a_log_filter_that_cannot_be_read_is_one_clear_line() {
    let ended = run(
        ROUTE_GUIDE_SERVER,
        &["--log", "a=b=c", "--listen", "127.0.0.1:0"],
    );
    assert!(refusal(&ended).contains("\"a=b=c\""), "{ended:?}");
}

#[test]
fn a_bad_flag_is_named_and_nothing_is_served() {
    for flags in [
        &["--nope"][..],
        &["extra"],
        &["--listen", "nonsense"],
        &["--listen", "localhost:99999"],
        &["--listen", "::1:50051"],
        &["--listen", "unix:"],
        &["--drain-timeout", "soon"],
        &["--drain-timeout=-1s"],
        &["--chat-store", "redis://a"],
        &["--chat-store", "file:"],
        &["--chat-scope", "world"],
        &["--chat-notes-per-place", "0"],
        &["--chat-notes-total", "many"],
        &["--chat-max-age", "yesterday"],
        &["--threads", "0"],
        &["--max-concurrent-streams=-1"],
        &["--grpc-web-origin", "maps.example", "--grpc-web"],
        &[
            "--grpc-web-origin",
            "https://maps.example/map",
            "--grpc-web",
        ],
    ] {
        let ended = run(ROUTE_GUIDE_SERVER, flags);
        assert_eq!(ended.code, Some(2), "{flags:?}: {ended:?}");
        assert_eq!(ended.stdout, [""; 0], "{flags:?}");
        let first = only_line(&ended);
        let named = flags[0].split('=').next().unwrap_or_default();
        assert!(
            first.starts_with("error: ") && first.contains(named),
            "{flags:?}: {ended:?}"
        );
    }
    for flags in [
        &["--features", "x"][..],
        &["--replies", "-1"],
        &["--interval", "x"],
        // Whoever names origins wants pages to call.
        &["--grpc-web-origin", "https://maps.example"],
    ] {
        let ended = run(GREETER_SERVER, flags);
        assert_eq!(ended.code, Some(2), "{flags:?}");
        only_line(&ended);
    }
    // Errors of several lines are one, with the hints that they have.
    let check = |line: &[&str], expected: &str| {
        let ended = run(ROUTE_GUIDE_SERVER, line);
        assert_eq!(ended.code, Some(2), "{line:?}: {ended:?}");
        assert_eq!(only_line(&ended), expected);
    };
    check(
        &["import", "places.json"],
        "error: the following required arguments were not provided: --output <FILE>; --help lists what there is",
    );
    check(
        &["--runtime", "percore"],
        "error: invalid value 'percore' for '--runtime <KIND>' [possible values: per-core, multi-thread]; tip: a similar value exists: 'per-core'; --help lists what there is",
    );
}

#[test]
fn a_store_that_would_do_nothing_is_refused() {
    let check = |flags: &[&str], reason: &str| {
        let ended = run(
            ROUTE_GUIDE_SERVER,
            &[&["--listen", "127.0.0.1:0"], flags].concat(),
        );
        assert_eq!(ended.code, Some(2), "{flags:?}: {ended:?}");
        assert_eq!(ended.stdout, [""; 0], "{flags:?}");
        let expected = format!("error: {reason}; --help lists what there is");
        assert_eq!(only_line(&ended), expected, "{flags:?}");
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes");
    let file = format!("file:{}", path.display());
    let unused = "keeps notes to their stream, so nothing would get into the --chat-store";
    for store in [&*file, "nats://127.0.0.1:1"] {
        if store == file || cfg!(feature = "nats") {
            let reason = format!("--chat-scope stream {unused}");
            check(&["--chat-store", store, "--chat-scope", "stream"], &reason);
            let reason = format!("--compat {unused}");
            check(&["--chat-store", store, "--compat"], &reason);
        }
    }
    assert!(
        !path.exists(),
        "nothing is made for a server that does not start"
    );
}

#[test]
fn a_name_cannot_drive_the_terminal() {
    let name = "/nonexistent/a\u{1b}[31m\nb\u{202e}";
    let shown = r"/nonexistent/a\u{1b}[31m\nb\u{202e}";
    for flags in [
        &["--features", name][..],
        &["--features", name, "--log", "off"],
        &["import", name, "-o", "/nonexistent/out.rgs"],
        &["info", name],
        &[
            "--listen",
            "127.0.0.1:0",
            "--chat-store",
            &format!("file:/dev/null/{name}"),
        ],
    ] {
        let ended = run(ROUTE_GUIDE_SERVER, flags);
        assert!(refusal(&ended).contains(shown), "{flags:?}: {ended:?}");
    }
}

/// What is wrong with flags for NATS; nothing of it needs a NATS server, and none is waited for.
#[cfg(feature = "nats")]
mod nats {
    use super::*;

    #[track_caller]
    fn check(flags: &[&str], code: i32, parts: &[&str]) {
        let ended = run(
            ROUTE_GUIDE_SERVER,
            &[&["--listen", "127.0.0.1:0"], flags].concat(),
        );
        assert_eq!(ended.code, Some(code), "{flags:?}: {ended:?}");
        assert_eq!(ended.stdout, [""; 0], "{flags:?}");
        let first = ended.stderr.lines().next().unwrap_or_default();
        for part in [&["error: "], parts].concat() {
            assert!(first.contains(part), "{part:?} is not in {first:?}");
        }
    }

    #[test]
    fn an_address_that_is_none_is_named() {
        for (store, parts) in [
            ("nats://", &["--chat-store", "address 1"][..]),
            ("nats://a:99999", &["--chat-store", "address 1", "port"]),
            ("nats://a,", &["address 2"]),
            ("nats://a,http://b", &["address 2", "http"]),
            ("tls://a,,nats://b", &["address 2"]),
        ] {
            check(&["--chat-store", store], 2, parts);
        }
    }

    #[test]
    fn flags_that_cannot_be_are_named() {
        let store = ["--chat-store", "nats://127.0.0.1:1"];
        let with = |flags: &[&'static str]| [&store[..], flags].concat();
        check(&with(&["--nats-cert", "a"]), 2, &["required"]);
        check(&with(&["--nats-key", "a"]), 2, &["required"]);
        check(
            &with(&["--nats-replicas", "0"]),
            2,
            &["--nats-replicas", "0"],
        );
        check(&with(&["--nats-replicas", "6"]), 1, &["6 replicas"]);
        check(&with(&["--nats-stream", "a.b"]), 1, &["\"a.b\""]);
        check(&with(&["--nats-subjects", "a.*"]), 1, &["\"a.*\""]);
    }

    #[test]
    fn files_that_cannot_be_used_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let wrong = folder.path().join("wrong");
        fs::write(&wrong, "nothing of the kind").unwrap();
        let absent = folder.path().join("absent");
        for file in [wrong.to_str().unwrap(), absent.to_str().unwrap()] {
            for flags in [
                &["--nats-credentials", file][..],
                &["--nats-ca", file],
                &["--nats-cert", file, "--nats-key", file],
            ] {
                let store = ["--chat-store", "nats://127.0.0.1:1"];
                check(&[&store[..], flags].concat(), 1, &[file]);
            }
        }
        let absent = absent.to_str().unwrap();
        let store = ["--chat-store", "nats://127.0.0.1:1", "--nats-ca", absent];
        check(&store, 1, &["No such file"]);
    }
}

#[cfg(not(feature = "nats"))]
#[test]
fn a_program_without_nats_says_so() {
    let ended = run(ROUTE_GUIDE_SERVER, &["--chat-store", "nats://a:4222"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("built without NATS"), "{ended:?}");
}

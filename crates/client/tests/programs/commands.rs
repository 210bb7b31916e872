//! The commands of `route-guide-client`: one line a message, for people and in JSON.

use crate::ROUTE_GUIDE_CLIENT;
use crate::odd::{BOMB, EVIL, HUGE, INCOMPLETE, OddServer};
use crate::process::{Program, run};
use crate::servers::RealServer;

#[track_caller]
fn check(target: &str, command: &[&str], expected: &[&str]) {
    // A flag that every command has may stand before it and after it.
    let flags = ["--target", target];
    for arguments in [[&flags, command].concat(), [command, &flags].concat()] {
        let lines = run(ROUTE_GUIDE_CLIENT, &arguments).printed();
        assert_eq!(lines, expected, "{arguments:?}");
    }
}

#[test]
fn get_shows_the_feature_at_a_point() {
    let server = RealServer::route_guide();
    let target = server.target();
    let trail = "Feature called 'Berkshire Valley Management Area Trail, Jefferson, NJ, USA' \
                 at latitude: 409146138, longitude: -746188906";
    check(target, &["get", "40.9146138,-74.6188906"], &[trail]);
    check(target, &["get", "409146138,-746188906"], &[trail]);
    check(target, &["get", "--e7", "409146138,-746188906"], &[trail]);
    check(
        target,
        &["get", "-33.8, 151.2"],
        &["Found no feature at latitude: -338000000, longitude: 1512000000"],
    );
    check(
        target,
        &["get", "--e7", "-1,2"],
        &["Found no feature at latitude: -1, longitude: 2"],
    );
    check(
        target,
        &["get", "--json", "0,0"],
        &[r#"{"name":"","location":{"latitude":0,"longitude":0}}"#],
    );
}

#[test]
fn list_shows_the_features_of_a_rectangle() {
    let server = RealServer::route_guide();
    let target = server.target();
    let trail = "Feature called 'Berkshire Valley Management Area Trail, Jefferson, NJ, USA' \
                 at latitude: 409146138, longitude: -746188906";
    check(target, &["list", "40.9,-74.7:40.92,-74.61"], &[trail]);
    check(target, &["list", "40.92,-74.61", "40.9,-74.7"], &[trail]);
    check(
        target,
        &["list", "409146138,-746188906:409146138,-746188906"],
        &[trail],
    );
    check(target, &["list", "0,0:1,1"], &[]);
    let lines = run(
        ROUTE_GUIDE_CLIENT,
        &["list", "--json", "--target", target, "40,-75:42,-73"],
    );
    let lines = lines.printed();
    assert_eq!(lines.len(), 100);
    assert_eq!(
        lines[0],
        r#"{"name":"Patriots Path, Mendham, NJ 07945, USA","location":{"latitude":407838351,"longitude":-746143763}}"#
    );
}

#[test]
fn the_servers_own_words_on_a_point_off_the_globe_can_be_seen() {
    let server = RealServer::route_guide();
    let get = ["get", "--e7", "900000001,0", "--target", server.target()];
    let ended = run(ROUTE_GUIDE_CLIENT, &get);
    assert_eq!(ended.code, Some(67), "{ended:?}");
    assert_eq!(
        ended.stderr,
        [
            "INVALID_ARGUMENT: latitude 900000001 is outside ±900000000",
            "  field latitude: latitude 900000001 is outside ±900000000",
        ]
    );
}

#[test]
fn text_from_a_server_cannot_drive_the_terminal() {
    let server = OddServer::start();
    check(
        server.target(),
        &["get", EVIL],
        &[r"Feature called '\u{1b}[2Jevil\n\u{202e}' at latitude: 3, longitude: 0"],
    );
}

#[test]
fn a_feature_without_a_place_is_called_incomplete() {
    let server = OddServer::start();
    check(
        server.target(),
        &["get", INCOMPLETE],
        &["Server returned incomplete feature"],
    );
}

/// gRPC has a code for this, and it is not the one that the library below gives.
#[test]
fn a_message_that_is_too_large_is_refused_with_its_size() {
    let server = OddServer::start();
    let get = |place| {
        run(
            ROUTE_GUIDE_CLIENT,
            &["get", place, "--target", server.target()],
        )
        .failed(72)
    };
    // The name is 5 MiB; its field and that of the location take a few bytes more.
    assert_eq!(
        get(HUGE),
        "RESOURCE_EXHAUSTED: message too large: found 5242889 bytes, the limit is: 4194304 bytes"
    );
    assert_eq!(
        get(BOMB),
        "RESOURCE_EXHAUSTED: message too large: more than it may have once decompressed"
    );
}

#[test]
fn completions_are_printed_for_each_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let lines = run(ROUTE_GUIDE_CLIENT, &["completions", shell]).printed();
        assert!(lines.iter().any(|line| line.contains("wait-for-ready")));
    }
}

/// `route-guide-client list … | head -1` must end like `cat … | head -1`: at once, and without a word.
#[test]
fn a_reader_who_has_seen_enough_ends_the_program_in_silence() {
    let server = RealServer::route_guide();
    for command in [
        &[][..],
        &["get", "0,0"],
        &["list", "40,-75:42,-73"],
        &["record"],
        &["channel"],
        &["channel", "--watch"],
        &["completions", "zsh"],
        &["--help"],
    ] {
        let arguments = [command, &["--target", server.target()]].concat();
        let ended = Program::unread(ROUTE_GUIDE_CLIENT, &arguments).ended();
        assert_eq!(ended.code, Some(0), "{command:?} {ended:?}");
        assert!(ended.stderr.is_empty(), "{command:?} {ended:?}");
    }
}

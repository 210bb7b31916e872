//! `chat`: piped in, and at a terminal.

use crate::ROUTE_GUIDE_CLIENT;
use crate::odd::OddServer;
use crate::process::{Program, run_with_input};
use crate::servers::RealServer;

const HELP: &str =
    "a line is a note; /at LAT,LON moves, /quit or Ctrl-D ends, // sends a note that starts with /";

/// Somebody at a terminal, who has read the help.
fn typist(server: &str, at: &str) -> Program {
    let mut program = Program::at_terminal(
        ROUTE_GUIDE_CLIENT,
        &["chat", "--at", at, "--target", server],
    );
    assert_eq!(program.complaint(), HELP);
    program
}

fn received(message: &str, lat: i32, lon: i32) -> String {
    format!("Received message {message} at latitude: {lat}, longitude: {lon}")
}

#[test]
fn lines_that_are_piped_in_are_notes() {
    let server = RealServer::route_guide();
    let lines = run_with_input(
        ROUTE_GUIDE_CLIENT,
        &["chat", "--at", "1,2", "--target", server.target()],
        "one\n/at 3,4\ntwo\n//etc\n/at 1,2\n\nlast\n/quit\nnever",
    )
    .printed();
    let (sent, got): (Vec<_>, Vec<_>) =
        (lines.iter().map(String::as_str)).partition(|line| line.starts_with("Sending"));
    assert_eq!(
        sent,
        [
            "Sending one at latitude: 10000000, longitude: 20000000",
            "Sending two at latitude: 30000000, longitude: 40000000",
            "Sending /etc at latitude: 30000000, longitude: 40000000",
            "Sending  at latitude: 10000000, longitude: 20000000",
            "Sending last at latitude: 10000000, longitude: 20000000",
        ]
    );
    assert_eq!(
        got,
        [
            received("two", 30_000_000, 40_000_000),
            received("one", 10_000_000, 20_000_000),
            received("one", 10_000_000, 20_000_000),
            received("", 10_000_000, 20_000_000),
        ]
    );
}

#[test]
fn json_has_a_line_for_each_note_received() {
    let server = RealServer::route_guide();
    assert_eq!(
        run_with_input(
            ROUTE_GUIDE_CLIENT,
            &["chat", "--json", "--target", server.target()],
            "a \"quoted\" one\ntwo\n",
        )
        .printed(),
        [r#"{"location":{"latitude":0,"longitude":0},"message":"a \"quoted\" one"}"#]
    );
}

#[test]
fn two_people_at_one_place_see_each_others_notes_as_they_come() {
    let server = RealServer::route_guide();
    let mut ada = typist(server.target(), "40.5,-74.5");
    let mut bob = typist(server.target(), "40.5,-74.5");
    let here = |message: &str| received(message, 405_000_000, -745_000_000);

    // Whoever comes second gets the other's note as an answer, and whoever came first gets it live.
    ada.write("is the bridge open?\n");
    bob.write("closed until noon\n");
    assert_eq!(ada.line(), here("closed until noon"));
    assert_eq!(bob.line(), here("is the bridge open?"));
    ada.write("thanks\n");
    assert_eq!(bob.line(), here("thanks"));
    bob.write("welcome\n");
    assert_eq!(ada.line(), here("welcome"));

    // Each note was shown once, and nobody read their own.
    bob.write("/quit\n");
    assert!(bob.ended().printed().is_empty());
    // A terminal's end of input.
    ada.write("\u{4}");
    assert!(ada.ended().printed().is_empty());
}

/// Somebody at 1,1 whose input is a pipe, and who has posted there. They read all that comes.
fn onlooker(server: &str) -> Program {
    let mut program = Program::piped(
        ROUTE_GUIDE_CLIENT,
        &["chat", "--at", "1,1", "--target", server],
    );
    program.write("here\n");
    assert_eq!(
        program.line(),
        "Sending here at latitude: 10000000, longitude: 10000000"
    );
    program
}

#[test]
fn a_person_may_move_and_mistype() {
    let server = RealServer::route_guide();
    let mut bob = onlooker(server.target());
    let mut ada = typist(server.target(), "0,0");
    ada.write("\n/fly\n/at nowhere\n");
    assert_eq!(
        ada.complaint(),
        "unknown command '/fly'; there are /at LAT,LON and /quit, and // for a note that starts with /"
    );
    assert_eq!(
        ada.complaint(),
        "/at: expected LAT,LON but found \"nowhere\""
    );
    ada.write("/at 1,1\n//first\n");
    assert_eq!(ada.line(), received("here", 10_000_000, 10_000_000));
    assert_eq!(bob.line(), received("/first", 10_000_000, 10_000_000));
    ada.write("second\n");
    assert_eq!(bob.line(), received("second", 10_000_000, 10_000_000));
    ada.write("/quit\n");
    assert!(ada.ended().printed().is_empty());
}

#[test]
fn a_program_at_a_terminal_gets_every_note_as_it_comes() {
    let server = RealServer::route_guide();
    let mut program = Program::at_terminal(
        ROUTE_GUIDE_CLIENT,
        &["chat", "--json", "--target", server.target()],
    );
    program.write("one\ntwo\nthree\n/quit\n");
    let message =
        |text: &str| format!(r#"{{"location":{{"latitude":0,"longitude":0}},"message":"{text}"}}"#);
    let ended = program.ended();
    assert_eq!(ended.stdout, ["one", "one", "two"].map(message));
}

#[test]
fn notes_cannot_drive_the_terminal_of_their_reader() {
    let server = RealServer::route_guide();
    let lines = run_with_input(
        ROUTE_GUIDE_CLIENT,
        &["chat", "--target", server.target()],
        "\u{1b}]0;owned\u{7}\tand \u{202e}\nsecond\n",
    )
    .printed();
    let shown = r"\u{1b}]0;owned\u{7}\tand \u{202e}";
    assert_eq!(
        lines[0],
        format!("Sending {shown} at latitude: 0, longitude: 0")
    );
    assert!(lines.contains(&received(shown, 0, 0)), "{lines:?}");
}

#[test]
fn a_note_is_sent_when_its_line_is_complete() {
    let server = OddServer::start();
    let mut program = Program::piped(ROUTE_GUIDE_CLIENT, &["chat", "--target", server.target()]);
    program.write("one\nincompl");
    assert_eq!(server.event(), "note one");
    program.write("ete\n");
    assert_eq!(server.event(), "note incomplete");
}

#[test]
fn a_reader_who_is_gone_ends_a_chat_in_silence() {
    let server = RealServer::route_guide();
    let ended = Program::unread(ROUTE_GUIDE_CLIENT, &["chat", "--target", server.target()]).ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.is_empty(), "{ended:?}");
}

#[test]
fn a_server_that_goes_down_says_so() {
    let server = RealServer::route_guide();
    let mut bob = onlooker(server.target());
    let mut ada = typist(server.target(), "1,1");
    ada.write("one\n");
    assert_eq!(ada.line(), received("here", 10_000_000, 10_000_000));
    assert_eq!(bob.line(), received("one", 10_000_000, 10_000_000));
    drop(server);
    let expected = "UNAVAILABLE: server is draining";
    assert_eq!(ada.ended().failed(78), expected);
    assert_eq!(bob.ended().failed(78), expected);
}

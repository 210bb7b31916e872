//! `chat`: piped in, and at a terminal.

use crate::ROUTE_GUIDE_CLIENT;
use crate::odd::{LOSS, OddServer};
use crate::process::{Program, run_with_input};
use crate::servers::RealServer;

const GREETING: &str =
    "a line is a note; /at LAT,LON moves, /quit or Ctrl-D leaves, /help says more";

/// Somebody at a terminal, who has read the greeting, and whose output goes elsewhere.
fn typist(server: &str, at: &str) -> Program {
    let mut program = Program::at_terminal(
        ROUTE_GUIDE_CLIENT,
        &["chat", "--at", at, "--target", server],
    );
    assert_eq!(program.complaint(), GREETING);
    program
}

/// Somebody at a place whose input is a pipe, and who has posted there.
fn piped(server: &str, at: &str, note: &str) -> Program {
    let chat = ["chat", "--at", at, "--target", server];
    let mut program = Program::piped(ROUTE_GUIDE_CLIENT, &chat);
    program.write(format!("{note}\n"));
    assert_eq!(program.line(), format!("{at} > {note}"));
    program
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
    let sent = [
        "1,2 > one",
        "3,4 > two",
        "3,4 > /etc",
        "1,2 > ",
        "1,2 > last",
    ];
    assert_eq!(lines, sent);

    // Whoever comes later is shown what was left, each note once.
    let lines = run_with_input(
        ROUTE_GUIDE_CLIENT,
        &["chat", "--at", "1,2", "--target", server.target()],
        "me\nagain\n",
    )
    .printed();
    let (own, others): (Vec<_>, Vec<_>) =
        (lines.iter().map(String::as_str)).partition(|line| line.contains(" > "));
    assert_eq!(own, ["1,2 > me", "1,2 > again"]);
    assert_eq!(others, ["1,2 < one", "1,2 < ", "1,2 < last"]);
}

/// A user piped two lines in, the second one wrong, and the first was not sent either.
#[test]
fn what_comes_before_a_wrong_line_is_sent() {
    let server = RealServer::route_guide();
    let chat = ["chat", "--target", server.target()];
    let ended = run_with_input(ROUTE_GUIDE_CLIENT, &chat, "one\n/fly\ntwo\n");
    assert_eq!(ended.stdout, ["0,0 > one"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr[0].contains("line 2: unknown command '/fly'"));
}

#[test]
fn with_replays_everything_is_shown_that_the_server_sends() {
    let server = RealServer::route_guide();
    let chat = [
        "chat",
        "--replays",
        "--at",
        "1,2",
        "--target",
        server.target(),
    ];
    let lines = run_with_input(ROUTE_GUIDE_CLIENT, &chat, "0\n1\n2\n").printed();
    let (own, others): (Vec<_>, Vec<_>) =
        (lines.iter().map(String::as_str)).partition(|line| line.contains(" > "));
    assert_eq!(own, ["1,2 > 0", "1,2 > 1", "1,2 > 2"]);
    assert_eq!(others, ["1,2 < 0", "1,2 < 0", "1,2 < 1"]);
}

#[test]
fn json_has_a_line_for_each_note_of_others() {
    let server = RealServer::route_guide();
    piped(server.target(), "0,0", "a \"quoted\" one").ends_well();
    let chat = ["chat", "--json", "--target", server.target()];
    assert_eq!(
        run_with_input(ROUTE_GUIDE_CLIENT, &chat, "mine\n").printed(),
        [r#"{"location":{"latitude":0,"longitude":0},"message":"a \"quoted\" one"}"#]
    );
    // Scripts are watched at terminals too.
    let mut wild = Program::piped(
        ROUTE_GUIDE_CLIENT,
        &["chat", "--at", "1,1", "--target", server.target()],
    );
    wild.write("\u{1b}[2J\u{9b}\u{7f}\u{202e}ü\n");
    wild.ends_well();
    let chat = ["chat", "--json", "--at", "1,1", "--target", server.target()];
    assert_eq!(
        run_with_input(ROUTE_GUIDE_CLIENT, &chat, "mine\n").printed(),
        [
            r#"{"location":{"latitude":10000000,"longitude":10000000},"message":"\u001b[2J\u009b\u007f\u202eü"}"#
        ]
    );
}

#[test]
fn two_people_at_one_place_see_each_others_notes_as_they_come() {
    let server = RealServer::route_guide();
    let mut ada = typist(server.target(), "40.5,-74.5");
    ada.write("is the bridge open?\n");
    let mut bob = typist(server.target(), "40.5,-74.5");

    // Whoever comes second is shown what was left, and whoever came first gets the other's notes live.
    assert_eq!(bob.line(), "40.5,-74.5 < is the bridge open?");
    bob.write("closed until noon\n");
    assert_eq!(ada.line(), "40.5,-74.5 < closed until noon");
    ada.write("thanks\n");
    assert_eq!(bob.line(), "40.5,-74.5 < thanks");
    bob.write("welcome\n");
    assert_eq!(ada.line(), "40.5,-74.5 < welcome");

    // Each note was shown once, and nobody read their own.
    bob.write("/quit\n");
    assert!(bob.ended().printed().is_empty());
    // A terminal's end of input.
    ada.write("\u{4}");
    assert!(ada.ended().printed().is_empty());
}

#[test]
fn a_person_may_move_and_mistype() {
    let server = RealServer::route_guide();
    let mut bob = piped(server.target(), "1,1", "here");
    let mut ada = typist(server.target(), "0,0");
    ada.write("\n/fly\n/at nowhere\n/at\n");
    assert_eq!(
        ada.complaint(),
        "unknown command '/fly'; /help names those there are, and // begins a note with /"
    );
    assert_eq!(
        ada.complaint(),
        "/at: expected LAT,LON but found \"nowhere\""
    );
    assert_eq!(ada.complaint(), "you are at 0,0");
    ada.write("/at 1,1\n");
    assert_eq!(ada.line(), "1,1 < here");
    ada.write("//first\nsecond\n");
    assert_eq!(bob.line(), "1,1 < /first");
    assert_eq!(bob.line(), "1,1 < second");
    // The place where one has been before stays.
    let mut carol = piped(server.target(), "0,0", "anybody?");
    assert_eq!(ada.line(), "0,0 < anybody?");
    carol.close_input();
    ada.write("/quit\n");
    assert!(ada.ended().printed().is_empty());
}

#[test]
fn who_watches_is_shown_what_was_left_and_what_comes() {
    let server = RealServer::route_guide();
    let mut bob = piped(server.target(), "1,1", "left");
    let watch = [
        "chat",
        "--watch",
        "--at",
        "1,1",
        "--at",
        "2,2",
        "--target",
        server.target(),
    ];
    let mut watcher = Program::start(ROUTE_GUIDE_CLIENT, &watch);
    assert_eq!(watcher.line(), "1,1 < left");
    bob.write("/at 2,2\nnew\n");
    assert_eq!(watcher.line(), "2,2 < new");
    watcher.signal("INT");
    assert_eq!(watcher.ended().failed(65), "CANCELLED: interrupted");
}

#[test]
fn a_server_that_does_not_offer_it_cannot_be_watched() {
    let server = OddServer::start();
    let watch = [
        "chat",
        "--watch",
        "--at",
        "1,1",
        "--target",
        server.target(),
    ];
    assert_eq!(
        Program::start(ROUTE_GUIDE_CLIENT, &watch)
            .ended()
            .failed(76),
        format!(
            "UNIMPLEMENTED: the server at {} shows a place only to those who leave a note there; \
             chat without --watch",
            server.target()
        )
    );
}

/// A client whose call missed notes as soon as it was open made the next one at once, and so on as fast as it could.
#[test]
fn who_misses_notes_right_away_takes_a_breath() {
    let server = OddServer::start();
    let at = format!("e7:{LOSS}");
    let target = server.target();
    let watch = [
        "chat",
        "--watch",
        "--at",
        &at,
        "--target",
        target,
        "--timeout",
        "2s",
    ];
    let ended = Program::start(ROUTE_GUIDE_CLIENT, &watch).ended();
    assert_eq!(ended.code, Some(68), "{ended:?}");
    let is_loss = |line: &&String| *line == "DATA_LOSS: too slow";
    let missed = ended.stderr.iter().filter(is_loss).count();
    assert!((1..=3).contains(&missed), "{ended:?}");
}

#[test]
fn a_program_at_a_terminal_gets_every_note_as_it_comes() {
    let server = RealServer::route_guide();
    let mut program = Program::at_terminal(
        ROUTE_GUIDE_CLIENT,
        &["chat", "--json", "--replays", "--target", server.target()],
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
        &["chat", "--replays", "--target", server.target()],
        "\u{1b}]0;owned\u{7}\tand \u{202e}\nsecond\n",
    )
    .printed();
    let shown = r"\u{1b}]0;owned\u{7}\tand \u{202e}";
    assert_eq!(lines[0], format!("0,0 > {shown}"));
    assert!(lines.contains(&format!("0,0 < {shown}")), "{lines:?}");
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
fn what_did_not_get_through_is_told() {
    let server = RealServer::route_guide();
    let mut bob = piped(server.target(), "1,1", "one");
    let mut ada = typist(server.target(), "1,1");
    assert_eq!(ada.line(), "1,1 < one");
    drop(server);
    let lost = "connection lost: UNAVAILABLE: server is draining; trying again";
    for program in [&mut ada, &mut bob] {
        assert_eq!(program.complaint(), lost);
    }
    // Who has nothing to say may leave; who has is told, by name and by exit status.
    ada.write("/quit\n");
    assert!(ada.ended().printed().is_empty());
    bob.write("two\n");
    assert_eq!(bob.complaint(), "kept until there is a connection");
    bob.close_input();
    let ended = bob.ended();
    assert_eq!(ended.code, Some(78), "{ended:?}");
    assert_eq!(
        ended.stderr,
        ["not sent: two", "UNAVAILABLE: server is draining"]
    );
}

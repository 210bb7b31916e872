//! `chat` as somebody sees it who sits at a terminal.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use route_guide_server::{ChatSettings, ChatStore};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::ROUTE_GUIDE_CLIENT;
use crate::process::{Program, command, terminal};
use crate::servers::{PATIENCE, RealServer};

const GREETING: &str =
    "a line is a note; /at LAT,LON moves, /quit or Ctrl-D leaves, /help says more";

/// A program whose input and output are one terminal, and what stands on its screen.
struct Sitting {
    child: Child,
    keyboard: File,
    /// Keeps the terminal open when the program has ended.
    terminal: File,
    output: Receiver<Vec<u8>>,
    bytes: Vec<u8>,
    screen: vt100::Parser,
}

impl Sitting {
    fn chat(server: &str, arguments: &[&str]) -> Self {
        Self::with_environment(server, arguments, &[("NO_COLOR", "1")])
    }

    fn with_environment(server: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let (keyboard, terminal) = terminal();
        let size = Winsize {
            ws_row: 24,
            ws_col: 100,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&keyboard, size).unwrap();
        let mut chat = command(ROUTE_GUIDE_CLIENT, &["chat", "--target", server]);
        let child = chat
            .args(arguments)
            .env("TERM", "xterm")
            .env_remove("NO_COLOR")
            .envs(environment.iter().copied())
            .stdin(terminal.try_clone().unwrap())
            .stdout(terminal.try_clone().unwrap())
            .stderr(terminal.try_clone().unwrap())
            .spawn()
            .unwrap();
        let mut reader = keyboard.try_clone().unwrap();
        let (sender, output) = channel();
        thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(length @ 1..) = reader.read(&mut chunk) {
                if sender.send(chunk[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            child,
            keyboard,
            terminal,
            output,
            bytes: Vec::new(),
            screen: vt100::Parser::default(),
        }
        .sized()
    }

    fn sized(mut self) -> Self {
        let (rows, columns) = (24.try_into().unwrap(), 100.try_into().unwrap());
        self.screen.screen_mut().set_size(rows, columns);
        self
    }

    /// The lines on the screen, without the empty ones.
    fn rows(&self) -> Vec<String> {
        let contents = self.screen.screen().contents();
        let rows = contents.lines().map(|row| row.trim_end().to_owned());
        rows.filter(|row| !row.is_empty()).collect()
    }

    /// Waits until the screen looks so.
    fn shows(&mut self, expected: &[&str]) {
        while self.rows() != expected {
            let Ok(chunk) = self.output.recv_timeout(PATIENCE) else {
                panic!("{:#?} is not {expected:#?}", self.rows());
            };
            self.screen.process(&chunk);
            self.bytes.extend(chunk);
        }
    }

    fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for the program to end, and returns its exit status. The terminal must be as it was.
    fn ended(&mut self) -> Option<i32> {
        let status = self.child.wait().unwrap();
        let modes = tcgetattr(&self.terminal).unwrap().local_modes;
        let expected = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        assert!(modes.contains(expected), "{modes:?}");
        status.code()
    }
}

impl Drop for Sitting {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Somebody at 1,1 whose lines are piped.
fn other(server: &str) -> Program {
    Program::piped(
        ROUTE_GUIDE_CLIENT,
        &["chat", "--at", "1,1", "--target", server],
    )
}

/// A server whose notes outlive it.
fn with_notes_in(folder: &Path, listen: &str) -> RealServer {
    let chat = ChatSettings {
        store: ChatStore::File(folder.to_owned()),
        ..ChatSettings::default()
    };
    RealServer::route_guide_with(listen, chat)
}

#[test]
fn a_note_that_comes_in_leaves_the_line_alone_that_is_typed() {
    let server = RealServer::route_guide();
    let mut bob = other(server.target());
    let mut ada = Sitting::chat(server.target(), &["--at", "1,1"]);
    ada.shows(&[GREETING, "1,1 >"]);
    ada.types("half a 日本 lime\u{1b}[D\u{1b}[D");
    ada.shows(&[GREETING, "1,1 > half a 日本 lime"]);
    bob.write("grit is on its way\n");
    assert_eq!(bob.line(), "1,1 > grit is on its way");
    ada.shows(&[
        GREETING,
        "1,1 < grit is on its way",
        "1,1 > half a 日本 lime",
    ]);
    // The cursor is where it was, behind the i: two back, two letters, one forward, one letter.
    ada.types("\u{7f}\u{7f}li\u{1b}[3~n\r");
    assert_eq!(bob.line(), "1,1 < half a 日本 line");
    ada.types("\u{4}");
    assert_eq!(ada.ended(), Some(0));
}

#[test]
fn lines_can_be_called_back_corrected_and_pasted() {
    let server = RealServer::route_guide();
    let mut bob = other(server.target());
    bob.write("here\n");
    assert_eq!(bob.line(), "1,1 > here");
    let mut ada = Sitting::chat(server.target(), &["--at", "2,2"]);
    ada.shows(&[GREETING, "2,2 >"]);
    ada.types("/at 1,91\r");
    let refused =
        "/at: longitude \"181\" is outside ±180 degrees; a point in E7 units is written e7:LAT,LON";
    ada.shows(&[GREETING, "2,2 > /at 1,91", "1,91 >"]);
    ada.types("/at 1,181\r");
    ada.shows(&[
        GREETING,
        "2,2 > /at 1,91",
        "1,91 > /at 1,181",
        refused,
        "1,91 >",
    ]);
    ada.types("\u{1b}[A\u{7f}\u{7f}\r");
    // Whoever comes to a place sees what was left there.
    let moved = [
        GREETING,
        "2,2 > /at 1,91",
        "1,91 > /at 1,181",
        refused,
        "1,91 > /at 1,1",
        "1,1 < here",
        "1,1 >",
    ];
    ada.shows(&moved);
    ada.types("one\rtwo\rthree");
    for text in ["one", "two"] {
        assert_eq!(bob.line(), format!("1,1 < {text}"));
    }
    ada.shows(&[&moved[..6], &["1,1 > one", "1,1 > two", "1,1 > three"]].concat());
    // Ctrl-C.
    ada.types("\u{3}");
    assert_eq!(ada.ended(), Some(65));
}

#[test]
fn what_others_write_cannot_drive_the_terminal() {
    let server = RealServer::route_guide();
    let mut bob = other(server.target());
    let mut ada = Sitting::chat(server.target(), &["--at", "1,1"]);
    ada.shows(&[GREETING, "1,1 >"]);
    bob.write("\u{1b}[2J\u{9b}H\u{7}\u{202e}back\u{2066}\n");
    ada.shows(&[
        GREETING,
        r"1,1 < \u{1b}[2J\u{9b}H\u{7}\u{202e}back\u{2066}",
        "1,1 >",
    ]);
}

/// The terminal was left without echo.
#[test]
fn a_chat_that_a_signal_ends_leaves_the_terminal_as_it_was() {
    let server = RealServer::route_guide();
    for (signal, number) in [("TERM", 15), ("HUP", 1)] {
        let mut ada = Sitting::chat(server.target(), &["--at", "1,1"]);
        ada.shows(&[GREETING, "1,1 >"]);
        ada.types("half a line");
        ada.shows(&[GREETING, "1,1 > half a line"]);
        let kill = format!("kill -{signal} {}", ada.child.id());
        let status = std::process::Command::new("sh")
            .args(["-c", &kill])
            .status();
        assert!(status.unwrap().success(), "{kill}");
        assert_eq!(ada.ended(), Some(128 + number), "{signal}");
    }
}

/// A note of 4 MiB filled the terminal with tens of thousands of lines.
#[test]
fn of_a_long_note_the_beginning_is_shown() {
    let server = RealServer::route_guide();
    let mut bob = other(server.target());
    let mut ada = Sitting::chat(server.target(), &["--at", "1,1"]);
    ada.shows(&[GREETING, "1,1 >"]);
    bob.write(format!("{}\n", "ü".repeat(30_000)));
    let shown = format!("1,1 < {}… and 29000 more characters", "ü".repeat(1_000));
    ada.shows(&[GREETING, &shown, "1,1 >"]);
}

#[test]
fn color_is_an_addition_that_can_be_declined() {
    let server = RealServer::route_guide();
    let mut bob = other(server.target());
    bob.write("here\n");
    bob.line();
    let cyan = b"\x1b[36m";
    for (environment, has_color) in [
        (&[][..], true),
        (&[("NO_COLOR", "")], true),
        (&[("NO_COLOR", "1")], false),
    ] {
        let mut ada = Sitting::with_environment(server.target(), &["--at", "1,1"], environment);
        ada.shows(&[GREETING, "1,1 < here", "1,1 >"]);
        let found = ada.bytes.windows(cyan.len()).any(|bytes| bytes == cyan);
        assert_eq!(found, has_color, "{environment:?}");
    }
}

#[test]
fn a_chat_goes_on_after_the_server_was_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = with_notes_in(folder.path(), "127.0.0.1:0");
    let target = server.target().to_owned();
    let mut bob = other(&target);
    bob.write("one\n");
    assert_eq!(bob.line(), "1,1 > one");
    let mut ada = Sitting::chat(&target, &["--at", "1,1", "--at", "2,2"]);
    ada.shows(&[GREETING, "1,1 < one", "1,1 >"]);
    ada.types("two\r");
    let before = [GREETING, "1,1 < one", "1,1 > two"];
    ada.shows(&[&before[..], &["1,1 >"]].concat());
    assert_eq!(bob.line(), "1,1 < two");

    drop(server);
    let lost = "connection lost: UNAVAILABLE: server is draining; trying again";
    assert_eq!(bob.complaint(), lost);
    ada.shows(&[&before[..], &[lost, "1,1 >"]].concat());
    ada.types("three\r");
    let kept = "kept until there is a connection";
    ada.shows(&[&before[..], &[lost, "1,1 > three", kept, "1,1 >"]].concat());

    let _server = with_notes_in(folder.path(), &target);
    assert_eq!(bob.complaint(), "connected again");
    assert_eq!(bob.line(), "1,1 < three");
    bob.write("four\n/at 2,2\nfive\n");
    ada.shows(
        &[
            &before[..],
            &[lost, "1,1 > three", kept, "connected again"],
            &["1,1 < four", "2,2 < five", "1,1 >"],
        ]
        .concat(),
    );
}

#[test]
fn notes_of_a_server_that_has_forgotten_everything_are_new() {
    let server = RealServer::route_guide();
    let target = server.target().to_owned();
    let mut bob = other(&target);
    bob.write("hello\n");
    bob.line();
    let mut ada = Sitting::chat(&target, &["--at", "1,1"]);
    ada.shows(&[GREETING, "1,1 < hello", "1,1 >"]);
    drop(bob);
    drop(server);
    let lost = "connection lost: UNAVAILABLE: server is draining; trying again";
    ada.shows(&[GREETING, "1,1 < hello", lost, "1,1 >"]);
    let _server = RealServer::route_guide_at(&target);
    let mut bob = other(&target);
    bob.write("hello\n");
    let after = [
        GREETING,
        "1,1 < hello",
        lost,
        "connected again",
        "1,1 < hello",
        "1,1 >",
    ];
    ada.shows(&after);
    ada.types("/quit\r");
    assert_eq!(ada.ended(), Some(0));
}

//! Ctrl-C.

use crate::odd::{OddServer, SILENCE};
use crate::process::Program;
use crate::targets::rude_server;
use crate::{GREETER_CLIENT, ROUTE_GUIDE_CLIENT};

const INTERRUPTED: &str = "CANCELLED: interrupted";

#[test]
fn an_interrupt_cancels_the_call_on_the_server_too() {
    let server = OddServer::start();
    let start = |command: &[&str]| {
        let flags = ["--target", server.target()];
        Program::piped(ROUTE_GUIDE_CLIENT, &[&flags[..], command].concat())
    };

    let list = {
        let mut list = start(&["list", "1,1:2,2"]);
        assert_eq!(
            list.line(),
            "Feature called 'first' at latitude: 0, longitude: 0"
        );
        list
    };
    list.signal("INT");
    assert_eq!(list.ended().failed(65), INTERRUPTED);
    assert_eq!(server.event(), "cancelled");

    let get = start(&["get", SILENCE]);
    assert!(server.event().starts_with("user-agent"));
    assert_eq!(server.event(), "GetFeature");
    get.signal("INT");
    assert_eq!(get.ended().failed(65), INTERRUPTED);
    assert_eq!(server.event(), "cancelled");

    let mut record = start(&["record"]);
    record.write("1,1\n");
    assert_eq!(server.event(), "point 10000000,10000000");
    record.signal("INT");
    let ended = record.ended();
    assert!(ended.stdout.is_empty(), "{ended:?}");
    assert_eq!(ended.failed(65), INTERRUPTED);
    assert_eq!(server.event(), "cancelled");

    let mut chat = start(&["chat"]);
    chat.write("hello\n");
    assert_eq!(server.event(), "note hello");
    assert_eq!(chat.line(), "0,0 > hello");
    chat.signal("INT");
    assert_eq!(chat.ended().failed(65), INTERRUPTED);
    assert_eq!(server.event(), "cancelled");
}

#[test]
fn an_interrupt_ends_the_wait_for_a_server() {
    let silent = rude_server(b"", false);
    for program in [ROUTE_GUIDE_CLIENT, GREETER_CLIENT] {
        let mut channel = Program::start(program, &["channel", "--target", &silent]);
        assert_eq!(channel.line(), "IDLE");
        assert_eq!(channel.line(), "CONNECTING");
        channel.signal("INT");
        assert_eq!(channel.ended().failed(65), INTERRUPTED);
    }
}

#[test]
fn an_interrupt_ends_a_chat_whose_terminal_is_silent() {
    let server = OddServer::start();
    let mut chat = Program::at_terminal(ROUTE_GUIDE_CLIENT, &["chat", "--target", server.target()]);
    chat.complaint();
    chat.write("hello\n");
    assert_eq!(server.event(), "note hello");
    chat.signal("INT");
    assert_eq!(chat.ended().failed(65), INTERRUPTED);
    assert_eq!(server.event(), "cancelled");
}

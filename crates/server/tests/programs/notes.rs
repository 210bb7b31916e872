//! Notes that are kept in a file.

use std::fs;
use std::process::Command;

use route_guide_proto::routeguide::route_guide_client::RouteGuideClient;
use route_guide_proto::routeguide::{Point, RouteNote};
use tonic::{Code, Status};

use crate::ROUTE_GUIDE_SERVER;
use crate::process::{Program, connect, run, within};

fn flags(store: &str) -> [&str; 6] {
    let listen = "127.0.0.1:0";
    ["--chat-store", store, "--listen", listen, "--log", "off"]
}

/// Posts a note and returns the texts that came back.
fn post(address: &str, message: &str) -> Result<Vec<String>, Status> {
    let note = RouteNote {
        location: Some(Point::default()),
        message: message.to_owned(),
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(within("the replay", async {
        let mut guide = RouteGuideClient::new(connect(address).await);
        let replies = guide.route_chat(tokio_stream::once(note)).await.unwrap();
        let mut replies = replies.into_inner();
        let mut received = Vec::new();
        while let Some(note) = replies.message().await? {
            received.push(note.message);
        }
        Ok(received)
    }))
}

/// Starts a server on a folder of notes, posts one, and returns the texts that came back. The server is killed.
fn post_and_kill(store: &str, message: &str) -> Vec<String> {
    let mut server = Program::start(ROUTE_GUIDE_SERVER, &flags(store));
    let received = post(&server.address(), message).unwrap();
    server.signal("KILL");
    server.ended();
    received
}

#[test]
fn notes_survive_a_server_that_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("file:{}", folder.path().display());
    assert_eq!(post_and_kill(&store, "first"), [""; 0]);
    assert_eq!(post_and_kill(&store, "second"), ["first"]);
    assert_eq!(post_and_kill(&store, "third"), ["first", "second"]);
}

#[test]
fn a_folder_that_another_server_uses_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("file:{}", folder.path().display());
    let mut first = Program::start(ROUTE_GUIDE_SERVER, &flags(&store));
    first.address();
    let ended = run(ROUTE_GUIDE_SERVER, &flags(&store));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    assert!(ended.stderr.starts_with("error: "), "{ended:?}");
}

#[test]
fn a_damaged_file_is_refused_and_a_fresh_start_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("file:{}", folder.path().display());
    assert_eq!(post_and_kill(&store, "lost"), [""; 0]);
    let file = folder.path().join("notes.redb");
    let mut damaged = fs::read(&file).unwrap();
    damaged[..512].fill(0x5a);
    fs::write(&file, &damaged).unwrap();

    let ended = run(ROUTE_GUIDE_SERVER, &flags(&store));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.stdout, [""; 0], "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    assert!(
        ended.stderr.starts_with("error: ") && ended.stderr.contains(file.to_str().unwrap()),
        "{ended:?}"
    );
    assert!(
        ended.stderr.contains("start with --chat-fresh"),
        "{ended:?}"
    );
    assert!(fs::read(&file).unwrap() == damaged, "it was written to");

    let anew = [&flags(&store)[..], &["--chat-fresh"]].concat();
    let mut server = Program::start(ROUTE_GUIDE_SERVER, &anew);
    assert_eq!(post(&server.address(), "first").unwrap(), [""; 0]);
    server.signal("KILL");
    server.ended();
    assert_eq!(post_and_kill(&store, "second"), ["first"]);
    let kept: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| fs::read(path).unwrap() == damaged)
        .collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
}

/// A server that was refused its port had already set the notes aside.
#[test]
fn a_fresh_start_that_fails_leaves_the_notes() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("file:{}", folder.path().display());
    assert_eq!(post_and_kill(&store, "first"), [""; 0]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let anew = ["--chat-store", &store, "--chat-fresh", "--listen", &listen];
    let ended = run(ROUTE_GUIDE_SERVER, &anew);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(post_and_kill(&store, "second"), ["first"]);
}

/// The store's own panics on damaged pages were printed before the refusal, as if the server had crashed.
#[test]
fn a_damaged_page_is_told_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("file:{}", folder.path().display());
    let mut server = Program::start(ROUTE_GUIDE_SERVER, &flags(&store));
    post(&server.address(), "lost").unwrap();
    server.signal("INT");
    assert_eq!(server.ended().code, Some(0));
    let file = folder.path().join("notes.redb");
    let whole = fs::read(&file).unwrap();
    let mut refused = 0;
    for page in 0..12 {
        let mut damaged = whole.clone();
        // As good as random, and the same in every run.
        for (byte, at) in damaged[page << 12..][..1 << 12].iter_mut().zip(1_u32..) {
            *byte = at.wrapping_mul(2_654_435_769).to_be_bytes()[0];
        }
        fs::write(&file, &damaged).unwrap();
        let mut server = Program::start(ROUTE_GUIDE_SERVER, &flags(&store));
        // Not all of them matter.
        if server.has_started() {
            continue;
        }
        let ended = server.ended();
        assert_eq!(ended.code, Some(1), "page {page}: {ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "page {page}: {ended:?}");
        assert!(
            ended.stderr.contains("the notes cannot be read"),
            "page {page}: {ended:?}"
        );
        refused += 1;
    }
    assert!(refused > 0, "no page matters");
}

/// The most bytes that a file may have stands for a disk that is full: the system refuses the same writes.
#[test]
fn a_full_disk_refuses_notes_loses_none_and_is_got_over() {
    const LARGE: usize = 3 << 20;
    let folder = tempfile::tempdir().unwrap();
    let store = format!("file:{}", folder.path().display());
    // Above the limit a write is an error only for those who ignore the signal that comes with it.
    let limited = "trap '' XFSZ; ulimit -S -f 65536; exec \"$0\" \"$@\"";
    let program = [&["-c", limited, ROUTE_GUIDE_SERVER], &flags(&store)[..]].concat();
    let mut server = Program::start("sh", &program);
    let address = server.address();

    let mut taken = 0;
    let refused = loop {
        let message = format!("{taken} {}", "n".repeat(LARGE));
        match post(&address, &message) {
            Ok(replay) => assert_eq!(replay.len(), taken),
            Err(status) => break status,
        }
        taken += 1;
        assert!(taken < 100, "the file has no limit");
    };
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
    assert!(refused.message().contains("disk is full"), "{refused:?}");
    assert!(taken > 0, "not even one note fits");

    let more_room = format!("prlimit --fsize=unlimited --pid {}", server.id());
    let status = Command::new("sh").args(["-c", &more_room]).status();
    assert!(status.unwrap().success(), "{more_room}");
    let replay = post(&address, "there is room again").unwrap();
    let numbers: Vec<_> = replay.iter().map(|text| text.split(' ').next()).collect();
    let expected: Vec<_> = (0..taken).map(|number| number.to_string()).collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|number| Some(number.as_str()))
        .collect();
    assert_eq!(numbers, expected);
    server.signal("KILL");
    server.ended();
    assert_eq!(post_and_kill(&store, "afterwards").len(), taken + 1);
}

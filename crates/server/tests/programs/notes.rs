//! Notes that are kept in a file.

use std::fs;
use std::process::Command;

use route_guide_proto::routeguide::route_guide_client::RouteGuideClient;
use route_guide_proto::routeguide::{Point, RouteNote};
use tonic::{Code, Status};

use crate::ROUTE_GUIDE_SERVER;
use crate::process::{connect, run, start, within};

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
    let mut server = start(ROUTE_GUIDE_SERVER, &flags(store));
    let received = post(&server.address(), message).unwrap();
    server.kill_and_log();
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
    let mut first = start(ROUTE_GUIDE_SERVER, &flags(&store));
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
        ended
            .stderr
            .contains("notes reset --chat-store file:FOLDER"),
        "{ended:?}"
    );
    assert!(fs::read(&file).unwrap() == damaged, "it was written to");

    let reset = run(
        ROUTE_GUIDE_SERVER,
        &["notes", "reset", "--chat-store", &store],
    );
    assert_eq!(reset.code, Some(0), "{reset:?}");
    assert!(
        reset.stdout[0].starts_with("the notes are kept in "),
        "{reset:?}"
    );
    assert_eq!(post_and_kill(&store, "first"), [""; 0]);
    assert_eq!(post_and_kill(&store, "second"), ["first"]);
    let kept: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| fs::read(path).unwrap() == damaged)
        .collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
}

/// A flag for it set the notes aside at every restart of a unit that had it.
#[test]
fn notes_are_set_aside_by_a_command_and_only_where_there_are_some() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("file:{}", folder.path().display());
    let reset = |store: &str| {
        run(
            ROUTE_GUIDE_SERVER,
            &["notes", "reset", "--chat-store", store],
        )
    };
    let ended = reset(&store);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        ended.stdout[0].starts_with("there are no notes in "),
        "{ended:?}"
    );

    let mut server = start(ROUTE_GUIDE_SERVER, &flags(&store));
    let address = server.address();
    let ended = reset(&store);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.stderr.contains("is in use by another process"),
        "{ended:?}"
    );
    assert_eq!(post(&address, "first").unwrap(), [""; 0]);
    server.kill_and_log();

    for store in ["memory", "file:/nonexistent/notes"] {
        let ended = reset(store);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    }
    assert_eq!(post_and_kill(&store, "second"), ["first"]);
}

/// An empty file, as a copy on a full disk leaves it, became a new notebook without a word.
#[test]
fn an_empty_file_is_refused_as_a_damaged_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("file:{}", folder.path().display());
    fs::write(folder.path().join("notes.redb"), "").unwrap();
    let ended = run(ROUTE_GUIDE_SERVER, &flags(&store));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.stderr.contains("notes.redb: it is empty"),
        "{ended:?}"
    );
    assert!(
        ended
            .stderr
            .contains("notes reset --chat-store file:FOLDER"),
        "{ended:?}"
    );
}

/// The store's own panics on damaged pages were printed before the refusal, as if the server had crashed.
#[test]
fn a_damaged_page_is_told_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("file:{}", folder.path().display());
    let mut server = start(ROUTE_GUIDE_SERVER, &flags(&store));
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
        let mut server = start(ROUTE_GUIDE_SERVER, &flags(&store));
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
    let mut program = [&["-c", limited, ROUTE_GUIDE_SERVER], &flags(&store)[..]].concat();
    program.pop();
    program.extend(["route_guide_chat=info", "--chat-note-bytes", "4194304"]);
    let mut server = start("sh", &program);
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
    // Who sends notes does not decide how long the log gets, nor how often the disk is tried.
    for _ in 0..20 {
        let refused = post(&address, &"n".repeat(LARGE)).unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
    }
    let status = Command::new("sh").args(["-c", &more_room]).status();
    assert!(status.unwrap().success(), "{more_room}");
    let replay = loop {
        match post(&address, "there is room again") {
            Ok(replay) => break replay,
            Err(status) => assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}"),
        }
    };
    let numbers: Vec<_> = replay.iter().map(|text| text.split(' ').next()).collect();
    let expected: Vec<_> = (0..taken).map(|number| number.to_string()).collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|number| Some(number.as_str()))
        .collect();
    assert_eq!(numbers, expected);
    server.signal("KILL");
    let log = server.ended().stderr;
    let lines = |part: &str| log.lines().filter(|line| line.contains(part)).count();
    assert_eq!(
        lines("route notes cannot be kept and are refused"),
        1,
        "{log}"
    );
    assert_eq!(lines("route notes are kept again refused="), 1, "{log}");
    assert!(log.lines().count() < 20, "{log}");
    assert_eq!(post_and_kill(&store, "afterwards").len(), taken + 1);
}

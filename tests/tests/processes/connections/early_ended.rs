//! Calls that the server ends early do not disturb the other calls of their connection.
//!
//! Of 300 routes that were refused at their first point, the points that were still on their way ended the whole
//! connection: h2 closes one on which a thousand frames have arrived for streams that it has reset.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use route_guide_tests::paths::{RECORD_ROUTE, ROUTE_CHAT};
use route_guide_tests::{ServerProcess, frame, hex, programs, required, root, run, run_to_end};

use super::frames::{DATA, END_STREAM, Frames, GOAWAY};

/// A point 91 degrees north.
const BAD_POINT: &str = "08 80 95 f5 b1 03";

/// A note at 0,0.
const NOTE: &str = "0a 00 12 02 68 69";

fn server() -> ServerProcess {
    ServerProcess::start(&programs().join("route-guide-server"), &[])
}

#[test]
fn points_that_are_on_their_way_when_a_route_is_refused_are_dropped() {
    const ROUNDS: u32 = 15;
    const AT_ONCE: u32 = 150;
    run(async {
        let mut server = server();
        let mut peer = Frames::open(server.target(), 1 << 20).await;
        peer.begin(1, ROUTE_CHAT).await;
        peer.data(1, 0, &frame(&hex(NOTE))).await;
        let point = frame(&hex(BAD_POINT));
        for round in 0..ROUNDS {
            let first = 3 + round * 2 * AT_ONCE;
            let routes = || (first..).step_by(2).take(AT_ONCE as usize);
            for route in routes() {
                peer.begin(route, RECORD_ROUTE).await;
                peer.data(route, 0, &point).await;
            }
            let mut refused = 0;
            while refused < AT_ONCE {
                let frame = peer.read().await.unwrap().expect("an answer");
                assert_ne!(frame.kind, GOAWAY, "{frame:?}");
                refused += u32::from(frame.ends_stream() && frame.stream != 1);
            }
            // As if they had been sent before the refusal arrived.
            for route in routes() {
                for _ in 0..10 {
                    peer.data(route, 0, &point).await;
                }
                match route % 4 {
                    1 => peer.data(route, END_STREAM, &[]).await,
                    _ => peer.reset(route).await,
                }
            }
        }
        peer.data(1, 0, &frame(&hex(NOTE))).await;
        loop {
            let frame = peer.read().await.unwrap().expect("the chat goes on");
            assert_ne!(frame.kind, GOAWAY, "{frame:?}");
            assert!(!frame.ends_stream(), "{frame:?}");
            if frame.stream == 1 && frame.kind == DATA {
                break;
            }
        }
        let (runs, log) = server.stop(false);
        assert!(runs, "{log}");
    });
}

/// Compiling and 10 000 calls take a minute on a busy machine.
const CPP: Duration = Duration::from_secs(600);

#[test]
fn ten_thousand_refused_routes_of_grpc_for_cpp_leave_a_chat_beside_them_alone() {
    for (program, flag) in [
        ("g++", "--version"),
        ("protoc", "--version"),
        ("which", "grpc_cpp_plugin"),
        ("pkg-config", "grpc++"),
        ("pkg-config", "protobuf"),
    ] {
        if !required(program, flag) {
            return;
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let client = build(folder.path());
    let mut server = server();
    let mut calls = Command::new(client);
    calls.args([server.target(), "10000"]);
    let (succeeded, said) = run_to_end(&mut calls, CPP);
    let (runs, log) = server.stop(false);
    assert!(succeeded && runs, "{said}\n{log}");
}

/// Compiles the client, as the C++ tutorial does.
fn build(folder: &Path) -> std::path::PathBuf {
    let script = root().join("tests/cpp/build.sh");
    let mut compiler = Command::new("sh");
    compiler.arg(script).arg(folder);
    let (built, said) = run_to_end(&mut compiler, CPP);
    assert!(built, "{said}");
    folder.join("early_ended")
}

//! An output that nobody reads, as that of a pager which is paused.

use std::io::{PipeReader, PipeWriter, Write as _};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response};
use prost::Message as _;
use route_guide_proto::routeguide::Feature;

use crate::ROUTE_GUIDE_CLIENT;
use crate::odd::{OddServer, SILENCE};
use crate::process::{Program, command};
use crate::servers::{PATIENCE, runtime};

/// Starts a server whose listings have no end. It says how much it has sent when the client takes no more, but has
/// answered a thousand PINGs since.
fn endless() -> (String, Receiver<usize>) {
    let (say_target, target) = channel();
    let (say, stalled) = channel();
    thread::spawn(move || {
        runtime().block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap().to_string();
            say_target.send(address).unwrap();
            let (socket, _) = listener.accept().await.unwrap();
            let mut connection = h2::server::handshake(socket).await.unwrap();
            let mut pings = connection.ping_pong().unwrap();
            let (_request, mut respond) = connection.accept().await.unwrap().unwrap();
            tokio::spawn(async move { while connection.accept().await.is_some() {} });

            let mut head = Response::new(());
            let grpc = HeaderValue::from_static("application/grpc");
            *head.headers_mut() = HeaderMap::from_iter([(http::header::CONTENT_TYPE, grpc)]);
            let mut stream = respond.send_response(head, false).unwrap();
            let features = features();
            let (mut sent, mut answered) = (0, 0);
            pings.send_ping(h2::Ping::opaque()).unwrap();
            loop {
                let rest = features.slice(sent % features.len()..);
                stream.reserve_capacity(rest.len());
                tokio::select! {
                    biased;
                    room = std::future::poll_fn(|cx| stream.poll_capacity(cx)) => {
                        // The client has ended the call.
                        let Some(Ok(room)) = room else { return };
                        let piece = rest.slice(..room.min(rest.len()));
                        sent += piece.len();
                        answered = 0;
                        if stream.send_data(piece, false).is_err() {
                            return;
                        }
                    }
                    pong = std::future::poll_fn(|cx| pings.poll_pong(cx)) => {
                        if pong.is_err() || pings.send_ping(h2::Ping::opaque()).is_err() {
                            return;
                        }
                        answered += 1;
                        if answered == 1_000 {
                            say.send(sent).unwrap();
                            // What is left to do is to keep the connection open.
                            return std::future::pending().await;
                        }
                    }
                }
            }
        });
    });
    (target.recv_timeout(PATIENCE).unwrap(), stalled)
}

/// Some features as they go over the wire.
fn features() -> Bytes {
    let feature = Feature {
        name: "x".repeat(200),
        location: None,
    };
    let message = feature.encode_to_vec();
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0][..], &length, &message].concat().repeat(100).into()
}

/// Behind a paused pager a client answered no PING, so the server closed its connection; it did not keep its timeout, and
/// Ctrl-C did nothing.
#[test]
fn a_paused_reader_stops_nothing_but_the_listing() {
    let (target, stalled) = endless();
    let list = ["list", "0,0:1,1", "--target", &target];
    let (list, _reader) = Program::stuck(ROUTE_GUIDE_CLIENT, &list);
    let sent = stalled.recv_timeout(PATIENCE).unwrap();
    // Two windows of a stream, a pipe, and what may wait to be written.
    assert!(sent < 2 << 20, "{sent} bytes");
    list.signal("INT");
    assert_eq!(list.ended().failed(65), "CANCELLED: interrupted");
}

#[test]
fn a_call_keeps_its_time_while_nobody_reads() {
    let (target, _stalled) = endless();
    let list = ["list", "0,0:1,1", "--timeout", "1s", "--target", &target];
    let (list, _reader) = Program::stuck(ROUTE_GUIDE_CLIENT, &list);
    assert_eq!(
        list.ended().failed(68),
        "DEADLINE_EXCEEDED: the call did not end within 1s"
    );
}

/// A pipe that takes no more, as long as its reader is kept.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut full) = std::io::pipe().unwrap();
    // As much as a pipe holds.
    full.write_all(&vec![b'.'; 64 << 10]).unwrap();
    (reader, full)
}

/// With `--verbose`, a standard error that nobody read kept the client from sending its call.
#[test]
fn a_standard_error_that_nobody_reads_stops_nothing() {
    let (target, stalled) = endless();
    let (_reader, full) = full_pipe();
    let list = ["list", "0,0:1,1", "--verbose", "--target", &target];
    let mut list = command(ROUTE_GUIDE_CLIENT, &list)
        .stderr(full)
        .spawn()
        .unwrap();
    assert!(stalled.recv_timeout(PATIENCE).is_ok());
    interrupt(&list);
    assert_eq!(list.wait().unwrap().code(), Some(65));
}

/// Sends a program what Ctrl-C sends it.
fn interrupt(program: &Child) {
    let kill = format!("kill -INT {}", program.id());
    let status = Command::new("sh").args(["-c", &kill]).status().unwrap();
    assert!(status.success(), "{kill}");
}

/// The first Ctrl-C may wait for a reader too, to say what it has done.
#[test]
fn a_second_interrupt_ends_the_program_whatever_it_waits_for() {
    let server = OddServer::start();
    let (_reader, full) = full_pipe();
    let get = ["get", SILENCE, "--target", server.target()];
    let mut get = command(ROUTE_GUIDE_CLIENT, &get)
        .stderr(full)
        .spawn()
        .unwrap();
    assert!(server.event().starts_with("user-agent"));
    assert_eq!(server.event(), "GetFeature");
    let (say, ended) = channel();
    interrupt(&get);
    assert_eq!(server.event(), "cancelled");
    interrupt(&get);
    thread::spawn(move || say.send(get.wait().unwrap().code()));
    assert_eq!(ended.recv_timeout(PATIENCE).unwrap(), Some(65));
}

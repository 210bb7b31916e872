//! Peers that are gone, or do nothing that a living one would do, leave nothing behind.
//!
//! Some stayed for ever: the server waited for room to say farewell to those that do not read, and did not look at
//! those any more that had sent a byte too many over HTTP/1.1.

use std::fmt::Write;
use std::fs;

use route_guide_tests::paths::{LIST_FEATURES, ROUTE_CHAT};
use route_guide_tests::{RawConnection, ServerProcess, frame, hex, programs, run, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::frames::Frames;

/// How many peers there are of each kind.
const PEERS: usize = 10;

/// The preface of HTTP/2 and SETTINGS that set nothing.
const HANDSHAKE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

const HEALTH_WATCH: &str = "/grpc.health.v1.Health/Watch";

/// The corners 90 south 180 west and 90 north 180 east.
const WORLD: &str = "0a 16 08 80 ae ec d2 fc ff ff ff ff 01 10 80 dc d8 a5 f9 ff ff ff ff 01 \
                     12 0c 08 80 d2 93 ad 03 10 80 a4 a7 da 06";

#[test]
fn what_peers_hold_that_are_gone_is_given_back_within_the_keepalive() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let features = folder.path().join("places.csv");
        let mut rows = String::from("name,latitude,longitude\n");
        for number in 0..100_000 {
            writeln!(
                rows,
                "{number:0>120},0,{}.{:03}",
                number / 1_000,
                number % 1_000
            )
            .unwrap();
        }
        fs::write(&features, rows).unwrap();
        let mut server = ServerProcess::start(
            &programs().join("route-guide-server"),
            &[
                "--features",
                features.to_str().unwrap(),
                "--handshake-timeout=1s",
                "--keepalive-interval=1s",
                "--keepalive-timeout=1s",
                "--grpc-web",
            ],
        );

        // One that reads no more of its stream and answers every PING: it must stay.
        let mut narrow = h2::client::Builder::new();
        narrow.initial_window_size(10);
        let reluctant = RawConnection::to(server.target(), &narrow).await;
        let mut chat = reluctant.call(ROUTE_CHAT, &[]).await;
        for _ in 0..2 {
            // At 0,0, with the text "hi"; the second brings back the first.
            chat.send(frame(&hex("0a 00 12 02 68 69")));
        }
        let held = chat.hold_bytes(10).await;

        let before = sockets(&server);
        let mut peers = Vec::new();
        let mut frames = Vec::new();
        for _ in 0..PEERS {
            let said = [
                // Nothing; half a preface; a whole one; a handshake, and then no answer to a PING.
                Vec::new(),
                HANDSHAKE[..16].to_vec(),
                HANDSHAKE[..24].to_vec(),
                HANDSHAKE.to_vec(),
                // HTTP/1.1: half a head; a body that does not come.
                b"POST / HTTP/1.1\r\n".to_vec(),
                web(LIST_FEATURES, 1_000, &[]),
                // A long answer that is not read.
                web(LIST_FEATURES, frame(&hex(WORLD)).len(), &frame(&hex(WORLD))),
            ];
            for said in said {
                let mut peer = connect(&server).await;
                peer.write_all(&said).await.unwrap();
                peers.push(peer);
            }
            // The same over HTTP/2.
            let mut peer = Frames::open(server.target(), 64 << 20).await;
            peer.begin(1, LIST_FEATURES).await;
            peer.data(1, 1, &frame(&hex(WORLD))).await;
            frames.push(peer);
            // An answer without end, a byte too many, and gone.
            let mut peer = connect(&server).await;
            peer.write_all(&[&web(HEALTH_WATCH, 5, &frame(&[]))[..], b"x"].concat())
                .await
                .unwrap();
            within("the answer", peer.read_exact(&mut [0; 12]))
                .await
                .unwrap();
        }
        within("the server to give everything back", async {
            // Each look takes a call, so that the server has something to do between two of them.
            let looker = RawConnection::to(server.target(), &h2::client::Builder::new()).await;
            loop {
                let reply = looker.unary("/grpc.health.v1.Health/Check", &[], &[]).await;
                assert_eq!(reply.messages(), [[0x08, 0x01]]);
                // The looker's own socket is one more.
                if sockets(&server) <= before + 1 {
                    break;
                }
            }
        })
        .await;
        drop((peers, frames));

        chat.release(&held).await;
        assert!(chat.next_bytes().await.is_some());
        let (runs, log) = server.stop(false);
        assert!(runs, "{log}");
    });
}

/// A request of gRPC-Web that promises a body of some length, and some of it.
fn web(path: &str, length: usize, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/grpc-web+proto\r\ncontent-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

async fn connect(server: &ServerProcess) -> TcpStream {
    let connected = within("a connection", TcpStream::connect(server.target())).await;
    connected.unwrap()
}

/// How many sockets the server has.
fn sockets(server: &ServerProcess) -> usize {
    let descriptors = fs::read_dir(format!("/proc/{}/fd", server.id())).unwrap();
    let opened = descriptors.filter_map(|descriptor| fs::read_link(descriptor.ok()?.path()).ok());
    opened
        .filter(|opened| opened.to_string_lossy().starts_with("socket:"))
        .count()
}

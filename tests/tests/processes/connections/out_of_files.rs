//! A server that runs out of files while its log cannot be written serves again when files are free.
//!
//! The line that says so could not be written, the task that accepts connections panicked over it, and the port
//! refused everybody from then on.

use std::fs;
use std::process::Stdio;

use route_guide_testkit::command;
use route_guide_tests::{RawConnection, ServerProcess, programs, run, wide_windows, within};
use tokio::net::TcpStream;

/// How many files the server may have open.
const FILES: usize = 40;

#[test]
fn the_port_stays_open() {
    run(async {
        let mut shell = command("sh");
        let limited = format!("ulimit -n {FILES} && exec \"$0\" \"$@\" 2>/dev/full");
        shell
            .args(["-c", &limited])
            .arg(programs().join("route-guide-server"));
        let mut server = ServerProcess::start_with(&mut shell, Stdio::piped());

        let mut clients = Vec::new();
        for _ in 0..2 * FILES {
            // Those that are not accepted wait in the queue.
            clients.push(TcpStream::connect(server.target()).await.unwrap());
        }
        within("the server to run out of files", async {
            let folder = format!("/proc/{}/fd", server.id());
            while fs::read_dir(&folder).unwrap().count() < FILES {
                tokio::task::yield_now().await;
            }
        })
        .await;
        drop(clients);
        let wire = RawConnection::to(server.target(), &wide_windows()).await;
        let reply = wire.unary("/grpc.health.v1.Health/Check", &[], &[]).await;
        assert_eq!(reply.messages(), [[0x08, 0x01]]);
        let (runs, log) = server.stop(false);
        assert!(runs, "{log}");
    });
}

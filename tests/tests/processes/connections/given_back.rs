//! The memory of connections goes back to the system when they close.
//!
//! After thousands of clients had left, more than half of what they had needed stayed with the process.

use std::fs;
use std::time::Duration;

use route_guide_tests::{ServerProcess, programs, run, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::interval;

/// The preface of HTTP/2 and SETTINGS that set nothing.
const HANDSHAKE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

const CLIENTS: usize = 800;

/// Memory of the process of its own, in KiB: the mapped program does not count.
fn memory(server: &ServerProcess) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let number = line.unwrap().trim().trim_end_matches(" kB");
    number.parse().unwrap()
}

#[test]
fn four_fifths_of_what_many_clients_needed_are_given_back() {
    run(async {
        let mut server = ServerProcess::start(&programs().join("route-guide-server"), &[]);
        let before = memory(&server);
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            let mut client = TcpStream::connect(server.target()).await.unwrap();
            client.write_all(HANDSHAKE).await.unwrap();
            clients.push(client);
        }
        for client in &mut clients {
            // The server's SETTINGS.
            within("an answer", client.read_u8()).await.unwrap();
        }
        let most = memory(&server);
        drop(clients);
        let enough = before + (most - before) / 5;
        within("memory to be given back", async {
            let mut ticks = interval(Duration::from_millis(100));
            while memory(&server) > enough {
                ticks.tick().await;
            }
        })
        .await;
        let (runs, log) = server.stop(false);
        assert!(runs, "{log}");
    });
}

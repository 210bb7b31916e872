//! A thousand clients that come at once are all accepted at once.
//!
//! The queue of the listener had 128 places, and whoever found it full waited a second or more.

use route_guide_tests::{ServerProcess, programs, run, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// The preface of HTTP/2 and SETTINGS that set nothing.
const HANDSHAKE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

#[test]
fn nobody_waits_outside_even_if_the_server_is_busy() {
    run(async {
        let allowed = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
        let clients = allowed.trim().parse().unwrap_or(1_000).min(1_000);
        let mut server = ServerProcess::start(&programs().join("route-guide-server"), &[]);
        // As long as it is stopped, clients only get as far as the queue.
        server.signal("STOP");
        let mut connecting = JoinSet::new();
        for _ in 0..clients {
            let target = server.target().to_owned();
            connecting.spawn(async move {
                let mut client = TcpStream::connect(target).await.unwrap();
                client.write_all(HANDSHAKE).await.unwrap();
                client
            });
        }
        let connected = within("room in the queue", connecting.join_all()).await;
        server.signal("CONT");
        for mut client in connected {
            // The server's SETTINGS.
            within("an answer", client.read_u8()).await.unwrap();
        }
        let (runs, log) = server.stop(false);
        assert!(runs, "{log}");
    });
}

//! Peers do not write the log.

use std::process::Stdio;

use route_guide_proto::routeguide::Point;
use route_guide_proto::routeguide::route_guide_client::RouteGuideClient;
use route_guide_testkit::command;
use route_guide_tests::{ServerProcess, programs, run, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::transport::Endpoint;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];

/// A PING frame that acknowledges a PING which nobody has sent.
const UNASKED: [u8; 17] = [0, 0, 8, 6, 1, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];

/// A PING frame, whose acknowledgement shows that all before it has been read.
const PING: [u8; 17] = [0, 0, 8, 6, 0, 0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1];

/// h2 logs each of them as a warning: five seconds of them made a log of 193 MB and kept a core busy.
#[test]
fn a_million_unasked_acknowledgements_leave_the_log_short_and_others_answered() {
    for level in ["info", "debug"] {
        let mut program = command(programs().join("route-guide-server"));
        let mut server = ServerProcess::start_with(program.args(["--log", level]), Stdio::piped());
        run(async {
            let mut peer = TcpStream::connect(server.target()).await.unwrap();
            peer.write_all(&[PREFACE, &SETTINGS].concat())
                .await
                .unwrap();
            let thousand = UNASKED.repeat(1_000);
            let endpoint = Endpoint::from_shared(format!("http://{}", server.target())).unwrap();
            let mut guide = RouteGuideClient::new(endpoint.connect_lazy());
            for _ in 0..1_000 {
                within("room", peer.write_all(&thousand)).await.unwrap();
                within("an answer", guide.get_feature(Point::default()))
                    .await
                    .unwrap();
            }
            peer.write_all(&PING).await.unwrap();
            let mut read = Vec::new();
            let mut some = [0; 1024];
            while !read.windows(8).any(|window| window == &PING[9..]) {
                let len = within("the acknowledgement", peer.read(&mut some))
                    .await
                    .unwrap();
                assert_ne!(len, 0, "the server has closed the connection");
                read.extend_from_slice(&some[..len]);
            }
        });
        server.signal("TERM");
        let (ended, log) = server.stop(true);
        assert!(ended, "{log}");
        // At debug each call has a line, which is the doing of the caller.
        let others = log.lines().filter(|line| !line.contains("call ended"));
        let len_bytes: usize = others.map(str::len).sum();
        assert!(len_bytes < 16 << 10, "{len_bytes} bytes of log");
    }
}

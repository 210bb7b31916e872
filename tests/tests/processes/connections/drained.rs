//! A server that is told to stop delivers what it has answered, however slowly it is read.
//!
//! A client that read a listing at 10 MB/s lost its last kilobytes and the status: the server closed a socket whose
//! send buffer was not empty yet, and the client's next `WINDOW_UPDATE` made the system throw the rest away.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use route_guide_tests::paths::{LIST_FEATURES, RECORD_ROUTE};
use route_guide_tests::{
    SHORT, ServerProcess, frame, hex, programs, required, run, run_to_end, within,
};
use tempfile::TempDir;
use tokio::net::TcpStream;

use super::frames::{DATA, Frames};

const RUNTIMES: [&str; 2] = ["per-core", "multi-thread"];

/// The corners 90 south 180 west and 90 north 180 east.
const WORLD: &str = "0a 16 08 80 ae ec d2 fc ff ff ff ff 01 10 80 dc d8 a5 f9 ff ff ff ff 01 \
                     12 0c 08 80 d2 93 ad 03 10 80 a4 a7 da 06";

/// From 0.00 to 0.19 degrees north: 20 000 places, of which the system's buffers hold a listing.
const BELT: &str = "0a 0b 10 80 dc d8 a5 f9 ff ff ff ff 01 12 0a 08 e0 fb 73 10 80 a4 a7 da 06";

/// Places enough that no system's buffers hold a listing of them all.
struct Places {
    _folder: TempDir,
    file: PathBuf,
}

impl Places {
    fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("places.csv");
        let mut rows = String::from("name,latitude,longitude\n");
        for number in 0..100_000 {
            let (latitude, longitude) = (number / 1_000, number % 1_000);
            writeln!(
                rows,
                "{number:0>120},{}.{:02},0.{longitude:03}",
                latitude / 100,
                latitude % 100
            )
            .unwrap();
        }
        fs::write(&file, rows).unwrap();
        Self {
            _folder: folder,
            file,
        }
    }

    fn serve(&self, runtime: &str, flags: &[&str]) -> ServerProcess {
        let file = self.file.to_str().unwrap();
        let program = programs().join("route-guide-server");
        let flags = [&["--features", file, "--runtime", runtime], flags].concat();
        ServerProcess::start(&program, &flags)
    }
}

/// A listing, and how much of it has been read.
struct Listing {
    frames: Frames,
    bytes: usize,
}

impl Listing {
    async fn begin(server: &ServerProcess, window_bytes: u32, area: &str) -> Self {
        let mut frames = Frames::open(server.target(), window_bytes).await;
        frames.begin(1, LIST_FEATURES).await;
        frames.data(1, 1, &frame(&hex(area))).await;
        Self { frames, bytes: 0 }
    }

    /// Reads one frame; returns whether it was the last of the listing.
    async fn read(&mut self) -> bool {
        let frame = self
            .frames
            .read()
            .await
            .unwrap()
            .expect("the listing goes on");
        if frame.kind == DATA {
            self.bytes += frame.payload.len();
            let read = u32::try_from(frame.payload.len()).unwrap();
            self.frames.widen(0, read).await;
            self.frames.widen(1, read).await;
        }
        frame.ends_stream()
    }

    /// Reads to the end of the connection, and returns how long the listing was.
    async fn read_to_end(mut self) -> usize {
        while !self.read().await {}
        while self.frames.read().await.unwrap().is_some() {}
        self.bytes
    }
}

/// Waits until the server has begun its drain: its port is closed.
async fn draining(server: &ServerProcess) {
    within("the end of the listener", async {
        while TcpStream::connect(server.target()).await.is_ok() {}
    })
    .await;
}

#[test]
fn a_listing_that_is_read_slowly_arrives_whole() {
    run(async {
        let places = Places::make();
        let mut whole = None;
        for runtime in RUNTIMES {
            for window_bytes in [1 << 20, 8 << 20] {
                let mut server = places.serve(runtime, &["--drain-timeout=60s"]);
                let mut listing = Listing::begin(&server, window_bytes, WORLD).await;
                while listing.bytes == 0 {
                    listing.read().await;
                }
                server.signal("TERM");
                draining(&server).await;
                let read = listing.read_to_end().await;
                assert_eq!(
                    read,
                    *whole.get_or_insert(read),
                    "{runtime}, {window_bytes}"
                );
                let (in_order, log) = server.stop(true);
                assert!(in_order, "{log}");
            }
        }
        // 120 letters of name, and at least 7 bytes around them.
        assert!(whole > Some(12_700_000), "{whole:?}");
    });
}

/// Over HTTP/1.1: over HTTP/2 curl 7.88 drops what it has received last if a GOAWAY came before, whatever the server does.
#[test]
fn curl_gets_the_last_byte_and_the_status() {
    if !required("curl", "--version") {
        return;
    }
    run(async {
        let places = Places::make();
        let folder = tempfile::tempdir().unwrap();
        let listing = folder.path().join("listing");
        let request = folder.path().join("request");
        fs::write(&request, frame(&hex(WORLD))).unwrap();
        for runtime in RUNTIMES {
            let mut server = places.serve(runtime, &["--drain-timeout=60s", "--grpc-web"]);
            let expected = Listing::begin(&server, 1 << 20, WORLD).await;
            let mut curl = Command::new("curl");
            curl.args(["--silent", "--show-error", "--limit-rate", "10M"])
                .args(["--header", "content-type: application/grpc-web+proto"])
                .arg("--data-binary")
                .arg(format!("@{}", request.display()))
                .arg("--output")
                .arg(&listing)
                .arg(format!("http://{}{LIST_FEATURES}", server.target()));
            let curl = std::thread::spawn(move || run_to_end(&mut curl, SHORT));
            within("the first bytes", async {
                while !fs::metadata(&listing).is_ok_and(|file| file.len() > 0) {
                    tokio::task::yield_now().await;
                }
            })
            .await;
            server.signal("TERM");
            let expected = expected.read_to_end().await;
            let (succeeded, said) = curl.join().unwrap();
            assert!(succeeded, "{said}");
            let read = fs::read(&listing).unwrap();
            let trailers = read.get(expected..).unwrap_or_default();
            let trailers = String::from_utf8_lossy(trailers);
            assert!(
                trailers.contains("grpc-status:0\r\n"),
                "{runtime}: {} of {expected}",
                read.len()
            );
            fs::remove_file(&listing).unwrap();
            let (in_order, log) = server.stop(true);
            assert!(in_order, "{log}");
        }
    });
}

#[test]
fn an_answer_that_did_not_arrive_counts_as_cut() {
    run(async {
        let places = Places::make();
        for runtime in RUNTIMES {
            // A call that the server is not done with, and one that has only to be read.
            for area in [WORLD, BELT] {
                let mut server = places.serve(runtime, &["--drain-timeout=1s"]);
                let mut deaf = Listing::begin(&server, 64 << 20, area).await;
                deaf.read().await;
                server.signal("TERM");
                let (in_order, log) = server.stop(true);
                assert!(!in_order, "{log}");
                assert!(log.contains("1 call had to be cut"), "{log}");
            }
        }
    });
}

/// A client that keeps its connections open and does not look at them until it needs one.
#[test]
fn a_client_that_has_all_it_asked_for_is_not_waited_for() {
    run(async {
        let places = Places::make();
        for runtime in RUNTIMES {
            let mut server = places.serve(runtime, &["--drain-timeout=1h"]);
            let mut idle = Frames::open(server.target(), 1 << 20).await;
            idle.begin(1, RECORD_ROUTE).await;
            idle.data(1, 1, &[]).await;
            while !idle.read().await.unwrap().expect("an answer").ends_stream() {}
            server.signal("TERM");
            let (in_order, log) = server.stop(true);
            assert!(in_order, "{log}");
        }
    });
}

//! A thousand readers of the longest notes that do not read.
//!
//! Each used to hold copies of the notes that it had been handed, since a response is asked for its next bytes before its
//! reader has room for them: 64 MiB for one note, and gigabytes for one of 4 MiB.

use std::path::Path;

use prost::Message as _;
use route_guide_load::process_memory;
use route_guide_tests::paths::ROUTE_CHAT;
use route_guide_tests::{
    RawConnection, ServerProcess, frame, note, point, programs, run, wide_windows,
};

const READERS: usize = 1_000;
const READERS_A_CONNECTION: usize = 200;
const NOTE_BYTES: usize = 64 << 10;
/// A reader takes so much of its first note.
const WINDOW: u32 = 1_000;
/// Less than the readers' own copies of a note would take.
const ALLOWED: u64 = 32 << 20;

#[test]
fn stalled_readers_of_long_notes_share_them() {
    let program = programs().join("route-guide-server");
    let server = start(&program);
    run(async {
        let watch = [("route-chat-watch", "7,7")];
        let mut readers = Vec::new();
        let mut connections = Vec::new();
        for number in 0..READERS {
            if number % READERS_A_CONNECTION == 0 {
                let mut narrow = wide_windows();
                narrow.initial_window_size(WINDOW);
                connections.push(RawConnection::to(server.target(), &narrow).await);
            }
            let connection = connections.last().expect("one has just been opened");
            let mut reader = connection.call(ROUTE_CHAT, &watch).await;
            assert!(reader.head().await.headers.contains_key("route-chat-watch"));
            readers.push(reader);
        }
        let connection = RawConnection::to(server.target(), &wide_windows()).await;
        let mut writer = connection.call(ROUTE_CHAT, &watch).await;
        let mut post = async |letter: &str| {
            let record = frame(&note(point(7, 7), &letter.repeat(NOTE_BYTES)).encode_to_vec());
            writer.send(record.clone());
            // It comes back once it is written.
            assert_eq!(writer.hold_bytes(record.len()).await, record);
            writer.release(&record).await;
        };

        let before = process_memory(server.id()).expect("the server runs");
        for letter in ["a", "b", "c", "d"] {
            post(letter).await;
        }
        for reader in &mut readers {
            assert_eq!(
                reader.hold_bytes(WINDOW as usize).await.len(),
                WINDOW as usize
            );
        }
        let after = process_memory(server.id()).expect("the server runs");
        let grown = after.saturating_sub(before);
        assert!(grown < ALLOWED, "{READERS} readers have cost {grown} bytes");
    });
}

fn start(program: &Path) -> ServerProcess {
    ServerProcess::start(program, &[])
}

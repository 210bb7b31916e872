//! A thousand readers that do not read: what they cost, and what they are told.
//!
//! It looks at the memory of its process, so this file holds a single test.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a helper may fail its test")]

use std::num::NonZeroUsize;

use prost::Message as _;
use route_guide_chat::Limits;
use route_guide_load::process_memory;
use route_guide_proto::routeguide::{Point, RouteNote};
use route_guide_server::{ChatSettings, NOTES_MISSED, RouteGuideSettings};
use route_guide_tests::paths::ROUTE_CHAT;
use route_guide_tests::{
    Chat, RawConnection, RawReply, TestServer, frame, note, point, run, wide_windows,
};
use tonic::Code;

const READERS: usize = 1_000;
const READERS_A_CONNECTION: usize = 200;
/// A place keeps so many notes.
const KEPT: usize = 2;
/// So many are posted at each while its reader does not read.
const POSTED: usize = 40;
/// Each of this length, so that one is more than the window of a reader.
const NOTE_LEN: usize = 1_500;
const WINDOW: u32 = 1_000;
/// More than the readers' first notes take.
const HELLO_LEN: usize = 50;

/// What all notes would take that are posted behind the readers' backs; a queue for each reader would hold them.
const QUEUED: u64 = (READERS * POSTED * NOTE_LEN) as u64;

#[test]
fn stalled_readers_cost_nothing_and_are_told_what_they_missed() {
    run(async {
        let server = TestServer::route_guide_with(RouteGuideSettings {
            chat: ChatSettings {
                notebook: Limits {
                    notes_per_place: NonZeroUsize::new(KEPT).unwrap(),
                    ..Limits::default()
                },
                ..ChatSettings::default()
            },
            ..RouteGuideSettings::default()
        })
        .await;

        // Each reader follows a place of its own, and has heard its own first note for its second.
        let mut readers = Vec::new();
        let mut connection = None;
        for number in 0..READERS {
            if number % READERS_A_CONNECTION == 0 {
                let mut narrow = wide_windows();
                narrow.initial_window_size(WINDOW);
                connection = Some(RawConnection::open_with(&server, &narrow).await);
            }
            let mut reader = connection.as_ref().unwrap().call(ROUTE_CHAT, &[]).await;
            let hello = frame(&note(place(number), "hello").encode_to_vec());
            reader.send(hello.clone());
            reader.send(hello.clone());
            assert_eq!(reader.next_bytes().await.unwrap(), hello);
            readers.push(reader);
        }

        // The first note fills the window of each, and from then on it does not read.
        let mut writer = Chat::open(&server).await;
        post_everywhere(&mut writer, 0).await;
        let mut held = Vec::new();
        for reader in &mut readers {
            // What was heard before counts for the window until half of it is used.
            held.push(reader.hold_bytes(WINDOW as usize - 2 * HELLO_LEN).await);
        }

        let before = process_memory(std::process::id()).unwrap();
        for number in 1..POSTED {
            post_everywhere(&mut writer, number).await;
        }
        let after = process_memory(std::process::id()).unwrap();
        let grown = after.saturating_sub(before);
        assert!(
            grown < QUEUED / 3,
            "{grown} bytes for what would take {QUEUED}"
        );

        // They read again, and each is told: a note that it has not heard is one that is still kept, or one that it missed.
        let mut missed_by_all = 0;
        for (mut reader, held) in readers.into_iter().zip(held) {
            reader.release(&held).await;
            let reply = reader.reply().await;
            let missed = told(&reply);
            let heard = texts(&RawReply {
                body: [held, reply.body].concat().into(),
                ..reply
            });
            let expected: Vec<_> = (0..heard.len()).map(text).collect();
            assert!(heard == expected, "a note is missing before the gap");
            assert_eq!(heard.len() + missed, POSTED - KEPT);
            missed_by_all += missed;
        }
        assert!(
            missed_by_all >= READERS * (POSTED - KEPT - 2),
            "{missed_by_all}"
        );
    });
}

/// Posts a note at every reader's place and waits until the server has taken all of them.
async fn post_everywhere(writer: &mut Chat, number: usize) {
    for reader in 0..READERS {
        writer.post(place(reader), &text(number));
    }
    writer.settled().await;
}

fn place(reader: usize) -> Point {
    point(i32::try_from(reader).unwrap(), 7)
}

fn text(number: usize) -> String {
    format!("{number:0NOTE_LEN$}")
}

/// How many notes a reader is told that it missed.
fn told(reply: &RawReply) -> usize {
    let status = reply.status();
    assert_eq!(status.code(), Code::DataLoss, "{status:?}");
    let missed = reply.trailers[NOTES_MISSED].to_str().unwrap();
    assert!(status.message().contains(missed), "{status:?}");
    missed.parse().unwrap()
}

fn texts(reply: &RawReply) -> Vec<String> {
    let messages = reply.messages();
    let notes = messages
        .iter()
        .map(|message| RouteNote::decode(&message[..]));
    notes.map(|note| note.unwrap().message).collect()
}

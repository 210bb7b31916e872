//! The notebook behind `RouteChat` is bounded, and who falls behind is told.

use std::num::NonZeroUsize;
use std::time::Duration;

use h2::client::Builder;
use prost::Message;
use route_guide_chat::{ConversationLimits, Limits, PageLimit};
use route_guide_proto::routeguide::{Point, RouteNote};
use route_guide_server::{ChatSettings, NOTES_MISSED, RouteGuideSettings};
use route_guide_tests::paths::ROUTE_CHAT;
use route_guide_tests::{Chat, RawConnection, TestServer, frame, note, point, run};
use tonic::Code;

const HERE: Point = Point {
    latitude: 1,
    longitude: 2,
};

async fn keeping(notebook: Limits) -> TestServer {
    chatting(ChatSettings {
        notebook,
        ..ChatSettings::default()
    })
    .await
}

async fn chatting(chat: ChatSettings) -> TestServer {
    TestServer::route_guide_with(RouteGuideSettings {
        chat,
        ..RouteGuideSettings::default()
    })
    .await
}

fn at_most(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

/// Posts notes one after the other and returns what the last one is answered with.
async fn answer_to_the_last(server: &TestServer, notes: &[(Point, &str)]) -> Vec<String> {
    let mut chat = Chat::open(server).await;
    let ((place, text), others) = notes.split_last().unwrap();
    for (place, text) in others {
        chat.post(*place, text);
    }
    chat.settled().await;
    chat.post(*place, text);
    chat.finish().await
}

#[test]
fn a_place_keeps_its_latest_hundred_notes() {
    run(async {
        let server = TestServer::route_guide().await;
        let texts: Vec<_> = (0..=150).map(|number| number.to_string()).collect();
        let notes: Vec<_> = texts.iter().map(|text| (HERE, text.as_str())).collect();
        assert_eq!(answer_to_the_last(&server, &notes).await, texts[50..150]);
    });
}

#[test]
fn the_bound_of_a_place_is_a_setting() {
    run(async {
        let notes = [
            (HERE, "0"),
            (HERE, "1"),
            (HERE, "2"),
            (HERE, "3"),
            (HERE, "4"),
        ];
        for kept in [1, 3] {
            let server = keeping(Limits {
                notes_per_place: at_most(kept),
                ..Limits::default()
            })
            .await;
            let expected = &["0", "1", "2", "3"][4 - kept..];
            assert_eq!(answer_to_the_last(&server, &notes).await, expected);
        }
    });
}

#[test]
fn in_all_places_together_the_oldest_notes_make_room() {
    run(async {
        // Two of the three are the fence that tells that the notes have arrived.
        let server = keeping(Limits {
            notes_total: at_most(3),
            ..Limits::default()
        })
        .await;
        let there = point(3, 4);
        let notes = [(HERE, "old"), (there, "newer"), (there, "newest")];
        assert_eq!(answer_to_the_last(&server, &notes).await, ["newer"]);
        let notes = [(HERE, "old"), (there, "newer"), (HERE, "newest")];
        let answer = answer_to_the_last(&server, &notes).await;
        assert!(!answer.contains(&"old".to_owned()), "{answer:?}");
    });
}

#[test]
fn memory_is_bounded_too() {
    run(async {
        let server = keeping(Limits {
            bytes_total: 150_000,
            ..Limits::default()
        })
        .await;
        let long = ["a", "b", "c"].map(|letter| letter.repeat(60_000));
        let notes = [
            (HERE, &long[0][..]),
            (HERE, &long[1]),
            (HERE, &long[2]),
            (HERE, "last"),
        ];
        assert_eq!(answer_to_the_last(&server, &notes).await, long[1..]);
    });
}

#[test]
fn a_note_that_alone_is_too_large_is_refused_and_the_server_goes_on() {
    run(async {
        let server = keeping(Limits {
            bytes_total: 50_000,
            ..Limits::default()
        })
        .await;
        let chat = Chat::open(&server).await;
        chat.post(HERE, &"x".repeat(50_000));
        let (notes, status) = chat.ended().await;
        assert!(notes.is_empty());
        assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
        let notes = [(HERE, "fits"), (HERE, "too")];
        assert_eq!(answer_to_the_last(&server, &notes).await, ["fits"]);
    });
}

#[test]
fn notes_past_their_age_are_not_replayed() {
    run(async {
        // At this age a note is past it as soon as the clock has moved at all.
        let server = keeping(Limits {
            max_age: Duration::ZERO,
            ..Limits::default()
        })
        .await;
        let mut chat = Chat::open(&server).await;
        for text in ["0", "1", "2"] {
            chat.post(HERE, text);
        }
        assert!(chat.finish().await.is_empty());
        chat = Chat::open(&server).await;
        chat.post(HERE, "3");
        assert!(chat.finish().await.is_empty());
    });
}

#[test]
fn a_stream_may_post_at_so_many_places_and_no_more() {
    run(async {
        let server = chatting(ChatSettings {
            shared: ConversationLimits {
                places: at_most(3),
                ..ConversationLimits::default()
            },
            ..ChatSettings::default()
        })
        .await;
        let chat = Chat::open(&server).await;
        for place in [1, 2, 3, 1, 2, 3, 4] {
            chat.post(point(place, 0), "note");
        }
        let (notes, status) = chat.ended().await;
        assert_eq!(notes.len(), 3);
        assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
        assert!(status.message().contains('3'), "{status:?}");
    });
}

/// A note without a location was as long as a message may be. With the location that every note has on its way back it
/// was longer, and ended the call of each client that read at that place.
#[test]
fn a_note_that_can_be_sent_can_be_received() {
    run(async {
        const LIMIT: usize = 4 << 20;
        // What a message of this length takes besides, and what its location 0,0 takes on the way back.
        const AROUND: usize = 5;
        const LOCATION: usize = 2;
        let server = chatting(ChatSettings {
            shared: ConversationLimits {
                note_bytes: LIMIT,
                ..ConversationLimits::default()
            },
            ..ChatSettings::default()
        })
        .await;
        let without_location = |len| RouteNote {
            location: None,
            message: "n".repeat(len),
        };
        let longest = without_location(LIMIT - AROUND - LOCATION);
        let too_long = without_location(LIMIT - AROUND - LOCATION + 1);
        assert!(too_long.encoded_len() < LIMIT);
        let writer = Chat::open(&server).await;
        writer.send(longest.clone());
        writer.send(too_long);
        let (_, status) = writer.ended().await;
        assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
        let stated = "a note of 4194298 bytes is longer than the 4194297 bytes that one may have";
        assert_eq!(status.message(), stated);

        // A client with the limits that it has by default.
        let hello = tokio_stream::iter([without_location(0)]);
        let mut replies = server.guide().route_chat(hello).await.unwrap().into_inner();
        let received = replies.message().await.unwrap().unwrap();
        assert!(received.message == longest.message, "another note");
        assert_eq!(received.encoded_len(), LIMIT);
        assert_eq!(replies.message().await.unwrap(), None);
    });
}

#[test]
fn a_note_has_64_kib_and_who_sends_a_longer_one_is_told_the_flag() {
    run(async {
        let server = TestServer::route_guide().await;
        let mut chat = Chat::open(&server).await;
        chat.post(HERE, &"n".repeat(64 << 10));
        chat.settled().await;
        chat.post(HERE, &"n".repeat((64 << 10) + 1));
        let (_, status) = chat.ended().await;
        assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
        let stated = "a note of 65537 bytes is longer than the 65536 bytes that one may have \
                      (--chat-note-bytes of the server)";
        assert_eq!(status.message(), stated);
    });
}

/// The law of the notebook: a note is never dropped in silence.
#[test]
fn a_reader_overtaken_by_retention_is_told_how_many_notes_it_missed() {
    run(async {
        const KEPT: u64 = 10;
        const POSTED: u64 = 60;
        const LEN: usize = 20_000;
        let server = chatting(ChatSettings {
            notebook: Limits {
                notes_per_place: at_most(10),
                ..Limits::default()
            },
            shared: ConversationLimits {
                page: PageLimit {
                    notes: at_most(1),
                    ..PageLimit::default()
                },
                ..ConversationLimits::default()
            },
            ..ChatSettings::default()
        })
        .await;

        // The reader posts twice, hears its first note, and then does not read: its window takes three
        // notes, the socket is not the limit.
        let mut narrow = Builder::new();
        narrow.initial_window_size(65_535);
        let wire = RawConnection::open_with(&server, &narrow).await;
        let mut reader = wire.call(ROUTE_CHAT, &[]).await;
        let hello = frame(&note(HERE, "hello").encode_to_vec());
        reader.send(hello.clone());
        reader.send(hello.clone());
        assert_eq!(reader.next_bytes().await.unwrap(), hello);

        let mut writer = Chat::open(&server).await;
        for number in 0..POSTED {
            writer.post(HERE, &format!("{number:0LEN$}"));
        }
        writer.settled().await;

        reader.half_close();
        let reply = reader.reply().await;
        let status = reply.status();
        assert_eq!(status.code(), Code::DataLoss, "{status:?}");
        let missed: u64 = reply.trailers[NOTES_MISSED]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!(status.message().contains(&missed.to_string()), "{status:?}");

        let heard: Vec<u64> = reply
            .messages()
            .iter()
            .map(|message| {
                RouteNote::decode(&message[..])
                    .unwrap()
                    .message
                    .parse()
                    .unwrap()
            })
            .collect();
        let expected: Vec<_> = (0..heard.len() as u64).collect();
        assert_eq!(heard, expected, "none is missing before the gap");
        assert!(missed > 0);
        assert!(
            heard.len() as u64 + missed <= POSTED - KEPT,
            "{missed} after {}",
            heard.len()
        );
    });
}

#[test]
fn a_stream_that_was_told_of_its_loss_can_come_back_for_what_is_kept() {
    run(async {
        let server = keeping(Limits {
            notes_per_place: at_most(2),
            ..Limits::default()
        })
        .await;
        let mut writer = Chat::open(&server).await;
        for text in ["0", "1", "2", "3"] {
            writer.post(HERE, text);
        }
        writer.settled().await;
        let chat = Chat::open(&server).await;
        chat.post(HERE, "back");
        assert_eq!(chat.finish().await, ["2", "3"]);
    });
}

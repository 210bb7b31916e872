//! `RouteChat`: who gets which notes, and when.

use std::collections::BTreeSet;

use route_guide_proto::routeguide::Point;
use route_guide_server::{ChatScope, ChatSettings, RouteGuideSettings};
use route_guide_tests::{Chat, TestServer, note, point, run};

const HERE: Point = Point {
    latitude: 407_838_351,
    longitude: -746_143_763,
};

const ELSEWHERE: Point = Point {
    latitude: 407_838_351,
    longitude: -746_143_762,
};

async fn private_server() -> TestServer {
    TestServer::route_guide_with(RouteGuideSettings {
        chat: ChatSettings {
            scope: ChatScope::Stream,
            ..ChatSettings::default()
        },
        ..RouteGuideSettings::default()
    })
    .await
}

/// Posts notes in one stream and half-closes at once.
async fn answers(server: &TestServer, notes: &[(Point, &str)]) -> Vec<String> {
    let chat = Chat::open(server).await;
    for (place, text) in notes {
        chat.post(*place, text);
    }
    chat.finish().await
}

#[test]
fn the_tutorials_five_notes_bring_back_the_first_and_the_third() {
    run(async {
        for server in [TestServer::route_guide().await, private_server().await] {
            let notes = [
                (point(0, 0), "First message"),
                (point(0, 1), "Second message"),
                (point(1, 0), "Third message"),
                (point(0, 0), "Fourth message"),
                (point(1, 0), "Fifth message"),
            ];
            assert_eq!(
                answers(&server, &notes).await,
                ["First message", "Third message"]
            );
        }
    });
}

#[test]
fn three_notes_at_one_place_bring_back_0_0_1() {
    run(async {
        for server in [TestServer::route_guide().await, private_server().await] {
            let notes = [(HERE, "0"), (HERE, "1"), (HERE, "2")];
            assert_eq!(answers(&server, &notes).await, ["0", "0", "1"]);
        }
    });
}

#[test]
fn a_note_is_answered_with_every_earlier_one_there_oldest_first_and_comes_with_its_place() {
    run(async {
        let server = TestServer::route_guide().await;
        let mut first = Chat::open(&server).await;
        for text in ["one", "", "Größe 名前"] {
            first.post(HERE, text);
        }
        first.post(ELSEWHERE, "elsewhere");
        first.settled().await;

        let mut second = Chat::open(&server).await;
        second.post(HERE, "and I");
        for text in ["one", "", "Größe 名前"] {
            assert_eq!(second.next_note().await, note(HERE, text));
        }
        assert!(second.finish().await.is_empty());
    });
}

#[test]
fn what_was_sent_before_the_half_close_is_answered_after_it() {
    run(async {
        let server = TestServer::route_guide().await;
        let texts: Vec<_> = (0..100).map(|number| number.to_string()).collect();
        let notes: Vec<_> = texts.iter().map(|text| (HERE, text.as_str())).collect();
        let expected: Vec<_> = (0..100)
            .flat_map(|earlier| texts[..earlier].to_vec())
            .collect();
        assert_eq!(answers(&server, &notes).await, expected);
    });
}

#[test]
fn a_chat_without_a_note_ends_with_ok() {
    run(async {
        let server = TestServer::route_guide().await;
        assert!(answers(&server, &[]).await.is_empty());
    });
}

#[test]
fn notes_outlive_the_stream_that_sent_them() {
    run(async {
        let server = TestServer::route_guide().await;
        answers(&server, &[(HERE, "left behind")]).await;
        assert_eq!(answers(&server, &[(HERE, "found")]).await, ["left behind"]);
    });
}

/// No rollback: a cancelled call takes nothing back.
#[test]
fn a_note_sent_before_a_cancel_stays() {
    run(async {
        let server = TestServer::route_guide().await;
        let mut chat = Chat::open(&server).await;
        chat.post(HERE, "before the cancel");
        chat.settled().await;
        drop(chat);
        assert_eq!(
            answers(&server, &[(HERE, "after it")]).await,
            ["before the cancel"]
        );
    });
}

#[test]
fn who_has_posted_at_a_place_gets_others_later_notes_there_as_they_come() {
    run(async {
        let server = TestServer::route_guide().await;
        let mut here = Chat::open(&server).await;
        here.post(HERE, "hello");
        here.settled().await;
        let mut elsewhere = Chat::open(&server).await;
        elsewhere.post(ELSEWHERE, "not here");
        elsewhere.settled().await;
        let mut silent = Chat::open(&server).await;

        let mut other = Chat::open(&server).await;
        other.post(HERE, "one");
        assert_eq!(here.next_note().await, note(HERE, "one"));
        other.post(HERE, "two");
        assert_eq!(here.next().await, "two");

        assert!(here.finish().await.is_empty(), "each note comes once");
        assert!(elsewhere.settled().await.is_empty());
        assert!(
            elsewhere.finish().await.is_empty(),
            "it has not posted here"
        );
        assert!(silent.settled().await.is_empty());
        assert!(silent.finish().await.is_empty(), "it has posted nowhere");
        assert_eq!(other.settled().await, ["hello", "hello", "one"]);
    });
}

#[test]
fn a_sender_does_not_hear_its_own_note() {
    run(async {
        let server = TestServer::route_guide().await;
        let mut sender = Chat::open(&server).await;
        let mut listener = Chat::open(&server).await;
        listener.post(HERE, "listening");
        listener.settled().await;
        sender.post(HERE, "sent");
        assert_eq!(sender.next().await, "listening");
        // Whoever hears it proves that it has gone round.
        assert_eq!(listener.next().await, "sent");
        assert!(sender.settled().await.is_empty());
        assert!(sender.finish().await.is_empty());
        assert!(listener.finish().await.is_empty());
    });
}

#[test]
fn a_replay_covers_notes_that_were_delivered_live_and_the_senders_own() {
    run(async {
        let server = TestServer::route_guide().await;
        let mut chat = Chat::open(&server).await;
        chat.post(HERE, "mine");
        chat.settled().await;
        let mut other = Chat::open(&server).await;
        other.post(HERE, "live");
        assert_eq!(chat.next().await, "live");
        chat.post(HERE, "again");
        assert_eq!(chat.finish().await, ["mine", "live"]);
        assert_eq!(other.next().await, "mine");
        assert_eq!(other.next().await, "again");
        assert!(other.finish().await.is_empty());
    });
}

/// The tutorial's server has ten threads, so the eleventh chat waited for ever.
#[test]
fn sixty_open_chats_each_get_the_note_of_every_other_exactly_once() {
    run(async {
        let server = TestServer::route_guide().await;
        let mut chats = Vec::new();
        for number in 0..60 {
            let chat = Chat::open(&server).await;
            chat.post(HERE, &number.to_string());
            chats.push(chat);
        }
        // One half of them hears as replay, the other half live; a note could come both ways or neither.
        for (number, chat) in chats.iter_mut().enumerate() {
            let mut heard = BTreeSet::new();
            for _ in 0..59 {
                let text = chat.next().await;
                assert!(heard.insert(text.clone()), "{number} heard {text} twice");
            }
            assert!(
                !heard.contains(&number.to_string()),
                "{number} heard itself"
            );
        }
        for chat in chats {
            assert!(chat.finish().await.is_empty());
        }
    });
}

#[test]
fn a_burst_reaches_every_listener_in_order_and_once() {
    run(async {
        let server = TestServer::route_guide().await;
        let mut listeners = Vec::new();
        for _ in 0..8 {
            let mut listener = Chat::open(&server).await;
            // Its own place too, so that it has several cursors.
            listener.post(ELSEWHERE, "hello");
            listener.post(HERE, "hello");
            listener.settled().await;
            listeners.push(listener);
        }
        let mut sender = Chat::open(&server).await;
        let texts: Vec<_> = (0..90).map(|number| number.to_string()).collect();
        for text in &texts {
            sender.post(HERE, text);
        }
        sender.settled().await;
        for listener in listeners {
            let mut heard = listener.finish().await;
            // Before the burst it heard the greetings of those that came after it.
            heard.retain(|text| text != "hello");
            assert_eq!(heard, texts);
        }
    });
}

#[test]
fn in_scope_stream_nothing_leaves_the_call() {
    run(async {
        let server = private_server().await;
        let mut first = Chat::open(&server).await;
        first.post(HERE, "first");
        first.settled().await;
        let mut second = Chat::open(&server).await;
        second.post(HERE, "second");
        assert!(second.settled().await.is_empty());
        first.post(HERE, "third");
        assert_eq!(first.settled().await, ["first"]);
        assert!(second.finish().await.is_empty());
        assert!(first.finish().await.is_empty());
    });
}

//! Clients that leave, stop or never finish: the server goes on, and nothing of their calls stays behind.
//!
//! That nothing stays is seen in the drain: its time limit is an hour, so it only ends, and counts no cut
//! call, if no call is left.

use std::time::Duration;

use route_guide_server::{GreeterSettings, RouteGuideSettings, ServingSettings};
use route_guide_tests::paths::{
    BIDI_HELLO, GET_FEATURE, LIST_FEATURES, LOTS_OF_GREETINGS, LOTS_OF_REPLIES, RECORD_ROUTE,
    ROUTE_CHAT, SAY_HELLO, SAY_HELLO_BIDI_STREAM, SAY_HELLO_STREAM_REPLY,
};
use route_guide_tests::{Chat, RawCall, RawConnection, TestServer, frame, hex, point, run};
use tokio::net::TcpStream;
use tonic::Code;

const HOUR: Duration = Duration::from_secs(3_600);

const ROUTE_GUIDE: [&str; 4] = [GET_FEATURE, LIST_FEATURES, RECORD_ROUTE, ROUTE_CHAT];
const GREETINGS: [&str; 6] = [
    SAY_HELLO,
    SAY_HELLO_STREAM_REPLY,
    SAY_HELLO_BIDI_STREAM,
    LOTS_OF_REPLIES,
    LOTS_OF_GREETINGS,
    BIDI_HELLO,
];

fn patient() -> ServingSettings {
    ServingSettings {
        drain_timeout: HOUR,
        ..ServingSettings::default()
    }
}

/// Both servers, with the methods that each has.
async fn servers() -> [(TestServer, &'static [&'static str]); 2] {
    let guide = RouteGuideSettings {
        serving: patient(),
        ..RouteGuideSettings::default()
    };
    // Replies an hour apart: their streams are open until somebody ends them.
    let mut greetings = GreeterSettings {
        serving: patient(),
        ..GreeterSettings::default()
    };
    greetings.replies.interval = HOUR;
    [
        (TestServer::route_guide_with(guide).await, &ROUTE_GUIDE),
        (TestServer::greetings_with(greetings).await, &GREETINGS),
    ]
}

async fn check_nothing_stays(server: TestServer) {
    server.still_answers().await;
    assert_eq!(server.stop().await.cut_calls, 0);
}

/// The ways in which a request can be unfinished.
async fn unfinished(wire: &RawConnection, path: &str) -> [RawCall; 4] {
    let nothing = wire.call(path, &[]).await;
    let mut half_a_prefix = wire.call(path, &[]).await;
    half_a_prefix.send(&[0, 0][..]);
    let mut half_a_message = wire.call(path, &[]).await;
    half_a_message.send(hex("00 00 00 00 10 08 01"));
    let mut messages = wire.call(path, &[]).await;
    messages.send(frame(&[]));
    [nothing, half_a_prefix, half_a_message, messages]
}

/// Waits until the server has seen everything sent before on the connection.
async fn taken(wire: &RawConnection) {
    let reply = wire.unary("/grpc.health.v1.Health/Check", &[], &[]).await;
    assert_eq!(reply.status().code(), Code::Ok);
}

#[test]
fn clients_that_vanish_leave_nothing_behind() {
    run(async {
        for (server, paths) in servers().await {
            for path in paths {
                let wire = RawConnection::open(&server).await;
                let calls = unfinished(&wire, path).await;
                taken(&wire).await;
                wire.vanish().await;
                drop(calls);
            }
            check_nothing_stays(server).await;
        }
    });
}

#[test]
fn clients_that_cancel_leave_nothing_behind() {
    run(async {
        for (server, paths) in servers().await {
            for path in paths {
                let wire = RawConnection::open(&server).await;
                let calls = unfinished(&wire, path).await;
                taken(&wire).await;
                for call in calls {
                    call.cancel();
                }
                taken(&wire).await;
            }
            check_nothing_stays(server).await;
        }
    });
}

#[test]
fn clients_that_cancel_at_once_leave_nothing_behind() {
    run(async {
        for (server, paths) in servers().await {
            for path in paths {
                let wire = RawConnection::open(&server).await;
                for call in unfinished(&wire, path).await {
                    call.cancel();
                }
            }
            check_nothing_stays(server).await;
        }
    });
}

#[test]
fn clients_that_never_half_close_do_not_keep_others_from_being_served() {
    run(async {
        for (server, paths) in servers().await {
            let wire = RawConnection::open(&server).await;
            let mut waiting = Vec::new();
            for path in paths {
                waiting.extend(unfinished(&wire, path).await);
            }
            taken(&wire).await;
            server.still_answers().await;
            drop(waiting);
            check_nothing_stays(server).await;
        }
    });
}

#[test]
fn a_half_close_in_the_middle_of_a_message_is_an_internal_error() {
    run(async {
        for (server, paths) in servers().await {
            for path in paths {
                let wire = RawConnection::open(&server).await;
                let [_, half_a_prefix, half_a_message, _] = unfinished(&wire, path).await;
                for mut cut in [half_a_prefix, half_a_message] {
                    cut.half_close();
                    let status = cut.reply().await.status();
                    assert_eq!(status.code(), Code::Internal, "{path}: {status:?}");
                }
            }
            check_nothing_stays(server).await;
        }
    });
}

#[test]
fn clients_that_leave_in_the_middle_of_a_reply_leave_nothing_behind() {
    run(async {
        let [(server, _), _] = servers().await;
        for leave in [Leave::Cancel, Leave::Vanish] {
            let mut narrow = h2::client::Builder::new();
            narrow.initial_window_size(10);
            let wire = RawConnection::open_with(&server, &narrow).await;
            let mut list = wire.call(LIST_FEATURES, &[]).await;
            list.send(frame(&hex(
                "0a 11 08 80 88 de be 01 10 80 d1 af 9a fd ff ff ff ff 01 \
                 12 11 08 80 e2 a2 c8 01 10 80 ab f4 a3 fd ff ff ff ff 01",
            )));
            list.half_close();
            list.next_bytes().await.unwrap();
            match leave {
                Leave::Cancel => list.cancel(),
                Leave::Vanish => wire.vanish().await,
            }
        }
        check_nothing_stays(server).await;
    });
}

enum Leave {
    Cancel,
    Vanish,
}

#[test]
fn a_listener_that_vanishes_does_not_disturb_the_chat_of_others() {
    run(async {
        let [(server, _), _] = servers().await;
        let here = point(1, 2);
        let mut chats = Vec::new();
        for _ in 0..20 {
            let mut chat = Chat::open(&server).await;
            chat.post(here, "hello");
            chat.settled().await;
            chats.push(chat);
        }
        let mut speaker = chats.pop().unwrap();
        drop(chats);
        for text in ["one", "two"] {
            speaker.post(here, text);
        }
        speaker.settled().await;
        speaker.finish().await;
        check_nothing_stays(server).await;
    });
}

#[test]
fn connections_that_say_nothing_cost_nobody_anything() {
    run(async {
        let [(server, _), _] = servers().await;
        let mut silent = Vec::new();
        for _ in 0..100 {
            silent.push(TcpStream::connect(server.address()).await.unwrap());
        }
        server.still_answers().await;
        assert_eq!(server.stop().await.cut_calls, 0);
        drop(silent);
    });
}

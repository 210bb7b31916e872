//! Deadlines bound the whole call, and the server says `DEADLINE_EXCEEDED` even if its client says nothing.
//!
//! The calls are raw ones: a gRPC library would bound them itself and hide what the server does.

use std::time::{Duration, Instant};

use prost::Message;
use route_guide_proto::routeguide::{Point, RouteNote};
use route_guide_server::{GreeterSettings, ReplySettings};
use route_guide_tests::paths::{
    BIDI_HELLO, GET_FEATURE, LIST_FEATURES, LOTS_OF_GREETINGS, LOTS_OF_REPLIES, RECORD_ROUTE,
    ROUTE_CHAT, SAY_HELLO, SAY_HELLO_BIDI_STREAM, SAY_HELLO_STREAM_REPLY,
};
use route_guide_tests::{Chat, RawConnection, TestServer, frame, note, point, run, wide_windows};
use tonic::Code;

const TIMEOUT: (&str, &str) = ("grpc-timeout", "200m");

async fn replying(count: u32, interval: Duration) -> TestServer {
    TestServer::greetings_with(GreeterSettings {
        replies: ReplySettings { count, interval },
        ..GreeterSettings::default()
    })
    .await
}

/// Opens fifty calls of each method at once, whose requests never end, and waits for their ends.
async fn check_all_expire(server: &TestServer, paths: &[&str], request: &[u8]) {
    let start = Instant::now();
    let mut calls = Vec::new();
    for path in paths {
        let wire = RawConnection::open(server).await;
        for _ in 0..50 {
            let mut call = wire.call(path, &[TIMEOUT]).await;
            call.send(request.to_vec());
            calls.push((path, call));
        }
    }
    for (path, call) in calls {
        let status = call.reply().await.status();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{path}: {status:?}");
        assert!(
            start.elapsed() >= Duration::from_millis(200),
            "{path} ended early"
        );
    }
    server.still_answers().await;
}

#[test]
fn unary_calls_end_with_deadline_exceeded_every_time() {
    run(async {
        let server = TestServer::route_guide().await;
        check_all_expire(&server, &[GET_FEATURE], &[]).await;
        let server = TestServer::greetings().await;
        check_all_expire(&server, &[SAY_HELLO], &[]).await;
    });
}

#[test]
fn streaming_requests_end_with_deadline_exceeded_every_time() {
    run(async {
        let server = TestServer::route_guide().await;
        check_all_expire(&server, &[LIST_FEATURES], &[]).await;
        let paths = [RECORD_ROUTE, ROUTE_CHAT];
        check_all_expire(&server, &paths, &frame(&[])).await;
        let server = TestServer::greetings().await;
        let paths = [SAY_HELLO_BIDI_STREAM, LOTS_OF_GREETINGS, BIDI_HELLO];
        check_all_expire(&server, &paths, &frame(&[])).await;
    });
}

/// tonic alone bounds the time to the response headers: a stream went on for four seconds after 500 ms.
#[test]
fn response_streams_are_cut_in_the_middle() {
    run(async {
        let server = replying(2, Duration::from_secs(3_600)).await;
        for path in [SAY_HELLO_STREAM_REPLY, LOTS_OF_REPLIES] {
            let wire = RawConnection::open(&server).await;
            let reply = wire.unary(path, &[TIMEOUT], &[]).await;
            assert_eq!(reply.head.status, 200);
            assert_eq!(reply.messages().len(), 1, "{path}");
            assert_eq!(reply.trailers["grpc-status"], "4", "{path}");
        }
    });
}

#[test]
fn a_stream_that_always_has_something_to_send_is_cut_too() {
    run(async {
        let server = replying(u32::MAX, Duration::ZERO).await;
        let wire = RawConnection::open(&server).await;
        let reply = wire.unary(LOTS_OF_REPLIES, &[TIMEOUT], &[]).await;
        assert_eq!(reply.status().code(), Code::DeadlineExceeded);
    });
}

/// The window is full and stays so, and the trailers need none.
#[test]
fn a_stream_that_nobody_reads_is_cut_too() {
    run(async {
        let server = replying(u32::MAX, Duration::ZERO).await;
        let mut narrow = wide_windows();
        narrow.initial_window_size(1_000);
        let wire = RawConnection::open_with(&server, &narrow).await;
        let mut unread = wire.call(LOTS_OF_REPLIES, &[TIMEOUT]).await;
        unread.send(frame(&[]));
        unread.half_close();
        unread.head().await;
        // By the time this one has expired, the other has, too.
        let other = wire.call(BIDI_HELLO, &[("grpc-timeout", "500m")]).await;
        assert_eq!(other.reply().await.status().code(), Code::DeadlineExceeded);
        // The unread call does not hold up the end of the server.
        assert_eq!(server.stop().await.cut_calls, 0);
    });
}

#[test]
fn an_expired_deadline_is_told_at_once_and_nothing_is_done() {
    run(async {
        let server = TestServer::route_guide().await;
        let wire = RawConnection::open(&server).await;
        let place = point(5, 5);
        let message = note(place, "too late").encode_to_vec();
        for timeout in ["0n", "0m", "0S", "00000000H"] {
            for path in [GET_FEATURE, LIST_FEATURES, RECORD_ROUTE, ROUTE_CHAT] {
                let request = if path == ROUTE_CHAT {
                    &message[..]
                } else {
                    &[]
                };
                let reply = wire
                    .unary(path, &[("grpc-timeout", timeout)], request)
                    .await;
                let status = reply.status();
                assert_eq!(status.code(), Code::DeadlineExceeded, "{path} in {timeout}");
                assert!(reply.body.is_empty(), "{path} in {timeout}: {reply:?}");
            }
        }
        let chat = Chat::open(&server).await;
        chat.post(place, "in time");
        assert!(chat.finish().await.is_empty(), "the late note was taken");
    });
}

#[test]
fn a_deadline_far_away_disturbs_nothing() {
    run(async {
        let server = TestServer::route_guide().await;
        let wire = RawConnection::open(&server).await;
        for timeout in [
            "99999999H",
            "99999999M",
            "99999999S",
            "99999999m",
            "60000000u",
        ] {
            for path in [GET_FEATURE, LIST_FEATURES, RECORD_ROUTE, ROUTE_CHAT] {
                let reply = wire.unary(path, &[("grpc-timeout", timeout)], &[]).await;
                assert_eq!(reply.status().code(), Code::Ok, "{path} in {timeout}");
            }
        }
    });
}

#[test]
fn a_malformed_timeout_is_an_internal_error_and_no_call_without_a_deadline() {
    run(async {
        let server = TestServer::route_guide().await;
        let wire = RawConnection::open(&server).await;
        for timeout in [
            "",
            "5",
            "S",
            "123456789S",
            "-1S",
            "1s",
            "1.5S",
            "1 S",
            "soon",
            "0x1S",
        ] {
            for path in [GET_FEATURE, LIST_FEATURES, RECORD_ROUTE, ROUTE_CHAT] {
                let reply = wire.unary(path, &[("grpc-timeout", timeout)], &[]).await;
                let status = reply.status();
                assert_eq!(status.code(), Code::Internal, "{path} in {timeout:?}");
                assert!(status.message().contains("grpc-timeout"), "{status:?}");
            }
        }
        server.still_answers().await;
    });
}

#[test]
fn calls_on_one_connection_expire_each_at_its_own_time() {
    run(async {
        let server = TestServer::route_guide().await;
        let wire = RawConnection::open(&server).await;
        let mut without = wire.call(RECORD_ROUTE, &[]).await;
        let long = wire.call(RECORD_ROUTE, &[("grpc-timeout", "400m")]).await;
        let short = wire.call(RECORD_ROUTE, &[("grpc-timeout", "100m")]).await;
        assert_eq!(short.reply().await.status().code(), Code::DeadlineExceeded);
        assert_eq!(long.reply().await.status().code(), Code::DeadlineExceeded);
        without.half_close();
        assert_eq!(without.reply().await.status().code(), Code::Ok);
    });
}

#[test]
fn an_expired_chat_takes_no_note_back() {
    run(async {
        let server = TestServer::route_guide().await;
        let wire = RawConnection::open(&server).await;
        let place = Point::default();
        let mut expiring = wire.call(ROUTE_CHAT, &[("grpc-timeout", "300m")]).await;
        let sent = frame(&note(place, "sent in time").encode_to_vec());
        expiring.send(sent.clone());
        expiring.send(sent);
        let reply = expiring.reply().await;
        assert_eq!(reply.status().code(), Code::DeadlineExceeded);
        let replays = reply.messages();
        let chat = Chat::open(&server).await;
        chat.post(place, "later");
        let kept = chat.finish().await;
        // Even if the machine was so slow that not both had been taken, what was replayed is kept.
        for message in replays {
            let note = RouteNote::decode(&message[..]).unwrap();
            assert!(kept.contains(&note.message), "{kept:?}");
        }
    });
}

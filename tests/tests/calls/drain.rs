//! The orderly end: who is told what, who may finish, and who is cut.

use std::time::Duration;

use prost::Message;
use route_guide_proto::routeguide::{Feature, RouteSummary};
use route_guide_server::{RouteGuideSettings, ServingSettings};
use route_guide_tests::paths::{GET_FEATURE, LIST_FEATURES, RECORD_ROUTE, ROUTE_CHAT};
use route_guide_tests::{Chat, RawConnection, TestServer, frame, hex, point, run, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

const HOUR: Duration = Duration::from_secs(3_600);

/// A server that waits so long for calls to finish.
async fn patient(drain_timeout: Duration) -> TestServer {
    TestServer::route_guide_with(RouteGuideSettings {
        serving: ServingSettings {
            drain_timeout,
            ..ServingSettings::default()
        },
        ..RouteGuideSettings::default()
    })
    .await
}

#[test]
fn open_chats_end_with_unavailable_at_once_and_are_not_counted_as_cut() {
    run(async {
        let server = patient(HOUR).await;
        let mut chats = Vec::new();
        for place in 0..20 {
            let mut chat = Chat::open(&server).await;
            chat.post(point(place, 0), "hello");
            chat.settled().await;
            chats.push(chat);
        }
        let draining = server.begin_drain();
        for mut chat in chats {
            let status = chat.cut().await;
            assert_eq!(status.code(), Code::Unavailable);
            assert_eq!(status.message(), "server is draining");
        }
        assert_eq!(draining.ended().await.cut_calls, 0);
    });
}

#[test]
fn a_unary_call_in_flight_is_answered() {
    run(async {
        let server = patient(HOUR).await;
        let mut witness = Chat::open(&server).await;
        let wire = RawConnection::open(&server).await;
        let mut question = wire.call(GET_FEATURE, &[]).await;
        // The head of a later call on the connection says that the question has begun.
        let mut route = wire.call(RECORD_ROUTE, &[]).await;
        route.head().await;
        let draining = server.begin_drain();
        witness.cut().await;

        question.send(frame(&hex(
            "08 8f bd bc c2 01 10 ed ff 9a 9c fd ff ff ff ff 01",
        )));
        question.half_close();
        let reply = question.reply().await;
        assert_eq!(reply.status().code(), Code::Ok);
        let feature = Feature::decode(&reply.messages()[0][..]).unwrap();
        assert_eq!(feature.name, "Patriots Path, Mendham, NJ 07945, USA");
        route.half_close();
        route.reply().await;
        assert_eq!(draining.ended().await.cut_calls, 0);
    });
}

#[test]
fn a_route_in_flight_is_recorded_to_its_end() {
    run(async {
        let server = patient(HOUR).await;
        let mut witness = Chat::open(&server).await;
        let wire = RawConnection::open(&server).await;
        let mut route = wire.call(RECORD_ROUTE, &[]).await;
        route.send(frame(&[]));
        route.head().await;
        let draining = server.begin_drain();
        witness.cut().await;
        route.send(frame(&[]));
        route.send(frame(&[]));
        route.half_close();
        let reply = route.reply().await;
        assert_eq!(reply.status().code(), Code::Ok);
        let summary = RouteSummary::decode(&reply.messages()[0][..]).unwrap();
        assert_eq!(summary.point_count, 3);
        assert_eq!(draining.ended().await.cut_calls, 0);
        assert!(wire.closed().await.is_ok(), "the connection ends in order");
    });
}

#[test]
fn what_outlasts_the_timeout_is_cut_with_unavailable_and_counted() {
    run(async {
        let server = patient(Duration::from_millis(100)).await;
        let wire = RawConnection::open(&server).await;
        let mut calls = Vec::new();
        for path in [GET_FEATURE, LIST_FEATURES, RECORD_ROUTE, ROUTE_CHAT] {
            calls.push((path, wire.call(path, &[]).await));
        }
        let mut last = wire.call(RECORD_ROUTE, &[]).await;
        last.head().await;
        calls.push((RECORD_ROUTE, last));
        let draining = server.begin_drain();
        for (path, call) in calls {
            let status = call.reply().await.status();
            assert_eq!(status.code(), Code::Unavailable, "{path}");
            assert_eq!(status.message(), "server is draining", "{path}");
        }
        // The chat was ended when the drain began.
        assert_eq!(draining.ended().await.cut_calls, 4);
    });
}

#[test]
fn health_turns_not_serving_and_watchers_are_told_before_they_end() {
    run(async {
        let server = patient(HOUR).await;
        let mut health = HealthClient::new(server.channel());
        let mut watches = Vec::new();
        for service in ["", "routeguide.RouteGuide"] {
            let request = HealthCheckRequest {
                service: service.to_owned(),
            };
            let mut watch = health.watch(request).await.unwrap().into_inner();
            let state = within("the state", watch.message()).await.unwrap().unwrap();
            assert_eq!(state.status(), ServingStatus::Serving);
            watches.push(watch);
        }
        // A route keeps the server from ending, and its connection open for a question.
        let wire = RawConnection::open(&server).await;
        let mut route = wire.call(RECORD_ROUTE, &[]).await;
        route.head().await;
        let draining = server.begin_drain();
        for mut watch in watches {
            let state = within("the new state", watch.message())
                .await
                .unwrap()
                .unwrap();
            assert_eq!(state.status(), ServingStatus::NotServing);
            let status = within("the end", watch.message()).await.unwrap_err();
            assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        }
        route.half_close();
        route.reply().await;
        assert_eq!(draining.ended().await.cut_calls, 0);
    });
}

#[test]
fn new_connections_are_refused() {
    run(async {
        let server = patient(HOUR).await;
        let address = server.address().to_owned();
        let wire = RawConnection::open(&server).await;
        let mut route = wire.call(RECORD_ROUTE, &[]).await;
        route.head().await;
        let draining = server.begin_drain();
        // One that slipped in before the socket was closed is closed itself.
        let refused = async {
            while let Ok(mut slipped_in) = TcpStream::connect(&address).await {
                let _ = slipped_in.read_to_end(&mut Vec::new()).await;
            }
        };
        within("a refusal", refused).await;
        route.half_close();
        assert_eq!(route.reply().await.status().code(), Code::Ok);
        assert_eq!(draining.ended().await.cut_calls, 0);
    });
}

#[test]
fn connections_without_calls_do_not_hold_the_drain_whatever_they_do() {
    run(async {
        let server = patient(HOUR).await;
        // One answers the farewell, one has never said a word, one has stopped after the preface, and one
        // has its whole handshake behind it and reads no more.
        let answering = RawConnection::open(&server).await;
        answering.unary(GET_FEATURE, &[], &[]).await;
        let silent = TcpStream::connect(server.address()).await.unwrap();
        let mut half = TcpStream::connect(server.address()).await.unwrap();
        half.write_all(b"PRI * HTTP/2.0\r\n").await.unwrap();
        let mut deaf = TcpStream::connect(server.address()).await.unwrap();
        let handshake =
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\0\x04\x01\0\0\0\0";
        deaf.write_all(handshake).await.unwrap();
        // Its first byte says that the server has taken it in.
        within("the server's settings", deaf.read_u8())
            .await
            .unwrap();

        assert_eq!(server.stop().await.cut_calls, 0);
        assert!(answering.closed().await.is_ok());
        drop((silent, half, deaf));
    });
}

#[test]
fn a_client_that_vanished_does_not_hold_the_drain() {
    run(async {
        let server = patient(HOUR).await;
        let wire = RawConnection::open(&server).await;
        let mut route = wire.call(RECORD_ROUTE, &[]).await;
        route.head().await;
        let draining = server.begin_drain();
        wire.vanish().await;
        assert_eq!(draining.ended().await.cut_calls, 0);
    });
}

/// What waits for the window of a reader that reads no more must not keep the server from ending.
#[test]
fn a_chat_that_nobody_reads_does_not_hold_the_drain() {
    run(async {
        let server = patient(HOUR).await;
        let mut narrow = h2::client::Builder::new();
        narrow.initial_window_size(100);
        let wire = RawConnection::open_with(&server, &narrow).await;
        let mut unread = wire.call(ROUTE_CHAT, &[]).await;
        unread.head().await;
        for _ in 0..100 {
            // At 0,0, with the text "hi".
            unread.send(frame(&hex("0a 00 12 02 68 69")));
        }
        let mut witness = Chat::open(&server).await;
        witness.settled().await;
        assert_eq!(server.stop().await.cut_calls, 0);
    });
}

#[test]
fn a_server_without_connections_ends_at_once() {
    run(async {
        let server = patient(HOUR).await;
        assert_eq!(server.stop().await.cut_calls, 0);
    });
}

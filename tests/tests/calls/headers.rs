//! Response headers come before the first message of a streaming call, and before anything is sent.
//!
//! A client that waits for them before it writes would otherwise wait for ever.

use route_guide_server::{GreeterSettings, ReplySettings};
use route_guide_tests::paths::{
    BIDI_HELLO, LIST_FEATURES, LOTS_OF_GREETINGS, LOTS_OF_REPLIES, RECORD_ROUTE, ROUTE_CHAT,
    SAY_HELLO_BIDI_STREAM, SAY_HELLO_STREAM_REPLY,
};
use route_guide_tests::{RawConnection, TestServer, frame, run};
use tonic::Code;

/// The head arrives while the request is open and empty, and the call works afterwards.
async fn check(server: &TestServer, path: &str) {
    let wire = RawConnection::open(server).await;
    let mut call = wire.call(path, &[]).await;
    let head = call.head().await;
    assert_eq!(head.status, 200, "{path}");
    assert_eq!(head.headers["content-type"], "application/grpc", "{path}");
    assert!(
        !head.headers.contains_key("grpc-status"),
        "{path}: {head:?}"
    );
    call.send(frame(&[]));
    call.half_close();
    assert_eq!(call.reply().await.status().code(), Code::Ok, "{path}");
}

#[test]
fn record_route_sends_them_before_the_first_point() {
    run(async { check(&TestServer::route_guide().await, RECORD_ROUTE).await });
}

#[test]
fn route_chat_sends_them_before_the_first_note() {
    run(async { check(&TestServer::route_guide().await, ROUTE_CHAT).await });
}

#[test]
fn the_greeters_bidirectional_method_sends_them_before_the_first_request() {
    run(async { check(&TestServer::greetings().await, SAY_HELLO_BIDI_STREAM).await });
}

#[test]
fn lots_of_greetings_sends_them_before_the_first_greeting() {
    run(async { check(&TestServer::greetings().await, LOTS_OF_GREETINGS).await });
}

#[test]
fn bidi_hello_sends_them_before_the_first_greeting() {
    run(async { check(&TestServer::greetings().await, BIDI_HELLO).await });
}

/// These need their one request; then the headers must not wait for a message to be there.
#[test]
fn server_streaming_methods_send_them_though_there_is_no_message() {
    run(async {
        let silent = GreeterSettings {
            replies: ReplySettings {
                count: 0,
                ..ReplySettings::default()
            },
            ..GreeterSettings::default()
        };
        let greetings = TestServer::greetings_with(silent).await;
        let places = TestServer::route_guide().await;
        for (server, path) in [
            (&places, LIST_FEATURES),
            (&greetings, SAY_HELLO_STREAM_REPLY),
            (&greetings, LOTS_OF_REPLIES),
        ] {
            let wire = RawConnection::open(server).await;
            let reply = wire.unary(path, &[], &[]).await;
            assert_eq!(reply.status().code(), Code::Ok, "{path}");
            assert!(reply.body.is_empty(), "{path}");
        }
    });
}

/// A failure that comes after the headers has to stand in the trailers.
#[test]
fn an_error_after_early_headers_is_told_in_the_trailers() {
    run(async {
        let server = TestServer::route_guide().await;
        let wire = RawConnection::open(&server).await;
        for path in [RECORD_ROUTE, ROUTE_CHAT] {
            let mut call = wire.call(path, &[]).await;
            call.head().await;
            // A note whose text is no text, and a point whose latitude has no end.
            call.send(frame(&[0x12, 0x01, 0xff, 0x08]));
            let reply = call.reply().await;
            assert!(!reply.head.headers.contains_key("grpc-status"), "{path}");
            assert_eq!(reply.trailers["grpc-status"], "13", "{path}: {reply:?}");
        }
    });
}

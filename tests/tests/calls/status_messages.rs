//! What a status message says: which part of the request decides, what is expected of it, and all that within a kibibyte.

use route_guide_tests::paths::{
    BIDI_HELLO, GET_FEATURE, LIST_FEATURES, RECORD_ROUTE, ROUTE_CHAT, SAY_HELLO,
};
use route_guide_tests::{RawConnection, TestServer, frame, framed, hex, run};
use tonic::Code;

const CHECK: &str = "/grpc.health.v1.Health/Check";

/// A call must end with a code and a short message that has these parts.
async fn check(
    server: &TestServer,
    path: &str,
    headers: &[(&str, &str)],
    request: impl Into<bytes::Bytes>,
    code: Code,
    parts: &[&str],
) {
    let wire = RawConnection::open(server).await;
    let mut call = wire.call(path, headers).await;
    call.send(request);
    call.half_close();
    let reply = call.reply().await;
    let status = reply.status();
    assert_eq!(status.code(), code, "{path}: {status:?}");
    let message = status.message();
    assert!(message.len() <= 1024, "{path}: {} bytes", message.len());
    for part in parts {
        assert!(message.contains(part), "{path}: no {part:?} in {message:?}");
    }
    // Whatever else there is, a client that accepts 8 KiB of headers keeps the status.
    for (name, value) in reply.head.headers.iter().chain(&reply.trailers) {
        assert!(value.len() <= 4096, "{path}: {} in {name}", value.len());
    }
    server.still_answers().await;
}

#[test]
fn a_refusal_names_what_decides_and_what_is_expected() {
    run(async {
        let server = TestServer::route_guide().await;
        let off = frame(&hex("08 81 d2 93 ad 03"));
        let said = ["latitude 900000001", "±900000000"];
        check(
            &server,
            GET_FEATURE,
            &[],
            off.clone(),
            Code::InvalidArgument,
            &said,
        )
        .await;
        let said = ["latitude 900000001", "message 0"];
        check(
            &server,
            RECORD_ROUTE,
            &[],
            off,
            Code::InvalidArgument,
            &said,
        )
        .await;
        let said = ["no message", "exactly one"];
        check(
            &server,
            GET_FEATURE,
            &[],
            vec![],
            Code::Unimplemented,
            &said,
        )
        .await;
        let said = ["compression flag 7", "0 nor 1"];
        check(
            &server,
            GET_FEATURE,
            &[],
            framed(7, &[]),
            Code::Internal,
            &said,
        )
        .await;
        let said = ["compressed", "grpc-encoding"];
        check(
            &server,
            GET_FEATURE,
            &[],
            framed(1, &[]),
            Code::Internal,
            &said,
        )
        .await;
        let wrong_type = frame(&hex("0a 01 01"));
        check(
            &server,
            GET_FEATURE,
            &[],
            wrong_type,
            Code::Internal,
            &["latitude"],
        )
        .await;
        for headers in [&[][..], &[("grpc-encoding", "gzip")]] {
            let too_long = hex("00 7f 00 00 00");
            let said = ["2130706432", "4194304"];
            check(
                &server,
                LIST_FEATURES,
                headers,
                too_long,
                Code::ResourceExhausted,
                &said,
            )
            .await;
        }
    });
}

/// A client forgets the status of a call whose trailers are too long for it.
#[test]
fn however_long_a_name_or_header_is_the_refusal_is_short() {
    run(async {
        let guide = TestServer::route_guide().await;
        let greetings = TestServer::greetings().await;
        let long = "x".repeat(12_000);
        let mut name = vec![0x0a, 0xc0, 0x9a, 0x0c];
        name.extend_from_slice("ü".repeat(100_000).as_bytes());
        check(
            &guide,
            CHECK,
            &[],
            frame(&name),
            Code::NotFound,
            &["\"üü", "List"],
        )
        .await;
        let method = format!("/{long}");
        let said = ["unknown method /xxx", "x…"];
        check(&guide, &method, &[], vec![], Code::Unimplemented, &said).await;
        let headers = [("grpc-timeout", &*long)];
        let said = ["grpc-timeout", "eight digits"];
        check(
            &guide,
            GET_FEATURE,
            &headers,
            frame(&[]),
            Code::Internal,
            &said,
        )
        .await;
        let headers = [("route-chat-watch", &*long)];
        let said = ["route-chat-watch"];
        check(
            &guide,
            ROUTE_CHAT,
            &headers,
            vec![],
            Code::InvalidArgument,
            &said,
        )
        .await;
        let headers = [("hello-mode", &*long)];
        let said = ["hello-mode", "\"ping-pong\" or \"collect\""];
        check(
            &greetings,
            BIDI_HELLO,
            &headers,
            vec![],
            Code::InvalidArgument,
            &said,
        )
        .await;
        let headers = [("grpc-encoding", &*long)];
        let said = ["Content is compressed with `xxx"];
        check(
            &greetings,
            SAY_HELLO,
            &headers,
            framed(1, &[]),
            Code::Unimplemented,
            &said,
        )
        .await;
    });
}

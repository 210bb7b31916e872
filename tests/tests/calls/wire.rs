//! Requests and replies byte for byte.
//!
//! The bytes are what Google's protobuf for Python writes, for example
//! `routeguide_pb2.Point(latitude=407838351, longitude=-746143763).SerializeToString().hex(" ")`; the
//! compressed ones are those bytes after Python's `gzip.compress(…, mtime=0)` and after `zstd --no-check`.

use route_guide_tests::paths::{GET_FEATURE, LIST_FEATURES, RECORD_ROUTE, ROUTE_CHAT};
use route_guide_tests::{RawConnection, RawReply, TestServer, frame, framed, hex, run};
use tonic::Code;

/// The first published place.
const PATRIOTS_PATH: &str = "08 8f bd bc c2 01 10 ed ff 9a 9c fd ff ff ff ff 01";

const PATRIOTS_PATH_FEATURE: &str = "0a 25 50 61 74 72 69 6f 74 73 20 50 61 74 68 2c 20 4d 65 6e \
    64 68 61 6d 2c 20 4e 4a 20 30 37 39 34 35 2c 20 55 53 41 \
    12 11 08 8f bd bc c2 01 10 ed ff 9a 9c fd ff ff ff ff 01";

/// A published place without a name, and the feature there.
const UNNAMED: &str = "08 b6 8d c5 c7 01 10 fa a8 ef 9b fd ff ff ff ff 01";
const UNNAMED_FEATURE: &str = "12 11 08 b6 8d c5 c7 01 10 fa a8 ef 9b fd ff ff ff ff 01";

/// Fields that the contract does not have: number 3 as varint, 4 as eight bytes, 5 as text, 6 as four
/// bytes, 1000 as varint.
const UNKNOWN: &str = "18 2a 21 01 02 03 04 05 06 07 08 2a 03 61 62 63 35 01 02 03 04 c0 3e 01";

async fn ask(server: &TestServer, path: &str, request: &[u8]) -> RawReply {
    RawConnection::open(server)
        .await
        .unary(path, &[], request)
        .await
}

async fn check(server: &TestServer, path: &str, request: &str, replies: &[&str]) {
    let reply = ask(server, path, &hex(request)).await;
    assert_eq!(reply.status().code(), Code::Ok, "{path} of {request}");
    let replies: Vec<_> = replies.iter().map(|reply| hex(reply)).collect();
    assert_eq!(reply.messages(), replies, "{path} of {request}");
}

/// A summary but for its fourth field, the seconds, which a busy machine may add.
fn check_summary(reply: &RawReply, expected: &str) {
    assert_eq!(reply.status().code(), Code::Ok);
    let messages = reply.messages();
    let [summary] = &messages[..] else {
        panic!("{messages:?} is not one message");
    };
    let seconds = summary.strip_prefix(&hex(expected)[..]);
    assert!(
        matches!(seconds, Some([] | [0x20, _])),
        "{summary:x?} is not {expected}"
    );
}

#[test]
fn get_feature_replies_with_name_and_location() {
    run(async {
        let server = TestServer::route_guide().await;
        check(
            &server,
            GET_FEATURE,
            PATRIOTS_PATH,
            &[PATRIOTS_PATH_FEATURE],
        )
        .await;
        check(&server, GET_FEATURE, UNNAMED, &[UNNAMED_FEATURE]).await;
    });
}

/// A published client read the location of a miss without asking whether there is one, and crashed.
#[test]
fn a_miss_has_a_location_even_where_all_its_fields_are_zero() {
    run(async {
        let server = TestServer::route_guide().await;
        check(&server, GET_FEATURE, "", &["12 00"]).await;
        check(&server, GET_FEATURE, "08 00 10 00", &["12 00"]).await;
        let beside = "08 01 10 ff ff ff ff ff ff ff ff ff 01";
        check(&server, GET_FEATURE, beside, &[&format!("12 0d {beside}")]).await;
    });
}

#[test]
fn fields_the_contract_does_not_have_never_change_an_answer() {
    run(async {
        let server = TestServer::route_guide().await;
        for request in [
            format!("{UNKNOWN} {PATRIOTS_PATH}"),
            format!("{PATRIOTS_PATH} {UNKNOWN}"),
        ] {
            check(&server, GET_FEATURE, &request, &[PATRIOTS_PATH_FEATURE]).await;
        }
        // Both corners are the same place; unknown fields stand in the rectangle and in a corner.
        let corner = format!("{PATRIOTS_PATH} 18 2a");
        let rectangle = format!("0a 13 {corner} 12 13 {corner} {UNKNOWN}");
        check(&server, LIST_FEATURES, &rectangle, &[PATRIOTS_PATH_FEATURE]).await;
        let route = hex(&format!("{PATRIOTS_PATH} {UNKNOWN}"));
        check_summary(&ask(&server, RECORD_ROUTE, &route).await, "08 01 10 01");
    });
}

/// Protobuf lets a reader take such a field for an unknown one; prost refuses the message.
#[test]
fn a_field_of_another_wire_type_is_refused() {
    run(async {
        let server = TestServer::route_guide().await;
        // Latitude as four bytes, and as text.
        for request in ["0d 01 02 03 04", "0a 01 01"] {
            let reply = ask(&server, GET_FEATURE, &hex(request)).await;
            assert_eq!(reply.status().code(), Code::Internal, "{request}");
        }
        server.still_answers().await;
    });
}

#[test]
fn the_last_of_a_repeated_field_counts_and_any_order_will_do() {
    run(async {
        let server = TestServer::route_guide().await;
        let reversed = "10 ed ff 9a 9c fd ff ff ff ff 01 08 8f bd bc c2 01";
        check(&server, GET_FEATURE, reversed, &[PATRIOTS_PATH_FEATURE]).await;
        let corrected = format!("08 01 10 01 {PATRIOTS_PATH}");
        check(&server, GET_FEATURE, &corrected, &[PATRIOTS_PATH_FEATURE]).await;
    });
}

#[test]
fn a_list_is_the_same_messages_that_single_questions_get() {
    run(async {
        let server = TestServer::route_guide().await;
        let rectangle = format!("0a 11 {UNNAMED} 12 11 {UNNAMED}");
        check(&server, LIST_FEATURES, &rectangle, &[UNNAMED_FEATURE]).await;
    });
}

#[test]
fn a_summary_leaves_out_what_is_zero_and_saturates() {
    run(async {
        let server = TestServer::route_guide().await;
        let wire = RawConnection::open(&server).await;
        let west = frame(&hex(""));
        let east = frame(&hex("10 80 a4 a7 da 06"));
        for (route, summary) in [
            (vec![], ""),
            ([&west[..], &east].concat(), "08 02 18 ee cf c5 09"),
            (
                [&west[..], &east].concat().repeat(55),
                "08 6e 18 ff ff ff ff 07",
            ),
        ] {
            let mut call = wire.call(RECORD_ROUTE, &[]).await;
            call.send(route);
            call.half_close();
            let reply = call.reply().await;
            check_summary(&reply, summary);
        }
    });
}

#[test]
fn a_note_comes_back_with_its_location_even_at_0_0_and_if_it_was_sent_without() {
    run(async {
        let server = TestServer::route_guide().await;
        for at_zero in [
            "0a 00 12 02 68 69",
            "12 02 68 69",
            "0a 04 08 00 10 00 12 02 68 69",
        ] {
            let server = &server;
            let wire = RawConnection::open(server).await;
            let mut call = wire.call(ROUTE_CHAT, &[]).await;
            call.send(frame(&hex(at_zero)));
            call.send(frame(&hex(at_zero)));
            call.half_close();
            let replies = call.reply().await.messages();
            assert_eq!(replies.last().unwrap()[..], hex("0a 00 12 02 68 69"));
        }
    });
}

#[test]
fn messages_need_not_keep_to_frames() {
    run(async {
        let server = TestServer::route_guide().await;
        let wire = RawConnection::open(&server).await;
        let bytes = frame(&hex(PATRIOTS_PATH)).repeat(3);
        for cut in 1..bytes.len() {
            let mut call = wire.call(RECORD_ROUTE, &[]).await;
            call.send(bytes[..cut].to_vec());
            call.send(bytes[cut..].to_vec());
            call.half_close();
            check_summary(&call.reply().await, "08 03 10 03");
        }
    });
}

#[test]
fn compressed_requests_are_understood_and_replies_are_not_compressed() {
    run(async {
        let server = TestServer::route_guide().await;
        let gzip = "1f 8b 08 00 00 00 00 00 02 03 e3 e8 df bb e7 10 a3 c0 db ff b3 e6 fc fd \
            0f 04 8c 00 eb a8 d3 33 11 00 00 00";
        let zstd = format!("28 b5 2f fd 00 58 89 00 00 {PATRIOTS_PATH}");
        for (encoding, point) in [("gzip", gzip), ("zstd", &zstd)] {
            let headers = [
                ("grpc-encoding", encoding),
                ("grpc-accept-encoding", "gzip,zstd,identity"),
            ];
            let wire = RawConnection::open(&server).await;
            let mut call = wire.call(GET_FEATURE, &headers).await;
            call.send(framed(1, &hex(point)));
            call.half_close();
            let reply = call.reply().await;
            assert_eq!(reply.status().code(), Code::Ok, "{encoding}");
            assert_eq!(reply.head.headers.get("grpc-encoding"), None);
            assert_eq!(reply.body, frame(&hex(PATRIOTS_PATH_FEATURE)));

            // Each message of a stream says for itself whether it is compressed.
            let mut call = wire.call(RECORD_ROUTE, &headers).await;
            call.send(framed(1, &hex(point)));
            call.send(frame(&hex(PATRIOTS_PATH)));
            call.half_close();
            check_summary(&call.reply().await, "08 02 10 02");
        }
    });
}

#[test]
fn an_unknown_compression_is_unimplemented_and_the_known_ones_are_named() {
    run(async {
        let server = TestServer::route_guide().await;
        let wire = RawConnection::open(&server).await;
        for path in [GET_FEATURE, LIST_FEATURES, RECORD_ROUTE, ROUTE_CHAT] {
            let mut call = wire.call(path, &[("grpc-encoding", "snappy")]).await;
            call.send(framed(1, b"whatever"));
            call.half_close();
            let reply = call.reply().await;
            assert_eq!(
                reply.status().code(),
                Code::Unimplemented,
                "{path}: {reply:?}"
            );
            let known = reply
                .status()
                .metadata()
                .get("grpc-accept-encoding")
                .cloned();
            let known = known.or_else(|| {
                let value = reply.head.headers.get("grpc-accept-encoding")?;
                value.to_str().ok()?.parse().ok()
            });
            let known = known.unwrap();
            let known: Vec<_> = known.to_str().unwrap().split(',').map(str::trim).collect();
            assert!(
                known.contains(&"gzip") && known.contains(&"zstd"),
                "{known:?}"
            );
        }
    });
}

#[test]
fn a_method_or_service_that_is_not_there_is_unimplemented_and_named() {
    run(async {
        let guide = TestServer::route_guide().await;
        let greetings = TestServer::greetings().await;
        for (server, path) in [
            (&guide, "/routeguide.RouteGuide/GetFeatures"),
            (&guide, "/routeguide.RouteGuide/"),
            (&guide, "/helloworld.Greeter/SayHello"),
            (&guide, "/grpc.health.v1.Health/Look"),
            (&guide, "/"),
            (&greetings, GET_FEATURE),
            (&greetings, "/hello.HelloService/SayGoodbye"),
        ] {
            for headers in [&[][..], &[("grpc-encoding", "gzip")]] {
                let wire = RawConnection::open(server).await;
                let reply = wire.unary(path, headers, &[]).await;
                let status = reply.status();
                assert_eq!(status.code(), Code::Unimplemented, "{path}");
                assert_eq!(status.message(), format!("unknown method {path}"));
            }
        }
    });
}

#[test]
fn what_is_not_grpc_is_refused_in_http_terms() {
    run(async {
        let server = TestServer::route_guide().await;
        let wire = RawConnection::open(&server).await;
        for (method, content_type, expected) in [
            ("GET", "application/grpc", 405),
            ("POST", "text/html", 415),
            ("POST", "application/json", 415),
            ("POST", "application/grpc", 200),
            ("POST", "application/grpc+proto", 200),
        ] {
            let mut call = wire
                .request(method, GET_FEATURE, &[("content-type", content_type)])
                .await;
            call.send(frame(&[]));
            call.half_close();
            let status = call.reply().await.head.status;
            assert_eq!(status, expected, "{method} {content_type}");
        }
    });
}

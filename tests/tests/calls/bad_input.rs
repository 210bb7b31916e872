//! Bytes that are no message: each is refused by a status, and the server goes on.

use route_guide_chat::ConversationLimits;
use route_guide_server::{ChatSettings, RouteGuideSettings};
use route_guide_tests::paths::{
    BIDI_HELLO, GET_FEATURE, LIST_FEATURES, LOTS_OF_GREETINGS, LOTS_OF_REPLIES, RECORD_ROUTE,
    ROUTE_CHAT, SAY_HELLO, SAY_HELLO_BIDI_STREAM,
};
use route_guide_tests::{Chat, RawConnection, TestServer, frame, framed, hex, point, run, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::{Code, Status};

const ROUTE_GUIDE: [&str; 4] = [GET_FEATURE, LIST_FEATURES, RECORD_ROUTE, ROUTE_CHAT];

/// Sends bytes as the whole request.
async fn send(server: &TestServer, path: &str, headers: &[(&str, &str)], bytes: &[u8]) -> Status {
    let wire = RawConnection::open(server).await;
    let mut call = wire.call(path, headers).await;
    call.send(bytes.to_vec());
    call.half_close();
    call.reply().await.status()
}

async fn check(server: &TestServer, paths: &[&str], what: &str, bytes: &[u8], expected: Code) {
    for path in paths {
        let status = send(server, path, &[], bytes).await;
        assert_eq!(status.code(), expected, "{path} with {what}: {status:?}");
        assert!(
            !status.message().is_empty(),
            "{path} with {what}: {status:?}"
        );
    }
    server.still_answers().await;
}

#[test]
fn messages_that_are_no_protobuf_are_internal_errors() {
    run(async {
        let server = TestServer::route_guide().await;
        for (what, bytes) in [
            ("a field without a value", "08"),
            (
                "a varint that does not end",
                "08 ff ff ff ff ff ff ff ff ff ff ff",
            ),
            ("a field number of zero", "00 01"),
            ("a wire type that does not exist", "0f 01"),
            ("a group that is never closed", "1b 08 01"),
            ("the end of a group that was never opened", "1c"),
            ("a text longer than the message", "22 7f 61 62 63"),
            ("a length of 2^64 - 1", "22 ff ff ff ff ff ff ff ff ff 01"),
        ] {
            check(
                &server,
                &ROUTE_GUIDE,
                what,
                &frame(&hex(bytes)),
                Code::Internal,
            )
            .await;
        }
    });
}

#[test]
fn deep_nesting_is_refused_before_it_costs_the_stack() {
    run(async {
        let server = TestServer::route_guide().await;
        let deep = hex("1b").repeat(100_000);
        check(
            &server,
            &ROUTE_GUIDE,
            "100 000 open groups",
            &frame(&deep),
            Code::Internal,
        )
        .await;
    });
}

#[test]
fn text_that_is_not_utf_8_is_an_internal_error() {
    run(async {
        let places = TestServer::route_guide().await;
        for text in ["12 01 ff", "12 02 c3 28", "12 03 ed a0 80", "12 01 c3"] {
            let bytes = frame(&hex(text));
            check(&places, &[ROUTE_CHAT], text, &bytes, Code::Internal).await;
        }
        let greetings = TestServer::greetings().await;
        let paths = [
            SAY_HELLO,
            SAY_HELLO_BIDI_STREAM,
            LOTS_OF_REPLIES,
            LOTS_OF_GREETINGS,
            BIDI_HELLO,
        ];
        let bytes = frame(&hex("0a 02 c3 28"));
        check(&greetings, &paths, "no UTF-8", &bytes, Code::Internal).await;
    });
}

#[test]
fn frames_that_are_no_grpc_frames_are_internal_errors() {
    run(async {
        let server = TestServer::route_guide().await;
        for flag in [2, 3, 0x80, 0xff] {
            let bytes = framed(flag, &[]);
            check(
                &server,
                &ROUTE_GUIDE,
                "a wrong flag",
                &bytes,
                Code::Internal,
            )
            .await;
        }
        let compressed = framed(1, &[]);
        check(
            &server,
            &ROUTE_GUIDE,
            "a flag without an encoding",
            &compressed,
            Code::Internal,
        )
        .await;
        for len in 1..5 {
            let cut = &frame(&[])[..len];
            check(&server, &ROUTE_GUIDE, "a cut prefix", cut, Code::Internal).await;
        }
        let cut = &frame(&hex("08 01 10 01"))[..7];
        check(&server, &ROUTE_GUIDE, "a cut message", cut, Code::Internal).await;
    });
}

#[test]
fn a_length_is_not_believed() {
    run(async {
        let server = TestServer::route_guide().await;
        // 4 GiB - 1 and one more than the limit, announced and not sent.
        for prefix in ["00 ff ff ff ff", "00 00 40 00 01"] {
            let status = Code::ResourceExhausted;
            check(&server, &ROUTE_GUIDE, prefix, &hex(prefix), status).await;
        }
    });
}

#[test]
fn a_compressed_message_that_is_no_such_thing_is_an_internal_error() {
    run(async {
        let server = TestServer::route_guide().await;
        for encoding in ["gzip", "zstd"] {
            for path in ROUTE_GUIDE {
                let headers = [("grpc-encoding", encoding)];
                let garbage = framed(1, &hex("de ad be ef"));
                let status = send(&server, path, &headers, &garbage).await;
                assert_eq!(status.code(), Code::Internal, "{path}: {status:?}");
            }
        }
        server.still_answers().await;
    });
}

/// A request of a few hundred bytes that becomes gigabytes would be an attack on the server's memory.
#[test]
fn a_small_compressed_message_cannot_become_a_large_one() {
    run(async {
        let server = TestServer::route_guide().await;
        // zstd: no content size, a window of 1 MiB; then 64 blocks, each 128 KiB of one repeated byte.
        let mut bomb = hex("28 b5 2f fd 00 50");
        for last in (0..64).map(|block| u32::from(block == 63)) {
            let header = (128 << 10) << 3 | 1 << 1 | last;
            bomb.extend(&header.to_le_bytes()[..3]);
            bomb.push(0);
        }
        let headers = [("grpc-encoding", "zstd")];
        for path in ROUTE_GUIDE {
            let status = send(&server, path, &headers, &framed(1, &bomb)).await;
            assert_eq!(status.code(), Code::ResourceExhausted, "{path}: {status:?}");
        }
        server.still_answers().await;
    });
}

/// The limit is 4 MiB for the encoded message, of which the text takes all but five bytes.
const LONGEST_NAME: usize = (4 << 20) - 5;

#[test]
fn a_name_of_four_mebibytes_is_answered_and_one_byte_more_is_too_much() {
    run(async {
        let server = TestServer::greetings().await;
        let mut greeter = server.greeter().max_decoding_message_size(usize::MAX);
        for len in [LONGEST_NAME - 1, LONGEST_NAME] {
            let name = "n".repeat(len);
            let request = route_guide_proto::helloworld::HelloRequest { name };
            let reply = greeter.say_hello(request).await.unwrap().into_inner();
            assert_eq!(reply.message.len(), "Hello, !".len() + len);
        }
        for len in [LONGEST_NAME + 1, 2 * LONGEST_NAME] {
            let name = "n".repeat(len);
            let request = route_guide_proto::helloworld::HelloRequest { name };
            let status = greeter.say_hello(request).await.unwrap_err();
            assert_eq!(status.code(), Code::ResourceExhausted, "{len}: {status:?}");
        }
        server.still_answers().await;
    });
}

#[test]
fn notes_of_four_mebibytes_and_of_nothing_are_kept_and_one_byte_more_is_too_much() {
    run(async {
        let shared = ConversationLimits {
            note_bytes: 4 << 20,
            ..ConversationLimits::default()
        };
        let server = TestServer::route_guide_with(RouteGuideSettings {
            chat: ChatSettings {
                shared,
                ..ChatSettings::default()
            },
            ..RouteGuideSettings::default()
        })
        .await;
        // The location at 0,0 takes two more bytes.
        let longest = "n".repeat(LONGEST_NAME - 2);
        let mut chat = Chat::open(&server).await;
        chat.post(point(0, 0), &longest);
        chat.post(point(0, 0), "");
        assert!(chat.next().await == longest, "another text came back");
        chat.post(point(0, 0), &format!("{longest}n"));
        assert_eq!(chat.cut().await.code(), Code::ResourceExhausted);
        server.still_answers().await;
    });
}

#[test]
fn unknown_and_huge_fields_are_no_message_of_ours() {
    run(async {
        let server = TestServer::route_guide().await;
        // An unknown field of 3 MiB changes nothing; one of 4 MiB is over the limit like any other.
        for (len, expected) in [(3 << 20, Code::Ok), (4 << 20, Code::ResourceExhausted)] {
            let mut message = hex("7a");
            prost::encoding::encode_varint(len, &mut message);
            message.resize(message.len() + usize::try_from(len).unwrap(), 0);
            let status = send(&server, GET_FEATURE, &[], &frame(&message)).await;
            assert_eq!(status.code(), expected, "{len}: {status:?}");
        }
        server.still_answers().await;
    });
}

#[test]
fn headers_over_the_limit_are_refused_and_the_server_goes_on() {
    run(async {
        let server = TestServer::route_guide().await;
        let wire = RawConnection::open(&server).await;
        let long = "v".repeat(20_000);
        let call = wire.call(GET_FEATURE, &[("x-long", &long)]).await;
        let reply = call.reply().await;
        assert_eq!(reply.head.status, 431);
        server.still_answers().await;
    });
}

#[test]
fn what_is_not_http_2_is_closed_and_the_server_goes_on() {
    run(async {
        let server = TestServer::route_guide().await;
        for garbage in [
            &b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..],
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            &[0; 100],
        ] {
            let mut socket = TcpStream::connect(server.address()).await.unwrap();
            socket.write_all(garbage).await.unwrap();
            let mut answer = Vec::new();
            let closed = within("the server to close", socket.read_to_end(&mut answer)).await;
            // The end may come as a reset, if more had been sent than was read.
            drop(closed);
        }
        server.still_answers().await;
    });
}

//! A method answers pages as it answers gRPC, over HTTP/1.1 and HTTP/2, as bytes and as text.

use std::fmt::Write;
use std::fs;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use prost::Message;
use route_guide_proto::routeguide::{Point, Rectangle, RouteNote, RouteSummary};
use route_guide_server::{FeatureSource, GreeterSettings, ReplySettings, RouteGuideSettings};
use route_guide_tests::paths::{
    BIDI_HELLO, GET_FEATURE, LIST_FEATURES, LOTS_OF_GREETINGS, LOTS_OF_REPLIES, RECORD_ROUTE,
    ROUTE_CHAT, SAY_HELLO, SAY_HELLO_BIDI_STREAM, SAY_HELLO_SERVICE, SAY_HELLO_STREAM_REPLY,
};
use route_guide_tests::{
    GRPC_WEB, GRPC_WEB_TEXT, RawConnection, TestServer, WebBody, WebConnection, frame, hex, note,
    point, run,
};

use super::{CHECK, route_guide, web};

async fn greetings() -> TestServer {
    TestServer::greetings_with(GreeterSettings {
        serving: web(&[]),
        replies: ReplySettings {
            count: 3,
            interval: Duration::from_millis(1),
        },
        ..GreeterSettings::default()
    })
    .await
}

/// The messages and trailers of a call by plain gRPC: a head that is all has the trailers in it.
async fn grpc(server: &TestServer, path: &str, request: &[u8]) -> WebBody {
    let wire = RawConnection::open(server).await;
    let mut call = wire.call(path, &[]).await;
    call.send(request.to_vec());
    call.half_close();
    let reply = call.reply().await;
    WebBody {
        framed: reply.body,
        trailers: ending(reply.trailers, &reply.head.headers),
    }
}

/// The same by gRPC-Web: over HTTP/2 or HTTP/1.1, as bytes or as text.
async fn grpc_web(
    server: &TestServer,
    http2: bool,
    content_type: &str,
    path: &str,
    request: &[u8],
) -> WebBody {
    let is_text = content_type == GRPC_WEB_TEXT;
    let request = if is_text {
        STANDARD.encode(request).into_bytes()
    } else {
        request.to_vec()
    };
    let headers = [("content-type", content_type), ("accept", content_type)];
    let (code, headers, body) = if http2 {
        let wire = RawConnection::open(server).await;
        let mut call = wire.request("POST", path, &headers).await;
        call.send(request);
        call.half_close();
        let reply = call.reply().await;
        assert_eq!(reply.trailers, HeaderMap::new(), "{path}");
        (reply.head.status, reply.head.headers, reply.body)
    } else {
        let mut connection = WebConnection::open(server).await;
        connection.request("POST", path, &headers, &request).await;
        let reply = connection.reply().await;
        (reply.code, reply.headers, reply.body)
    };
    assert_eq!(code, StatusCode::OK, "{path}");
    let answered = headers["content-type"].to_str().expect("a text");
    assert_eq!(answered.starts_with(GRPC_WEB_TEXT), is_text, "{answered}");
    let body = if is_text {
        WebBody::of_text(&body)
    } else {
        WebBody::of(body)
    };
    WebBody {
        trailers: ending(body.trailers, &headers),
        ..body
    }
}

/// How a call ended, from its trailers or, if there are none, from its head.
fn ending(trailers: HeaderMap, head: &HeaderMap) -> HeaderMap {
    if trailers.contains_key("grpc-status") {
        return trailers;
    }
    let names = ["grpc-status", "grpc-message", "grpc-status-details-bin"];
    let told = head
        .iter()
        .filter(|(name, _)| names.contains(&name.as_str()));
    told.map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// A call is answered alike, however it is made.
async fn check(server: &TestServer, path: &str, messages: &[Vec<u8>], code: &str) -> Bytes {
    let request: Vec<u8> = messages.iter().flat_map(|message| frame(message)).collect();
    let mut expected = grpc(server, path, &request).await;
    assert_eq!(expected.trailers["grpc-status"], code, "{path}");
    leave_out_the_clock(path, &mut expected);
    for http2 in [false, true] {
        for content_type in [GRPC_WEB, GRPC_WEB_TEXT] {
            let mut answer = grpc_web(server, http2, content_type, path, &request).await;
            leave_out_the_clock(path, &mut answer);
            assert_eq!(
                answer, expected,
                "{path} as {content_type}, HTTP/2: {http2}"
            );
        }
    }
    expected.framed
}

/// A route's summary tells how many seconds it took.
fn leave_out_the_clock(path: &str, answer: &mut WebBody) {
    if path == RECORD_ROUTE && !answer.framed.is_empty() {
        let summary = RouteSummary::decode(&answer.framed[5..]).expect("a summary");
        let summary = RouteSummary {
            elapsed_time: 0,
            ..summary
        };
        answer.framed = frame(&summary.encode_to_vec());
    }
}

fn rectangle(lo: Point, hi: Point) -> Vec<u8> {
    Rectangle {
        lo: Some(lo),
        hi: Some(hi),
    }
    .encode_to_vec()
}

fn everywhere() -> Vec<u8> {
    rectangle(
        point(-900_000_000, -1_800_000_000),
        point(900_000_000, 1_800_000_000),
    )
}

#[test]
fn every_method_of_route_guide_answers_pages_as_it_answers_grpc() {
    run(async {
        let server = route_guide(&[]).await;
        let place = point(409_146_138, -746_188_906);
        let feature = check(&server, GET_FEATURE, &[place.encode_to_vec()], "0").await;
        assert!(feature.len() > 30, "a named place: {feature:?}");
        let miss = check(&server, GET_FEATURE, &[vec![]], "0").await;
        assert_eq!(miss, frame(&hex("12 00")));
        let all = check(&server, LIST_FEATURES, &[everywhere()], "0").await;
        assert!(all.len() > 100 * 17, "all 100 places");
        let nowhere = check(&server, LIST_FEATURES, &[vec![]], "0").await;
        assert_eq!(nowhere, Bytes::new());
        let route = vec![place.encode_to_vec(); 3];
        let summary = check(&server, RECORD_ROUTE, &route, "0").await;
        assert_eq!(summary, frame(&hex("08 03 10 03")));
        let notes = [note(place, "first"), note(place, "second")];
        let notes: Vec<_> = notes.iter().map(RouteNote::encode_to_vec).collect();
        let replayed = check(&server, ROUTE_CHAT, &notes, "0").await;
        assert_eq!(replayed, frame(&notes[0]));
        let serving = check(&server, CHECK, &[vec![]], "0").await;
        assert_eq!(serving, frame(&hex("08 01")));
    });
}

#[test]
fn every_method_of_the_greeting_services_answers_pages_as_it_answers_grpc() {
    run(async {
        let server = greetings().await;
        let you = || hex("0a 03 79 6f 75");
        for (path, requests, count) in [
            (SAY_HELLO, 1, 1),
            (SAY_HELLO_STREAM_REPLY, 1, 3),
            (SAY_HELLO_BIDI_STREAM, 2, 2),
            (SAY_HELLO_SERVICE, 1, 1),
            (LOTS_OF_REPLIES, 1, 3),
            (LOTS_OF_GREETINGS, 2, 1),
            (BIDI_HELLO, 2, 2),
        ] {
            let answer = check(&server, path, &vec![you(); requests], "0").await;
            let greeted = answer
                .windows(3)
                .filter(|letters| letters == b"you")
                .count();
            assert!(greeted >= count, "{path}: {answer:?}");
        }
    });
}

#[test]
fn refusals_reach_pages_with_their_details() {
    run(async {
        let server = route_guide(&[]).await;
        let off = point(900_000_001, 0).encode_to_vec();
        check(&server, GET_FEATURE, std::slice::from_ref(&off), "3").await;
        check(&server, RECORD_ROUTE, &[off], "3").await;
        check(&server, LIST_FEATURES, &[hex("08 ff")], "13").await;
        check(&server, LIST_FEATURES, &[], "12").await;
        check(
            &server,
            "/routeguide.RouteGuide/GetFeatures",
            &[vec![]],
            "12",
        )
        .await;
        check(&server, "/", &[vec![]], "12").await;
    });
}

/// More than one slice of stored bytes, so more than one piece of text with padding of its own.
#[test]
fn a_long_listing_is_the_same_bytes_for_pages() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("features.json");
        let mut places = String::from("[");
        for number in 0..20_000 {
            let comma = if number == 0 { "" } else { "," };
            write!(
                places,
                r#"{comma}{{"location":{{"latitude":{number},"longitude":7}},"name":"place number {number}"}}"#
            )
            .expect("a string takes everything");
        }
        places.push(']');
        fs::write(&file, places).expect("a file");
        let server = TestServer::route_guide_with(RouteGuideSettings {
            features: FeatureSource::File(file),
            serving: web(&[]),
            ..RouteGuideSettings::default()
        })
        .await;
        let listing = check(&server, LIST_FEATURES, &[everywhere()], "0").await;
        assert!(listing.len() > 20_000 * 30, "{} bytes", listing.len());
    });
}

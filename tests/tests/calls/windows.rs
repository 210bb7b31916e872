//! HTTP/2 flow control: fast senders are not taken for attackers, slow readers are waited for.

use h2::client::Builder;
use prost::Message;
use route_guide_proto::routeguide::RouteSummary;
use route_guide_tests::paths::{GET_FEATURE, LIST_FEATURES, RECORD_ROUTE, ROUTE_CHAT};
use route_guide_tests::{RawConnection, RawReply, TestServer, frame, hex, published_places, run};
use tonic::Code;

/// What a reply of `RecordRoute` counts.
fn points(reply: &RawReply) -> i32 {
    assert_eq!(reply.status().code(), Code::Ok);
    let summary = RouteSummary::decode(&reply.messages()[0][..]).unwrap();
    summary.point_count
}

/// A Go client streamed points as fast as it could, one message a DATA frame, as gRPC for Go does. After
/// 5 958 of them the server closed the connection: its HTTP/2 library took them for a flood.
#[test]
fn a_million_points_of_27_bytes_one_a_frame_are_all_counted() {
    run(async {
        let server = TestServer::route_guide().await;
        let wire = RawConnection::open(&server).await;
        // -1, -1: as long as a point on the wire can be.
        let longest = hex("08 ff ff ff ff ff ff ff ff ff 01 10 ff ff ff ff ff ff ff ff ff 01");
        let message = frame(&longest);
        assert_eq!(message.len(), 27);
        let mut route = wire.call(RECORD_ROUTE, &[]).await;
        for _ in 0..1_000_000 {
            route.send(message.clone());
        }
        route.half_close();
        let reply = route.reply().await;
        assert_eq!(points(&reply), 1_000_000);
        // No GOAWAY: the same connection takes another call.
        let again = wire.unary(GET_FEATURE, &[], &[]).await;
        assert_eq!(again.status().code(), Code::Ok);
    });
}

#[test]
fn several_fast_routes_share_a_connection() {
    run(async {
        let server = TestServer::route_guide().await;
        let wire = RawConnection::open(&server).await;
        let message = frame(&hex("08 01"));
        let mut routes = Vec::new();
        for _ in 0..8 {
            routes.push(wire.call(RECORD_ROUTE, &[]).await);
        }
        for _ in 0..10_000 {
            for route in &mut routes {
                route.send(message.clone());
            }
        }
        for mut route in routes {
            route.half_close();
            assert_eq!(points(&route.reply().await), 10_000);
        }
    });
}

#[test]
fn a_client_with_a_tiny_window_gets_the_whole_list() {
    run(async {
        let server = TestServer::route_guide().await;
        let mut narrow = Builder::new();
        narrow.initial_window_size(10).max_frame_size(16_384);
        let wire = RawConnection::open_with(&server, &narrow).await;
        // 40,-75 to 42,-73.
        let rectangle = hex("0a 11 08 80 88 de be 01 10 80 d1 af 9a fd ff ff ff ff 01 \
             12 11 08 80 e2 a2 c8 01 10 80 ab f4 a3 fd ff ff ff ff 01");
        let reply = wire.unary(LIST_FEATURES, &[], &rectangle).await;
        assert_eq!(reply.status().code(), Code::Ok);
        assert_eq!(reply.messages().len(), published_places().len());
    });
}

#[test]
fn a_connection_holds_as_many_calls_as_it_announces_and_ends_make_room() {
    run(async {
        let server = TestServer::route_guide().await;
        let wire = RawConnection::open(&server).await;
        let mut open = Vec::new();
        for _ in 0..200 {
            let mut call = wire.call(ROUTE_CHAT, &[]).await;
            call.head().await;
            open.push(call);
        }
        // The 201st waits in the client until one of the others ends.
        let mut waiting = wire.call(ROUTE_CHAT, &[]).await;
        let mut first = open.swap_remove(0);
        first.half_close();
        assert_eq!(first.reply().await.status().code(), Code::Ok);
        waiting.head().await;
    });
}

//! What is true of calls and connections, whatever the method.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use prost::Message;
use route_guide_server::RouteGuideSettings;
use route_guide_tests::paths::{GET_FEATURE, ROUTE_CHAT};
use route_guide_tests::{
    GRPC_WEB, GRPC_WEB_TEXT, TestServer, WebBody, WebConnection, frame, hex, note, point, run,
};
use tonic::Code;

use super::{CHECK, WATCH, route_guide, web};

#[test]
fn several_calls_go_over_one_connection_and_a_deadline_concerns_only_its_own() {
    run(async {
        let server = route_guide(&[]).await;
        let mut page = WebConnection::open(&server).await;
        let soon = [("grpc-timeout", "150m")];
        let reply = page.call(CHECK, &soon, &[]).await;
        assert_eq!(reply.status().code(), Code::Ok);
        // It outlasts the deadline of the call before.
        let reply = page.call(WATCH, &[("grpc-timeout", "400m")], &[]).await;
        assert_eq!(reply.status().code(), Code::DeadlineExceeded);
        let state = WebBody::of(reply.body.clone()).framed;
        assert_eq!(state, frame(&hex("08 01")), "then the trailers");
        assert_eq!(page.call(CHECK, &[], &[]).await.status().code(), Code::Ok);
        let reply = page.call(CHECK, &[("grpc-timeout", "soon")], &[]).await;
        assert_eq!(reply.status().code(), Code::Internal);
    });
}

#[test]
fn metadata_goes_both_ways() {
    run(async {
        let server = route_guide(&[]).await;
        let mut page = WebConnection::open(&server).await;
        let metadata = [
            ("x-grpc-test-echo-initial", "to begin with"),
            ("x-grpc-test-echo-trailing-bin", "AAEC"),
        ];
        let reply = page.call(GET_FEATURE, &metadata, &[]).await;
        assert_eq!(reply.headers["x-grpc-test-echo-initial"], "to begin with");
        assert!(reply.headers.contains_key("route-guide-data-version"));
        let trailers = WebBody::of(reply.body).trailers;
        assert_eq!(trailers["x-grpc-test-echo-trailing-bin"], "AAEC");
    });
}

/// Capitals and parameters got HTTP status 415.
#[test]
fn content_types_are_known_in_capitals_and_with_parameters() {
    run(async {
        let server = route_guide(&[]).await;
        let mut page = WebConnection::open(&server).await;
        let body = STANDARD.encode(frame(&[]));
        for (content_type, accept, body) in [
            ("Application/gRPC-Web+Proto", "*/*", &frame(&[])[..]),
            (
                "application/grpc-web; charset=utf-8",
                "application/grpc-web;q=1",
                &frame(&[]),
            ),
            (
                "application/grpc-web-text ;charset=utf-8",
                "text/html, APPLICATION/GRPC-WEB-TEXT;q=1",
                body.as_bytes(),
            ),
        ] {
            let headers = [("content-type", content_type), ("accept", accept)];
            page.request("POST", CHECK, &headers, body).await;
            let reply = page.reply().await;
            assert_eq!(reply.code, StatusCode::OK, "{content_type}");
            let told = if accept.contains("TEXT") {
                WebBody::of_text(&reply.body)
            } else {
                WebBody::of(reply.body)
            };
            assert_eq!(told.framed, frame(&hex("08 01")), "{content_type}");
            assert_eq!(told.trailers["grpc-status"], "0");
        }
    });
}

/// It depended on how TCP cut the pieces.
#[test]
fn text_may_come_in_pieces_that_are_padded_by_themselves() {
    run(async {
        let server = route_guide(&[]).await;
        let message = frame(&hex("08 8f bd bc c2 01 10 ed ff 9a 9c fd ff ff ff ff 01"));
        let pieces = message.chunks(7).map(|piece| STANDARD.encode(piece));
        let text = pieces.collect::<String>();
        let headers = [("content-type", GRPC_WEB_TEXT), ("accept", GRPC_WEB_TEXT)];
        let mut page = WebConnection::open(&server).await;
        page.request("POST", GET_FEATURE, &headers, text.as_bytes())
            .await;
        let told = WebBody::of_text(&page.reply().await.body);
        assert_eq!(told.trailers["grpc-status"], "0");
        let name = b"Patriots Path";
        let found = told.framed.windows(name.len()).any(|window| window == name);
        assert!(found, "{told:?}");
    });
}

#[test]
fn a_page_that_follows_a_place_is_told_what_is_kept_there() {
    run(async {
        let server = TestServer::route_guide_with(RouteGuideSettings {
            serving: web(&[]),
            ..RouteGuideSettings::default()
        })
        .await;
        let mut page = WebConnection::open(&server).await;
        let said = note(point(1, 2), "first").encode_to_vec();
        let posted = page.call(ROUTE_CHAT, &[], &said).await;
        assert_eq!(posted.status().code(), Code::Ok);
        let headers = [("content-type", GRPC_WEB), ("route-chat-watch", "1,2")];
        page.request("POST", ROUTE_CHAT, &headers, &[]).await;
        let reply = page.reply().await;
        assert_eq!(reply.headers["route-chat-watch"], "1,2,1,1");
        let told = WebBody::of(reply.body);
        assert_eq!(told.framed, frame(&said));
        assert_eq!(told.trailers["grpc-status"], "0");
    });
}

#[test]
fn a_drain_closes_idle_connections_and_tells_open_streams() {
    run(async {
        let server = route_guide(&[]).await;
        let mut idle = WebConnection::open(&server).await;
        assert_eq!(idle.call(CHECK, &[], &[]).await.code, StatusCode::OK);
        let silent = WebConnection::open(&server).await;
        let mut open = WebConnection::open(&server).await;
        open.begin(WATCH, &[], &[]).await;
        open.head().await;
        assert_eq!(open.chunk().await, Some(frame(&hex("08 01")).to_vec()));

        let draining = server.begin_drain();
        assert_eq!(idle.closed().await, 0);
        assert_eq!(silent.closed().await, 0);
        let mut rest = Vec::new();
        while let Some(chunk) = open.chunk().await {
            rest.extend(chunk);
        }
        let told = WebBody::of(rest.into());
        assert_eq!(told.framed, frame(&hex("08 02")), "not serving");
        assert_eq!(told.trailers["grpc-status"], "14");
        assert_eq!(open.closed().await, 0);
        assert_eq!(draining.ended().await.cut_calls, 0);
    });
}

//! What is true of calls and connections, whatever the method.

use http::StatusCode;
use route_guide_tests::paths::GET_FEATURE;
use route_guide_tests::{WebBody, WebConnection, frame, hex, run};
use tonic::Code;

use crate::{CHECK, WATCH, route_guide};

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

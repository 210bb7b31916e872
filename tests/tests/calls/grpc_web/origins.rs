//! Which pages may call, and what a browser lets them read.

use http::StatusCode;
use route_guide_tests::paths::GET_FEATURE;
use route_guide_tests::{WebConnection, run};
use tonic::Code;

use super::route_guide;

#[test]
fn only_pages_of_the_origins_named_are_let_in() {
    run(async {
        let server = route_guide(&["https://maps.example", "http://localhost:8000"]).await;
        let mut page = WebConnection::open(&server).await;
        let preflight = |origin| {
            [
                ("origin", origin),
                ("access-control-request-method", "POST"),
                (
                    "access-control-request-headers",
                    "content-type,x-grpc-web,my-metadata",
                ),
            ]
        };
        let home = "https://maps.example";
        page.request("OPTIONS", GET_FEATURE, &preflight(home), &[])
            .await;
        let reply = page.reply().await;
        assert_eq!(reply.code, StatusCode::OK);
        assert_eq!(reply.headers["access-control-allow-origin"], home);
        assert_eq!(reply.headers["access-control-allow-methods"], "POST");
        let headers = &reply.headers["access-control-allow-headers"];
        assert_eq!(headers, "content-type,x-grpc-web,my-metadata");
        assert!(
            !reply
                .headers
                .contains_key("access-control-allow-credentials")
        );

        let reply = page.call(GET_FEATURE, &[("origin", home)], &[]).await;
        assert_eq!(reply.status().code(), Code::Ok);
        assert_eq!(reply.headers["access-control-allow-origin"], home);
        let readable = reply.headers["access-control-expose-headers"].to_str();
        let readable: Vec<_> = readable.expect("a text").split(',').collect();
        for name in [
            "grpc-status",
            "grpc-message",
            "grpc-status-details-bin",
            "route-guide-data-version",
            "route-notes-missed",
            "route-chat-watch",
            "route-chat-life",
            "route-chat-numbering",
            "route-chat-resumes",
        ] {
            assert!(readable.contains(&name), "{readable:?}");
        }

        for other in ["https://other.example", "http://maps.example", "null"] {
            page.request("OPTIONS", GET_FEATURE, &preflight(other), &[])
                .await;
            let reply = page.reply().await;
            assert!(
                !reply.headers.contains_key("access-control-allow-origin"),
                "{other}"
            );
        }
        // A call that is not from a page is told nothing about pages.
        let reply = page.call(GET_FEATURE, &[], &[]).await;
        let mut names = reply.headers.keys().map(http::HeaderName::as_str);
        assert!(
            !names.any(|name| name.starts_with("access-control")),
            "{reply:?}"
        );
    });
}

#[test]
fn any_origin_is_any_origin() {
    run(async {
        let server = route_guide(&["*"]).await;
        let mut page = WebConnection::open(&server).await;
        let reply = page.call(GET_FEATURE, &[("origin", "null")], &[]).await;
        assert_eq!(reply.headers["access-control-allow-origin"], "*");
    });
}

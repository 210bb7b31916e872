//! What is not gRPC-Web, or broken, is refused.

use http::StatusCode;
use route_guide_tests::paths::{GET_FEATURE, LIST_FEATURES};
use route_guide_tests::{
    GRPC_WEB, GRPC_WEB_TEXT, RawConnection, TestServer, WebConnection, frame, run,
};
use tonic::Code;

use super::route_guide;

#[test]
fn what_is_not_grpc_web_gets_a_plain_answer_over_http1() {
    run(async {
        let server = route_guide(&[]).await;
        let mut page = WebConnection::open(&server).await;
        for method in ["GET", "PUT", "OPTIONS", "DELETE"] {
            page.request(method, "/", &[], &[]).await;
            let reply = page.reply().await;
            assert_eq!(reply.code, StatusCode::METHOD_NOT_ALLOWED, "{method}");
            assert_eq!(reply.headers["allow"], "POST");
            assert!(reply.body.starts_with(b"This is a gRPC server."));
        }
        for content_type in [
            "application/grpc",
            "application/grpc+proto",
            "application/grpc-web+json",
            "application/grpc-web-tex",
            "application/json",
            "text/html",
            "",
        ] {
            let headers = [("content-type", content_type)];
            page.request("POST", GET_FEATURE, &headers, &frame(&[]))
                .await;
            let reply = page.reply().await;
            assert_eq!(
                reply.code,
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "{content_type:?}"
            );
        }
        server.still_answers().await;
    });
}

#[test]
fn broken_http1_and_broken_bodies_are_refused_and_the_server_goes_on() {
    run(async {
        let server = route_guide(&[]).await;
        let refuse = async |bytes: &[u8], code: u16| {
            let mut page = WebConnection::open(&server).await;
            page.send(bytes).await;
            assert_eq!(
                page.head().await.0,
                code,
                "{:?}",
                &bytes[..bytes.len().min(40)]
            );
            page.closed().await;
        };
        refuse(b"PRI * HTTP/3.0\r\n\r\n", 400).await;
        refuse(b"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n", 400).await;
        let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(17 << 10));
        refuse(long.as_bytes(), 431).await;
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(200));
        refuse(many.as_bytes(), 431).await;

        let text = [("content-type", GRPC_WEB_TEXT), ("accept", GRPC_WEB)];
        let binary = [("content-type", GRPC_WEB)];
        for (headers, body, code) in [
            (&text[..], &b"AAAAA!!!"[..], Code::Internal),
            (&text, b"AAAAAA", Code::Internal),
            (&binary, &[0, 0, 0, 0, 1], Code::Internal),
            (&binary, &[0x80, 0, 0, 0, 0], Code::Internal),
            (&binary, &[1, 0, 0, 0, 0], Code::Internal),
            (&binary, &[0, 0xff, 0, 0, 0], Code::ResourceExhausted),
            (&binary, &[], Code::Unimplemented),
        ] {
            for path in [GET_FEATURE, LIST_FEATURES] {
                let mut page = WebConnection::open(&server).await;
                page.request("POST", path, headers, body).await;
                let status = page.reply().await.status();
                assert_eq!(status.code(), code, "{path} with {body:?}: {status:?}");
                assert!(!status.message().is_empty(), "{path} with {body:?}");
            }
        }
        server.still_answers().await;
    });
}

#[test]
fn without_being_told_a_server_speaks_grpc_only() {
    run(async {
        let server = TestServer::route_guide().await;
        let mut page = WebConnection::open(&server).await;
        page.begin(GET_FEATURE, &[], &[]).await;
        let (code, _) = page.head().await;
        assert_eq!(code, StatusCode::HTTP_VERSION_NOT_SUPPORTED);
        page.closed().await;

        let wire = RawConnection::open(&server).await;
        let headers = [("content-type", GRPC_WEB)];
        let mut call = wire.request("POST", GET_FEATURE, &headers).await;
        call.half_close();
        let head = call.reply().await.head;
        assert_eq!(head.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    });
}

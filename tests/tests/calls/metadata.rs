//! Metadata goes both ways: what a client asks for comes back, initial and trailing.

use route_guide_proto::routeguide::{Point, Rectangle, RouteNote};
use route_guide_tests::{TestServer, point, run};
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Request};

const INITIAL: &str = "x-grpc-test-echo-initial";
const TRAILING: &str = "x-grpc-test-echo-trailing-bin";

/// Every byte that base64 has to carry.
fn all_bytes() -> Vec<u8> {
    (0..=255).collect()
}

fn echoing<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    let metadata = request.metadata_mut();
    metadata.insert(INITIAL, "test_initial_metadata_value".parse().unwrap());
    metadata.insert_bin(TRAILING, MetadataValue::from_bytes(&all_bytes()));
    request
}

fn check_initial(metadata: &MetadataMap) {
    assert_eq!(
        metadata.get(INITIAL).unwrap(),
        "test_initial_metadata_value"
    );
}

fn check_trailing(metadata: &MetadataMap) {
    let value = metadata.get_bin(TRAILING).unwrap();
    assert_eq!(value.to_bytes().unwrap(), all_bytes());
}

#[test]
fn a_unary_call_returns_it() {
    run(async {
        let server = TestServer::route_guide().await;
        let response = server
            .guide()
            .get_feature(echoing(point(0, 0)))
            .await
            .unwrap();
        // tonic's unary responses hold initial and trailing metadata together.
        check_initial(response.metadata());
        check_trailing(response.metadata());
    });
}

#[test]
fn a_server_streaming_call_returns_it_before_and_after_the_messages() {
    run(async {
        let server = TestServer::route_guide().await;
        let nowhere = Rectangle::default();
        let response = server
            .guide()
            .list_features(echoing(nowhere))
            .await
            .unwrap();
        check_initial(response.metadata());
        assert!(response.metadata().get_bin(TRAILING).is_none());
        let mut features = response.into_inner();
        assert_eq!(features.message().await.unwrap(), None);
        check_trailing(&features.trailers().await.unwrap().unwrap());
    });
}

#[test]
fn a_client_streaming_call_returns_it() {
    run(async {
        let server = TestServer::route_guide().await;
        let route = tokio_stream::iter([Point::default()]);
        let response = server.guide().record_route(echoing(route)).await.unwrap();
        check_initial(response.metadata());
        check_trailing(response.metadata());
    });
}

#[test]
fn a_bidirectional_call_returns_it() {
    run(async {
        let server = TestServer::route_guide().await;
        let notes = tokio_stream::iter([RouteNote::default()]);
        let response = server.guide().route_chat(echoing(notes)).await.unwrap();
        check_initial(response.metadata());
        let mut replies = response.into_inner();
        assert_eq!(replies.message().await.unwrap(), None);
        check_trailing(&replies.trailers().await.unwrap().unwrap());
    });
}

#[test]
fn a_failure_returns_it_beside_its_own() {
    run(async {
        let server = TestServer::route_guide().await;
        let off_globe = point(i32::MAX, 0);
        let status = server
            .guide()
            .get_feature(echoing(off_globe))
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        check_initial(status.metadata());
        check_trailing(status.metadata());
        let route = tokio_stream::iter([off_globe]);
        let status = server
            .guide()
            .record_route(echoing(route))
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        check_trailing(status.metadata());
    });
}

#[test]
fn greetings_return_it_too() {
    run(async {
        let server = TestServer::greetings().await;
        let request = route_guide_proto::helloworld::HelloRequest::default();
        let response = server.greeter().say_hello(echoing(request)).await.unwrap();
        check_initial(response.metadata());
        check_trailing(response.metadata());
    });
}

#[test]
fn who_does_not_ask_gets_none() {
    run(async {
        let server = TestServer::route_guide().await;
        let mut request = Request::new(point(0, 0));
        request
            .metadata_mut()
            .insert("x-other", "value".parse().unwrap());
        let response = server.guide().get_feature(request).await.unwrap();
        for absent in ["x-other", INITIAL] {
            assert!(response.metadata().get(absent).is_none());
        }
        assert!(response.metadata().get_bin(TRAILING).is_none());
    });
}

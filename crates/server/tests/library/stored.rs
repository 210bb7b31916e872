//! The paths over stored bytes answer what the generated service answers, byte for byte.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;
use route_guide_chat::{Limits, MemoryNotebook};
use route_guide_guard::{CardinalityLayer, CardinalityService, WebLayer};
use route_guide_proto::routeguide::route_guide_server::RouteGuideServer;
use route_guide_proto::routeguide::{Point, Rectangle};
use route_guide_server::{
    ChatSettings, DataSet, FastRouteGuide, FeatureSource, LoadOptions, PointRule,
    RouteGuideServicer,
};
use tonic::body::Body;
use tower::{Layer, ServiceExt};

/// What a caller gets: the messages and how the call ended.
#[derive(Debug, PartialEq)]
struct Answer {
    bytes: Vec<u8>,
    status: String,
    message: String,
    details: Option<Vec<u8>>,
}

const STREAMING: &[&str] = &["/routeguide.RouteGuide/RecordRoute"];

struct Both {
    stored: FastRouteGuide,
    generated: CardinalityService<RouteGuideServer<RouteGuideServicer>>,
    runtime: tokio::runtime::Runtime,
}

impl Both {
    fn new(points: PointRule) -> Self {
        let servicer = Arc::new(RouteGuideServicer::new(
            Arc::new(DataSet::load(FeatureSource::Published, LoadOptions::default()).unwrap()),
            points,
            Arc::new(MemoryNotebook::new(Limits::default())),
            ChatSettings::default(),
        ));
        let generated = RouteGuideServer::from_arc(Arc::clone(&servicer));
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        Self {
            stored: FastRouteGuide::new(servicer, generated.clone()),
            generated: CardinalityLayer::except(STREAMING).layer(generated),
            runtime: runtime.enable_all().build().unwrap(),
        }
    }

    /// Sends the same request to both by gRPC-Web and returns the body that they agree on.
    fn web_answer(&self, method: &str, accept: &str, body: &[u8]) -> Vec<u8> {
        let web = WebLayer::new(&[], &[]);
        let request = || {
            let mut request = request(method, body);
            let headers = request.headers_mut();
            headers.insert("content-type", "application/grpc-web".parse().unwrap());
            headers.insert("accept", accept.parse().unwrap());
            request
        };
        let stored = web.layer(self.stored.clone()).oneshot(request());
        let generated = web.layer(self.generated.clone()).oneshot(request());
        let (stored, generated) = self.runtime.block_on(async {
            let stored = stored.await.unwrap().into_body().collect().await;
            (stored, generated.await.unwrap().into_body().collect().await)
        });
        let [stored, generated] = [stored, generated].map(|body| body.unwrap().to_bytes().to_vec());
        let [first, second] = [&stored, &generated].map(|body| decoded(accept, body));
        assert_eq!(first, second, "{method} as {accept}");
        stored
    }

    /// Sends the same request to both and returns the answer that they agree on.
    fn answer(&self, method: &str, body: &[u8]) -> Answer {
        let stored = self.stored.clone().oneshot(request(method, body));
        let generated = self.generated.clone().oneshot(request(method, body));
        let (stored, generated) = self.runtime.block_on(async {
            let stored = read(stored.await.unwrap()).await;
            (stored, read(generated.await.unwrap()).await)
        });
        assert_eq!(stored, generated, "{method} with {body:02x?}");
        stored
    }
}

/// Text comes in as many pieces as the body that it stands for, each with padding of its own.
fn decoded(accept: &str, body: &[u8]) -> Vec<u8> {
    if !accept.contains("text") {
        return body.to_vec();
    }
    let groups = body.chunks(4);
    groups
        .flat_map(|group| STANDARD.decode(group).unwrap())
        .collect()
}

fn request(method: &str, body: &[u8]) -> Request<Body> {
    Request::post(format!("/routeguide.RouteGuide/{method}"))
        .header("content-type", "application/grpc")
        .body(Body::new(Full::new(body.to_vec().into())))
        .unwrap()
}

async fn read(response: http::Response<Body>) -> Answer {
    let (parts, body) = response.into_parts();
    assert_eq!(parts.headers["content-type"], "application/grpc");
    let collected = body.collect().await.unwrap();
    let trailers = collected.trailers().cloned().unwrap_or(parts.headers);
    let bytes = collected.to_bytes().to_vec();
    Answer {
        bytes,
        status: text(&trailers, "grpc-status"),
        message: text(&trailers, "grpc-message"),
        details: trailers
            .get("grpc-status-details-bin")
            .map(|value| value.as_bytes().to_vec()),
    }
}

fn text(trailers: &HeaderMap, name: &str) -> String {
    let value = trailers.get(name).map(|value| value.to_str().unwrap());
    value.unwrap_or_default().to_owned()
}

fn framed(messages: &[impl Message]) -> Vec<u8> {
    let mut stream = Vec::new();
    for message in messages {
        stream.push(0);
        stream.extend_from_slice(&u32::try_from(message.encoded_len()).unwrap().to_be_bytes());
        message.encode(&mut stream).unwrap();
    }
    stream
}

fn any_point() -> impl Strategy<Value = Point> {
    let near = (400_000_000..420_000_000, -750_000_000..-730_000_000);
    let published = prop::sample::select(vec![
        (407_838_351, -746_143_763),
        (409_146_138, -746_188_906),
        (402_133_926, -743_613_249),
        (0, 0),
    ]);
    prop_oneof![published, near, any::<(i32, i32)>()].prop_map(|(latitude, longitude)| Point {
        latitude,
        longitude,
    })
}

proptest! {
    #[test]
    fn get_feature_and_list_features_agree(a in any_point(), b in any_point(), any_rule: bool) {
        let both = Both::new(rule(any_rule));
        both.answer("GetFeature", &framed(&[a]));
        both.answer("ListFeatures", &framed(&[Rectangle { lo: Some(a), hi: Some(b) }]));
        both.answer("ListFeatures", &framed(&[Rectangle { lo: None, hi: Some(b) }]));
    }

    #[test]
    fn record_route_agrees(points in vec(any_point(), 0..20), any_rule: bool) {
        Both::new(rule(any_rule)).answer("RecordRoute", &framed(&points));
    }
}

fn rule(any: bool) -> PointRule {
    if any {
        PointRule::AnyInteger
    } else {
        PointRule::OnGlobe
    }
}

#[test]
fn all_published_places_are_the_same_bytes() {
    let both = Both::new(PointRule::OnGlobe);
    let corner = |latitude, longitude| {
        Some(Point {
            latitude,
            longitude,
        })
    };
    let tutorial = Rectangle {
        lo: corner(400_000_000, -750_000_000),
        hi: corner(420_000_000, -730_000_000),
    };
    let answer = both.answer("ListFeatures", &framed(&[tutorial]));
    assert_eq!(answer.status, "0");
    assert!(answer.bytes.len() > 100 * (5 + 12));
}

#[test]
fn pages_get_the_same_bytes_from_both() {
    let both = Both::new(PointRule::OnGlobe);
    let place = Point {
        latitude: 409_146_138,
        longitude: -746_188_906,
    };
    let nearly_all = Rectangle {
        lo: Some(Point::default()),
        hi: Some(Point {
            latitude: 900_000_000,
            longitude: -1_800_000_000,
        }),
    };
    for accept in ["application/grpc-web", "application/grpc-web-text"] {
        both.web_answer("GetFeature", accept, &framed(&[place]));
        both.web_answer("RecordRoute", accept, &framed(&[place, place]));
        let body = both.web_answer("ListFeatures", accept, &framed(&[nearly_all]));
        let body = decoded(accept, &body);
        assert!(body.ends_with(b"grpc-status:0\r\n"), "{} bytes", body.len());
    }
}

/// tonic answers with INTERNAL where there is no message, and takes the first of several.
#[test]
fn another_number_of_messages_than_one_is_unimplemented_by_both() {
    let both = Both::new(PointRule::OnGlobe);
    let broken = [0, 0, 0, 0, 1, 0xff, 0, 0, 0, 0, 0];
    for method in ["GetFeature", "ListFeatures"] {
        assert_eq!(both.answer(method, &[]).status, "12");
        for two in [&[0; 10][..], &broken] {
            let refused = both.answer(method, two);
            assert_eq!(refused.status, "12");
            assert_eq!(refused.bytes, [0; 0]);
        }
    }
    assert_eq!(both.answer("RecordRoute", &[]).status, "0");
}

#[test]
fn broken_requests_end_with_the_same_code() {
    let both = Both::new(PointRule::OnGlobe);
    let broken: [&[u8]; 6] = [
        &[0, 0, 0, 0, 1, 0xff],
        &[0, 0, 0, 0, 2, 0x08, 0xff],
        &[0, 0, 0],
        &[0, 0, 0, 0, 9, 1],
        &[1, 0, 0, 0, 0],
        &[7, 0, 0, 0, 0],
    ];
    for body in broken {
        for method in ["GetFeature", "ListFeatures", "RecordRoute"] {
            let (stored, generated) = both.runtime.block_on(async {
                let stored = both.stored.clone().oneshot(request(method, body)).await;
                let generated = both.generated.clone().oneshot(request(method, body)).await;
                (read(stored.unwrap()).await, read(generated.unwrap()).await)
            });
            assert_eq!(stored.status, generated.status, "{method} with {body:02x?}");
        }
    }
}

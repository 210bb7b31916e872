//! The standard services: what tools ask before they call anything else.

use std::collections::BTreeSet;

use prost::Message;
use prost_types::FileDescriptorProto;
use route_guide_tests::{TestServer, run, within};
use tonic::Code;
use tonic::transport::Channel;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

const ROUTE_GUIDE: &str = "routeguide.RouteGuide";
const GREETER: &str = "helloworld.Greeter";
const HELLO: &str = "hello.HelloService";
const HEALTH: &str = "grpc.health.v1.Health";
const REFLECTION: [&str; 2] = [
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
];

fn about(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

#[test]
fn health_says_serving_for_the_server_and_for_each_service() {
    run(async {
        let serving = HealthCheckResponse {
            status: ServingStatus::Serving.into(),
        };
        let guide = TestServer::route_guide().await;
        let greetings = TestServer::greetings().await;
        for (server, service) in [
            (&guide, ""),
            (&guide, ROUTE_GUIDE),
            (&greetings, ""),
            (&greetings, GREETER),
            (&greetings, HELLO),
        ] {
            let mut health = HealthClient::new(server.channel());
            let checked = health.check(about(service)).await.unwrap().into_inner();
            assert_eq!(checked, serving, "{service:?}");
            let watched = health.watch(about(service)).await.unwrap();
            let first = within("the state", watched.into_inner().message()).await;
            assert_eq!(first.unwrap(), Some(serving), "{service:?}");
        }
    });
}

#[test]
fn health_does_not_know_services_that_are_elsewhere() {
    run(async {
        let server = TestServer::route_guide().await;
        let mut health = HealthClient::new(server.channel());
        for service in [GREETER, "routeguide", "no.such.Service"] {
            let status = health.check(about(service)).await.unwrap_err();
            assert_eq!(status.code(), Code::NotFound, "{service}");
        }
    });
}

/// gRPC's health document: a watch of an unknown service is answered with `SERVICE_UNKNOWN` and stays open.
#[test]
fn a_watch_of_an_unknown_service_says_so_and_goes_on() {
    run(async {
        let server = TestServer::route_guide().await;
        let mut health = HealthClient::new(server.channel());
        let watched = health.watch(about("no.such.Service")).await.unwrap();
        let first = within("the state", watched.into_inner().message()).await;
        let unknown = i32::from(ServingStatus::ServiceUnknown);
        assert_eq!(first.unwrap().unwrap().status, unknown);
    });
}

/// The two versions of reflection differ in nothing but their package.
macro_rules! reflection_client {
    ($module:ident, $version:ident) => {
        mod $module {
            use tonic::transport::Channel;
            use tonic_reflection::pb::$version::ServerReflectionRequest;
            use tonic_reflection::pb::$version::server_reflection_client::ServerReflectionClient;
            use tonic_reflection::pb::$version::server_reflection_request::MessageRequest;
            use tonic_reflection::pb::$version::server_reflection_response::MessageResponse;

            async fn ask(
                channel: &Channel,
                request: MessageRequest,
            ) -> Result<MessageResponse, i32> {
                let request = ServerReflectionRequest {
                    host: String::new(),
                    message_request: Some(request),
                };
                let requests = tokio_stream::once(request);
                let mut client = ServerReflectionClient::new(channel.clone());
                let replies = client.server_reflection_info(requests).await.unwrap();
                match replies.into_inner().message().await {
                    Ok(reply) => Ok(reply.unwrap().message_response.unwrap()),
                    Err(status) => Err(i32::from(status.code())),
                }
            }

            pub(super) async fn services(channel: &Channel) -> Vec<String> {
                let request = MessageRequest::ListServices(String::new());
                match ask(channel, request).await.unwrap() {
                    MessageResponse::ListServicesResponse(list) => list
                        .service
                        .into_iter()
                        .map(|service| service.name)
                        .collect(),
                    other => panic!("{other:?}"),
                }
            }

            /// The file that declares a symbol, or the code of the error.
            pub(super) async fn file_of(channel: &Channel, symbol: &str) -> Result<Vec<u8>, i32> {
                let request = MessageRequest::FileContainingSymbol(symbol.to_owned());
                match ask(channel, request).await? {
                    MessageResponse::FileDescriptorResponse(mut files) => {
                        Ok(files.file_descriptor_proto.remove(0))
                    }
                    MessageResponse::ErrorResponse(error) => Err(error.error_code),
                    other => panic!("{other:?}"),
                }
            }
        }
    };
}

reflection_client!(reflection_v1, v1);
reflection_client!(reflection_v1alpha, v1alpha);

async fn check_services(channel: &Channel, own: &[&str]) {
    let listed = [
        reflection_v1::services(channel).await,
        reflection_v1alpha::services(channel).await,
    ];
    for listed in listed {
        let names: BTreeSet<_> = listed.iter().map(String::as_str).collect();
        assert_eq!(names.len(), listed.len(), "{listed:?} has one twice");
        let expected: BTreeSet<_> = own.iter().copied().chain([HEALTH]).collect();
        // Whether reflection lists itself is its own affair; everything else is not.
        let others: BTreeSet<_> = names
            .into_iter()
            .filter(|name| !REFLECTION.contains(name))
            .collect();
        assert_eq!(others, expected);
    }
}

#[test]
fn both_versions_of_reflection_list_exactly_the_services_of_the_server() {
    run(async {
        let guide = TestServer::route_guide().await;
        check_services(&guide.channel(), &[ROUTE_GUIDE]).await;
        let greetings = TestServer::greetings().await;
        check_services(&greetings.channel(), &[GREETER, HELLO]).await;
    });
}

#[test]
fn both_versions_of_reflection_describe_every_service_they_list() {
    run(async {
        let guide = TestServer::route_guide().await;
        let greetings = TestServer::greetings().await;
        for server in [&guide, &greetings] {
            let channel = server.channel();
            for service in reflection_v1::services(&channel).await {
                let files = [
                    reflection_v1::file_of(&channel, &service).await,
                    reflection_v1alpha::file_of(&channel, &service).await,
                ];
                for file in files {
                    let file = FileDescriptorProto::decode(&file.unwrap()[..]).unwrap();
                    let declares = |declared: &prost_types::ServiceDescriptorProto| {
                        format!("{}.{}", file.package(), declared.name()) == service
                    };
                    assert!(file.service.iter().any(declares), "{service}");
                }
            }
        }
    });
}

#[test]
fn the_descriptor_of_route_guide_is_the_published_contract() {
    run(async {
        let server = TestServer::route_guide().await;
        let file = reflection_v1::file_of(&server.channel(), "routeguide.RouteNote").await;
        let file = FileDescriptorProto::decode(&file.unwrap()[..]).unwrap();
        assert_eq!(file.package(), "routeguide");
        let methods: Vec<_> = file.service[0]
            .method
            .iter()
            .map(|m| {
                (
                    m.name(),
                    m.input_type(),
                    m.client_streaming(),
                    m.output_type(),
                    m.server_streaming(),
                )
            })
            .collect();
        assert_eq!(
            methods,
            [
                (
                    "GetFeature",
                    ".routeguide.Point",
                    false,
                    ".routeguide.Feature",
                    false
                ),
                (
                    "ListFeatures",
                    ".routeguide.Rectangle",
                    false,
                    ".routeguide.Feature",
                    true
                ),
                (
                    "RecordRoute",
                    ".routeguide.Point",
                    true,
                    ".routeguide.RouteSummary",
                    false
                ),
                (
                    "RouteChat",
                    ".routeguide.RouteNote",
                    true,
                    ".routeguide.RouteNote",
                    true
                ),
            ]
        );
        let fields: Vec<_> = file
            .message_type
            .iter()
            .flat_map(|message| {
                message
                    .field
                    .iter()
                    .map(move |field| (message.name(), field.name(), field.number()))
            })
            .collect();
        assert_eq!(
            fields,
            [
                ("Point", "latitude", 1),
                ("Point", "longitude", 2),
                ("Rectangle", "lo", 1),
                ("Rectangle", "hi", 2),
                ("Feature", "name", 1),
                ("Feature", "location", 2),
                ("RouteNote", "location", 1),
                ("RouteNote", "message", 2),
                ("RouteSummary", "point_count", 1),
                ("RouteSummary", "feature_count", 2),
                ("RouteSummary", "distance", 3),
                ("RouteSummary", "elapsed_time", 4),
            ]
        );
    });
}

/// tonic-reflection says so with the status of the call; the protocol's error response would do as well.
#[test]
fn reflection_says_not_found_for_what_is_not_there() {
    run(async {
        let server = TestServer::route_guide().await;
        let channel = server.channel();
        let not_found = i32::from(Code::NotFound);
        for symbol in ["no.such.Symbol", ""] {
            let v1 = reflection_v1::file_of(&channel, symbol).await;
            let v1alpha = reflection_v1alpha::file_of(&channel, symbol).await;
            assert_eq!(
                (v1, v1alpha),
                (Err(not_found), Err(not_found)),
                "{symbol:?}"
            );
        }
    });
}

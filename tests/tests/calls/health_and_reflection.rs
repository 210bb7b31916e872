//! The standard services: what tools ask before they call anything else.

use std::collections::BTreeSet;

use prost::Message;
use prost_types::FileDescriptorProto;
use route_guide_proto::health;
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
            (&guide, HEALTH),
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

#[test]
fn health_lists_the_states_of_all_services() {
    run(async {
        for (server, own) in [
            (TestServer::route_guide().await, vec![ROUTE_GUIDE]),
            (TestServer::greetings().await, vec![GREETER, HELLO]),
        ] {
            // tonic-health has no stub for it.
            let mut health = health::health_client::HealthClient::new(server.channel());
            let listed = health.list(health::HealthListRequest {}).await.unwrap();
            let serving = health::HealthCheckResponse {
                status: ServingStatus::Serving.into(),
            };
            let expected = own.iter().chain(&["", HEALTH]);
            let expected = expected.map(|name| ((*name).to_owned(), serving));
            assert_eq!(listed.into_inner().statuses, expected.collect());
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
            use tonic_reflection::pb::$version::server_reflection_client::ServerReflectionClient;
            use tonic_reflection::pb::$version::server_reflection_request::MessageRequest;
            use tonic_reflection::pb::$version::server_reflection_response::MessageResponse;
            use tonic_reflection::pb::$version::{ExtensionRequest, ServerReflectionRequest};

            /// Asks in one stream, and returns all answers.
            async fn ask_all(
                channel: &Channel,
                requests: Vec<MessageRequest>,
            ) -> Vec<MessageResponse> {
                let requests: Vec<_> = requests
                    .into_iter()
                    .map(|request| ServerReflectionRequest {
                        host: "a host".to_owned(),
                        message_request: Some(request),
                    })
                    .collect();
                let asked = tokio_stream::iter(requests.clone());
                let mut client = ServerReflectionClient::new(channel.clone())
                    .max_decoding_message_size(usize::MAX);
                let replies = client.server_reflection_info(asked).await.unwrap();
                let mut replies = replies.into_inner();
                let mut answers = Vec::new();
                for request in requests {
                    let reply = replies.message().await.unwrap().unwrap();
                    assert_eq!(reply.valid_host, "a host");
                    assert_eq!(reply.original_request, Some(request));
                    answers.push(reply.message_response.unwrap());
                }
                assert_eq!(replies.message().await.unwrap(), None);
                answers
            }

            async fn ask(channel: &Channel, request: MessageRequest) -> MessageResponse {
                ask_all(channel, vec![request]).await.remove(0)
            }

            /// Questions about what no server has.
            fn in_vain(name: &str) -> Vec<MessageRequest> {
                vec![
                    MessageRequest::FileContainingSymbol(name.to_owned()),
                    MessageRequest::FileContainingSymbol(String::new()),
                    MessageRequest::FileByFilename(name.to_owned()),
                    MessageRequest::FileContainingExtension(ExtensionRequest {
                        containing_type: name.to_owned(),
                        extension_number: 1,
                    }),
                    MessageRequest::AllExtensionNumbersOfType(name.to_owned()),
                ]
            }

            /// The codes of the answers to such questions, between two that have an answer.
            pub(super) async fn refusals(channel: &Channel) -> [Option<i32>; 5] {
                let known = "routeguide.Point";
                let mut questions = in_vain("no.such.Symbol");
                questions.insert(0, MessageRequest::FileContainingSymbol(known.to_owned()));
                questions.push(MessageRequest::AllExtensionNumbersOfType(known.to_owned()));
                let mut answers = ask_all(channel, questions).await;
                let last = answers.pop().unwrap();
                let MessageResponse::AllExtensionNumbersResponse(numbers) = last else {
                    panic!("{last:?}");
                };
                assert_eq!(numbers.base_type_name, known);
                assert_eq!(numbers.extension_number, [0; 0]);
                let first = answers.remove(0);
                assert!(matches!(first, MessageResponse::FileDescriptorResponse(_)));
                let codes: Vec<_> = answers
                    .into_iter()
                    .map(|answer| match answer {
                        MessageResponse::ErrorResponse(error) => Some(error.error_code),
                        _ => None,
                    })
                    .collect();
                codes.try_into().unwrap()
            }

            /// The reasons of the answers to such questions.
            pub(super) async fn reasons(channel: &Channel, name: &str) -> Vec<String> {
                let answers = ask_all(channel, in_vain(name)).await;
                let reason = |answer| match answer {
                    MessageResponse::ErrorResponse(error) => error.error_message,
                    other => panic!("{other:?}"),
                };
                answers.into_iter().map(reason).collect()
            }

            pub(super) async fn services(channel: &Channel) -> Vec<String> {
                let request = MessageRequest::ListServices(String::new());
                match ask(channel, request).await {
                    MessageResponse::ListServicesResponse(list) => list
                        .service
                        .into_iter()
                        .map(|service| service.name)
                        .collect(),
                    other => panic!("{other:?}"),
                }
            }

            /// The file that declares a symbol.
            pub(super) async fn file_of(channel: &Channel, symbol: &str) -> Vec<u8> {
                let request = MessageRequest::FileContainingSymbol(symbol.to_owned());
                match ask(channel, request).await {
                    MessageResponse::FileDescriptorResponse(mut files) => {
                        files.file_descriptor_proto.remove(0)
                    }
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
                    let file = FileDescriptorProto::decode(&file[..]).unwrap();
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
        let file = FileDescriptorProto::decode(&file[..]).unwrap();
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

/// The stream ended with `NOT_FOUND`, and with it the answers to the questions after the bad one.
#[test]
fn reflection_answers_what_is_not_there_in_the_stream_and_goes_on() {
    run(async {
        let server = TestServer::route_guide().await;
        let channel = server.channel();
        let not_found = [i32::from(Code::NotFound); 5].map(Some);
        assert_eq!(reflection_v1::refusals(&channel).await, not_found);
        assert_eq!(reflection_v1alpha::refusals(&channel).await, not_found);
    });
}

/// grpcio lost the code over 17 kB of trailers; a grpc-js channel never recovered from 200 kB.
#[test]
fn however_long_a_name_is_the_answer_about_it_is_short() {
    run(async {
        let server = TestServer::route_guide().await;
        for bytes in [17_000, 200_000] {
            let name = "ü".repeat(bytes / 2);
            let mut health = HealthClient::new(server.channel());
            let status = health.check(about(&name)).await.unwrap_err();
            assert_eq!(status.code(), Code::NotFound);
            assert!(status.message().len() <= 1024);
            for reasons in [
                reflection_v1::reasons(&server.channel(), &name).await,
                reflection_v1alpha::reasons(&server.channel(), &name).await,
            ] {
                for reason in reasons {
                    assert!(reason.len() <= 1024, "{} bytes", reason.len());
                }
            }
        }
    });
}

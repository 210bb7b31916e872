//! The standard reflection service: what can be called here?
//!
//! tonic-reflection finds the answers. It ends the whole stream for one symbol that it does not know, where the
//! protocol has an `error_response` among the answers and the stream goes on; so each question is put to it in a call of
//! its own.
//!
//! # References
//!
//! [Server reflection](https://github.com/grpc/grpc/blob/master/doc/server-reflection.md).

use route_guide_proto::FILE_DESCRIPTOR_SET;
use tonic_reflection::server::Builder;

/// How many bytes of the reason an `error_response` has.
const MOST_REASON_BYTES: usize = 1024;

/// Describes services; the file holds the contracts of all servers.
fn about(services: &[&str]) -> Builder<'static> {
    let builder = Builder::configure().register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET);
    services.iter().fold(builder, |builder, service| {
        builder.with_service_name(*service)
    })
}

/// The two versions of reflection differ in nothing but their package.
macro_rules! reflection {
    ($version:ident, $build:ident) => {
        pub(crate) mod $version {
            use std::pin::Pin;

            use async_stream::try_stream;
            use tokio_stream::Stream;
            use tonic::{Request, Response, Status, Streaming};
            use tonic_reflection::pb::$version as pb;
            use tonic_reflection::pb::$version::server_reflection_client::ServerReflectionClient;
            use tonic_reflection::pb::$version::server_reflection_request::MessageRequest;
            use tonic_reflection::pb::$version::server_reflection_response::MessageResponse;
            use tonic_reflection::server::Error;
            use tonic_reflection::server::$version::{ServerReflection, ServerReflectionServer};

            use super::{MOST_REASON_BYTES, about};
            use crate::text::shortened;

            /// Answers every question of a stream, whatever the answers are.
            pub(crate) struct Reflection<S> {
                answers: ServerReflectionClient<ServerReflectionServer<S>>,
            }

            /// Makes the service that describes these services.
            pub(crate) fn server(
                services: &[&str],
            ) -> Result<ServerReflectionServer<Reflection<impl ServerReflection>>, Error> {
                let answers = ServerReflectionClient::new(about(services).$build()?);
                Ok(ServerReflectionServer::new(Reflection { answers }))
            }

            #[tonic::async_trait]
            impl<S: ServerReflection> ServerReflection for Reflection<S> {
                type ServerReflectionInfoStream = Pin<
                    Box<dyn Stream<Item = Result<pb::ServerReflectionResponse, Status>> + Send>,
                >;

                async fn server_reflection_info(
                    &self,
                    requests: Request<Streaming<pb::ServerReflectionRequest>>,
                ) -> Result<Response<Self::ServerReflectionInfoStream>, Status> {
                    let mut requests = requests.into_inner();
                    let answers = self.answers.clone();
                    Ok(Response::new(Box::pin(try_stream! {
                        while let Some(request) = requests.message().await? {
                            let answered = answer(answers.clone(), &request).await;
                            yield pb::ServerReflectionResponse {
                                valid_host: request.host.clone(),
                                original_request: Some(request),
                                message_response: Some(answered.unwrap_or_else(refusal)),
                            };
                        }
                    })))
                }
            }

            async fn answer<S: ServerReflection>(
                mut answers: ServerReflectionClient<ServerReflectionServer<S>>,
                request: &pb::ServerReflectionRequest,
            ) -> Result<MessageResponse, Status> {
                let asked = match &request.message_request {
                    // Every type that is known has no extensions: what remains is whether it is known.
                    Some(MessageRequest::AllExtensionNumbersOfType(name)) => {
                        Some(MessageRequest::FileContainingSymbol(name.clone()))
                    }
                    asked => asked.clone(),
                };
                let asked = pb::ServerReflectionRequest {
                    host: request.host.clone(),
                    message_request: asked,
                };
                let replies = answers.server_reflection_info(tokio_stream::once(asked));
                let reply = replies.await?.into_inner().message().await?;
                let found = reply.and_then(|reply| reply.message_response);
                let found = found.ok_or_else(|| Status::internal("reflection has no answer"))?;
                Ok(match &request.message_request {
                    Some(MessageRequest::AllExtensionNumbersOfType(name)) => {
                        MessageResponse::AllExtensionNumbersResponse(pb::ExtensionNumberResponse {
                            base_type_name: name.clone(),
                            extension_number: Vec::new(),
                        })
                    }
                    _ => found,
                })
            }

            fn refusal(status: Status) -> MessageResponse {
                MessageResponse::ErrorResponse(pb::ErrorResponse {
                    error_code: status.code().into(),
                    error_message: shortened(status.message(), MOST_REASON_BYTES).into_owned(),
                })
            }
        }
    };
}

reflection!(v1, build_v1);
reflection!(v1alpha, build_v1alpha);

//! The standard health service: is a service being served?

use std::pin::Pin;

use async_stream::stream;
use route_guide_proto::health::health_check_response::ServingStatus;
use route_guide_proto::health::health_server::Health;
use route_guide_proto::health::{
    HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse,
};
use tokio::sync::watch;
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use crate::text::shortened;

type States = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

/// How much of a name is repeated to whoever asks for it.
const MOST_NAME_BYTES: usize = 100;

/// Answers for a fixed list of services, and for the server as a whole under the empty name.
///
/// tonic-health has no `List`, and ends a watch of an unknown service, which the document has stay open.
///
/// # References
///
/// [gRPC health checking](https://github.com/grpc/grpc/blob/master/doc/health-checking.md).
#[derive(Debug)]
pub(crate) struct HealthServicer {
    services: Vec<&'static str>,
    serving: watch::Receiver<ServingStatus>,
}

impl HealthServicer {
    /// Makes a servicer whose services all have the state that `serving` has.
    pub(crate) fn new(
        services: Vec<&'static str>,
        serving: watch::Receiver<ServingStatus>,
    ) -> Self {
        Self { services, serving }
    }

    fn knows(&self, service: &str) -> bool {
        service.is_empty() || self.services.contains(&service)
    }
}

#[tonic::async_trait]
impl Health for HealthServicer {
    type WatchStream = States;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let service = request.into_inner().service;
        if self.knows(&service) {
            return Ok(Response::new(state(*self.serving.borrow())));
        }
        let service = shortened(&service, MOST_NAME_BYTES);
        Err(Status::not_found(format!(
            "service {service:?} is not served here: ask for one that List names, or for \"\", the whole server"
        )))
    }

    async fn list(
        &self,
        _request: Request<HealthListRequest>,
    ) -> Result<Response<HealthListResponse>, Status> {
        let now = state(*self.serving.borrow());
        let names = self.services.iter().copied().chain([""]);
        Ok(Response::new(HealthListResponse {
            statuses: names.map(|name| (name.to_owned(), now)).collect(),
        }))
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<States>, Status> {
        let known = self.knows(&request.into_inner().service);
        let mut serving = self.serving.clone();
        Ok(Response::new(Box::pin(stream! {
            if !known {
                yield Ok(state(ServingStatus::ServiceUnknown));
                // It never becomes known: the services of a server are fixed.
                std::future::pending::<()>().await;
            }
            serving.mark_changed();
            while serving.changed().await.is_ok() {
                let now = *serving.borrow_and_update();
                yield Ok(state(now));
            }
        })))
    }
}

fn state(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}

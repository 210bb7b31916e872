//! The standard health service: is a service being served?

use std::pin::Pin;

use async_stream::stream;
use tokio::sync::watch;
use tokio_stream::Stream;
use tonic::{Request, Response, Status};
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::Health;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

type States = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

/// Answers for a fixed list of services, and for the server as a whole under the empty name.
///
/// tonic-health brings the messages. Its own servicer ends a watch of an unknown service, which the
/// document has stay open: such a service may become known.
///
/// # References
///
/// [gRPC health checking](https://github.com/grpc/grpc/blob/master/doc/health-checking.md).
#[derive(Debug)]
pub(crate) struct HealthServicer {
    services: &'static [&'static str],
    serving: watch::Receiver<ServingStatus>,
}

impl HealthServicer {
    /// Makes a servicer whose services all have the state that `serving` has.
    pub(crate) fn new(
        services: &'static [&'static str],
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
            Ok(Response::new(state(*self.serving.borrow())))
        } else {
            Err(Status::not_found(format!("no service {service:?} here")))
        }
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<States>, Status> {
        let known = self.knows(&request.into_inner().service);
        let mut serving = self.serving.clone();
        Ok(Response::new(Box::pin(stream! {
            if !known {
                yield Ok(state(ServingStatus::Unknown));
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
    use tonic_health::pb::health_check_response::ServingStatus as Wire;

    let wire = match status {
        ServingStatus::Unknown => Wire::ServiceUnknown,
        ServingStatus::Serving => Wire::Serving,
        ServingStatus::NotServing => Wire::NotServing,
    };
    HealthCheckResponse {
        status: wire.into(),
    }
}

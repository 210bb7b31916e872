//! From the path of a call to its service.
//!
//! Calls of RouteGuide go on in [`fast_path`](crate::route_guide::fast_path).

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use tokio_util::either::Either;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::Routes;
use tower::Service;

use crate::standard::unknown_method::name_unknown_method;

/// Leads calls of one service straight to it, and all others through tonic's router.
///
/// The router takes more time to find a service than GetFeature takes to find a feature.
#[derive(Clone, Debug)]
pub(crate) struct Router<S> {
    direct: Option<S>,
    others: Routes,
}

/// The answer of a service behind the router, on its way.
type Routed = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

impl<S> Router<S> {
    pub(crate) fn new(direct: Option<S>, others: Routes) -> Self {
        Self { direct, others }
    }
}

impl<S> Service<Request<Body>> for Router<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + NamedService,
{
    type Response = Response<Body>;
    type Error = Infallible;
    // The router's future is large, and calls of all services would have room for it.
    type Future = Either<S::Future, Routed>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        if let Some(direct) = &mut self.direct {
            std::task::ready!(direct.poll_ready(cx))?;
        }
        Service::<Request<Body>>::poll_ready(&mut self.others, cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match &mut self.direct {
            Some(direct) if is_of(S::NAME, request.uri().path()) => {
                Either::Left(direct.call(request))
            }
            _ => {
                let uri = request.uri().clone();
                let routed = self.others.call(request);
                Either::Right(Box::pin(name_unknown_method(uri, routed)))
            }
        }
    }
}

/// Tells whether a path is that of a method of the service.
fn is_of(service: &str, path: &str) -> bool {
    let method = path
        .strip_prefix('/')
        .and_then(|path| path.strip_prefix(service));
    method.is_some_and(|method| method.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_the_paths_that_begin_with_its_whole_name() {
        let is_of = |path| is_of("routeguide.RouteGuide", path);
        assert!(is_of("/routeguide.RouteGuide/GetFeature"));
        assert!(is_of("/routeguide.RouteGuide/"));
        for other in [
            "",
            "/",
            "/routeguide.RouteGuide",
            "routeguide.RouteGuide/GetFeature",
            "/routeguide.RouteGuide2/GetFeature",
            "/routeguide.routeguide/GetFeature",
            "//routeguide.RouteGuide/GetFeature",
        ] {
            assert!(!is_of(other), "{other}");
        }
    }
}

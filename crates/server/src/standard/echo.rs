//! Metadata that comes back, so that both directions can be seen from a client.
//!
//! Other calls pass as they are and go on in the service within.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::BodyExt;
use tokio_util::either::Either;
use tonic::body::Body;
use tower::{Layer, Service};

use crate::metadata::{ECHO_INITIAL, ECHO_TRAILING};

/// Returns two metadata entries of a request to its sender: `x-grpc-test-echo-initial` with the initial
/// and `x-grpc-test-echo-trailing-bin` with the trailing metadata.
///
/// # References
///
/// gRPC's [interoperability tests](https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md),
/// "custom metadata", define the two names.
#[derive(Clone, Copy, Debug, Default)]
pub struct EchoMetadataLayer;

/// The service that [`EchoMetadataLayer`] makes.
#[derive(Clone, Debug)]
pub struct EchoMetadataService<S> {
    inner: S,
}

/// The answer to a call with metadata to echo, on its way.
type Echoing = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

impl<S> Layer<S> for EchoMetadataLayer {
    type Service = EchoMetadataService<S>;

    fn layer(&self, inner: S) -> EchoMetadataService<S> {
        EchoMetadataService { inner }
    }
}

impl<S> Service<Request<Body>> for EchoMetadataService<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<S::Future, Echoing>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let initial = request.headers().get(ECHO_INITIAL).cloned();
        let trailing = request.headers().get(ECHO_TRAILING).cloned();
        let answered = self.inner.call(request);
        if initial.is_none() && trailing.is_none() {
            return Either::Left(answered);
        }
        Either::Right(Box::pin(async move {
            let mut response = answered.await?;
            if let Some(value) = initial {
                response.headers_mut().insert(ECHO_INITIAL, value);
            }
            if let Some(value) = trailing {
                response = with_trailing(response, value);
            }
            Ok(response)
        }))
    }
}

fn with_trailing(mut response: Response<Body>, value: HeaderValue) -> Response<Body> {
    // A failure told in the head alone has no other place for trailing metadata.
    if response.headers().contains_key("grpc-status") {
        response.headers_mut().insert(ECHO_TRAILING, value);
        return response;
    }
    response.map(|body| {
        Body::new(body.map_frame(move |mut frame| {
            if let Some(trailers) = frame.trailers_mut() {
                insert(trailers, &value);
            }
            frame
        }))
    })
}

fn insert(trailers: &mut HeaderMap, value: &HeaderValue) {
    trailers.insert(ECHO_TRAILING, value.clone());
}

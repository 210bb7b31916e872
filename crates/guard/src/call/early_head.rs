//! Response headers before the response is known.
//!
//! Calls of other methods pass as they are and go on in the service within.

use std::convert::Infallible;
use std::future::{Future, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{HeaderMap, HeaderValue, Request, Response, header};
use http_body::{Frame, SizeHint};
use tokio_util::either::Either;
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

/// Sends the response headers of the named methods as soon as the call arrives.
///
/// A client-streaming method answers only after the last request message, and tonic sends the headers
/// with the answer. A client that waits for the headers before it writes would wait for ever. With this
/// layer the headers go out at once and the method runs while the body is read. What the method itself
/// puts into its headers comes too late for the head and goes into the trailers, a failure too.
#[derive(Clone, Debug)]
pub struct EarlyHeadLayer {
    paths: &'static [&'static str],
}

/// The service that [`EarlyHeadLayer`] makes.
#[derive(Clone, Debug)]
pub struct EarlyHeadService<S> {
    inner: S,
    paths: &'static [&'static str],
}

/// A response that is there. Boxed, as calls of all methods have room for it.
type EarlyFuture = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

impl EarlyHeadLayer {
    /// Makes the layer for methods named as `/package.Service/Method`.
    #[must_use]
    pub fn new(paths: &'static [&'static str]) -> Self {
        Self { paths }
    }
}

impl<S> Layer<S> for EarlyHeadLayer {
    type Service = EarlyHeadService<S>;

    fn layer(&self, inner: S) -> EarlyHeadService<S> {
        EarlyHeadService {
            inner,
            paths: self.paths,
        }
    }
}

impl<S> Service<Request<Body>> for EarlyHeadService<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<S::Future, EarlyFuture>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if !self.paths.contains(&request.uri().path()) {
            return Either::Left(self.inner.call(request));
        }
        // The head that is already out cannot announce a compression.
        request.headers_mut().remove("grpc-accept-encoding");
        let body = EarlyBody::Waiting(Box::pin(self.inner.call(request)));
        let mut response = Response::new(Body::new(body));
        let grpc = HeaderValue::from_static("application/grpc");
        response.headers_mut().insert(header::CONTENT_TYPE, grpc);
        Either::Right(Box::pin(ready(Ok(response))))
    }
}

/// The body of a response that is not there yet.
enum EarlyBody<F> {
    Waiting(Pin<Box<F>>),
    /// The body that the method made, and the metadata that came too late for the head.
    Streaming(Body, HeaderMap),
    Done,
}

impl<F> http_body::Body for EarlyBody<F>
where
    F: Future<Output = Result<Response<Body>, Infallible>>,
{
    type Data = tonic::codegen::Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Status>>> {
        loop {
            match &mut *self {
                Self::Waiting(handled) => {
                    let Poll::Ready(Ok(response)) = handled.as_mut().poll(cx) else {
                        return Poll::Pending;
                    };
                    let (parts, body) = response.into_parts();
                    let mut late = parts.headers;
                    late.remove(header::CONTENT_TYPE);
                    late.remove(header::CONTENT_LENGTH);
                    if !late.contains_key("grpc-status") {
                        *self = Self::Streaming(body, late);
                        continue;
                    }
                    // A failure, told in the head alone: the head is out, so it becomes trailers.
                    *self = Self::Done;
                    return Poll::Ready(Some(Ok(Frame::trailers(late))));
                }
                Self::Streaming(body, late) => {
                    return Pin::new(body).poll_frame(cx).map_ok(|mut frame| {
                        if let Some(trailers) = frame.trailers_mut() {
                            trailers.extend(std::mem::take(late));
                        }
                        frame
                    });
                }
                Self::Done => return Poll::Ready(None),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Waiting(_) => false,
            Self::Streaming(body, _) => body.is_end_stream(),
            Self::Done => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

//! How many messages a request has.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Request;
use http_body::Frame;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Bytes;
use tonic::server::NamedService;
use tower::{Layer, Service};

use crate::call::messages::MessageCount;

/// Refuses requests with no message or several, where a method takes exactly one.
///
/// tonic uses the first message and ignores the others, and has `INTERNAL` for none; the status document has
/// `UNIMPLEMENTED` for both.
///
/// # References
///
/// [Status codes](https://github.com/grpc/grpc/blob/master/doc/statuscodes.md), "request cardinality violation".
#[derive(Clone, Copy, Debug)]
pub struct CardinalityLayer {
    streaming: &'static [&'static str],
}

/// The service that [`CardinalityLayer`] makes.
#[derive(Clone, Debug)]
pub struct CardinalityService<S> {
    inner: S,
    layer: CardinalityLayer,
}

impl CardinalityLayer {
    /// Makes the layer; it leaves the methods alone whose requests are streams, named as `/package.Service/Method`.
    #[must_use]
    pub fn except(streaming: &'static [&'static str]) -> Self {
        Self { streaming }
    }
}

/// What a call ends with whose request has `messages` messages, and not one.
#[must_use]
pub fn cardinality_violation(messages: usize) -> Status {
    let messages = match messages {
        0 => "no message",
        _ => "more than one message",
    };
    Status::unimplemented(format!(
        "the request has {messages}: this method takes exactly one"
    ))
}

impl<S> Layer<S> for CardinalityLayer {
    type Service = CardinalityService<S>;

    fn layer(&self, inner: S) -> CardinalityService<S> {
        CardinalityService {
            inner,
            layer: *self,
        }
    }
}

impl<S: NamedService> NamedService for CardinalityService<S> {
    const NAME: &'static str = S::NAME;
}

impl<S: Service<Request<Body>>> Service<Request<Body>> for CardinalityService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> S::Future {
        if self.layer.streaming.contains(&request.uri().path()) {
            return self.inner.call(request);
        }
        let one = request.map(|inner| {
            Body::new(OneMessage {
                inner,
                messages: MessageCount::default(),
            })
        });
        self.inner.call(one)
    }
}

/// A request body that fails where it has not exactly one message.
struct OneMessage {
    inner: Body,
    messages: MessageCount,
}

impl http_body::Body for OneMessage {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = match ready!(Pin::new(&mut self.inner).poll_frame(cx)) {
            Some(frame) => frame?,
            None if self.messages.nothing() => {
                return Poll::Ready(Some(Err(cardinality_violation(0))));
            }
            None => return Poll::Ready(None),
        };
        if let Some(data) = frame.data_ref() {
            self.messages.feed(data);
        }
        if self.messages.complete() > 1 {
            return Poll::Ready(Some(Err(cardinality_violation(self.messages.complete()))));
        }
        Poll::Ready(Some(Ok(frame)))
    }
}

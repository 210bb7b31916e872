//! One call from its first header to its last trailer.
//!
//! [`CallService`] calls the service within; its answer goes on through [`body`].

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Bytes;
use tower::{Layer, Service};

use crate::{Deadline, Drain};
use body::CallBody;
use end_of_call::{EndOfCall, end_of_task};
use panic::{Panicked, catch_panic};
use status::{expired, panicked};
use task::{OpenCall, end_task_with, is_brief};

pub(crate) mod body;
pub(crate) mod cardinality;
pub(crate) mod deadline;
pub(crate) mod early_head;
pub(crate) mod end_of_call;
pub(crate) mod messages;
pub(crate) mod observer;
pub(crate) mod panic;
pub(crate) mod status;
pub(crate) mod task;

const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// Wraps a gRPC service so that every call ends when it must, and always with a status.
///
/// - The deadline bounds the whole call, the response stream included: `DEADLINE_EXCEEDED`.
/// - When the drain's time is over, what is still open ends with `UNAVAILABLE`.
/// - Streams that never end by themselves (see [`CallLayer::end_at_drain`]) end so when it begins.
/// - A call whose peer has stopped reading cannot be told; its stream is reset, or over HTTP/1.1 its connection closed.
/// - A panic becomes `UNKNOWN` for this call and concerns no other; the drain counts it.
/// - A message over the size limit is `RESOURCE_EXHAUSTED`, as the gRPC status document has it.
/// - A status message is cut at 1 KiB, or a client would lose the status over its length.
/// - What is not a gRPC request is refused by HTTP status 405 or 415.
#[derive(Clone, Debug)]
pub struct CallLayer {
    drain: Drain,
    end_at_drain: &'static [&'static str],
    brief: &'static [&'static str],
}

/// The service that [`CallLayer`] makes.
#[derive(Clone, Debug)]
pub struct CallService<S> {
    inner: S,
    layer: CallLayer,
}

pin_project! {
    /// The answer to a call, on its way.
    ///
    /// It is polled in place, and a handler that need not wait costs neither a timer nor an entry in a list of waiters.
    #[derive(Debug)]
    pub struct CallFuture<F> {
        #[pin]
        handler: Option<F>,
        running: Option<Running>,
        // What a call is answered with that never had a handler. Boxed, as every call has room for it.
        answer: Option<Box<Response<Body>>>,
    }
}

/// What belongs to a call until it is over.
#[derive(Debug)]
struct Running {
    end: EndOfCall,
    open_ended: bool,
    token: TaskTrackerToken,
}

impl CallLayer {
    /// Makes a layer whose calls take part in `drain`.
    #[must_use]
    pub fn new(drain: Drain) -> Self {
        Self {
            drain,
            end_at_drain: &[],
            brief: &[],
        }
    }

    /// Names the methods, as `/package.Service/Method`, whose streams last until somebody ends them.
    ///
    /// When the drain begins they end with `UNAVAILABLE`, once what they had ready is sent.
    #[must_use]
    pub fn end_at_drain(mut self, paths: &'static [&'static str]) -> Self {
        self.end_at_drain = paths;
        self
    }
}

impl CallLayer {
    /// Names the methods, as `/package.Service/Method`, whose answers take less time than a task of their own would.
    ///
    /// Over HTTP/2 the task of the connection answers them. Whoever else waits for the thread waits for them, so they
    /// must take microseconds, however much is asked for.
    #[must_use]
    pub fn answer_at_once(mut self, paths: &'static [&'static str]) -> Self {
        self.brief = paths;
        self
    }
}

impl<S> Layer<S> for CallLayer {
    type Service = CallService<S>;

    fn layer(&self, inner: S) -> CallService<S> {
        CallService {
            inner,
            layer: self.clone(),
        }
    }
}

impl<S> Service<Request<Body>> for CallService<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = CallFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if let Err(code) = check_is_grpc(&request) {
            return CallFuture::answered(plain_response(code));
        }
        let deadline = match deadline(&request) {
            Ok(deadline) => deadline,
            Err(status) => return CallFuture::answered(status::response(status)),
        };
        if let Some(deadline) = deadline {
            request.extensions_mut().insert(deadline);
        }
        let CallLayer {
            drain,
            end_at_drain,
            brief,
        } = &self.layer;
        let mark = request.extensions_mut().remove();
        let path = request.uri().path();
        if brief.contains(&path) {
            is_brief();
        }
        let running = Running {
            open_ended: end_at_drain.contains(&path),
            token: drain.track_call(),
            end: EndOfCall::new(deadline, drain.clone(), mark),
        };
        CallFuture {
            handler: catch_panic(|| self.inner.call(request)).ok(),
            running: Some(running),
            answer: None,
        }
    }
}

impl<F> CallFuture<F> {
    fn answered(answer: Response<Body>) -> Self {
        Self {
            handler: None,
            running: None,
            answer: Some(Box::new(answer)),
        }
    }
}

impl<F> Future for CallFuture<F>
where
    F: Future<Output = Result<Response<Body>, Infallible>>,
{
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let answer = match this.running {
            Some(running) => ready!(running.poll(this.handler.as_mut(), cx)),
            None => Err(this
                .answer
                .take()
                .map_or_else(Response::default, |answer| *answer)),
        };
        // What the handler holds on to must not outlive its call.
        this.handler.set(None);
        let running = this.running.take();
        Poll::Ready(Ok(match (answer, running) {
            (Ok(response), Some(running)) => running.into_response(response),
            (Ok(response) | Err(response), _) => response,
        }))
    }
}

impl Running {
    /// Waits for the response of the handler, or for what the call is answered with if there is none.
    fn poll<F>(
        &mut self,
        handler: Pin<&mut Option<F>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<Body>, Response<Body>>>
    where
        F: Future<Output = Result<Response<Body>, Infallible>>,
    {
        // A call that is over must not be answered as if it were not.
        let status = match self.end.reached() {
            Some(status) => status,
            None => match catch_panic(|| handler.as_pin_mut().map(|handler| handler.poll(cx))) {
                Ok(Some(Poll::Ready(Ok(response)))) => return Poll::Ready(Ok(response)),
                Ok(Some(Poll::Pending)) => ready!(self.end.poll(cx)),
                // Without a handler, it is the service that has panicked.
                Ok(None) | Err(Panicked) => {
                    self.end.drain().count_panicked_call();
                    panicked()
                }
            },
        };
        Poll::Ready(Err(status::response(status)))
    }

    fn into_response(self, response: Response<Body>) -> Response<Body> {
        let (mut parts, body) = response.into_parts();
        status::correct(&mut parts.headers);
        let drain = self.end.drain();
        let drained = self.open_ended.then(|| drain.begun_owned());
        let open = (self.open_ended || self.end.deadline().is_some()).then(|| {
            let open = OpenCall::default();
            let drain = self.open_ended.then(|| drain.clone());
            end_task_with(end_of_task(self.end.deadline(), drain), &open);
            open
        });
        let body = CallBody::new(body, self.end, drained, (self.token, open));
        Response::from_parts(parts, Body::new(body))
    }
}

/// Reads the deadline of a call, if it has one.
fn deadline(request: &Request<Body>) -> Result<Option<Deadline>, Status> {
    // Most calls have none, and then the clock is not read.
    if !request.headers().contains_key(GRPC_TIMEOUT) {
        return Ok(None);
    }
    let deadline = Deadline::from_headers(request.headers(), Instant::now().into_std())
        .map_err(|error| Status::internal(error.to_string()))?;
    match deadline {
        Some(deadline) if deadline.time_left().is_zero() => Err(expired()),
        deadline => Ok(deadline),
    }
}

fn check_is_grpc(request: &Request<Body>) -> Result<(), StatusCode> {
    const GRPC: &[u8] = b"application/grpc";
    if request.method() != Method::POST {
        return Err(StatusCode::METHOD_NOT_ALLOWED);
    }
    let content_type = request.headers().get(header::CONTENT_TYPE);
    match content_type.and_then(|value| value.as_bytes().split_at_checked(GRPC.len())) {
        // Media types are the same in capitals (RFC 9110, section 8.3.1).
        Some((name, [] | [b'+' | b';' | b' ' | b'\t', ..])) if name.eq_ignore_ascii_case(GRPC) => {
            Ok(())
        }
        _ => Err(StatusCode::UNSUPPORTED_MEDIA_TYPE),
    }
}

/// Refuses what is not a call, in words for whoever reads them.
pub(crate) fn plain_response(code: StatusCode) -> Response<Body> {
    const WORDS: &[u8] =
        b"This is a gRPC server. It answers POST requests with a content-type of gRPC.\n";
    let mut response = Response::new(Body::new(Full::new(Bytes::from_static(WORDS))));
    *response.status_mut() = code;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    if code == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
    }
    response
}

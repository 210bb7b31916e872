//! One call from its first header to its last trailer.

use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use tokio::time::{Instant, sleep, sleep_until};
use tonic::body::Body;
use tonic::codegen::Bytes;
use tonic::{Code, Status};
use tower::{Layer, Service};

use crate::body::CallBody;
use crate::task::{OpenCall, end_task_with};
use crate::{Deadline, Drain};

/// How long after its deadline a call may still be about to send its status.
const GRACE: Duration = Duration::from_millis(25);

/// How long after the beginning of a drain an open-ended stream may still send what it has ready.
const DRAIN_GRACE: Duration = Duration::from_millis(500);

/// Wraps a gRPC service so that every call ends when it must, and always with a status.
///
/// - The deadline bounds the whole call, the response stream included: `DEADLINE_EXCEEDED`.
/// - When the drain's time is over, what is still open ends with `UNAVAILABLE`.
/// - Streams that never end by themselves (see [`CallLayer::end_at_drain`]) end so when it begins.
/// - A call whose peer has stopped reading cannot be told; its stream is reset, or over HTTP/1.1 its connection closed.
/// - A panic becomes `INTERNAL` for this call and concerns no other.
/// - A message over the size limit is `RESOURCE_EXHAUSTED`, as the gRPC status document has it.
/// - What is not a gRPC request is refused by HTTP status 405 or 415.
#[derive(Clone, Debug)]
pub struct CallLayer {
    drain: Drain,
    end_at_drain: &'static [&'static str],
}

/// The service that [`CallLayer`] makes.
#[derive(Clone, Debug)]
pub struct CallService<S> {
    inner: S,
    layer: CallLayer,
}

/// The answer to a call, on its way.
type CallFuture = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

impl CallLayer {
    /// Makes a layer whose calls take part in `drain`.
    #[must_use]
    pub fn new(drain: Drain) -> Self {
        Self {
            drain,
            end_at_drain: &[],
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
    type Future = CallFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if let Err(code) = check_is_grpc(&request) {
            return answer(plain_response(code));
        }
        let deadline = match Deadline::from_headers(request.headers(), Instant::now().into_std()) {
            Ok(deadline) => deadline,
            Err(error) => return answer(Status::internal(error.to_string()).into_http()),
        };
        if let Some(deadline) = deadline {
            if deadline.time_left().is_zero() {
                return answer(expired().into_http());
            }
            request.extensions_mut().insert(deadline);
        }
        let drain = self.layer.drain.clone();
        let open_ended = self.layer.end_at_drain.contains(&request.uri().path());
        let token = self.layer.drain.track_call();
        let mut end = end_of_call(deadline, drain.clone());
        let handled = CatchPanic::of(|| self.inner.call(request));
        Box::pin(async move {
            let response = tokio::select! {
                // A call that is over must not be answered as if it were not.
                biased;
                status = &mut end => return Ok(status.into_http()),
                response = handled => response.unwrap_or_else(Status::into_http),
            };
            let (mut parts, body) = response.into_parts();
            correct_status(&mut parts.headers);
            let drained = open_ended.then(|| drain.begun_owned());
            let open = OpenCall::default();
            if deadline.is_some() || open_ended {
                let end = end_of_task(deadline, drained.is_some().then_some(drain));
                end_task_with(end, &open);
            }
            let body = CallBody::new(body, end, drained, (token, open));
            Ok(Response::from_parts(parts, Body::new(body)))
        })
    }
}

/// The moment a call must end, whatever it is doing, and the status it ends with.
pub(crate) type EndOfCall = Pin<Box<dyn Future<Output = Status> + Send>>;

fn end_of_call(deadline: Option<Deadline>, drain: Drain) -> EndOfCall {
    let cut = drain.cut();
    Box::pin(async move {
        let passed = sleep_until_some(deadline.map(Deadline::at));
        tokio::select! {
            () = passed => expired(),
            () = cut => {
                drain.count_cut_call();
                draining()
            }
        }
    })
}

/// The moment at which a call that cannot end itself, because its peer does not read, ends with its task.
async fn end_of_task(deadline: Option<Deadline>, drain: Option<Drain>) {
    let passed = sleep_until_some(deadline.and_then(|deadline| deadline.at().checked_add(GRACE)));
    let drained = async {
        match drain {
            Some(drain) => {
                drain.begun().await;
                sleep(DRAIN_GRACE).await;
            }
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = passed => {}
        () = drained => {}
    }
}

async fn sleep_until_some(moment: Option<std::time::Instant>) {
    match moment {
        Some(moment) => sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

fn expired() -> Status {
    Status::deadline_exceeded("the deadline of the call has passed")
}

pub(crate) fn draining() -> Status {
    Status::unavailable("server is draining")
}

/// A future whose panic is a status.
struct CatchPanic<F> {
    inner: Result<Pin<Box<F>>, Option<Status>>,
}

impl<F> CatchPanic<F> {
    fn of(make: impl FnOnce() -> F) -> Self {
        // What panicked is dropped and never looked at again, so no broken state can be seen.
        let inner = std::panic::catch_unwind(AssertUnwindSafe(make));
        Self {
            inner: inner.map(Box::pin).map_err(|_panic| Some(panicked())),
        }
    }
}

impl<F: Future<Output = Result<Response<Body>, Infallible>>> Future for CatchPanic<F> {
    type Output = Result<Response<Body>, Status>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.inner {
            Ok(future) => match catch_panic(|| future.as_mut().poll(cx)) {
                Ok(poll) => poll.map(|response| response.map_err(|never| match never {})),
                Err(status) => Poll::Ready(Err(status)),
            },
            Err(status) => Poll::Ready(Err(status.take().unwrap_or_else(panicked))),
        }
    }
}

pub(crate) fn catch_panic<T>(poll: impl FnOnce() -> T) -> Result<T, Status> {
    // As above: the caller drops what panicked.
    std::panic::catch_unwind(AssertUnwindSafe(poll)).map_err(|_panic| panicked())
}

fn panicked() -> Status {
    // The panic hook has logged where and why.
    Status::internal("the server failed on this call")
}

/// tonic answers a message over the limit with `OUT_OF_RANGE`; the status document says otherwise.
///
/// # References
///
/// [Status codes](https://github.com/grpc/grpc/blob/master/doc/statuscodes.md), `RESOURCE_EXHAUSTED`.
pub(crate) fn correct_status(headers: &mut HeaderMap) {
    const OUT_OF_RANGE: i32 = Code::OutOfRange as i32;
    const TOO_LARGE: &[u8] = b"Error, decoded message length too large";
    let Some(status) = headers.get("grpc-status") else {
        return;
    };
    if status.as_bytes() != OUT_OF_RANGE.to_string().as_bytes() {
        return;
    }
    let from_codec = headers.get("grpc-message").is_some_and(|message| {
        let spaces_decoded = String::from_utf8_lossy(message.as_bytes()).replace("%20", " ");
        spaces_decoded.as_bytes().starts_with(TOO_LARGE)
    });
    if from_codec {
        let code = HeaderValue::from(Code::ResourceExhausted as i32);
        headers.insert("grpc-status", code);
    }
}

fn check_is_grpc(request: &Request<Body>) -> Result<(), StatusCode> {
    if request.method() != Method::POST {
        return Err(StatusCode::METHOD_NOT_ALLOWED);
    }
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let rest = content_type.and_then(|value| value.as_bytes().strip_prefix(b"application/grpc"));
    match rest {
        Some([] | [b'+' | b';', ..]) => Ok(()),
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

fn answer(response: Response<Body>) -> CallFuture {
    Box::pin(std::future::ready(Ok(response)))
}

//! One call from its first header to its last trailer.

use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use tokio::time::{Instant, sleep, sleep_until};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Bytes;
use tower::{Layer, Service};

use crate::body::CallBody;
use crate::status::{self, draining, expired, panicked};
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
/// - A panic becomes `UNKNOWN` for this call and concerns no other; the drain counts it.
/// - A message over the size limit is `RESOURCE_EXHAUSTED`, as the gRPC status document has it.
/// - A status message is cut at 1 KiB, or a client would lose the status over its length.
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
            Err(error) => return answer(status::response(Status::internal(error.to_string()))),
        };
        if let Some(deadline) = deadline {
            if deadline.time_left().is_zero() {
                return answer(status::response(expired()));
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
                status = &mut end => return Ok(status::response(status)),
                response = handled => response.unwrap_or_else(|Panicked| {
                    drain.count_panicked_call();
                    status::response(panicked())
                }),
            };
            let (mut parts, body) = response.into_parts();
            status::correct(&mut parts.headers);
            let drained = open_ended.then(|| drain.begun_owned());
            let open = OpenCall::default();
            if deadline.is_some() || open_ended {
                let end = end_of_task(deadline, open_ended.then(|| drain.clone()));
                end_task_with(end, &open);
            }
            let body = CallBody::new(body, end, drained, drain, (token, open));
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

/// A handler has panicked. The panic hook has said where and why.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Panicked;

/// A future whose panic is an error.
struct CatchPanic<F> {
    /// `None` once it has panicked.
    inner: Option<Pin<Box<F>>>,
}

impl<F> CatchPanic<F> {
    fn of(make: impl FnOnce() -> F) -> Self {
        Self {
            inner: catch_panic(make).ok().map(Box::pin),
        }
    }
}

impl<F: Future<Output = Result<Response<Body>, Infallible>>> Future for CatchPanic<F> {
    type Output = Result<Response<Body>, Panicked>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(future) = &mut self.inner else {
            return Poll::Ready(Err(Panicked));
        };
        let polled = catch_panic(|| future.as_mut().poll(cx));
        if polled.is_err() {
            self.inner = None;
        }
        match polled? {
            Poll::Ready(Ok(response)) => Poll::Ready(Ok(response)),
            Poll::Pending => Poll::Pending,
        }
    }
}

pub(crate) fn catch_panic<T>(run: impl FnOnce() -> T) -> Result<T, Panicked> {
    // Callers drop what panicked and never look at it again, so no broken state can be seen.
    std::panic::catch_unwind(AssertUnwindSafe(run)).map_err(|_panic| Panicked)
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

fn answer(response: Response<Body>) -> CallFuture {
    Box::pin(std::future::ready(Ok(response)))
}

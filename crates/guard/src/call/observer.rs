//! What a server reports of its calls.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use http::{HeaderMap, Request, Response};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::body::Body;
use tonic::codegen::Bytes;
use tonic::{Code, Status};
use tower::{Layer, Service};

use crate::ConnectionInfo;
use crate::call::messages::MessageCount;
use crate::call::status::code_of;

/// Sees the start and the end of every call.
///
/// Its methods run on the threads that serve calls, so they must not block.
pub trait CallObserver: fmt::Debug + Send + Sync + 'static {
    /// A call has started.
    fn started(&self, _call: &ObservedCall) {}

    /// A call is over, however it ended. Each call that has started ends once.
    fn ended(&self, call: &ObservedCall, end: &CallEnd);
}

/// A call as an observer sees it.
#[derive(Clone, Debug)]
pub struct ObservedCall {
    /// The method, as `/package.Service/Method`.
    pub path: String,
    /// The connection that it came on, if the server knows it.
    pub connection: Option<ConnectionInfo>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallEnd {
    /// The status that the caller got, or would have got had it not gone.
    pub code: Code,
    /// Who ended it.
    pub by: EndedBy,
    /// From its first header to its last byte.
    pub duration: Duration,
    /// What came from the caller.
    pub received: Traffic,
    /// What was handed to the caller's connection.
    pub sent: Traffic,
}

/// Who ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// The caller cancelled it, or its connection is gone.
    Client,
    /// The method returned, with or without success, or panicked.
    Server,
    /// Its deadline passed.
    Deadline,
    /// The server stops.
    Drain,
}

/// One direction of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Whole messages.
    pub messages: u64,
    /// Bytes of messages as they are on the wire, prefixes included and maybe compressed.
    pub bytes: u64,
}

/// Reports the calls of a service to an observer.
///
/// It stands outside of [`CallLayer`](crate::CallLayer), which tells it who ended a call.
#[derive(Clone, Debug)]
pub struct ObserverLayer {
    observer: Arc<dyn CallObserver>,
}

/// The service that [`ObserverLayer`] makes.
#[derive(Clone, Debug)]
pub struct ObserverService<S> {
    inner: S,
    observer: Arc<dyn CallObserver>,
}

impl ObserverLayer {
    /// Makes the layer.
    #[must_use]
    pub fn new(observer: Arc<dyn CallObserver>) -> Self {
        Self { observer }
    }
}

impl<S> Layer<S> for ObserverLayer {
    type Service = ObserverService<S>;

    fn layer(&self, inner: S) -> ObserverService<S> {
        ObserverService {
            inner,
            observer: Arc::clone(&self.observer),
        }
    }
}

impl<S> Service<Request<Body>> for ObserverService<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = ObservedFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let call = ObservedCall {
            path: request.uri().path().to_owned(),
            connection: request.extensions().get().cloned(),
        };
        self.observer.started(&call);
        let shared = Arc::new(Shared::default());
        request
            .extensions_mut()
            .insert(EndMark(Arc::clone(&shared)));
        let report = Report {
            observer: Arc::clone(&self.observer),
            call,
            start: Instant::now(),
            shared: Arc::clone(&shared),
            sent: Counter::default(),
            status: None,
        };
        let request = request.map(|inner| {
            let received = Counter::default();
            Body::new(ObservedRequest {
                inner,
                received,
                shared,
            })
        });
        ObservedFuture {
            inner: self.inner.call(request),
            report: Some(report),
        }
    }
}

/// Says who ended a call, if it was neither its method nor its caller. In the extensions of a request that is observed.
#[derive(Clone, Debug)]
pub(crate) struct EndMark(Arc<Shared>);

impl EndMark {
    /// The first one to say so counts.
    pub(crate) fn set(&self, by: EndedBy) {
        let _ = self.0.ended_by.set(by);
    }
}

/// What both directions of a call know.
#[derive(Debug, Default)]
struct Shared {
    ended_by: OnceLock<EndedBy>,
    received_messages: AtomicU64,
    received_bytes: AtomicU64,
}

/// Counts one direction.
#[derive(Debug, Default)]
struct Counter {
    messages: MessageCount,
    bytes: u64,
}

impl Counter {
    fn feed<E>(&mut self, frame: &Result<Frame<Bytes>, E>) {
        if let Some(data) = frame.as_ref().ok().and_then(Frame::data_ref) {
            self.messages.feed(data);
            self.bytes += data.len() as u64;
        }
    }
}

/// Reports the end of a call when it is dropped.
#[derive(Debug)]
struct Report {
    observer: Arc<dyn CallObserver>,
    call: ObservedCall,
    start: Instant,
    shared: Arc<Shared>,
    sent: Counter,
    /// The status and who decided it, once it has been sent.
    status: Option<(Code, EndedBy)>,
}

impl Report {
    fn sent(&mut self, code: Code) {
        let by = self.shared.ended_by.get().copied();
        self.status = Some((code, by.unwrap_or(EndedBy::Server)));
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        // What is dropped without a status has been cancelled, unless the call layer has said otherwise.
        let unfinished = || self.shared.ended_by.get().copied();
        let (code, by) = self.status.unwrap_or_else(|| match unfinished() {
            Some(EndedBy::Deadline) => (Code::DeadlineExceeded, EndedBy::Deadline),
            Some(EndedBy::Drain) => (Code::Unavailable, EndedBy::Drain),
            _ => (Code::Cancelled, EndedBy::Client),
        });
        let end = CallEnd {
            code,
            by,
            duration: self.start.elapsed(),
            received: Traffic {
                messages: self.shared.received_messages.load(Ordering::Relaxed),
                bytes: self.shared.received_bytes.load(Ordering::Relaxed),
            },
            sent: Traffic {
                messages: self.sent.messages.complete() as u64,
                bytes: self.sent.bytes,
            },
        };
        self.observer.ended(&self.call, &end);
    }
}

pin_project! {
    /// The answer to a call that is observed, on its way.
    #[derive(Debug)]
    pub struct ObservedFuture<F> {
        #[pin]
        inner: F,
        report: Option<Report>,
    }
}

impl<F> Future for ObservedFuture<F>
where
    F: Future<Output = Result<Response<Body>, Infallible>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.inner.poll(cx))?;
        let Some(mut report) = this.report.take() else {
            return Poll::Ready(Ok(response));
        };
        // Another HTTP status than 200 means that the request was no call.
        let refused = (!response.status().is_success()).then_some(Code::Unknown);
        if let Some(code) = refused.or_else(|| code_of(response.headers())) {
            report.sent(code);
        }
        Poll::Ready(Ok(
            response.map(|inner| Body::new(ObservedResponse { inner, report }))
        ))
    }
}

/// The body of a request, counted.
struct ObservedRequest {
    inner: Body,
    received: Counter,
    shared: Arc<Shared>,
}

impl http_body::Body for ObservedRequest {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let polled = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if let Some(frame) = &polled {
            self.received.feed(frame);
            let messages = self.received.messages.complete() as u64;
            let shared = &self.shared;
            shared.received_messages.store(messages, Ordering::Relaxed);
            shared
                .received_bytes
                .store(self.received.bytes, Ordering::Relaxed);
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The body of a response, counted; with it the call ends.
struct ObservedResponse {
    // Dropped before the report: what it drops may say who ended the call.
    inner: Body,
    report: Report,
}

impl http_body::Body for ObservedResponse {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let polled = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if let Some(frame) = &polled {
            self.report.sent.feed(frame);
            let trailers: Option<&HeaderMap> = frame.as_ref().ok().and_then(Frame::trailers_ref);
            if let Some(code) = trailers.and_then(code_of) {
                self.report.sent(code);
            }
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

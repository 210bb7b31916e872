//! One call on its way: its deadline, its cancellation, and what an observer sees of it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Sleep;
use tokio_util::sync::{CancellationToken, DropGuard, WaitForCancellationFutureOwned};
use tonic::Status;
use tonic::body::Body;
use tonic::metadata::MetadataMap;

use crate::call::answer::MessageCount;
use crate::call::deadline::Expiry;
use crate::call::options::CallObserver;
use crate::channel::target::Target;

mod answer;
pub(crate) mod deadline;
pub(crate) mod explain;
pub(crate) mod metadata;
pub(crate) mod options;
pub(crate) mod status;

/// What a stub tells the channel about a call, in the extensions of its request.
#[derive(Clone, Default)]
pub(crate) struct CallContext {
    pub(crate) expiry: Option<Expiry>,
    pub(crate) wait_for_ready: bool,
    /// Whether the method is answered with exactly one message.
    pub(crate) one_reply: bool,
    pub(crate) observer: Option<Arc<dyn CallObserver>>,
}

impl CallContext {
    /// Takes the context out of a request. A request of a plain generated stub has none, but may have the header that
    /// [`tonic::Request::set_timeout`] sets.
    pub(crate) fn take(request: &mut Request<Body>) -> Result<Self, Status> {
        let mut context: Self = request.extensions_mut().remove().unwrap_or_default();
        if let Some(header) = request.headers_mut().remove(deadline::HEADER) {
            let from_header = Expiry::from_header(&header).ok_or_else(|| {
                Status::invalid_argument(format!("malformed grpc-timeout {header:?}"))
            })?;
            context.expiry = Expiry::earlier(context.expiry, from_header);
        }
        Ok(context)
    }
}

/// A call that has not been answered yet. Dropped, it is cancelled.
pub(crate) struct Call {
    request: Option<Request<Upload>>,
    path: String,
    context: CallContext,
    target: Target,
    /// How the messages of the answer may be compressed.
    accepted: Option<HeaderValue>,
    /// Dropping it ends the upload, and with it the call.
    cancel: DropGuard,
}

/// Starts a call, unless its time is over already.
pub(crate) fn start(
    request: Request<Body>,
    context: CallContext,
    target: &Target,
) -> Result<Call, Status> {
    if let Some(expiry) = &context.expiry
        && expiry.is_over()
    {
        return Err(expiry.status());
    }
    if let Some(observer) = &context.observer {
        let metadata = MetadataMap::from_headers(request.headers().clone());
        observer.request(request.uri().path(), &metadata);
    }
    let cancel = CancellationToken::new();
    let upload = |body| Upload {
        body,
        cancelled: Box::pin(cancel.clone().cancelled_owned()),
    };
    Ok(Call {
        path: request.uri().path().to_owned(),
        accepted: request.headers().get("grpc-accept-encoding").cloned(),
        request: Some(request.map(upload)),
        context,
        target: target.clone(),
        cancel: cancel.drop_guard(),
    })
}

impl Call {
    /// Waits for a step of the call, at most until the call's deadline.
    pub(crate) fn within_deadline<F: Future>(
        &self,
        step: F,
    ) -> impl Future<Output = Result<F::Output, Status>> + use<F> {
        let expiry = self.context.expiry.clone();
        async move {
            match expiry {
                None => Ok(step.await),
                Some(expiry) => tokio::time::timeout_at(expiry.at(), step)
                    .await
                    .map_err(|_elapsed| expiry.status()),
            }
        }
    }

    /// Returns the request, with the time that is left for it in its header.
    pub(crate) fn request(&mut self) -> Result<Request<Upload>, Status> {
        let mut request = self
            .request
            .take()
            .ok_or_else(|| Status::internal("request sent twice"))?;
        if let Some(expiry) = &self.context.expiry {
            request
                .headers_mut()
                .insert(deadline::HEADER, expiry.header());
        }
        Ok(request)
    }

    /// Takes a request back that could not be sent.
    pub(crate) fn put_back(&mut self, request: Request<Upload>) {
        self.request = Some(request);
    }

    /// Returns the status of a call that broke off.
    pub(crate) fn failed(&self, err: &hyper::Error) -> Status {
        failed(self.context.expiry.as_ref(), err, &self.target)
    }

    /// Goes on to the response, which stays under the call's deadline to its last byte.
    pub(crate) fn response(self, response: Response<Incoming>) -> Result<Response<Body>, Status> {
        let observer = self.context.observer;
        if let Some(observer) = &observer {
            observe_head(observer.as_ref(), response.headers());
        }
        let (mut head, body) = response.into_parts();
        answer::check_head(&mut head, self.accepted.as_ref(), &self.target)?;
        let (one_reply, count) = (self.context.one_reply, MessageCount::default());
        let has_status = head.headers.contains_key(Status::GRPC_STATUS);
        if has_status {
            answer::check_end(&mut head.headers, &count, one_reply, &self.target);
            answer::name_missing_method(&mut head.headers, &self.path, &self.target);
        }
        let expiry = self.context.expiry;
        let (path, target, cancel) = (self.path, self.target, self.cancel);
        let body = Body::new(Download {
            sleep: expiry
                .as_ref()
                .map(|expiry| Box::pin(tokio::time::sleep_until(expiry.at()))),
            open: Some((body, cancel)),
            expiry,
            observer,
            one_reply,
            count,
            has_status,
            path,
            target,
        });
        Ok(Response::from_parts(head, body))
    }
}

/// A response without messages has one set of headers, and these are its trailers.
fn observe_head(observer: &dyn CallObserver, headers: &HeaderMap) {
    let metadata = MetadataMap::from_headers(headers.clone());
    if headers.contains_key("grpc-status") {
        observer.trailing_metadata(&metadata);
    } else {
        observer.initial_metadata(&metadata);
    }
}

/// A peer that knows the deadline may reset the stream a moment before our own clock says so.
fn failed(expiry: Option<&Expiry>, err: &hyper::Error, target: &Target) -> Status {
    match expiry {
        Some(expiry) if expiry.is_over() => expiry.status(),
        _ => status::broken_off(err, target),
    }
}

/// The body of a request: a stub's, until the call is cancelled.
///
/// An HTTP/2 stream has two halves, and giving up the response leaves the other one open: without this, a server would
/// go on waiting for messages of a caller who is gone.
pub(crate) struct Upload {
    body: Body,
    cancelled: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upload").finish_non_exhaustive()
    }
}

impl HttpBody for Upload {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.cancelled.as_mut().poll(cx).is_ready() {
            // The HTTP/2 library resets the stream with the reason it finds in the error.
            return Poll::Ready(Some(Err(h2::Error::from(h2::Reason::CANCEL).into())));
        }
        Pin::new(&mut self.body).poll_frame(cx).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of a response, cut at the call's deadline.
struct Download {
    /// Gone when the response is over. The guard ends the upload: nobody reads it any more.
    open: Option<(Incoming, DropGuard)>,
    sleep: Option<Pin<Box<Sleep>>>,
    expiry: Option<Expiry>,
    observer: Option<Arc<dyn CallObserver>>,
    one_reply: bool,
    count: MessageCount,
    /// Whether the status was in the head, so that none follows.
    has_status: bool,
    path: String,
    target: Target,
}

impl HttpBody for Download {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        let Some((body, _)) = &mut this.open else {
            return Poll::Ready(None);
        };
        // Asked first, so that a server which never pauses cannot outrun the deadline.
        if let (Some(sleep), Some(expiry)) = (&mut this.sleep, &this.expiry)
            && sleep.as_mut().poll(cx).is_ready()
        {
            this.open = None;
            return Poll::Ready(Some(Err(expiry.status())));
        }
        match ready!(Pin::new(body).poll_frame(cx)) {
            Some(Ok(mut frame)) => {
                if let Some(data) = frame.data_ref() {
                    this.count.add(data);
                    if this.one_reply && this.count.messages() > 1 {
                        this.open = None;
                        return Poll::Ready(Some(Err(answer::too_many_replies(&this.target))));
                    }
                }
                if let Some(trailers) = frame.trailers_mut() {
                    if let Some(observer) = &this.observer {
                        observer.trailing_metadata(&MetadataMap::from_headers(trailers.clone()));
                    }
                    this.open = None;
                    if !this.has_status && !trailers.contains_key(Status::GRPC_STATUS) {
                        return Poll::Ready(Some(Err(answer::without_status(&this.target))));
                    }
                    answer::check_end(trailers, &this.count, this.one_reply, &this.target);
                    answer::name_missing_method(trailers, &this.path, &this.target);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(err)) => {
                this.open = None;
                Poll::Ready(Some(Err(failed(this.expiry.as_ref(), &err, &this.target))))
            }
            None => {
                this.open = None;
                let missing = !this.has_status;
                Poll::Ready(missing.then(|| Err(answer::without_status(&this.target))))
            }
        }
    }

    /// Only what [`poll_frame`](Self::poll_frame) has returned tells: an answer may end without a status.
    fn is_end_stream(&self) -> bool {
        self.open.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.open
            .as_ref()
            .map_or_else(SizeHint::default, |(body, _)| body.size_hint())
    }
}

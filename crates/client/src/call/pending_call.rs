//! A call that has not been answered yet.

use std::future::Future;

use http::{HeaderMap, HeaderValue, Request, Response};
use hyper::body::Incoming;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::Status;
use tonic::body::Body;
use tonic::metadata::MetadataMap;

use super::answer;
use super::context::CallContext;
use super::deadline;
use super::message_count::MessageCount;
use super::observer::CallObserver;
use super::response_body::ResponseBody;
use super::status::failed;
use super::status_header;
use crate::channel::request_body::RequestBody;
use crate::channel::target::Target;

/// A call that has not been answered yet. Dropped, it is cancelled.
pub(super) struct PendingCall {
    request: Option<Request<RequestBody>>,
    path: String,
    context: CallContext,
    target: Target,
    /// How the messages of the answer may be compressed.
    accepted: Option<HeaderValue>,
    /// Dropping it ends the upload, and with it the call.
    cancel: DropGuard,
}

/// Starts a call, unless its time is over already.
pub(super) fn start(
    request: Request<Body>,
    context: CallContext,
    target: &Target,
) -> Result<PendingCall, Status> {
    if let Some(deadline) = &context.deadline
        && deadline.is_over()
    {
        return Err(deadline.status());
    }
    if let Some(observer) = &context.observer {
        let metadata = MetadataMap::from_headers(request.headers().clone());
        observer.request(request.uri().path(), &metadata);
    }
    let cancel = CancellationToken::new();
    Ok(PendingCall {
        path: request.uri().path().to_owned(),
        accepted: request.headers().get("grpc-accept-encoding").cloned(),
        request: Some(request.map(|body| RequestBody::new(body, cancel.clone()))),
        context,
        target: target.clone(),
        cancel: cancel.drop_guard(),
    })
}

impl PendingCall {
    /// Waits for a step of the call, at most until the call's deadline.
    pub(super) fn within_deadline<F: Future>(
        &self,
        step: F,
    ) -> impl Future<Output = Result<F::Output, Status>> + use<F> {
        let deadline = self.context.deadline.clone();
        async move {
            match deadline {
                None => Ok(step.await),
                Some(deadline) => tokio::time::timeout_at(deadline.at(), step)
                    .await
                    .map_err(|_elapsed| deadline.status()),
            }
        }
    }

    /// Returns the request, with the time that is left for it in its header.
    pub(super) fn request(&mut self) -> Result<Request<RequestBody>, Status> {
        let mut request = self
            .request
            .take()
            .ok_or_else(|| Status::internal("request sent twice"))?;
        if let Some(deadline) = &self.context.deadline {
            request
                .headers_mut()
                .insert(deadline::HEADER, deadline.header());
        }
        Ok(request)
    }

    /// Takes a request back that could not be sent.
    pub(super) fn put_back(&mut self, request: Request<RequestBody>) {
        self.request = Some(request);
    }

    /// Returns the status of a call that broke off.
    pub(super) fn failed(&self, err: &hyper::Error) -> Status {
        failed(self.context.deadline.as_ref(), err, &self.target)
    }

    /// Goes on to the response, which stays under the call's deadline to its last byte.
    pub(super) fn response(self, response: Response<Incoming>) -> Result<Response<Body>, Status> {
        if let Some(observer) = &self.context.observer {
            observe_head(observer.as_ref(), response.headers());
        }
        let (mut head, body) = response.into_parts();
        answer::check_head(&mut head, self.accepted.as_ref(), &self.target)?;
        let has_status = head.headers.contains_key(Status::GRPC_STATUS);
        if has_status {
            let count = MessageCount::default();
            let one_reply = self.context.one_reply;
            answer::check_end(&mut head.headers, &count, one_reply, &self.target);
            status_header::name_missing_method(&mut head.headers, &self.path, &self.target);
            deadline::name_own(self.context.deadline.as_ref(), &mut head.headers);
        }
        let body = ResponseBody::new(
            body,
            self.cancel,
            self.context,
            self.path,
            self.target,
            has_status,
        );
        Ok(Response::from_parts(head, Body::new(body)))
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

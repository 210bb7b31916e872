//! The body of a response, under the deadline of its call.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Sleep;
use tokio_util::sync::DropGuard;
use tonic::Status;
use tonic::metadata::MetadataMap;

use super::answer;
use super::context::CallContext;
use super::deadline::{self, Deadline};
use super::message_count::MessageCount;
use super::observer::CallObserver;
use super::status::failed;
use super::status_header;
use crate::channel::target::Target;

/// The body of a response, cut at the call's deadline.
pub(super) struct ResponseBody {
    /// Gone when the response is over. The guard ends the upload: nobody reads it any more.
    open: Option<(Incoming, DropGuard)>,
    sleep: Option<Pin<Box<Sleep>>>,
    deadline: Option<Deadline>,
    observer: Option<Arc<dyn CallObserver>>,
    one_reply: bool,
    count: MessageCount,
    /// Whether the status was in the head, so that none follows.
    has_status: bool,
    path: String,
    target: Target,
}

impl ResponseBody {
    pub(super) fn new(
        incoming: Incoming,
        cancel: DropGuard,
        context: CallContext,
        path: String,
        target: Target,
        has_status: bool,
    ) -> Self {
        let sleep = |deadline: &Deadline| Box::pin(tokio::time::sleep_until(deadline.at()));
        Self {
            open: Some((incoming, cancel)),
            sleep: context.deadline.as_ref().map(sleep),
            deadline: context.deadline,
            observer: context.observer,
            one_reply: context.one_reply,
            count: MessageCount::default(),
            has_status,
            path,
            target,
        }
    }
}

impl HttpBody for ResponseBody {
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
        if let (Some(sleep), Some(deadline)) = (&mut this.sleep, &this.deadline)
            && sleep.as_mut().poll(cx).is_ready()
        {
            this.open = None;
            return Poll::Ready(Some(Err(deadline.status())));
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
                    status_header::name_missing_method(trailers, &this.path, &this.target);
                    deadline::name_own(this.deadline.as_ref(), trailers);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(err)) => {
                this.open = None;
                Poll::Ready(Some(Err(failed(
                    this.deadline.as_ref(),
                    &err,
                    &this.target,
                ))))
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

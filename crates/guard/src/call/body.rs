//! The response stream of a call, watched until it ends.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::Frame;
use tokio_util::sync::WaitForCancellationFutureOwned;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tonic::Status;
use tonic::body::Body;

use crate::call::end_of_call::EndOfCall;
use crate::call::panic::{Panicked, catch_panic};
use crate::call::status::{correct, panicked, trailers};
use crate::call::task::OpenCall;

/// A response body that ends with trailers when its call must end.
///
/// It does not say how long it is, or hyper would promise that length in the head: the end of the call may come
/// first, and gRPC-Web adds the trailers to it.
pub(crate) struct CallBody {
    /// What is still running; dropped at the end, which cancels the work behind it.
    open: Option<Open>,
}

struct Open {
    inner: Body,
    end: EndOfCall,
    drained: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    _in_flight: InFlight,
}

/// What tells the drain, and the task of the call, that it is not over.
type InFlight = (TaskTrackerToken, Option<OpenCall>);

impl CallBody {
    pub(crate) fn new(
        inner: Body,
        end: EndOfCall,
        drained: Option<WaitForCancellationFutureOwned>,
        in_flight: InFlight,
    ) -> Self {
        Self {
            open: Some(Open {
                inner,
                end,
                drained: drained.map(Box::pin),
                _in_flight: in_flight,
            }),
        }
    }
}

impl Drop for CallBody {
    fn drop(&mut self) {
        if let Some(open) = &self.open {
            open.end.dropped(open.drained.is_some());
        }
    }
}

impl Open {
    /// Waits until the call must end while its stream has nothing to send.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        let drained = self.drained.as_mut();
        if drained.is_some_and(|drained| drained.as_mut().poll(cx).is_ready()) {
            return Poll::Ready(self.end.drained());
        }
        self.end.poll(cx)
    }
}

impl http_body::Body for CallBody {
    type Data = tonic::codegen::Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Status>>> {
        let Some(open) = &mut self.open else {
            return Poll::Ready(None);
        };
        // First the end: a stream that always has something to send must not outlive it.
        let ended = match open.end.reached() {
            Some(status) => status,
            None => match catch_panic(|| Pin::new(&mut open.inner).poll_frame(cx)) {
                Ok(Poll::Ready(Some(Ok(frame)))) => {
                    return Poll::Ready(Some(Ok(corrected(frame))));
                }
                // hyper would reset the stream, and the caller never read the status.
                Ok(Poll::Ready(Some(Err(status)))) => status,
                Ok(Poll::Ready(None)) => {
                    self.open = None;
                    return Poll::Ready(None);
                }
                Ok(Poll::Pending) => ready!(open.poll_end(cx)),
                Err(Panicked) => {
                    open.end.drain().count_panicked_call();
                    panicked()
                }
            },
        };
        self.open = None;
        Poll::Ready(Some(Ok(Frame::trailers(trailers(&ended)))))
    }

    fn is_end_stream(&self) -> bool {
        self.open
            .as_ref()
            .is_none_or(|open| open.inner.is_end_stream())
    }
}

fn corrected<D>(frame: Frame<D>) -> Frame<D> {
    match frame.into_trailers() {
        Ok(mut trailers) => {
            correct(&mut trailers);
            Frame::trailers(trailers)
        }
        Err(data) => data,
    }
}

//! The body of a request on a connection.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::body::Body;

/// The body of a request: a stub's, until the call is cancelled.
///
/// An HTTP/2 stream has two halves, and giving up the response leaves the other one open: without this, a server would
/// go on waiting for messages of a caller who is gone.
pub(crate) struct RequestBody {
    body: Body,
    cancelled: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl RequestBody {
    pub(crate) fn new(body: Body, cancelled: CancellationToken) -> Self {
        Self {
            body,
            cancelled: Box::pin(cancelled.cancelled_owned()),
        }
    }
}

impl std::fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestBody").finish_non_exhaustive()
    }
}

impl HttpBody for RequestBody {
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

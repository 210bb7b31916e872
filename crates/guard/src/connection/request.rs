//! The body of a request, as a connection hands it to the call.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::timeout;
use tonic::codegen::Bytes;

use crate::call::task::read_after_call;
use crate::connection::wire::Awaited;

/// How much of a request is still read once its call has ended: as much as a client sends before it notices.
const REST_BYTES: usize = 8 << 20;

/// How long.
const REST_TIME: Duration = Duration::from_secs(5);

/// The body of a request over HTTP/2, of which the rest is read and dropped after the call.
///
/// Resetting a stream at once is allowed, but then h2 counts each frame that was on its way as an offence, and ends
/// the whole connection after a thousand of them.
#[derive(Debug)]
pub(crate) struct Http2Request {
    /// `None` once everything has been read.
    incoming: Option<Incoming>,
}

/// The body of a request over HTTP/1.1, which says when the call waits for more of it.
#[derive(Debug)]
pub(crate) struct Http1Request {
    incoming: Incoming,
    awaited: Awaited,
}

impl Http2Request {
    pub(crate) fn new(incoming: Incoming) -> Self {
        Self {
            incoming: Some(incoming),
        }
    }
}

impl Body for Http2Request {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(incoming) = &mut self.incoming else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(incoming).poll_frame(cx);
        if let Poll::Ready(None | Some(Err(_))) = polled {
            self.incoming = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Http2Request {
    fn drop(&mut self) {
        if let Some(incoming) = self.incoming.take_if(|incoming| !incoming.is_end_stream()) {
            read_after_call(|| read_rest(incoming));
        }
    }
}

async fn read_rest(mut incoming: Incoming) {
    let reading = async {
        let mut left = REST_BYTES;
        while let Some(Ok(frame)) = incoming.frame().await {
            let read = frame.data_ref().map_or(0, Bytes::len);
            match left.checked_sub(read) {
                Some(less) => left = less,
                None => return,
            }
        }
    };
    // Dropping what is left after that resets the stream.
    let _ = timeout(REST_TIME, reading).await;
}

impl Http1Request {
    pub(crate) fn new(incoming: Incoming, awaited: Awaited) -> Self {
        Self { incoming, awaited }
    }
}

impl Body for Http1Request {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.incoming).poll_frame(cx);
        self.awaited.set(polled.is_pending());
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

impl Drop for Http1Request {
    fn drop(&mut self) {
        self.awaited.set(false);
    }
}

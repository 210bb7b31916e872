//! A response body made of stored bytes.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::Frame;
use route_guide_store::CorruptRecord;
use tonic::Status;

use crate::error::RpcError;

/// The most that one DATA frame is handed at a time. A client with 64 KiB windows is served best so.
const SLICE_BYTES: usize = 64 << 10;

/// Runs shorter than this are copied together: a write of its own would cost more.
const COPY_BELOW_BYTES: usize = 16 << 10;

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// Streams runs of framed messages, then an OK status.
///
/// Long runs go out as slices of the store; nothing is decoded, encoded or copied. While the client does not
/// read, nothing is held but the place in the list of runs and at most one gathered slice. An empty run says that the
/// search goes on: what has been gathered is sent, and other tasks have their turn.
#[derive(Debug)]
pub(crate) struct Listing<R> {
    runs: Option<R>,
    /// The rest of a run that is too long for one slice.
    rest: Bytes,
    /// Whether the slice before this one is short because the search goes on.
    goes_on: bool,
    /// Why the runs ended early.
    failure: Option<CorruptRecord>,
}

impl<R: Iterator<Item = Result<Bytes, CorruptRecord>>> Listing<R> {
    pub(crate) fn new(runs: R) -> Self {
        Self {
            runs: Some(runs),
            rest: Bytes::new(),
            goes_on: false,
            failure: None,
        }
    }

    /// Returns the next run, `None` after the last and after a failure.
    fn next_run(&mut self) -> Option<Bytes> {
        if self.failure.is_some() {
            return None;
        }
        match self.runs.as_mut()?.next()? {
            Ok(run) => Some(run),
            Err(corrupt) => {
                self.failure = Some(corrupt);
                None
            }
        }
    }

    /// Returns the next slice, an empty one if the search goes on, `None` after the last.
    fn next_slice(&mut self) -> Option<Bytes> {
        if std::mem::take(&mut self.goes_on) {
            return Some(Bytes::new());
        }
        if self.rest.is_empty() {
            self.rest = self.next_run()?;
            if self.rest.is_empty() {
                return Some(Bytes::new());
            }
        }
        if self.rest.len() >= COPY_BELOW_BYTES {
            let slice = self.rest.len().min(SLICE_BYTES);
            return Some(self.rest.split_to(slice));
        }
        let mut gathered = BytesMut::with_capacity(SLICE_BYTES);
        loop {
            gathered.extend_from_slice(&self.rest);
            let next = self.next_run();
            self.goes_on = next.as_ref().is_some_and(Bytes::is_empty);
            self.rest = next.unwrap_or_default();
            // A long run begins a slice of its own; a short one goes in if it fits.
            let fits = gathered.len() + self.rest.len() <= SLICE_BYTES;
            if self.rest.is_empty() || self.rest.len() >= COPY_BELOW_BYTES || !fits {
                return Some(gathered.freeze());
            }
        }
    }
}

impl<R> http_body::Body for Listing<R>
where
    R: Iterator<Item = Result<Bytes, CorruptRecord>> + Unpin,
{
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(slice) = self.next_slice() {
            if slice.is_empty() {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            return Poll::Ready(Some(Ok(Frame::data(slice))));
        }
        // Dropping the runs lets go of the store, and says that the trailers are out.
        if self.runs.take().is_none() {
            return Poll::Ready(None);
        }
        let trailers = match self.failure.take() {
            None => ok_trailers(),
            Some(corrupt) => failed_trailers(corrupt),
        };
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.runs.is_none()
    }
}

/// The trailers of a call that went well.
pub(crate) fn ok_trailers() -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert(GRPC_STATUS, HeaderValue::from_static("0"));
    trailers
}

fn failed_trailers(corrupt: CorruptRecord) -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(2);
    let status = Status::from(RpcError::from(corrupt));
    if status.add_header(&mut trailers).is_err() {
        trailers.insert(GRPC_STATUS, HeaderValue::from(status.code() as i32));
    }
    trailers
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Waker;

    use http_body::Body;

    use super::*;

    /// The lengths of the slices that runs of these lengths make.
    fn slices(runs: &[usize]) -> Vec<usize> {
        let stored: Vec<u8> = (0..=250).cycle().take(runs.iter().sum()).collect();
        let stored = Bytes::from(stored);
        let mut at = 0;
        let runs: Vec<_> = runs
            .iter()
            .map(|len| {
                at += len;
                Ok(stored.slice(at - len..at))
            })
            .collect();
        let mut listing = Listing::new(runs.into_iter());
        let mut sent = BytesMut::new();
        let lengths = std::iter::from_fn(|| {
            let slice = listing.next_slice()?;
            sent.extend_from_slice(&slice);
            Some(slice.len())
        })
        .filter(|len| *len > 0)
        .collect();
        assert_eq!(sent, stored, "every byte once and in order");
        lengths
    }

    #[test]
    fn long_runs_are_sliced_and_short_runs_gathered() {
        const K: usize = 1 << 10;
        assert_eq!(slices(&[]), [0; 0]);
        assert_eq!(slices(&[10]), [10]);
        assert_eq!(slices(&[10, 20, 30]), [60]);
        assert_eq!(slices(&[16 * K]), [16 * K]);
        assert_eq!(slices(&[64 * K, 64 * K + 1]), [64 * K, 64 * K, 1]);
        assert_eq!(
            slices(&[130 * K, 3, 4]),
            [64 * K, 64 * K, 2 * K + 7],
            "a short rest is gathered"
        );
        assert_eq!(slices(&[10, 40 * K, 10]), [10, 40 * K, 10]);
        assert_eq!(slices(&[15 * K; 5]), [60 * K, 15 * K]);
    }

    /// The search for the first feature of a large file took all of a thread's time until it was found.
    #[test]
    fn a_search_that_takes_long_sends_what_it_has_and_lets_others_have_their_turn() {
        assert_eq!(slices(&[10, 0, 20, 30, 0]), [10, 50]);
        let mut cx = Context::from_waker(Waker::noop());
        let runs = [0, 3, 0, 0].map(|len| Ok(Bytes::from(vec![7; len])));
        let mut listing = pin!(Listing::new(runs.into_iter()));
        let mut poll = || {
            listing.as_mut().poll_frame(&mut cx).map(|frame| {
                let frame = frame?.ok()?;
                frame
                    .is_data()
                    .then(|| frame.into_data().map_or(0, |data| data.len()))
            })
        };
        assert_eq!(poll(), Poll::Pending);
        assert_eq!(poll(), Poll::Ready(Some(3)));
        assert_eq!(poll(), Poll::Pending);
        assert_eq!(poll(), Poll::Pending);
        assert_eq!(poll(), Poll::Ready(None), "the trailers");
    }
}

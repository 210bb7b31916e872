//! A response body made of stored bytes.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue};
use http_body::Frame;
use route_guide_store::CorruptRecord;
use tonic::Status;

use crate::error::RpcError;

/// The most that one DATA frame is handed at a time. A client with 64 KiB windows is served best so.
const SLICE_BYTES: usize = 64 << 10;

/// Runs shorter than this are copied together: a write of its own would cost more.
const COPY_BELOW_BYTES: usize = 16 << 10;

/// Streams runs of framed messages, then an OK status.
///
/// Long runs go out as slices of the store; nothing is decoded, encoded or copied. While the client does not
/// read, nothing is held but the place in the list of runs and at most one gathered slice.
#[derive(Debug)]
pub(crate) struct Listing<R> {
    runs: Option<R>,
    /// The rest of a run that is too long for one slice.
    rest: Bytes,
    /// Why the runs ended early.
    failure: Option<CorruptRecord>,
}

impl<R: Iterator<Item = Result<Bytes, CorruptRecord>>> Listing<R> {
    pub(crate) fn new(runs: R) -> Self {
        Self {
            runs: Some(runs),
            rest: Bytes::new(),
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

    /// Returns the next slice, `None` after the last.
    fn next_slice(&mut self) -> Option<Bytes> {
        if self.rest.is_empty() {
            self.rest = self.next_run()?;
        }
        if self.rest.len() >= COPY_BELOW_BYTES {
            let slice = self.rest.len().min(SLICE_BYTES);
            return Some(self.rest.split_to(slice));
        }
        let mut gathered = BytesMut::with_capacity(SLICE_BYTES);
        loop {
            gathered.extend_from_slice(&self.rest);
            self.rest = self.next_run().unwrap_or_default();
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
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(slice) = self.next_slice() {
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
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    trailers
}

fn failed_trailers(corrupt: CorruptRecord) -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(2);
    let status = Status::from(RpcError::from(corrupt));
    if status.add_header(&mut trailers).is_err() {
        trailers.insert("grpc-status", HeaderValue::from(status.code() as i32));
    }
    trailers
}

#[cfg(test)]
mod tests {
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
}

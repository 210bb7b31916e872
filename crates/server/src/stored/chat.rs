//! RouteChat answered with the bytes that the notebook keeps.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use async_stream::try_stream;
use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue};
use http_body::{Body as _, Frame};
use pin_project_lite::pin_project;
use route_guide_chat::{Conversation, Note};
use tokio::task::coop;
use tokio_stream::Stream;
use tonic::Status;
use tonic::body::Body;

use super::listing::ok_trailers;
use super::note::decode_note;
use super::unframe::Unframer;
use crate::PointRule;
use crate::error::RpcError;
use crate::route_chat::check_len;

/// Notes shorter than this are copied together: a frame of its own would cost more than the copy.
const COPY_BELOW_BYTES: usize = 1 << 10;

/// Copies are made up to this length. It is what one stalled stream costs, since a body is asked for its next bytes
/// before its client has room for them.
const GATHERED_BYTES: usize = 8 << 10;

/// Answers a stream of notes until its client half-closes, as [`route_chat::converse`](crate::route_chat::converse) does,
/// in framed messages.
pub(super) fn converse(
    mut body: Body,
    mut chat: Conversation,
    points: PointRule,
) -> impl Stream<Item = Result<Bytes, Status>> + Send {
    try_stream! {
        let mut unframer = Unframer::default();
        let mut data = Bytes::new();
        let mut due = Due::default();
        let mut index = 0;
        let mut is_open = true;
        loop {
            while let Some(page) = chat.next_page().map_err(RpcError::from)? {
                due.extend(&page);
                while let Some(slice) = due.next_full() {
                    yield slice;
                }
            }
            let mut rest = &data[..];
            if let Some(message) = unframer.next(&mut rest)? {
                let used = data.len() - rest.len();
                let (location, text) = decode_note(&message)?;
                let place = points.field("location", location).map_err(|error| error.at_message(index))?;
                index += 1;
                check_len(place, &text)?;
                chat.post(place, text).await.map_err(RpcError::from)?;
                data.advance(used);
                // A client that sends without a pause must leave others their turn.
                coop::consume_budget().await;
                continue;
            }
            if !is_open {
                break;
            }
            // What has arrived already is answered together.
            let mut received = poll_fn(|cx| Poll::Ready(poll_data(&mut body, cx))).await;
            if received.is_pending() {
                while let Some(slice) = due.next() {
                    yield slice;
                }
                received = tokio::select! {
                    biased;
                    received = poll_fn(|cx| poll_data(&mut body, cx)) => Poll::Ready(received),
                    () = chat.woken() => Poll::Pending,
                };
            }
            match received {
                Poll::Ready(Some(received)) => data = received?,
                Poll::Ready(None) => {
                    unframer.end()?;
                    // What came before the client closed its side is still owed to it.
                    is_open = false;
                    data.clear();
                }
                Poll::Pending => data.clear(),
            }
        }
        while let Some(slice) = due.next() {
            yield slice;
        }
    }
}

/// Polls for the next bytes of a request.
fn poll_data(body: &mut Body, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Status>>> {
    loop {
        match ready!(Pin::new(&mut *body).poll_frame(cx)) {
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Poll::Ready(Some(Ok(data)));
                }
            }
            Some(Err(status)) => return Poll::Ready(Some(Err(status))),
            None => return Poll::Ready(None),
        }
    }
}

/// What is ready to be sent.
#[derive(Debug, Default)]
struct Due {
    slices: VecDeque<Bytes>,
    /// A short note, shared with the notebook as long as it is alone.
    single: Option<Bytes>,
    /// More short notes than one.
    gathered: BytesMut,
}

impl Due {
    fn extend<'a>(&mut self, notes: impl IntoIterator<Item = &'a std::sync::Arc<Note>>) {
        for note in notes {
            self.add(note.record());
        }
    }

    fn add(&mut self, record: &Bytes) {
        if record.len() >= COPY_BELOW_BYTES {
            self.seal();
            self.slices.push_back(record.clone());
            return;
        }
        if self.gathered.is_empty() {
            match self.single.take() {
                None => {
                    self.single = Some(record.clone());
                    return;
                }
                Some(single) => {
                    self.gathered
                        .reserve(GATHERED_BYTES.min(2 * COPY_BELOW_BYTES));
                    self.gathered.extend_from_slice(&single);
                }
            }
        }
        self.gathered.extend_from_slice(record);
        if self.gathered.len() + COPY_BELOW_BYTES > GATHERED_BYTES {
            self.seal();
        }
    }

    /// Ends the slice that is being gathered.
    fn seal(&mut self) {
        if let Some(single) = self.single.take() {
            self.slices.push_back(single);
        } else if !self.gathered.is_empty() {
            self.slices.push_back(self.gathered.split().freeze());
        }
    }

    /// Returns a slice to which nothing will be added.
    fn next_full(&mut self) -> Option<Bytes> {
        self.slices.pop_front()
    }

    /// Returns the next slice.
    fn next(&mut self) -> Option<Bytes> {
        if self.slices.is_empty() {
            self.seal();
        }
        self.slices.pop_front()
    }
}

pin_project! {
    /// A response body of framed messages, with the status of the stream as its trailers.
    pub(super) struct Replies<S> {
        #[pin]
        messages: S,
        is_over: bool,
    }
}

impl<S> Replies<S> {
    pub(super) fn new(messages: S) -> Self {
        Self {
            messages,
            is_over: false,
        }
    }
}

impl<S: Stream<Item = Result<Bytes, Status>>> http_body::Body for Replies<S> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.project();
        if *this.is_over {
            return Poll::Ready(None);
        }
        let trailers = match ready!(this.messages.poll_next(cx)) {
            Some(Ok(messages)) => return Poll::Ready(Some(Ok(Frame::data(messages)))),
            Some(Err(status)) => failed_trailers(&status),
            None => ok_trailers(),
        };
        *this.is_over = true;
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_over
    }
}

fn failed_trailers(status: &Status) -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(4);
    if status.add_header(&mut trailers).is_err() {
        trailers.insert("grpc-status", HeaderValue::from(status.code() as i32));
    }
    trailers
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lengths of the slices that records of these lengths make.
    fn slices(records: &[usize]) -> Vec<usize> {
        let mut due = Due::default();
        let mut expected = Vec::new();
        let mut sent = Vec::new();
        let mut lengths = Vec::new();
        for (number, len) in (0..).zip(records) {
            let record = Bytes::from(vec![number; *len]);
            expected.extend_from_slice(&record);
            due.add(&record);
        }
        while let Some(slice) = due.next() {
            lengths.push(slice.len());
            sent.extend_from_slice(&slice);
        }
        assert_eq!(sent, expected, "every byte once and in order");
        lengths
    }

    #[test]
    fn short_notes_are_gathered_and_long_ones_shared() {
        const K: usize = 1 << 10;
        assert_eq!(slices(&[]), [0; 0]);
        assert_eq!(slices(&[30]), [30]);
        assert_eq!(slices(&[30, 40, 50]), [120]);
        assert_eq!(slices(&[30, 40, K, 50]), [70, K, 50]);
        assert_eq!(slices(&[30, 64 * K, 64 * K]), [30, 64 * K, 64 * K]);
        assert_eq!(slices(&[1_000; 10]), [8_000, 2_000]);
    }

    #[test]
    fn a_note_alone_is_not_copied() {
        for len in [30, 64 << 10] {
            let record = Bytes::from(vec![7; len]);
            let mut due = Due::default();
            due.add(&record);
            assert_eq!(due.next().unwrap().as_ptr(), record.as_ptr());
        }
    }
}

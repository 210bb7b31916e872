//! RouteChat answered with the bytes that the notebook keeps.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use async_stream::stream;
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
use crate::error::RpcError;
use crate::points::PointRule;
use crate::route_guide::route_chat::stream::check_len;

/// Notes shorter than this are copied together: a frame of its own would cost more than the copy.
const COPY_BELOW_BYTES: usize = 1 << 10;

/// Copies are made up to this length. It is what one stalled stream costs, since a body is asked for its next bytes
/// before its client has room for them.
const GATHERED_BYTES: usize = 8 << 10;

/// Answers a stream of notes until its client half-closes, as [`route_chat::converse`](crate::route_chat::converse) does,
/// in framed messages.
pub(super) fn converse(
    body: Body,
    chat: Conversation,
    points: PointRule,
) -> impl Stream<Item = Result<Bytes, Status>> + Send {
    let mut exchange = Exchange {
        body,
        received: Poll::Pending,
        is_open: true,
        data: Bytes::new(),
        unframer: Unframer::default(),
        index: 0,
        chat,
        points,
        due: Due::default(),
    };
    stream! {
        loop {
            let step = exchange.step().await;
            // What has arrived already is answered together, unless that would have to wait for a disk or a network.
            let is_more = matches!(step, Ok(Step::More)) && exchange.chat.posts_at_once();
            while let Some(slice) = exchange.due.next(is_more) {
                yield Ok(slice);
            }
            match step {
                Ok(Step::More) => {}
                Ok(Step::Idle) => exchange.wait().await,
                Ok(Step::Over) => break,
                Err(status) => {
                    yield Err(status);
                    break;
                }
            }
        }
    }
}

/// A stream of notes, and what it is owed.
struct Exchange {
    body: Body,
    /// What has been waited for.
    received: Poll<Option<Result<Bytes, Status>>>,
    /// Whether more may come.
    is_open: bool,
    /// What has come and is not read yet.
    data: Bytes,
    unframer: Unframer,
    /// The number of the next note, counted from 0.
    index: u64,
    chat: Conversation,
    points: PointRule,
    due: Due,
}

/// What is left after a step.
enum Step {
    More,
    /// Nothing, until something comes.
    Idle,
    /// Nothing at all.
    Over,
}

impl Exchange {
    /// Hands out what is due, or posts the next note, or takes in what has come.
    async fn step(&mut self) -> Result<Step, Status> {
        while let Some(page) = self.chat.next_page().map_err(RpcError::from)? {
            self.due.extend(&page);
            if self.due.is_full() {
                return Ok(Step::More);
            }
        }
        if !self.due.is_empty() && !self.chat.posts_at_once() {
            return Ok(Step::More);
        }
        let mut rest = &self.data[..];
        if let Some(message) = self.unframer.next(&mut rest)? {
            let used = self.data.len() - rest.len();
            let (location, text) = decode_note(&message)?;
            let place = self.points.field("location", location);
            let place = place.map_err(|error| error.at_message(self.index))?;
            self.index += 1;
            check_len(place, &text)?;
            self.chat.post(place, text).await.map_err(RpcError::from)?;
            self.data.advance(used);
            // A client that sends without a pause must leave others their turn.
            coop::consume_budget().await;
            return Ok(Step::More);
        }
        self.data.clear();
        if !self.is_open {
            return Ok(Step::Over);
        }
        let mut received = std::mem::replace(&mut self.received, Poll::Pending);
        if received.is_pending() {
            received = poll_fn(|cx| Poll::Ready(poll_data(&mut self.body, cx))).await;
        }
        match received {
            Poll::Ready(Some(received)) => self.data = received?,
            Poll::Ready(None) => {
                self.unframer.end()?;
                // What came before the client closed its side is still owed to it.
                self.is_open = false;
            }
            Poll::Pending => return Ok(Step::Idle),
        }
        Ok(Step::More)
    }

    /// Waits until a step may find something.
    async fn wait(&mut self) {
        tokio::select! {
            biased;
            received = poll_fn(|cx| poll_data(&mut self.body, cx)) => {
                self.received = Poll::Ready(received);
            },
            () = self.chat.woken() => {}
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
    single: Option<Arc<[u8]>>,
    /// More short notes than one.
    gathered: BytesMut,
}

impl Due {
    fn extend<'a>(&mut self, notes: impl IntoIterator<Item = &'a Note>) {
        for note in notes {
            self.add(note.record());
        }
    }

    fn add(&mut self, record: &Arc<[u8]>) {
        if record.len() >= COPY_BELOW_BYTES {
            self.seal();
            self.slices.push_back(shared(record));
            return;
        }
        if self.gathered.is_empty() {
            match self.single.take() {
                None => {
                    self.single = Some(Arc::clone(record));
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
            self.slices.push_back(shared(&single));
        } else if !self.gathered.is_empty() {
            self.slices.push_back(self.gathered.split().freeze());
        }
    }

    fn is_empty(&self) -> bool {
        self.slices.is_empty() && self.single.is_none() && self.gathered.is_empty()
    }

    /// Tells whether there is a slice to which nothing will be added.
    fn is_full(&self) -> bool {
        !self.slices.is_empty()
    }

    /// Returns the next slice; if more is to come, only one to which nothing will be added.
    fn next(&mut self, is_more: bool) -> Option<Bytes> {
        if self.slices.is_empty() && !is_more {
            self.seal();
        }
        self.slices.pop_front()
    }
}

/// Returns the bytes of a note, which stay where the notebook has them.
fn shared(record: &Arc<[u8]>) -> Bytes {
    Bytes::from_owner(Arc::clone(record))
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
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use http_body_util::Full;
    use route_guide_chat::{
        Append, Author, ConversationLimits, Draft, Index, Limits, MemoryNotebook, Notebook, Page,
        PageLimit, SubscribeError, Subscriber, Subscription, Usage,
    };
    use route_guide_geo::E7Point;
    use route_guide_proto::routeguide::RouteNote;
    use tokio_stream::StreamExt as _;

    use super::super::framed;
    use super::*;

    /// The lengths of the slices that records of these lengths make.
    fn slices(records: &[usize]) -> Vec<usize> {
        let mut due = Due::default();
        let mut expected = Vec::new();
        let mut sent = Vec::new();
        let mut lengths = Vec::new();
        for (number, len) in (0..).zip(records) {
            let record = Arc::from(vec![number; *len]);
            expected.extend_from_slice(&record);
            due.add(&record);
        }
        while let Some(slice) = due.next(false) {
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
            let record = Arc::from(vec![7; len]);
            let mut due = Due::default();
            due.add(&record);
            assert_eq!(due.next(false).unwrap().as_ptr(), record.as_ptr());
        }
    }

    /// A notebook that waits for ever for the second note, as for a disk that does not answer.
    #[derive(Debug)]
    struct SlowDisk {
        memory: MemoryNotebook,
        appended: AtomicUsize,
    }

    impl Notebook for SlowDisk {
        fn append(&self, draft: Draft) -> Append<'_> {
            if self.appended.fetch_add(1, Ordering::Relaxed) == 2 {
                return Append::later(std::future::pending());
            }
            self.memory.append(draft)
        }

        fn read(&self, place: E7Point, after: Index, limit: PageLimit) -> Page {
            self.memory.read(place, after, limit)
        }

        fn subscribe(
            &self,
            place: E7Point,
            subscriber: &Arc<Subscriber>,
        ) -> Result<Subscription, SubscribeError> {
            self.memory.subscribe(place, subscriber)
        }

        fn expire(&self) {}

        fn usage(&self) -> Usage {
            self.memory.usage()
        }

        fn numbering(&self) -> u64 {
            self.memory.numbering()
        }
    }

    // Answers to notes that were on the disk came only when later ones were there too, a second later and more.
    #[tokio::test]
    async fn an_answer_does_not_wait_for_the_disk_to_take_later_notes() {
        let note = |message: &str| {
            framed(&RouteNote {
                location: None,
                message: message.to_owned(),
            })
        };
        let notebook = Arc::new(SlowDisk {
            memory: MemoryNotebook::new(Limits::default()),
            appended: AtomicUsize::new(0),
        });
        let earlier = Draft::new(E7Point::default(), "earlier", Author::unique());
        notebook.append(earlier).await.unwrap();
        let body = Body::new(Full::from([note("mine"), note("more")].concat()));
        let chat = Conversation::shared(notebook, ConversationLimits::default());
        let mut replies = pin!(converse(body, chat, PointRule::OnGlobe));
        let first = replies.next().await.unwrap().unwrap();
        assert_eq!(first, note_at_origin("earlier"));
    }

    /// Returns a note as it is sent: with its location, even at 0,0.
    fn note_at_origin(message: &str) -> Bytes {
        framed(&RouteNote {
            location: Some(route_guide_proto::routeguide::Point::default()),
            message: message.to_owned(),
        })
    }
}

//! A client's side of one HTTP/2 connection, as cheap as it can be.
//!
//! It does nothing that a load does not need: no tasks, no queues, no buffers per stream. Requests are written into one
//! buffer and go out together; what has arrived is handled in place. So it costs a fraction of the server's work, which a
//! library made for real clients does not.

mod receive;

use std::time::{Duration, Instant};

use crate::LoadError;
use crate::calls::Calls;
use crate::frame::{self, Reason};
use crate::hpack::{DEFAULT_TABLE_SIZE, Decoder, Encoder};
use crate::peer::{self, INITIAL_WINDOW, Peer};
use crate::replies::{Block, Head};
use crate::status::CallStatus;

/// How many bytes a server may send before it hears that they have been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// On one stream.
    pub stream_bytes: u32,
    /// On all streams of a connection; less than HTTP/2's initial 65 535 cannot be had.
    pub connection_bytes: u32,
}

impl Windows {
    /// As wide as HTTP/2 allows: the server never waits for this client.
    pub const WIDE: Self = Self {
        stream_bytes: 0x7fff_ffff,
        connection_bytes: 0x7fff_ffff,
    };
    /// HTTP/2's initial 65 535 bytes for both, as clients have that set nothing.
    pub const HTTP2_DEFAULT: Self = Self {
        stream_bytes: INITIAL_WINDOW,
        connection_bytes: INITIAL_WINDOW,
    };
}

/// The methods of RouteGuide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    GetFeature,
    ListFeatures,
    RecordRoute,
    RouteChat,
}

impl Method {
    fn path(self) -> &'static str {
        match self {
            Self::GetFeature => "/routeguide.RouteGuide/GetFeature",
            Self::ListFeatures => "/routeguide.RouteGuide/ListFeatures",
            Self::RecordRoute => "/routeguide.RouteGuide/RecordRoute",
            Self::RouteChat => "/routeguide.RouteGuide/RouteChat",
        }
    }
}

/// What happened to a call whose state is a `T`.
#[derive(Debug)]
pub(crate) enum Event<'a, T> {
    /// Bytes of its reply came.
    Data {
        stream: u32,
        call: &'a mut T,
        bytes: &'a [u8],
    },
    /// It ended.
    Ended { call: T, status: CallStatus },
}

/// The protocol's state, whose calls have a `T` each.
#[derive(Debug)]
pub(crate) struct Session<T> {
    authority: String,
    /// What calls carry besides what every call does.
    metadata: Vec<(String, String)>,
    outgoing: Vec<u8>,
    /// The header block of the call that begins, kept for its memory.
    block: Vec<u8>,
    encoder: Encoder,
    decoder: Decoder,
    /// A header block that goes on in the next frame.
    unfinished: Option<Block>,
    peer: Peer,
    /// What may be sent on all streams.
    send_window: i64,
    windows: Windows,
    /// What has come on all streams since the last update.
    received: u32,
    calls: Calls<Call<T>>,
    /// How long a call may take.
    timeout: Option<Duration>,
    /// Whether the server wants no more calls on this connection.
    is_retired: bool,
    /// Whether streams get no more than their first window.
    starving: bool,
}

#[derive(Debug)]
struct Call<T> {
    state: T,
    /// When its time is over.
    deadline: Option<Instant>,
    send_window: i64,
    received: u32,
    half_closed: bool,
    head: Head,
}

impl<T> Session<T> {
    /// Begins a session: what a client says first waits to be sent.
    pub(crate) fn new(
        authority: &str,
        windows: Windows,
        metadata: &[(String, String)],
        timeout: Option<Duration>,
    ) -> Self {
        let mut session = Self {
            authority: authority.to_owned(),
            metadata: metadata.to_vec(),
            outgoing: frame::PREFACE.to_vec(),
            block: Vec::new(),
            encoder: Encoder::new(DEFAULT_TABLE_SIZE),
            decoder: Decoder::default(),
            unfinished: None,
            peer: Peer::default(),
            send_window: INITIAL_WINDOW.into(),
            windows,
            received: 0,
            calls: Calls::default(),
            timeout,
            is_retired: false,
            starving: false,
        };
        let settings = peer::settings(windows.stream_bytes);
        frame::write(&mut session.outgoing, frame::SETTINGS, 0, 0, &settings);
        let more = windows.connection_bytes.saturating_sub(INITIAL_WINDOW);
        if more > 0 {
            session.write_window_update(0, more);
        }
        session
    }

    /// Tells whether the server's settings are known.
    pub(crate) fn is_agreed(&self) -> bool {
        self.peer.known
    }

    /// What waits to be sent.
    pub(crate) fn outgoing(&mut self) -> &mut Vec<u8> {
        &mut self.outgoing
    }

    /// How many calls are open.
    pub(crate) fn open_calls(&self) -> usize {
        self.calls.len()
    }

    /// How many calls the server lets be open.
    pub(crate) fn max_calls(&self) -> usize {
        if self.is_retired {
            0
        } else {
            self.peer.max_calls
        }
    }

    /// Tells whether the server has ended the connection in order, and nothing is left to wait for.
    pub(crate) fn is_over(&self) -> bool {
        self.is_retired && self.calls.len() == 0
    }

    /// When the time of a call is over; `None` if there is none, or no bound.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        // All may take the same time, so the oldest ends first.
        self.calls.first()?.1.deadline
    }

    /// Ends the calls whose time is over.
    pub(crate) fn expire(&mut self, mut tell: impl FnMut(Event<'_, T>)) {
        let Some(timeout) = self.timeout else { return };
        let now = Instant::now();
        while let Some((stream, call)) = self.calls.first()
            && call.deadline.is_some_and(|deadline| deadline <= now)
        {
            if let Some(call) = self.cancel(stream) {
                tell(Event::Ended {
                    call,
                    status: CallStatus::expired(timeout),
                });
            }
        }
    }

    /// From now on the server is not told that what it sent on a stream has been read.
    pub(crate) fn starve(&mut self) {
        self.starving = true;
    }

    /// Begins a call and returns its stream.
    pub(crate) fn begin(&mut self, method: Method, state: T) -> Result<u32, LoadError> {
        let call = Call {
            state,
            deadline: self
                .timeout
                .and_then(|time| Instant::now().checked_add(time)),
            send_window: self.peer.initial_window,
            received: 0,
            half_closed: false,
            head: Head::default(),
        };
        let stream = self.calls.insert(call).ok_or(LoadError::StreamsExhausted)?;
        self.block.clear();
        let fixed = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", method.path()),
            (":authority", &self.authority),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
            (
                "user-agent",
                concat!("route-guide-load/", env!("CARGO_PKG_VERSION")),
            ),
        ];
        let own = self
            .metadata
            .iter()
            .map(|(name, value)| (&**name, &**value));
        for (name, value) in fixed.into_iter().chain(own) {
            self.encoder.field(name, value, &mut self.block);
        }
        // Metadata of any length fits: what one frame does not hold goes on in the next.
        let mut pieces = self.block.chunks(frame::MAX_PAYLOAD).peekable();
        let mut kind = frame::HEADERS;
        while let Some(piece) = pieces.next() {
            let is_last = pieces.peek().is_none();
            let flags = if is_last { frame::END_HEADERS } else { 0 };
            frame::write(&mut self.outgoing, kind, flags, stream, piece);
            kind = frame::CONTINUATION;
        }
        Ok(stream)
    }

    /// The state of a call that is open.
    pub(crate) fn call_mut(&mut self, stream: u32) -> Option<&mut T> {
        self.calls.get_mut(stream).map(|call| &mut call.state)
    }

    /// How many bytes can be sent at once on a call that has not begun yet.
    pub(crate) fn sendable_on_new(&self) -> usize {
        usable(self.send_window.min(self.peer.initial_window))
    }

    /// How many bytes the server is ready to take on a stream, 0 if its call has ended.
    pub(crate) fn sendable(&self, stream: u32) -> usize {
        let of_stream = self.calls.get(stream).map_or(0, |call| call.send_window);
        usable(self.send_window.min(of_stream))
    }

    /// Sends bytes in one DATA frame: no more than are [`sendable`](Self::sendable), no more than a frame can hold.
    pub(crate) fn send(&mut self, stream: u32, bytes: &[u8], ends_stream: bool) {
        let Some(call) = self.calls.get_mut(stream) else {
            return;
        };
        call.half_closed = ends_stream;
        let len = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        call.send_window -= len;
        self.send_window -= len;
        let flags = if ends_stream { frame::END_STREAM } else { 0 };
        frame::write(&mut self.outgoing, frame::DATA, flags, stream, bytes);
    }

    /// Ends the requests of all calls.
    pub(crate) fn half_close_all(&mut self) {
        for (stream, call) in self.calls.iter_mut() {
            if !std::mem::replace(&mut call.half_closed, true) {
                let flags = frame::END_STREAM;
                frame::write(&mut self.outgoing, frame::DATA, flags, stream, &[]);
            }
        }
    }

    /// Cancels a call; nothing more is heard of it.
    pub(crate) fn cancel(&mut self, stream: u32) -> Option<T> {
        let call = self.calls.remove(stream)?;
        self.write_reset(stream);
        Some(call.state)
    }

    fn write_window_update(&mut self, stream: u32, more: u32) {
        let more = more.to_be_bytes();
        frame::write(&mut self.outgoing, frame::WINDOW_UPDATE, 0, stream, &more);
    }

    fn write_reset(&mut self, stream: u32) {
        let reason = Reason::CANCEL.code().to_be_bytes();
        frame::write(&mut self.outgoing, frame::RST_STREAM, 0, stream, &reason);
    }
}

fn usable(window: i64) -> usize {
    usize::try_from(window).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_uses_up_both_windows() {
        let mut session = Session::new("there", Windows::WIDE, &[], None);
        let first = session.begin(Method::RecordRoute, ()).unwrap();
        let second = session.begin(Method::RecordRoute, ()).unwrap();
        for _ in 0..3 {
            session.send(first, &[0; 16_384], false);
        }
        assert_eq!((first, session.sendable(first)), (1, 16_383));
        // The connection has no more than that for all others.
        assert_eq!((second, session.sendable(second)), (3, 16_383));
        assert_eq!(session.sendable_on_new(), 16_383);
        assert_eq!(session.sendable(5), 0);
    }

    #[test]
    fn metadata_that_one_frame_does_not_hold_goes_on_in_the_next() {
        let metadata = [("x-long".to_owned(), "#".repeat(40_000))];
        let mut session = Session::new("there", Windows::WIDE, &metadata, None);
        session.outgoing().clear();
        session.begin(Method::GetFeature, ()).unwrap();
        let mut frames = Vec::new();
        let mut rest = &session.outgoing()[..];
        while let Some((head, after)) = rest.split_first_chunk() {
            let header = frame::Header::parse(*head);
            frames.push((header.kind, header.flags));
            assert!(header.len <= frame::MAX_PAYLOAD);
            rest = &after[header.len..];
        }
        let (first, more) = (frame::HEADERS, frame::CONTINUATION);
        let last = frames.pop();
        assert_eq!(frames[..2], [(first, 0), (more, 0)]);
        assert_eq!(last, Some((more, frame::END_HEADERS)));
    }

    #[test]
    fn a_call_ends_when_its_time_is_over() {
        let mut session = Session::new("there", Windows::WIDE, &[], Some(Duration::ZERO));
        session.begin(Method::GetFeature, "state").unwrap();
        assert!(session.next_deadline().is_some());
        let mut told = Vec::new();
        session.expire(|event| {
            if let Event::Ended { call, status } = event {
                told.push(format!("{call}: {status}"));
            }
        });
        assert_eq!(
            told,
            ["state: DEADLINE_EXCEEDED: the call did not end within 0ns"]
        );
        assert_eq!((session.open_calls(), session.next_deadline()), (0, None));
    }

    #[test]
    fn a_cancelled_call_is_forgotten() {
        let mut session = Session::new("there", Windows::WIDE, &[], None);
        let stream = session.begin(Method::ListFeatures, "state").unwrap();
        session.outgoing().clear();
        assert_eq!(session.cancel(stream), Some("state"));
        assert_eq!(session.cancel(stream), None);
        assert_eq!(session.open_calls(), 0);
        // RST_STREAM of stream 1 with CANCEL.
        let reset = [0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 8];
        assert_eq!(session.outgoing()[..], reset);
    }

    #[test]
    fn all_requests_are_ended_once() {
        let mut session = Session::new("there", Windows::WIDE, &[], None);
        for _ in 0..2 {
            session.begin(Method::RouteChat, ()).unwrap();
        }
        session.send(1, &[], true);
        session.outgoing().clear();
        session.half_close_all();
        assert_eq!(session.outgoing()[..], [0, 0, 0, 0, 1, 0, 0, 0, 3]);
    }
}

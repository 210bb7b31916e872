//! What a session does with what the server says.

use super::{Event, Session};
use crate::frame::{self, Header, Reason};
use crate::hpack::Encoder;
use crate::incoming::Piece;
use crate::peer::{self, INITIAL_WINDOW};
use crate::replies::{Block, Fields};
use crate::status::CallStatus;
use crate::{LoadError, ProtocolError};

impl<T> Session<T> {
    /// Handles a frame or a part of one, and tells what it means for calls.
    pub(crate) fn handle(
        &mut self,
        piece: &Piece<'_>,
        tell: &mut impl FnMut(Event<'_, T>),
    ) -> Result<(), LoadError> {
        let (header, payload) = match *piece {
            Piece::Data {
                stream,
                bytes,
                window_len,
                ends_stream,
            } => {
                self.data(stream, bytes, window_len, ends_stream, tell);
                return Ok(());
            }
            Piece::Other { header, payload } => (header, payload),
        };
        if self.unfinished.is_some() != (header.kind == frame::CONTINUATION) {
            return Err(ProtocolError::HeaderBlock { kind: header.kind }.into());
        }
        match header.kind {
            frame::HEADERS => {
                let block = Block::new(header, payload)?;
                self.fields(header.has(frame::END_HEADERS), block, tell)?;
            }
            frame::CONTINUATION => {
                if let Some(mut block) = self.unfinished.take() {
                    block.extend(header, payload)?;
                    self.fields(header.has(frame::END_HEADERS), block, tell)?;
                }
            }
            frame::SETTINGS if !header.has(frame::ACK) => {
                let change = self.peer.apply(payload)?;
                for (_, call) in self.calls.iter_mut() {
                    call.send_window += change;
                }
                if self.calls.is_unused() {
                    self.encoder = Encoder::new(self.peer.table_size);
                }
                frame::write(&mut self.outgoing, frame::SETTINGS, frame::ACK, 0, &[]);
            }
            frame::PING if !header.has(frame::ACK) => {
                frame::write(&mut self.outgoing, frame::PING, frame::ACK, 0, payload);
            }
            frame::WINDOW_UPDATE => {
                let more = i64::from(peer::number(header, payload)? & 0x7fff_ffff);
                if header.stream == 0 {
                    self.send_window += more;
                } else if let Some(call) = self.calls.get_mut(header.stream) {
                    call.send_window += more;
                }
            }
            frame::RST_STREAM => {
                let reason = Reason(peer::number(header, payload)?);
                if let Some(call) = self.calls.remove(header.stream) {
                    tell(Event::Ended {
                        call: call.state,
                        status: CallStatus::reset(reason),
                    });
                }
            }
            frame::GOAWAY => self.farewell(header, payload, tell)?,
            // Acknowledgements need no answer, and frames of unknown kinds are to be skipped.
            _ => {}
        }
        Ok(())
    }

    /// The server takes no more calls. If that is in order, those that it has begun go on to their end.
    fn farewell(
        &mut self,
        header: Header,
        payload: &[u8],
        tell: &mut impl FnMut(Event<'_, T>),
    ) -> Result<(), LoadError> {
        let (last, error) = peer::farewell(header, payload)?;
        if !matches!(&error, LoadError::GoAway { reason, .. } if *reason == Reason::NO_ERROR) {
            return Err(error);
        }
        self.is_retired = true;
        let open = self.calls.iter_mut().map(|(stream, _)| stream);
        let refused: Vec<_> = open.filter(|stream| *stream > last).collect();
        for stream in refused {
            if let Some(call) = self.calls.remove(stream) {
                tell(Event::Ended {
                    call: call.state,
                    status: CallStatus::refused(),
                });
            }
        }
        Ok(())
    }

    fn data(
        &mut self,
        stream: u32,
        bytes: &[u8],
        window_len: usize,
        ends_stream: bool,
        tell: &mut impl FnMut(Event<'_, T>),
    ) {
        let len = u32::try_from(window_len).unwrap_or(u32::MAX);
        self.received = self.received.saturating_add(len);
        let half = self.windows.connection_bytes.max(INITIAL_WINDOW) / 2;
        if self.received > half {
            let received = std::mem::take(&mut self.received);
            self.write_window_update(0, received);
        }
        // The rest of what was on its way when a call was cancelled concerns nobody.
        let Some(call) = self.calls.get_mut(stream) else {
            return;
        };
        tell(Event::Data {
            stream,
            call: &mut call.state,
            bytes,
        });
        if ends_stream {
            let status = CallStatus::absent(call.head.http_status());
            return self.end(stream, status, tell);
        }
        call.received = call.received.saturating_add(len);
        if call.received > self.windows.stream_bytes / 2 && !self.starving {
            let received = std::mem::take(&mut call.received);
            self.write_window_update(stream, received);
        }
    }

    fn fields(
        &mut self,
        complete: bool,
        block: Block,
        tell: &mut impl FnMut(Event<'_, T>),
    ) -> Result<(), LoadError> {
        if !complete {
            self.unfinished = Some(block);
            return Ok(());
        }
        // Blocks of forgotten calls count too: they change the table.
        let fields = Fields::read(&mut self.decoder, &block.bytes)?;
        let Some(call) = self.calls.get_mut(block.stream) else {
            return Ok(());
        };
        call.head.note(&fields);
        if block.ends_stream {
            let status = fields
                .status()
                .unwrap_or_else(|| CallStatus::absent(call.head.http_status()));
            self.end(block.stream, status, tell);
        }
        Ok(())
    }

    fn end(&mut self, stream: u32, status: CallStatus, tell: &mut impl FnMut(Event<'_, T>)) {
        if let Some(call) = self.calls.remove(stream) {
            if !call.half_closed {
                // The server has answered what was only half asked; without this it would wait for the rest.
                self.write_reset(stream);
            }
            let call = call.state;
            tell(Event::Ended { call, status });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Method, Windows};
    use super::*;
    use crate::incoming::Incoming;

    /// A session with two open calls, of which nothing waits to be sent.
    fn session(windows: Windows) -> Session<char> {
        let mut session = Session::new("there", windows, &[], None);
        for name in ['a', 'b'] {
            session.begin(Method::RouteChat, name).expect("a stream");
        }
        session.outgoing().clear();
        session
    }

    /// Feeds frames; returns in words what they mean for calls.
    fn told(session: &mut Session<char>, frames: &[u8]) -> Result<Vec<String>, LoadError> {
        let mut incoming = Incoming::default();
        incoming.read(frames)?;
        let mut told = Vec::new();
        while let Some(piece) = incoming.next()? {
            session.handle(&piece, &mut |event| {
                told.push(match event {
                    Event::Data { call, bytes, .. } => format!("{call} has {} bytes", bytes.len()),
                    Event::Ended { call, status } => format!("{call} ended with {status}"),
                });
            })?;
        }
        Ok(told)
    }

    fn data(stream: u8, len: usize, flags: u8) -> Vec<u8> {
        let mut frame = Vec::new();
        frame::write(&mut frame, frame::DATA, flags, stream.into(), &vec![0; len]);
        frame
    }

    #[test]
    fn windows_are_opened_again_when_half_is_used() {
        let mut session = session(Windows::HTTP2_DEFAULT);
        told(&mut session, &data(1, 16_384, 0)).unwrap();
        assert!(session.outgoing().is_empty());
        // 32 768 bytes are more than half of 65 535: of the connection and of stream 1.
        told(&mut session, &data(1, 16_384, 0)).unwrap();
        let updates = [
            [0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0x80, 0],
            [0, 0, 4, 8, 0, 0, 0, 0, 1, 0, 0, 0x80, 0],
        ];
        assert_eq!(session.outgoing()[..], updates.concat());
    }

    #[test]
    fn a_starving_stream_gets_no_more() {
        let mut session = session(Windows {
            stream_bytes: INITIAL_WINDOW,
            ..Windows::WIDE
        });
        session.starve();
        for _ in 0..3 {
            told(&mut session, &data(1, 16_384, 0)).unwrap();
        }
        assert!(session.outgoing().is_empty());
    }

    #[test]
    fn a_header_block_may_go_on_in_the_next_frame() {
        let frames = [
            &[0, 0, 5, 1, 0x1, 0, 0, 0, 1][..],
            b"\x00\x0bgrp",
            &[0, 0, 10, 9, 0x4, 0, 0, 0, 1],
            b"c-status\x010",
        ];
        let mut session = session(Windows::WIDE);
        assert_eq!(
            told(&mut session, &frames.concat()).unwrap(),
            ["a ended with OK"]
        );
        // It had not been asked to the end, so the server hears that the rest will not come.
        assert_eq!(
            session.outgoing()[..],
            [0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 8]
        );
    }

    #[test]
    fn settings_reach_the_streams_that_are_open() {
        let mut session = session(Windows::WIDE);
        // INITIAL_WINDOW_SIZE of 10, and then an update of 5 on stream 3.
        told(
            &mut session,
            &[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 10],
        )
        .unwrap();
        assert_eq!((session.sendable(1), session.sendable_on_new()), (10, 10));
        told(&mut session, &[0, 0, 4, 8, 0, 0, 0, 0, 3, 0, 0, 0, 5]).unwrap();
        assert_eq!(session.sendable(3), 15);
        assert_eq!(session.outgoing()[..], [0, 0, 0, 4, 1, 0, 0, 0, 0]);
        assert!(session.is_agreed());
    }

    #[test]
    fn an_orderly_farewell_lets_calls_end() {
        let mut session = session(Windows::WIDE);
        // The last stream is 1: the server has not begun the call on stream 3.
        let goodbye = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];
        let expected = "b ended with UNAVAILABLE: the server ended the connection before it had begun the call";
        assert_eq!(told(&mut session, &goodbye).unwrap(), [expected]);
        assert_eq!((session.open_calls(), session.max_calls()), (1, 0));
        assert!(!session.is_over());
        session.cancel(1);
        assert!(session.is_over());

        let mut angry = goodbye;
        angry[16] = 11;
        let failed = told(&mut session, &angry);
        assert!(
            matches!(failed, Err(LoadError::GoAway { .. })),
            "{failed:?}"
        );
    }

    #[test]
    fn pings_are_answered() {
        let mut session = session(Windows::WIDE);
        let ping = [0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
        told(&mut session, &ping).unwrap();
        let mut answer = ping;
        answer[4] = frame::ACK;
        assert_eq!(session.outgoing()[..], answer);
    }

    #[test]
    fn what_comes_for_a_call_that_is_gone_is_skipped() {
        let mut session = session(Windows::WIDE);
        session.cancel(1);
        let frames = [data(1, 100, frame::END_STREAM), data(3, 7, 0)].concat();
        assert_eq!(told(&mut session, &frames).unwrap(), ["b has 7 bytes"]);
    }
}

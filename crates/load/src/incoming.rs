//! Bytes from a socket, taken apart into frames.

use std::io::{self, Read};

use crate::ProtocolError;
use crate::frame::{self, HEADER_LEN, Header, MAX_PAYLOAD};

/// Large enough that a system call costs little beside copying its bytes, small enough for a core's own cache.
const BUFFER_LEN: usize = 256 << 10;

/// What one connection has received and not yet handed on.
///
/// DATA is handed on in whatever pieces arrive; all other frames are whole.
#[derive(Debug)]
pub(crate) struct Incoming {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    data: Option<Data>,
}

/// The rest of a DATA frame.
#[derive(Clone, Copy, Debug)]
struct Data {
    stream: u32,
    left: usize,
    padding: usize,
    /// Bytes that count for flow control and are never handed on.
    unseen: usize,
    ends_stream: bool,
}

/// A frame, or a part of a DATA frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    Data {
        stream: u32,
        bytes: &'a [u8],
        /// How much of the windows this piece has used up.
        window_len: usize,
        ends_stream: bool,
    },
    Other {
        header: Header,
        payload: &'a [u8],
    },
}

impl Default for Incoming {
    fn default() -> Self {
        Self {
            buffer: vec![0; BUFFER_LEN].into(),
            start: 0,
            end: 0,
            data: None,
        }
    }
}

impl Incoming {
    /// Reads once; returns how many bytes came, 0 at the end.
    pub(crate) fn read(&mut self, mut socket: impl Read) -> io::Result<usize> {
        // Only the beginning of a frame can be left over, so there is little to move and always room.
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let len = socket.read(&mut self.buffer[self.end..])?;
        self.end += len;
        Ok(len)
    }

    /// Takes the next piece, or `None` if the next frame is not here yet.
    pub(crate) fn next(&mut self) -> Result<Option<Piece<'_>>, ProtocolError> {
        loop {
            if let Some(mut data) = self.data.take() {
                let len = data.left.min(self.end - self.start);
                let bytes = self.start..self.start + len;
                self.start += len;
                data.left -= len;
                let skipped = if data.left == 0 {
                    data.padding.min(self.end - self.start)
                } else {
                    0
                };
                self.start += skipped;
                data.padding -= skipped;
                let complete = data.left == 0 && data.padding == 0;
                let window_len = len + std::mem::take(&mut data.unseen);
                if !complete {
                    self.data = Some(data);
                    if window_len == 0 {
                        return Ok(None);
                    }
                }
                return Ok(Some(Piece::Data {
                    stream: data.stream,
                    bytes: &self.buffer[bytes],
                    window_len,
                    ends_stream: complete && data.ends_stream,
                }));
            }

            let here = &self.buffer[self.start..self.end];
            let Some((header, rest)) = here.split_first_chunk::<HEADER_LEN>() else {
                return Ok(None);
            };
            let header = Header::parse(*header);
            if header.len > MAX_PAYLOAD {
                return Err(ProtocolError::FrameTooLong { len: header.len });
            }
            if header.kind == frame::DATA {
                let mut data = Data {
                    stream: header.stream,
                    left: header.len,
                    padding: 0,
                    unseen: 0,
                    ends_stream: header.has(frame::END_STREAM),
                };
                let mut begin = HEADER_LEN;
                if header.has(frame::PADDED) {
                    let Some(&padding) = rest.first() else {
                        return if header.len == 0 {
                            Err(ProtocolError::Padding)
                        } else {
                            Ok(None)
                        };
                    };
                    data.padding = usize::from(padding);
                    data.unseen = data.padding + 1;
                    data.left = header
                        .len
                        .checked_sub(data.unseen)
                        .ok_or(ProtocolError::Padding)?;
                    begin += 1;
                }
                self.start += begin;
                self.data = Some(data);
            } else {
                if rest.len() < header.len {
                    return Ok(None);
                }
                let begin = self.start + HEADER_LEN;
                self.start = begin + header.len;
                let payload = &self.buffer[begin..self.start];
                return Ok(Some(Piece::Other { header, payload }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Two DATA frames, the second padded and the last of its stream, around a PING.
    fn sample() -> Vec<u8> {
        let mut bytes = Vec::new();
        frame::write(&mut bytes, frame::DATA, 0, 1, b"first");
        frame::write(&mut bytes, frame::PING, 0, 0, b"12345678");
        let flags = frame::PADDED | frame::END_STREAM;
        frame::write(&mut bytes, frame::DATA, flags, 3, b"\x04second\0\0\0\0");
        bytes
    }

    /// All that comes out: payload by stream with its end mark, window use, and other frames.
    fn all(incoming: &mut Incoming, out: &mut (Vec<u8>, usize, Vec<u8>)) {
        while let Some(piece) = incoming.next().unwrap() {
            match piece {
                Piece::Data {
                    stream,
                    bytes,
                    window_len,
                    ends_stream,
                } => {
                    assert_eq!(stream, if out.2.is_empty() { 1 } else { 3 });
                    out.0.extend_from_slice(bytes);
                    out.1 += window_len;
                    if ends_stream {
                        out.0.push(b'.');
                    }
                }
                Piece::Other { header, payload } => {
                    assert_eq!(header.kind, frame::PING);
                    out.2.extend_from_slice(payload);
                }
            }
        }
    }

    proptest! {
        /// However the bytes are cut by the network, the frames are the same.
        #[test]
        fn frames_are_found_however_they_arrive(cuts in prop::collection::vec(1_usize..12, 60)) {
            let bytes = sample();
            let mut incoming = Incoming::default();
            let mut out = Default::default();
            let mut rest = &bytes[..];
            for cut in cuts {
                let (now, later) = rest.split_at(cut.min(rest.len()));
                incoming.read(now).unwrap();
                all(&mut incoming, &mut out);
                rest = later;
            }
            let expected = (b"firstsecond.".to_vec(), 5 + 11, b"12345678".to_vec());
            prop_assert_eq!(out, expected);
        }

        /// Nothing that a server sends can panic.
        #[test]
        fn any_bytes_are_taken_apart_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
            let mut incoming = Incoming::default();
            incoming.read(&bytes[..]).unwrap();
            for _ in 0..500 {
                if !matches!(incoming.next(), Ok(Some(_))) {
                    break;
                }
            }
        }
    }

    #[test]
    fn frames_longer_than_allowed_and_false_padding_are_refused() {
        let check = |bytes: &[u8], error| {
            let mut incoming = Incoming::default();
            incoming.read(bytes).unwrap();
            assert_eq!(incoming.next(), Err(error));
        };
        check(
            &[0, 0x40, 1, 0, 0, 0, 0, 0, 1],
            ProtocolError::FrameTooLong { len: 16_385 },
        );
        let padded = frame::PADDED;
        check(
            &[0, 0, 2, frame::DATA, padded, 0, 0, 0, 1, 2, 0],
            ProtocolError::Padding,
        );
        check(
            &[0, 0, 0, frame::DATA, padded, 0, 0, 0, 1],
            ProtocolError::Padding,
        );
    }
}

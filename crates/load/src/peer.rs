//! What a server says about itself and its connection.

use crate::frame::{Header, Reason};
use crate::hpack::DEFAULT_TABLE_SIZE;
use crate::{LoadError, ProtocolError};

/// The window of every stream and connection until settings and updates say otherwise.
pub(crate) const INITIAL_WINDOW: u32 = 65_535;

const HEADER_TABLE_SIZE: u16 = 1;
const ENABLE_PUSH: u16 = 2;
const MAX_CONCURRENT_STREAMS: u16 = 3;
const INITIAL_WINDOW_SIZE: u16 = 4;

/// A server's settings, as far as a load needs them.
#[derive(Debug)]
pub(crate) struct Peer {
    /// Whether any have come yet.
    pub(crate) known: bool,
    pub(crate) initial_window: i64,
    pub(crate) max_calls: usize,
    pub(crate) table_size: usize,
}

impl Default for Peer {
    fn default() -> Self {
        Self {
            known: false,
            initial_window: INITIAL_WINDOW.into(),
            max_calls: usize::MAX,
            table_size: DEFAULT_TABLE_SIZE,
        }
    }
}

impl Peer {
    /// Takes settings over; returns by how much the windows of open streams change.
    pub(crate) fn apply(&mut self, payload: &[u8]) -> Result<i64, ProtocolError> {
        let (settings, []) = payload.as_chunks::<6>() else {
            return Err(ProtocolError::FrameLength {
                kind: crate::frame::SETTINGS,
                len: payload.len(),
            });
        };
        let before = self.initial_window;
        for [id0, id1, value @ ..] in settings {
            let value = u32::from_be_bytes(*value);
            match u16::from_be_bytes([*id0, *id1]) {
                HEADER_TABLE_SIZE => self.table_size = value as usize,
                MAX_CONCURRENT_STREAMS => self.max_calls = value as usize,
                INITIAL_WINDOW_SIZE => self.initial_window = value.into(),
                _ => {}
            }
        }
        self.known = true;
        Ok(self.initial_window - before)
    }
}

/// This client's own settings: no pushes, and this window for each stream.
pub(crate) fn settings(stream_window: u32) -> Vec<u8> {
    let mut payload = Vec::new();
    for (id, value) in [(ENABLE_PUSH, 0), (INITIAL_WINDOW_SIZE, stream_window)] {
        payload.extend_from_slice(&id.to_be_bytes());
        payload.extend_from_slice(&value.to_be_bytes());
    }
    payload
}

/// Reads a payload that is one number.
pub(crate) fn number(header: Header, payload: &[u8]) -> Result<u32, ProtocolError> {
    match payload.try_into() {
        Ok(bytes) => Ok(u32::from_be_bytes(bytes)),
        Err(_wrong_length) => Err(ProtocolError::FrameLength {
            kind: header.kind,
            len: payload.len(),
        }),
    }
}

/// Reads a GOAWAY.
pub(crate) fn farewell(header: Header, payload: &[u8]) -> Result<(u32, LoadError), ProtocolError> {
    match payload {
        [s0, s1, s2, s3, a, b, c, d, debug @ ..] => Ok((
            u32::from_be_bytes([*s0, *s1, *s2, *s3]) & 0x7fff_ffff,
            LoadError::GoAway {
                reason: Reason(u32::from_be_bytes([*a, *b, *c, *d])),
                // What a server says here can be as long as it likes.
                debug: String::from_utf8_lossy(&debug[..debug.len().min(MAX_DEBUG_BYTES)])
                    .into_owned(),
            },
        )),
        _ => Err(ProtocolError::FrameLength {
            kind: header.kind,
            len: payload.len(),
        }),
    }
}

/// How much is kept of what a server says when it ends a connection.
const MAX_DEBUG_BYTES: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::GOAWAY;

    #[test]
    fn settings_are_taken_over_and_unknown_ones_skipped() {
        let mut peer = Peer::default();
        let payload = [
            0, 3, 0, 0, 0, 200, // MAX_CONCURRENT_STREAMS
            0, 4, 0, 1, 0, 0, // INITIAL_WINDOW_SIZE
            0, 99, 1, 2, 3, 4,
        ];
        assert_eq!(peer.apply(&payload), Ok(1));
        assert_eq!((peer.max_calls, peer.initial_window), (200, 65_536));
        assert_eq!(peer.apply(&[]), Ok(0));
        assert!(peer.apply(&[0; 5]).is_err());
    }

    #[test]
    fn a_farewell_is_told_in_words() {
        let header = Header {
            len: 0,
            kind: GOAWAY,
            flags: 0,
            stream: 0,
        };
        let payload = [&[0, 0, 0, 1, 0, 0, 0, 11][..], b"too_many_data_frames"].concat();
        assert_eq!(
            farewell(header, &payload).unwrap().1.to_string(),
            "the server ended the connection with ENHANCE_YOUR_CALM: too_many_data_frames"
        );
        assert_eq!(
            farewell(header, &payload[..8]).unwrap().1.to_string(),
            "the server ended the connection with ENHANCE_YOUR_CALM"
        );
        let short = farewell(header, &[]);
        assert!(
            matches!(short, Err(ProtocolError::FrameLength { .. })),
            "{short:?}"
        );
    }
}

//! The nine bytes before every HTTP/2 frame, and the numbers in them.
//!
//! # References
//!
//! RFC 9113, sections 4.1 (frame format), 6 (frame definitions) and 7 (error codes).

use std::fmt;

/// What a client says first on a connection.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The length of a frame header.
pub(crate) const HEADER_LEN: usize = 9;
/// The longest payload a peer may send unless it is allowed more, which this client never does.
pub(crate) const MAX_PAYLOAD: usize = 16_384;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const ACK: u8 = 0x1;
pub(crate) const END_STREAM: u8 = 0x1;
pub(crate) const END_HEADERS: u8 = 0x4;
pub(crate) const PADDED: u8 = 0x8;
pub(crate) const PRIORITY: u8 = 0x20;

/// A frame header, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) len: usize,
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
}

impl Header {
    pub(crate) fn parse(bytes: [u8; HEADER_LEN]) -> Self {
        let [a, b, c, kind, flags, s0, s1, s2, s3] = bytes;
        Self {
            len: usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c),
            kind,
            flags,
            // The first bit is reserved and to be ignored.
            stream: u32::from_be_bytes([s0, s1, s2, s3]) & 0x7fff_ffff,
        }
    }

    pub(crate) fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// Writes a frame, header and payload.
pub(crate) fn write(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    debug_assert!(payload.len() <= MAX_PAYLOAD, "callers cut what is longer");
    let [.., a, b, c] = payload.len().to_be_bytes();
    let [s0, s1, s2, s3] = stream.to_be_bytes();
    out.extend_from_slice(&[a, b, c, kind, flags, s0, s1, s2, s3]);
    out.extend_from_slice(payload);
}

/// An HTTP/2 error code, as a peer gives it with a reset or a farewell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason(pub(crate) u32);

impl Reason {
    pub(crate) const NO_ERROR: Self = Self(0);
    pub(crate) const REFUSED_STREAM: Self = Self(7);
    pub(crate) const CANCEL: Self = Self(8);
    pub(crate) const ENHANCE_YOUR_CALM: Self = Self(11);

    /// The number on the wire.
    #[must_use]
    pub const fn code(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 14] = [
            "NO_ERROR",
            "PROTOCOL_ERROR",
            "INTERNAL_ERROR",
            "FLOW_CONTROL_ERROR",
            "SETTINGS_TIMEOUT",
            "STREAM_CLOSED",
            "FRAME_SIZE_ERROR",
            "REFUSED_STREAM",
            "CANCEL",
            "COMPRESSION_ERROR",
            "CONNECT_ERROR",
            "ENHANCE_YOUR_CALM",
            "INADEQUATE_SECURITY",
            "HTTP_1_1_REQUIRED",
        ];
        let name = usize::try_from(self.0)
            .ok()
            .and_then(|code| NAMES.get(code));
        match name {
            Some(name) => f.write_str(name),
            None => write!(f, "error code {:#x}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_as_it_was_written() {
        let mut out = Vec::new();
        write(&mut out, DATA, END_STREAM, 0x0102_0304, &[7; 300]);
        assert_eq!(out[..9], [0, 1, 44, 0, 1, 1, 2, 3, 4]);
        let header = Header::parse(out[..9].try_into().unwrap());
        assert_eq!(
            header,
            Header {
                len: 300,
                kind: DATA,
                flags: END_STREAM,
                stream: 0x0102_0304,
            }
        );
        assert!(header.has(END_STREAM) && !header.has(PADDED));
    }

    #[test]
    fn the_reserved_bit_is_no_part_of_the_stream_number() {
        let header = Header::parse([0, 0, 0, PING, ACK, 0x80, 0, 0, 5]);
        assert_eq!(header.stream, 5);
    }

    #[test]
    fn reasons_have_the_names_of_the_specification() {
        assert_eq!(Reason(0).to_string(), "NO_ERROR");
        assert_eq!(Reason::ENHANCE_YOUR_CALM.to_string(), "ENHANCE_YOUR_CALM");
        assert_eq!(Reason(13).to_string(), "HTTP_1_1_REQUIRED");
        assert_eq!(Reason(0x99).to_string(), "error code 0x99");
    }
}

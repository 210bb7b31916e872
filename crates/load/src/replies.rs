//! The header blocks of replies: heads and trailers.

use crate::ProtocolError;
use crate::frame::{self, Header};
use crate::hpack::Decoder;
use crate::status::CallStatus;

/// The most that is taken of one header block.
const MAX_BLOCK_LEN: usize = 64 << 10;

/// A header block, perhaps not whole yet.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) stream: u32,
    pub(crate) ends_stream: bool,
    pub(crate) bytes: Vec<u8>,
}

impl Block {
    /// Takes the block out of a HEADERS frame.
    pub(crate) fn new(header: Header, payload: &[u8]) -> Result<Self, ProtocolError> {
        let mut rest = payload;
        let mut padding = 0;
        if header.has(frame::PADDED) {
            let (&len, after) = rest.split_first().ok_or(ProtocolError::Padding)?;
            (padding, rest) = (usize::from(len), after);
        }
        if header.has(frame::PRIORITY) {
            rest = rest.get(5..).ok_or(ProtocolError::Padding)?;
        }
        let len = rest
            .len()
            .checked_sub(padding)
            .ok_or(ProtocolError::Padding)?;
        Ok(Self {
            stream: header.stream,
            ends_stream: header.has(frame::END_STREAM),
            bytes: rest[..len].to_vec(),
        })
    }

    /// Adds what a CONTINUATION frame brings.
    pub(crate) fn extend(&mut self, header: Header, payload: &[u8]) -> Result<(), ProtocolError> {
        if header.stream != self.stream {
            return Err(ProtocolError::HeaderBlock { kind: header.kind });
        }
        if self.bytes.len() + payload.len() > MAX_BLOCK_LEN {
            return Err(ProtocolError::HeadersTooLong {
                limit: MAX_BLOCK_LEN,
            });
        }
        self.bytes.extend_from_slice(payload);
        Ok(())
    }
}

/// The fields of a block that say how a call fares.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    http_status: Option<String>,
    grpc_status: Option<u16>,
    grpc_message: String,
}

impl Fields {
    pub(crate) fn read(decoder: &mut Decoder, block: &[u8]) -> Result<Self, ProtocolError> {
        let mut fields = Self::default();
        decoder.decode(block, |name, value| match name {
            b":status" if value != b"200" => {
                fields.http_status = Some(String::from_utf8_lossy(value).into_owned());
            }
            b"grpc-status" => {
                let code = std::str::from_utf8(value).ok().and_then(|v| v.parse().ok());
                fields.grpc_status = Some(code.unwrap_or(CallStatus::UNKNOWN));
            }
            b"grpc-message" => {
                fields.grpc_message = percent_decoded(value);
            }
            _ => {}
        })?;
        Ok(fields)
    }

    /// The status of the call, if these fields tell it.
    pub(crate) fn status(self) -> Option<CallStatus> {
        Some(CallStatus::new(self.grpc_status?, self.grpc_message))
    }
}

/// What a gRPC message stands for: `%` and two hexadecimal digits are a byte.
fn percent_decoded(coded: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(coded.len());
    let mut rest = coded;
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.split_at_checked(2).filter(|_| first == b'%');
        let decoded = digits.and_then(|(digits, after)| {
            let digits = std::str::from_utf8(digits).ok()?;
            Some((u8::from_str_radix(digits, 16).ok()?, after))
        });
        let (byte, after) = decoded.unwrap_or((first, after));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What is remembered of a reply's head.
#[derive(Debug, Default)]
pub(crate) struct Head {
    /// Absent if it is 200, as it always should be.
    http_status: Option<String>,
}

impl Head {
    pub(crate) fn note(&mut self, fields: &Fields) {
        if fields.http_status.is_some() {
            self.http_status.clone_from(&fields.http_status);
        }
    }

    pub(crate) fn http_status(&self) -> &str {
        self.http_status.as_deref().unwrap_or("200")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(flags: u8) -> Header {
        Header {
            len: 0,
            kind: frame::HEADERS,
            flags,
            stream: 1,
        }
    }

    #[test]
    fn padding_and_priority_are_no_part_of_a_block() {
        let flags = frame::PADDED | frame::PRIORITY;
        let block = Block::new(header(flags), b"\x02prioblock\0\0").unwrap();
        assert_eq!(block.bytes, b"lock");
        for broken in [&b""[..], b"\x02prio", b"\x09prioblock"] {
            assert!(Block::new(header(flags), broken).is_err(), "{broken:?}");
        }
    }

    #[test]
    fn a_block_does_not_grow_without_end() {
        let mut block = Block::new(header(0), b"").unwrap();
        for _ in 0..4 {
            assert_eq!(block.extend(header(0), &[0; 16_384]), Ok(()));
        }
        let error = block.extend(header(0), &[0]).unwrap_err();
        assert_eq!(error, ProtocolError::HeadersTooLong { limit: 65_536 });
    }

    #[test]
    fn a_status_is_read_from_trailers() {
        let check = |block: &[u8], expected: Option<&str>| {
            let fields = Fields::read(&mut Decoder::default(), block).unwrap();
            let status = fields.status().map(|status| status.to_string());
            assert_eq!(status.as_deref(), expected);
        };
        check(b"\x00\x0bgrpc-status\x010", Some("OK"));
        check(
            b"\x00\x0bgrpc-status\x0214\x00\x0cgrpc-message\x04gone",
            Some("UNAVAILABLE: gone"),
        );
        check(b"\x00\x0bgrpc-status\x03odd", Some("UNKNOWN"));
        check(b"\x88", None);
    }

    #[test]
    fn messages_are_percent_decoded() {
        let check = |coded: &str, text| assert_eq!(percent_decoded(coded.as_bytes()), text);
        check("2%20notes%20%C3%BC", "2 notes ü");
        check("50 % of 100%", "50 % of 100%");
        check("%zz%2", "%zz%2");
    }
}

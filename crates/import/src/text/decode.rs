//! Decoding a stream.

use std::io::{self, BufRead, Read};

use encoding_rs::{Decoder, DecoderResult};

use crate::input::Bytes;

/// Returns the text of bytes in an encoding as UTF-8, with a marker in the place of what cannot be decoded.
pub(super) fn decoded(
    input: Bytes,
    encoding: &'static encoding_rs::Encoding,
    marker: &'static [u8],
) -> Bytes {
    Bytes::new(Decoded {
        input,
        decoder: encoding.new_decoder_without_bom_handling(),
        marker,
        ended: false,
    })
}

/// The `encoding_rs_io` crate would do but for the marker: it puts U+FFFD in the place of errors, which texts may contain.
struct Decoded {
    input: Bytes,
    decoder: Decoder,
    marker: &'static [u8],
    ended: bool,
}

/// Room that the decoder needs to make progress: the longest character.
const CHARACTER_BYTES: usize = 4;

impl Read for Decoded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = buffer.len().saturating_sub(self.marker.len());
        if room < CHARACTER_BYTES {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        while !self.ended {
            let source = self.input.fill_buf()?;
            let last = source.is_empty();
            let text = &mut buffer[..room];
            let (result, read, written) = self
                .decoder
                .decode_to_utf8_without_replacement(source, text, last);
            self.input.consume(read);
            match result {
                DecoderResult::Malformed(..) => {
                    let end = written + self.marker.len();
                    buffer[written..end].copy_from_slice(self.marker);
                    return Ok(end);
                }
                DecoderResult::OutputFull => return Ok(written),
                DecoderResult::InputEmpty => {
                    self.ended = last;
                    if written > 0 {
                        return Ok(written);
                    }
                }
            }
        }
        Ok(0)
    }
}

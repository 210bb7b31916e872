//! Decoding a stream.

use std::io::{self, BufRead, Read};

use encoding_rs::{Decoder, DecoderResult};

use crate::input::Bytes;

/// Decodes bytes to UTF-8, with `marker` in place of invalid bytes.
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

/// The `encoding_rs_io` crate always replaces invalid bytes by U+FFFD, which valid texts can contain too.
struct Decoded {
    input: Bytes,
    decoder: Decoder,
    marker: &'static [u8],
    ended: bool,
}

/// The longest character, which the decoder needs room for.
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

//! The outer layer of the format: blobs with a type, a length and a compression.

use std::io::Read;
use std::str;

use flate2::read::ZlibDecoder;
use lz4_flex::block::DecompressError;

use super::wire::{Broken, Message, Value};
use crate::fault::{Fault, Stop};
use crate::format::Format;
use crate::input::Bytes;
use crate::rows::position::Position;

/// The limits of the format for the header of a blob, and for a blob, packed or unpacked.
const MAX_HEADER_BYTES: u64 = 64 << 10;
const MAX_BLOB_BYTES: u64 = 32 << 20;

pub(super) struct Blobs {
    input: Bytes,
    byte: u64,
}

/// One blob, still packed.
pub(super) struct Blob {
    pub(super) kind: String,
    /// The offset of the blob in the file.
    pub(super) byte: u64,
    message: Vec<u8>,
}

impl Blobs {
    pub(super) const fn new(input: Bytes) -> Self {
        Self { input, byte: 0 }
    }

    /// Reads the next blob, `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Blob>, Stop> {
        let byte = self.byte;
        let position = Position::Byte { byte };
        let truncated = || Fault::Truncated {
            position,
            within: "a block",
        };
        let length = self.read(4)?;
        if length.is_empty() {
            return Ok(None);
        }
        let length = u32::from_be_bytes(length.try_into().or(Err(truncated()))?).into();
        if length > MAX_HEADER_BYTES {
            let header = format!("would have a header of {length} bytes");
            return Err(if byte == 0 {
                let problem = format!("the first block {header}");
                Fault::not_this_format(Format::OsmPbf, problem).into()
            } else {
                Fault::malformed(position, format!("the block {header}")).into()
            });
        }
        let header = self.read(length)?;
        if header.len() as u64 != length {
            return Err(truncated().into());
        }
        let Header { kind, length } = Header::parse(&header)
            .map_err(|Broken| Fault::malformed(position, "the header of the block is damaged"))?;
        if length > MAX_BLOB_BYTES {
            return Err(too_long(position).into());
        }
        let message = self.read(length)?;
        if message.len() as u64 != length {
            return Err(truncated().into());
        }
        Ok(Some(Blob {
            kind,
            byte,
            message,
        }))
    }

    /// Reads up to `length` bytes, fewer at the end of the file.
    fn read(&mut self, length: u64) -> Result<Vec<u8>, Stop> {
        let mut bytes = Vec::new();
        let read = self.input.by_ref().take(length).read_to_end(&mut bytes)?;
        self.byte += read as u64;
        Ok(bytes)
    }
}

struct Header {
    kind: String,
    length: u64,
}

impl Header {
    fn parse(message: &[u8]) -> Result<Self, Broken> {
        let (mut kind, mut length) = (None, None);
        for field in Message(message) {
            match field? {
                (1, Value::Bytes(name)) => kind = Some(str::from_utf8(name).or(Err(Broken))?),
                // A negative length becomes one that is too long.
                (3, Value::Number(number)) => length = Some(number),
                _ => {}
            }
        }
        Ok(Self {
            kind: kind.ok_or(Broken)?.to_owned(),
            length: length.ok_or(Broken)?,
        })
    }
}

impl Blob {
    /// Returns the unpacked data.
    pub(super) fn unpack(self) -> Result<Vec<u8>, Fault> {
        let position = Position::Byte { byte: self.byte };
        let (mut data, mut raw_size) = (None, None);
        for field in Message(&self.message) {
            match field.map_err(|broken| Fault::malformed(position, broken))? {
                (2, Value::Number(number)) => raw_size = Some(number),
                (field, Value::Bytes(bytes)) => data = Some((field, bytes)),
                _ => {}
            }
        }
        let damaged = |error: std::io::Error| {
            Fault::malformed(position, format!("the block cannot be unpacked: {error}"))
        };
        let unpacked = match data {
            Some((1, raw)) => raw.to_vec(),
            Some((3, zlib)) => limited(ZlibDecoder::new(zlib)).map_err(damaged)?,
            Some((6, lz4)) => {
                unpack_lz4(lz4, raw_size).map_err(|error| damaged(std::io::Error::other(error)))?
            }
            Some((7, zstd)) => unpack_zstd(zstd).map_err(damaged)?,
            Some((field, _)) => {
                let name = match field {
                    4 => "lzma",
                    5 => "bzip2",
                    _ => "something unknown",
                };
                return Err(Fault::unsupported(format!(
                    "its blocks are compressed with {name}; only zlib, lz4 and zstd are read"
                )));
            }
            None => return Err(Fault::malformed(position, "the block has no data")),
        };
        let length = unpacked.len() as u64;
        if length > MAX_BLOB_BYTES {
            return Err(too_long(position));
        }
        match raw_size {
            Some(expected) if expected != length => Err(Fault::malformed(
                position,
                format!("the block unpacks to {length} bytes instead of {expected}"),
            )),
            _ => Ok(unpacked),
        }
    }
}

fn unpack_zstd(packed: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut decoder = zstd::Decoder::with_buffer(packed)?;
    // A frame can demand a window much longer than a blob.
    decoder.window_log_max(MAX_BLOB_BYTES.ilog2())?;
    limited(decoder)
}

/// Unpacks an LZ4 block, which does not record its unpacked length, to at most `raw_size` bytes.
fn unpack_lz4(packed: &[u8], raw_size: Option<u64>) -> Result<Vec<u8>, DecompressError> {
    // A byte unpacks to at most 255, so the allocation stays in proportion to the input.
    let most = (packed.len() as u64)
        .saturating_mul(255)
        .min(MAX_BLOB_BYTES);
    let room = raw_size.unwrap_or(most).min(most);
    lz4_flex::block::decompress(packed, usize::try_from(room).unwrap_or(usize::MAX))
}

/// Unpacks to at most one byte more than the limit.
fn limited(packed: impl Read) -> std::io::Result<Vec<u8>> {
    let mut unpacked = Vec::new();
    packed.take(MAX_BLOB_BYTES + 1).read_to_end(&mut unpacked)?;
    Ok(unpacked)
}

fn too_long(position: Position) -> Fault {
    Fault::TooLong {
        position,
        limit_bytes: usize::try_from(MAX_BLOB_BYTES).unwrap_or(usize::MAX),
    }
}

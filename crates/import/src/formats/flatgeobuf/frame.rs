//! The frame of the format: a signature, a header, an index and features, each with its length.

use std::io::{self, Read};

use crate::fault::{Fault, Stop};
use crate::format::Format;
use crate::input::Bytes;
use crate::rows::position::Position;

/// The longest accepted header, as in the `flatgeobuf` crate.
const MAX_HEADER_BYTES: usize = 10 << 20;

/// The bytes of a node of the index: four corners of a box and an offset.
const NODE_BYTES: u128 = 40;

pub(super) struct Frames {
    input: Bytes,
    /// The offset of the next byte in the file.
    byte: u64,
    limit_bytes: usize,
    /// The current piece and the length before it, as the alignment of its tables includes that.
    frame: Vec<u8>,
}

pub(super) enum Framed<'f> {
    /// The bytes, with the length before them.
    Whole(&'f [u8]),
    /// The piece is longer than the limit and has been skipped.
    TooLong { limit_bytes: usize },
    /// The piece is too short for a table.
    TooShort,
}

/// The bytes of a length and an offset.
const MIN_FRAME_BYTES: usize = 8;

impl Frames {
    /// Checks the signature and starts after it.
    pub(super) fn new(mut input: Bytes, limit_bytes: usize) -> Result<Self, Stop> {
        let mut signature = Vec::new();
        input.by_ref().take(8).read_to_end(&mut signature)?;
        match &*signature {
            // The last byte is the patch level, which does not affect readers.
            [b'f', b'g', b'b', 3, b'f', b'g', b'b', _] => Ok(Self {
                input,
                byte: 8,
                limit_bytes,
                frame: Vec::new(),
            }),
            [b'f', b'g', b'b', version, b'f', b'g', b'b', _] => Err(Fault::unsupported(format!(
                "it is of version {version} of FlatGeobuf; only version 3 is read"
            ))
            .into()),
            _ => Err(Fault::not_this_format(
                Format::FlatGeobuf,
                "the file does not begin with the signature",
            )
            .into()),
        }
    }

    /// Returns the offset of the next byte in the file.
    pub(super) const fn byte(&self) -> u64 {
        self.byte
    }

    pub(super) fn header(&mut self) -> Result<Vec<u8>, Stop> {
        let byte = self.byte;
        let malformed = |problem: &str| Fault::malformed(Position::Byte { byte }, problem);
        match self.next(MAX_HEADER_BYTES, "the header")? {
            Some(Framed::Whole(frame)) => Ok(frame.to_vec()),
            Some(Framed::TooLong { .. }) => Err(malformed("the header is far too long").into()),
            Some(Framed::TooShort) => Err(malformed("the header is too short").into()),
            None => Err(Fault::Truncated {
                position: Position::Byte { byte },
                within: "the header",
            }
            .into()),
        }
    }

    /// Skips the index.
    pub(super) fn skip_index(&mut self, features: u64, node_size: u16) -> Result<(), Stop> {
        let position = Position::Byte { byte: self.byte };
        if features == 0 || node_size == 0 {
            return Ok(());
        }
        if node_size == 1 {
            return Err(Fault::malformed(position, "the index has a node size of 1").into());
        }
        let mut level = u128::from(features);
        let mut nodes = level;
        while level > 1 {
            level = level.div_ceil(node_size.into());
            nodes += level;
        }
        // An index of a single feature has a root above the leaf too.
        if features == 1 {
            nodes += 1;
        }
        let Ok(length) = u64::try_from(nodes * NODE_BYTES) else {
            let problem = format!("there cannot be {features} features");
            return Err(Fault::malformed(position, problem).into());
        };
        if !self.skip(length)? {
            return Err(Fault::Truncated {
                position: Position::Byte { byte: self.byte },
                within: "the index",
            }
            .into());
        }
        Ok(())
    }

    /// Reads the next feature and returns its offset, `None` at the end of the file.
    pub(super) fn feature(&mut self) -> Result<Option<(u64, Framed<'_>)>, Stop> {
        let byte = self.byte;
        let frame = self.next(self.limit_bytes, "a feature")?;
        Ok(frame.map(|frame| (byte, frame)))
    }

    fn next(
        &mut self,
        limit_bytes: usize,
        within: &'static str,
    ) -> Result<Option<Framed<'_>>, Stop> {
        let position = Position::Byte { byte: self.byte };
        let truncated = || Fault::Truncated { position, within };
        self.frame.clear();
        self.read(4)?;
        if self.frame.is_empty() {
            return Ok(None);
        }
        let length = <[u8; 4]>::try_from(&*self.frame).or(Err(truncated()))?;
        let length = u32::from_le_bytes(length).into();
        if length > limit_bytes as u64 {
            return if self.skip(length)? {
                Ok(Some(Framed::TooLong { limit_bytes }))
            } else {
                Err(truncated().into())
            };
        }
        if self.read(length)? < length {
            return Err(truncated().into());
        }
        Ok(Some(if self.frame.len() < MIN_FRAME_BYTES {
            Framed::TooShort
        } else {
            Framed::Whole(&self.frame)
        }))
    }

    /// Appends up to `length` bytes to the frame, fewer at the end of the file.
    fn read(&mut self, length: u64) -> io::Result<u64> {
        let mut part = self.input.by_ref().take(length);
        let read = part.read_to_end(&mut self.frame)? as u64;
        self.byte += read;
        Ok(read)
    }

    /// Skips bytes. Returns `false` if the file ends before.
    fn skip(&mut self, length: u64) -> io::Result<bool> {
        let skipped = io::copy(&mut self.input.by_ref().take(length), &mut io::sink())?;
        self.byte += skipped;
        Ok(skipped == length)
    }
}

//! Limiting what a parser reads for one record.

use std::error::Error;
use std::fmt;
use std::io::{self, BufRead, Read};

use crate::text::lines::line_ends;

/// A reader of at most `limit_bytes` between two calls of [`renew`](Self::renew), for parsers that would collect a
/// piece of any length. It also counts lines.
#[derive(Debug)]
pub(crate) struct Bounded<R> {
    input: R,
    limit_bytes: usize,
    left: usize,
    line: u64,
}

impl<R: BufRead> Bounded<R> {
    pub(crate) const fn new(input: R, limit_bytes: usize) -> Self {
        Self {
            input,
            limit_bytes,
            left: limit_bytes,
            line: 1,
        }
    }

    /// Starts a new piece.
    pub(crate) const fn renew(&mut self) {
        self.left = self.limit_bytes;
    }

    /// Returns the line of the next byte, counted from 1.
    pub(crate) const fn line(&self) -> u64 {
        self.line
    }
}

impl<R: BufRead> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let chunk = self.input.fill_buf()?;
        if self.left == 0 && !chunk.is_empty() {
            return Err(io::Error::other(TooLong));
        }
        let length = chunk.len().min(self.left);
        Ok(&chunk[..length])
    }

    fn consume(&mut self, length: usize) {
        // The buffer is still filled, so this does not read and cannot fail.
        if let Ok(chunk) = self.input.fill_buf() {
            self.line += line_ends(&chunk[..length.min(chunk.len())]);
        }
        self.left = self.left.saturating_sub(length);
        self.input.consume(length);
    }
}

impl<R: BufRead> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

/// The error within an [`io::Error`] for a piece that is too long.
#[derive(Debug)]
struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the record is too long")
    }
}

impl Error for TooLong {}

/// Returns whether an error is that of a [`Bounded`] reader.
pub(crate) fn is_too_long(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(<dyn Error + Send + Sync>::is::<TooLong>)
}

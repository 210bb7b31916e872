//! Reading text in pieces of a limited length.

use std::error::Error;
use std::fmt;
use std::io::{self, BufRead, Read};

/// What [`until`] has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A piece is in the buffer, with its delimiter unless it is the last.
    Whole,
    /// The piece was too long and has been passed over; it had so many line ends.
    TooLong { lines: u64 },
    /// There is nothing more.
    End,
}

/// Reads up to the next delimiter or the end, but holds no more than `limit_bytes`.
pub(crate) fn until(
    input: &mut impl BufRead,
    delimiter: u8,
    limit_bytes: usize,
    piece: &mut Vec<u8>,
) -> io::Result<Line> {
    piece.clear();
    let mut too_long = None;
    loop {
        let chunk = input.fill_buf()?;
        if chunk.is_empty() {
            return Ok(match too_long {
                Some(lines) => Line::TooLong { lines },
                None if piece.is_empty() => Line::End,
                None => Line::Whole,
            });
        }
        let end = memchr::memchr(delimiter, chunk).map(|index| index + 1);
        let part = &chunk[..end.unwrap_or(chunk.len())];
        let used = part.len();
        if too_long.is_none() && piece.len() + used > limit_bytes {
            too_long = Some(line_ends(piece));
            piece.clear();
        }
        match &mut too_long {
            Some(lines) => *lines += line_ends(part),
            None => piece.extend_from_slice(part),
        }
        input.consume(used);
        if end.is_some() {
            return Ok(match too_long {
                Some(lines) => Line::TooLong { lines },
                None => Line::Whole,
            });
        }
    }
}

pub(crate) fn line_ends(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}

/// A reader that gives no more than so many bytes between two calls of [`renew`](Self::renew), for parsers that would
/// collect a piece of any length. It also counts lines.
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
        // What was filled is still there, so this neither reads nor fails.
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

/// Tells whether an error is that of a [`Bounded`] reader.
pub(crate) fn is_too_long(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(<dyn Error + Send + Sync>::is::<TooLong>)
}

//! Reading lines, or other pieces that end with a delimiter, of a limited length.

use std::io::{self, BufRead};

/// The result of [`until`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A piece is in the buffer, including its delimiter unless it is the last.
    Whole,
    /// The piece was too long and has been skipped. It had this number of line ends.
    TooLong { lines: u64 },
    /// The input has ended.
    End,
}

/// Reads up to the next delimiter or the end, but holds at most `limit_bytes`.
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

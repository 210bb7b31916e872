//! One element of a list, not parsed yet.

use super::problem::{place, reason};
use crate::rows::position::Position;
use crate::rows::row::Reason;
use crate::text::encoding::Encoding;
use crate::text::place::Place;

/// The text of a value that is to become a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'d> {
    /// Counted from 1.
    pub(crate) number: u64,
    pub(crate) place: Place,
    /// The text, or an error if it is longer than the limit.
    pub(crate) text: Result<&'d [u8], TooLong>,
}

/// A text is longer than the limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TooLong {
    pub(crate) limit_bytes: usize,
}

impl From<TooLong> for Reason {
    fn from(TooLong { limit_bytes }: TooLong) -> Self {
        Self::TooLong { limit_bytes }
    }
}

impl Element<'_> {
    /// Returns the position of the element.
    pub(crate) const fn position(&self) -> Position {
        Position::Entry {
            entry: self.number,
            line: self.place.line,
            column: self.place.column,
        }
    }

    /// Returns the position and the reason for an error of the parser.
    pub(crate) fn blame(
        &self,
        error: &serde_json::Error,
        encoding: Encoding,
    ) -> (Position, Reason) {
        // The parser has read the text, so it is there.
        let text = self.text.unwrap_or_default();
        let place = place(error, text, self.place);
        let position = Position::Entry {
            entry: self.number,
            line: place.line,
            column: place.column,
        };
        (position, reason(error, text, encoding))
    }
}

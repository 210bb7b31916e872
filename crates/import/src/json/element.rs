//! One element of the list of a document, before it is understood.

use super::problem::{place, reason};
use crate::position::Position;
use crate::row::Reason;
use crate::text::encoding::Encoding;
use crate::text::place::Place;

/// The text of a value that is to become a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'d> {
    /// Counted from 1.
    pub(crate) number: u64,
    pub(crate) place: Place,
    /// The text, or that it is too long.
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
    /// Returns where the element begins.
    pub(crate) const fn position(&self) -> Position {
        Position::Entry {
            entry: self.number,
            line: self.place.line,
            column: self.place.column,
        }
    }

    /// Says where an error lies and what it is.
    pub(crate) fn blame(
        &self,
        error: &serde_json::Error,
        encoding: Encoding,
    ) -> (Position, Reason) {
        // Only of a text that was read can there be an error.
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

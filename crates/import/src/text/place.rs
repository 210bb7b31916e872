//! Places in a text.

use crate::rows::position::Position;

/// A place in a text: line and column, both counted from 1, the column in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: u64,
    pub(crate) column: u64,
}

impl Place {
    pub(crate) const START: Self = Self { line: 1, column: 1 };

    pub(crate) const fn position(self) -> Position {
        Position::Column {
            line: self.line,
            column: self.column,
        }
    }

    pub(crate) fn advance(&mut self, text: &[u8]) {
        self.line += memchr::memchr_iter(b'\n', text).count() as u64;
        match memchr::memrchr(b'\n', text) {
            Some(last) => self.column = (text.len() - last) as u64,
            None => self.column += text.len() as u64,
        }
    }
}

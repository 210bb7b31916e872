//! One record of a table.

use std::borrow::Cow;

use crate::rows::position::Position;

pub(super) struct Record<'r> {
    pub(super) text: &'r [u8],
    pub(super) ends: &'r [usize],
    pub(super) first_line: u64,
    pub(super) last_line: u64,
    pub(super) broken: bool,
}

impl<'r> Record<'r> {
    /// Returns the line of the record, or its lines if they may be several records.
    pub(super) const fn position(&self) -> Position {
        let (first, last) = (self.first_line, self.last_line);
        if self.broken && first < last {
            Position::Lines { first, last }
        } else {
            Position::Line { line: first }
        }
    }

    /// Returns whether text follows a closing quote, so that the record may be several.
    pub(super) const fn is_broken(&self) -> bool {
        self.broken
    }

    /// Returns whether all fields are empty.
    pub(super) fn is_blank(&self) -> bool {
        self.text.trim_ascii().is_empty()
    }

    /// Returns the total length of all fields.
    pub(super) const fn len_bytes(&self) -> usize {
        self.text.len()
    }

    pub(super) const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns a field, `None` if there are not so many.
    pub(super) fn field(&self, index: usize) -> Option<&'r [u8]> {
        let end = *self.ends.get(index)?;
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.text.get(start..end)
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = &'r [u8]> {
        (0..self.len()).filter_map(|index| self.field(index))
    }
}

/// Returns a field as text. Invalid UTF-8 is not a number either, so only messages show the replacement.
pub(super) fn text(field: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(field) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(field),
    }
}

//! Finding records among their bytes.

use std::error::Error;
use std::fmt;
use std::ops::Range;

use crate::layout::GROUP;
use crate::record;

/// The records of an image, which opening it has not read.
///
/// Every step is checked: whatever the bytes are, no step leads out of the group of records that it began in.
#[derive(Clone, Copy)]
pub(crate) struct Region<'a> {
    pub(crate) len: usize,
    /// Where each group of records begins; the last offset is the length of `records`.
    pub(crate) offsets: &'a [u64],
    pub(crate) records: &'a [u8],
    pub(crate) start_in_file: usize,
}

impl<'a> Region<'a> {
    /// Returns where the records at a run of positions are.
    pub(crate) fn range(&self, positions: Range<u32>) -> Result<Range<usize>, CorruptRecord> {
        let (first, past) = (positions.start as usize, positions.end as usize);
        let start = self.start(first)?;
        // Runs are often short: then the way on from the start is shorter than that from the beginning of a group.
        let end = if past / GROUP == first / GROUP {
            self.walk(first, start, past)?
        } else {
            self.start(past)?
        };
        if start <= end {
            Ok(start..end)
        } else {
            Err(self.corrupt(first, start))
        }
    }

    /// Returns where a record begins; where the records end for a position just past the last.
    pub(crate) fn start(&self, position: usize) -> Result<usize, CorruptRecord> {
        if position >= self.len {
            return Ok(self.records.len());
        }
        let first = position - position % GROUP;
        self.walk(first, self.group(first).start, position)
    }

    /// Returns the end of the record at `position` that begins at `start`.
    #[inline]
    pub(crate) fn end(&self, position: usize, start: usize) -> Result<usize, CorruptRecord> {
        let limit = self.group(position).end;
        record::step(self.records, start, limit).ok_or_else(|| self.corrupt(position, start))
    }

    /// Returns the record at a position; there must be one.
    pub(crate) fn record(&self, position: usize) -> Result<&'a [u8], CorruptRecord> {
        let start = self.start(position)?;
        let end = self.end(position, start)?;
        Ok(&self.records[start..end])
    }

    /// Steps from the record at `from`, which begins at `start`, to the one at `to` in the same group.
    fn walk(&self, from: usize, start: usize, to: usize) -> Result<usize, CorruptRecord> {
        (from..to).try_fold(start, |start, position| self.end(position, start))
    }

    /// Returns where the group of a position begins and ends.
    #[inline]
    fn group(&self, position: usize) -> Range<usize> {
        let offset = |group: usize| {
            let offset = self.offsets.get(group).copied().unwrap_or_default();
            // Opening has checked this; a file that has changed since then must not lead us out of it either.
            usize::try_from(offset)
                .unwrap_or_default()
                .min(self.records.len())
        };
        offset(position / GROUP)..offset(position / GROUP + 1)
    }

    /// Makes the error for a record that is not what it should be.
    pub(crate) fn corrupt(&self, position: usize, start: usize) -> CorruptRecord {
        CorruptRecord {
            position: u32::try_from(position).unwrap_or(u32::MAX),
            offset: (self.start_in_file + start) as u64,
        }
    }
}

/// The error for a stored record that is no feature.
///
/// Opening a snapshot does not read its records, so one that has been damaged is met by the query that wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CorruptRecord {
    position: u32,
    offset: u64,
}

impl CorruptRecord {
    /// Returns the position of the feature in the data set.
    #[must_use]
    pub const fn position(&self) -> u32 {
        self.position
    }

    /// Returns where in the file the record begins, in bytes.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }
}

impl fmt::Display for CorruptRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { position, offset } = self;
        write!(
            f,
            "RECS, offset {offset}: the record of feature {position} is damaged"
        )
    }
}

impl Error for CorruptRecord {}

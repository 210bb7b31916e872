//! Finding records by position.

use std::ops::Range;

use crate::format::error::CorruptRecord;
use crate::format::layout::GROUP;
use crate::format::pages::{DamagedPage, Pages};
use crate::format::record::{self, PREFIX_BYTES};

/// The records of an image, which are checked before they are used.
///
/// Even if the writer was wrong, reading never leaves the group of records in which it began.
#[derive(Clone, Copy)]
pub(crate) struct Region<'a> {
    pub(crate) len: usize,
    /// The offset of each group of records. The last one is the length of `records`.
    pub(crate) offsets: &'a [u64],
    pub(crate) records: &'a [u8],
    pub(crate) start_in_file: usize,
    /// The checked pages of `records`, absent if no check is needed, and their checksums.
    pub(crate) pages: Option<&'a Pages>,
    pub(crate) sums: &'a [u32],
}

/// The length of a piece: it stays in the cache of a core until it is sent, and finding its end takes little time in
/// comparison.
const PIECE_BYTES: usize = 256 << 10;

/// The most groups that can fit into a piece: a record without a name at 0,0 has seven bytes.
const PIECE_GROUPS: usize = PIECE_BYTES / (GROUP * (PREFIX_BYTES + 2)) + 2;

impl<'a> Region<'a> {
    /// Returns the range of the first records of a run, and the position after them.
    ///
    /// That is the whole run if it is short, and otherwise about [`PIECE_BYTES`].
    pub(crate) fn piece(&self, run: Range<u32>) -> Result<(Range<usize>, u32), CorruptRecord> {
        let (first, past) = (run.start as usize, run.end as usize);
        let next = first / GROUP + 1;
        if past <= next * GROUP {
            return Ok((self.in_group(first..past)?, run.end));
        }
        let start = self.start(first)?;
        let groups = next..(past / GROUP + 1).min(next + PIECE_GROUPS);
        let offsets = self.offsets.get(groups.clone()).unwrap_or_default();
        let filled = (start + PIECE_BYTES) as u64;
        let fitting = offsets.partition_point(|&offset| offset <= filled);
        let cut = if fitting == offsets.len() && groups.end > past / GROUP {
            past
        } else {
            // A group that is longer than a piece is not divided.
            (next + fitting.max(1) - 1) * GROUP
        };
        let end = self.start(cut)?;
        if start > end {
            return Err(self.corrupt(first, start));
        }
        self.check(start..end)?;
        let cut = u32::try_from(cut).unwrap_or(run.end);
        Ok((start..end, cut))
    }

    /// Returns the offset of a record. The position after the last gives the length of all records.
    pub(crate) fn start(&self, position: usize) -> Result<usize, CorruptRecord> {
        let in_group = position % GROUP;
        if position >= self.len {
            Ok(self.records.len())
        } else if in_group == 0 {
            Ok(self.group(position).start)
        } else {
            Ok(self.in_group(position - in_group..position)?.end)
        }
    }

    /// Returns the range of the record at a position, which must exist.
    pub(crate) fn range(&self, position: usize) -> Result<Range<usize>, CorruptRecord> {
        self.in_group(position..position + 1)
    }

    /// Returns the record at a position, which begins at `start`.
    #[inline]
    pub(crate) fn record_from(
        &self,
        position: usize,
        start: usize,
    ) -> Result<&'a [u8], CorruptRecord> {
        let group = self.group(position);
        self.check(group.clone())?;
        let end = self.step(position, start, group.end)?;
        Ok(&self.records[start..end])
    }

    /// Returns the range of consecutive records of one group. The whole group is checked first.
    #[inline]
    fn in_group(&self, mut positions: Range<usize>) -> Result<Range<usize>, CorruptRecord> {
        let group = self.group(positions.start);
        self.check(group.clone())?;
        let step = |start, position| self.step(position, start, group.end);
        let first = positions.start - positions.start % GROUP;
        let start = (first..positions.start).try_fold(group.start, step)?;
        let end = positions.try_fold(start, step)?;
        Ok(start..end)
    }

    /// Returns the end of the record at `position` that begins at `start` and ends by `limit`.
    #[inline]
    fn step(&self, position: usize, start: usize, limit: usize) -> Result<usize, CorruptRecord> {
        record::step(self.records, start, limit).ok_or_else(|| self.corrupt(position, start))
    }

    /// Returns the range of the group of a position.
    #[inline]
    fn group(&self, position: usize) -> Range<usize> {
        let offset = |group: usize| {
            let offset = self.offsets.get(group).copied().unwrap_or_default();
            // Opening has checked this, but a mapped file can change after that.
            usize::try_from(offset)
                .unwrap_or_default()
                .min(self.records.len())
        };
        offset(position / GROUP)..offset(position / GROUP + 1)
    }

    /// Checks the pages of a range that have not been checked before.
    #[inline]
    fn check(&self, range: Range<usize>) -> Result<(), CorruptRecord> {
        match self.pages {
            Some(pages) => pages
                .check(range, self.records, self.sums)
                .map_err(|page| self.damaged(page)),
            None => Ok(()),
        }
    }

    /// Returns the error for a page with a wrong checksum.
    pub(crate) fn damaged(&self, page: DamagedPage) -> CorruptRecord {
        let (start, end) = page.bytes;
        CorruptRecord::Checksum {
            offset: (self.start_in_file + start) as u64,
            bytes: (end - start) as u64,
            expected: page.expected,
            found: page.found,
            is_known: page.is_known,
        }
    }

    /// Returns the error for a record that does not decode or is at the wrong offset.
    pub(crate) fn corrupt(&self, position: usize, start: usize) -> CorruptRecord {
        CorruptRecord::Record {
            position: u32::try_from(position).unwrap_or(u32::MAX),
            offset: (self.start_in_file + start) as u64,
        }
    }
}

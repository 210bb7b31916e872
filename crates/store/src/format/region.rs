//! Finding records among their bytes.

use std::ops::Range;

use crate::format::error::CorruptRecord;
use crate::format::layout::GROUP;
use crate::format::pages::{DamagedPage, Pages};
use crate::format::record::{self, PREFIX_BYTES};

/// The records of an image, which opening it has not read.
///
/// Bytes are checked before they are used. And should a writer have been wrong, whatever the bytes are, no step leads out
/// of the group of records that it began in.
#[derive(Clone, Copy)]
pub(crate) struct Region<'a> {
    pub(crate) len: usize,
    /// Where each group of records begins; the last offset is the length of `records`.
    pub(crate) offsets: &'a [u64],
    pub(crate) records: &'a [u8],
    pub(crate) start_in_file: usize,
    /// What is known of the pages of `records`, and their checksums.
    pub(crate) pages: Option<&'a Pages>,
    pub(crate) sums: &'a [u32],
}

/// About how many bytes of records are found and checked at a time: few enough to stay in the cache of a core until they are
/// sent, and so many that the search for their end does not count.
const PIECE_BYTES: usize = 256 << 10;

/// No more groups than this are shorter than a piece: a record without a name at 0,0 has seven bytes.
const PIECE_GROUPS: usize = PIECE_BYTES / (GROUP * (PREFIX_BYTES + 2)) + 2;

impl<'a> Region<'a> {
    /// Returns where the first records of a run are, and the position after them.
    ///
    /// They are all of the run if that is short, and otherwise about as many as [`PIECE_BYTES`] hold.
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

    /// Returns where a record begins; where the records end for a position just past the last.
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

    /// Returns where the record at a position is; there must be one.
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

    /// Returns where some records of one group are. All of the group is checked, so that no step has to check again.
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

    /// Checks the bytes of a range, unless they have been checked before.
    #[inline]
    fn check(&self, range: Range<usize>) -> Result<(), CorruptRecord> {
        match self.pages {
            Some(pages) => pages
                .check(range, self.records, self.sums)
                .map_err(|page| self.damaged(page)),
            None => Ok(()),
        }
    }

    /// Makes the error for a page that does not have its checksum.
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

    /// Makes the error for a record that is not what it should be.
    pub(crate) fn corrupt(&self, position: usize, start: usize) -> CorruptRecord {
        CorruptRecord::Record {
            position: u32::try_from(position).unwrap_or(u32::MAX),
            offset: (self.start_in_file + start) as u64,
        }
    }
}

//! Checksums of the records, by page. Each page is checked the first time that a query needs it.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::format::layout::PAGE_BYTES;

/// The pages that have been checked, initially none.
///
/// The bits need no memory ordering: one that is seen late costs another check, and no other data depends on it.
#[derive(Debug)]
pub(crate) struct Pages {
    /// A bit for each page with the right checksum.
    sound: Box<[AtomicU64]>,
    /// A bit for each page with a wrong checksum.
    damaged: Box<[AtomicU64]>,
}

/// A page with a wrong checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DamagedPage {
    /// The start and the end of the page in the records.
    pub(crate) bytes: (usize, usize),
    /// The stored checksum, and that of the bytes.
    pub(crate) expected: u32,
    pub(crate) found: u32,
    /// Whether an earlier check has found the same.
    pub(crate) is_known: bool,
}

impl Pages {
    pub(crate) fn new(records_bytes: usize) -> Self {
        let words = records_bytes.div_ceil(PAGE_BYTES).div_ceil(64);
        let none = || (0..words).map(|_| AtomicU64::new(0)).collect();
        Self {
            sound: none(),
            damaged: none(),
        }
    }

    /// Checks the pages of a range that have not been checked before.
    #[inline]
    pub(crate) fn check(
        &self,
        range: Range<usize>,
        records: &[u8],
        sums: &[u32],
    ) -> Result<(), DamagedPage> {
        if range.is_empty() {
            return Ok(());
        }
        let mut page = range.start / PAGE_BYTES;
        let past = range.end.div_ceil(PAGE_BYTES);
        while page < past {
            let word = page / 64;
            let next = past.min((word + 1) * 64);
            let wanted = u64::MAX >> (64 - (next - page)) << (page % 64);
            let sound = self.sound.get(word);
            let sound = sound.map_or(0, |word| word.load(Ordering::Relaxed));
            if wanted & !sound != 0 {
                self.check_word(word, wanted & !sound, records, sums)?;
            }
            page = next;
        }
        Ok(())
    }

    /// Checks the pages whose bits are set.
    #[cold]
    fn check_word(
        &self,
        word: usize,
        mut wanted: u64,
        records: &[u8],
        sums: &[u32],
    ) -> Result<(), DamagedPage> {
        let set = |words: &[AtomicU64], bit| {
            let word = words.get(word);
            word.map_or(0, |word| word.fetch_or(bit, Ordering::Relaxed))
        };
        while wanted != 0 {
            let bit = wanted & wanted.wrapping_neg();
            let page = word * 64 + bit.trailing_zeros() as usize;
            if let Err(damaged) = check_page(page, records, sums) {
                let is_known = set(&self.damaged, bit) & bit != 0;
                return Err(DamagedPage {
                    is_known,
                    ..damaged
                });
            }
            set(&self.sound, bit);
            wanted ^= bit;
        }
        Ok(())
    }
}

/// Checks all pages again.
pub(crate) fn check_all(records: &[u8], sums: &[u32]) -> Result<(), DamagedPage> {
    let pages = records.len().div_ceil(PAGE_BYTES);
    (0..pages).try_for_each(|page| check_page(page, records, sums))
}

fn check_page(page: usize, records: &[u8], sums: &[u32]) -> Result<(), DamagedPage> {
    let start = (page * PAGE_BYTES).min(records.len());
    let end = (start + PAGE_BYTES).min(records.len());
    let expected = sums.get(page).copied().unwrap_or_default();
    let found = crc32fast::hash(&records[start..end]);
    if expected == found {
        return Ok(());
    }
    Err(DamagedPage {
        bytes: (start, end),
        expected,
        found,
        is_known: false,
    })
}

/// Computes the checksums of records that arrive in pieces.
#[derive(Default)]
pub(crate) struct Checksummer {
    sums: Vec<u32>,
    page: crc32fast::Hasher,
    page_bytes: usize,
}

impl Checksummer {
    pub(crate) fn add(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (page, rest) = bytes.split_at(bytes.len().min(PAGE_BYTES - self.page_bytes));
            self.page.update(page);
            self.page_bytes += page.len();
            if self.page_bytes == PAGE_BYTES {
                self.end_page();
            }
            bytes = rest;
        }
    }

    pub(crate) fn finish(mut self) -> Vec<u32> {
        if self.page_bytes > 0 {
            self.end_page();
        }
        self.sums
    }

    fn end_page(&mut self) {
        self.sums.push(std::mem::take(&mut self.page).finalize());
        self.page_bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn sums(records: &[u8]) -> Vec<u32> {
        let mut sums = Checksummer::default();
        sums.add(records);
        sums.finish()
    }

    proptest! {
        /// The checksums do not depend on how the records are cut into pieces.
        #[test]
        fn pieces_have_the_checksums_of_the_whole(pieces in vec(vec(any::<u8>(), 0..9_000), 0..5)) {
            let mut by_piece = Checksummer::default();
            for piece in &pieces {
                by_piece.add(piece);
            }
            let records = pieces.concat();
            let expected: Vec<_> = records.chunks(PAGE_BYTES).map(crc32fast::hash).collect();
            prop_assert_eq!(by_piece.finish(), expected);
        }
    }

    /// A check reads only the pages of its range, and each only once.
    #[test]
    fn a_page_is_checked_when_it_is_needed_and_then_no_more() {
        let mut records = vec![7; 200 * PAGE_BYTES + 1];
        let sums = sums(&records);
        let pages = Pages::new(records.len());
        let last = records.len() - 1;
        records[70 * PAGE_BYTES] ^= 1;
        records[last] ^= 1;
        let check = |records: &[u8], range| pages.check(range, records, &sums);
        let damage = |records: &[u8], range| {
            let damaged = check(records, range).unwrap_err();
            (damaged.bytes.0 / PAGE_BYTES, damaged.is_known)
        };
        assert_eq!(check(&records, 0..70 * PAGE_BYTES), Ok(()));
        assert_eq!(check(&records, 71 * PAGE_BYTES..last), Ok(()));
        assert_eq!(check(&records, last..last), Ok(()), "of no byte");
        assert_eq!(
            damage(&records, 71 * PAGE_BYTES - 1..71 * PAGE_BYTES),
            (70, false)
        );
        assert_eq!(damage(&records, 0..last + 1), (70, true));
        assert_eq!(damage(&records, last..last + 1), (200, false));
        // Changes to the file after the first check are not noticed.
        records[0] ^= 1;
        assert_eq!(check(&records, 0..70 * PAGE_BYTES), Ok(()));
        records[70 * PAGE_BYTES] ^= 1;
        assert_eq!(check(&records, 0..last), Ok(()));
        assert!(check_all(&records, &sums).is_err());
    }
}

//! The header and the section table.

use crate::format::layout::{ENTRY_BYTES, HEADER_BYTES, Layout};
use crate::format::section::LISTED;

/// What a snapshot begins with: a byte that is not ASCII, its name, and both kinds of line end.
pub(crate) const MAGIC: [u8; 8] = *b"\x89RGS\r\n\x1a\n";

/// Tells whether a file begins like a snapshot, perhaps one that was damaged on its way.
pub(crate) fn looks_like_snapshot(start: &[u8]) -> bool {
    start.first() == MAGIC.first() || start.get(1..4) == MAGIC.get(1..4)
}

/// The version of the format that this crate reads and writes.
pub(crate) const VERSION: u32 = 1;

/// Where in the header the version is.
pub(crate) const VERSION_OFFSET: usize = 8;

/// The checksum of each section, by its place in [`LISTED`].
pub(crate) type Checksums = [u32; LISTED.len()];

/// Returns header and section table, and the data-set version in them.
pub(crate) fn encode(layout: &Layout, checksums: &Checksums) -> (Vec<u8>, u64) {
    let mut table = Vec::new();
    for section in layout.sections() {
        let range = layout.range(section);
        table.extend_from_slice(&section.tag());
        table.extend_from_slice(&checksums[section.index()].to_le_bytes());
        table.extend_from_slice(&(range.start as u64).to_le_bytes());
        table.extend_from_slice(&(range.len() as u64).to_le_bytes());
        table.extend_from_slice(&[0; 8]);
    }
    let sections = u32::try_from(table.len() / ENTRY_BYTES).unwrap_or_default();
    let mut head = Vec::with_capacity(HEADER_BYTES + table.len());
    head.extend_from_slice(&MAGIC);
    head.extend_from_slice(&VERSION.to_le_bytes());
    head.extend_from_slice(&sections.to_le_bytes());
    head.extend_from_slice(&(layout.file_bytes() as u64).to_le_bytes());
    head.extend_from_slice(&(layout.len() as u64).to_le_bytes());
    let version = data_set_version(&table);
    head.extend_from_slice(&version.to_le_bytes());
    head.resize(HEADER_BYTES - size_of::<u32>(), 0);
    let checksum = head_checksum(&head, &table);
    head.extend_from_slice(&checksum.to_le_bytes());
    head.extend_from_slice(&table);
    (head, version)
}

/// Returns the checksum of the header before it and of the section table.
pub(crate) fn head_checksum(header: &[u8], table: &[u8]) -> u32 {
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(header);
    checksum.update(table);
    checksum.finalize()
}

/// Returns the data-set version: the FNV-1a hash of the section table, which has the checksum of everything.
pub(crate) fn data_set_version(table: &[u8]) -> u64 {
    table.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

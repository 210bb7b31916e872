//! The header and the section table.

use crate::format::error::SnapshotError;
use crate::format::layout::{ENTRY_BYTES, HEADER_BYTES, Layout, MAX_LEN, VERSION};
use crate::format::section::{LISTED, Section};

/// The first bytes of a snapshot: a byte that is not ASCII, its name, and both kinds of line end.
const MAGIC: [u8; 8] = *b"\x89RGS\r\n\x1a\n";

// The offsets of the header's fields.
const VERSION_AT: usize = 8;
const SECTIONS_AT: usize = 12;
const FILE_BYTES_AT: usize = 16;
const FEATURES_AT: usize = 24;
const DATA_SET_VERSION_AT: usize = 32;
const RESERVED_AT: usize = 40;
const CHECKSUM_AT: usize = 60;

// The offsets of the fields of an entry of the table.
const ENTRY_TAG_AT: usize = 0;
const ENTRY_CHECKSUM_AT: usize = 4;
const ENTRY_OFFSET_AT: usize = 8;
const ENTRY_BYTES_AT: usize = 16;
const ENTRY_RESERVED_AT: usize = 24;

/// Returns whether a file begins like a snapshot, perhaps one that was damaged in transfer.
pub(crate) fn looks_like_snapshot(start: &[u8]) -> bool {
    start.first() == MAGIC.first() || start.get(1..4) == MAGIC.get(1..4)
}

/// The checksum of each section by [`Section::index`]; zero for sections that the table does not list.
pub(crate) type Checksums = [u32; Section::COUNT];

/// The contents of the header and the section table.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) layout: Layout,
    pub(crate) checksums: Checksums,
    /// The data-set version.
    pub(crate) version: u64,
}

impl Header {
    pub(crate) fn new(layout: Layout, checksums: Checksums) -> Self {
        let version = data_set_version(&encode_table(&layout, &checksums));
        Self {
            layout,
            checksums,
            version,
        }
    }

    /// Returns the bytes of header and section table.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let table = encode_table(&self.layout, &self.checksums);
        let sections = u32::try_from(table.len() / ENTRY_BYTES).unwrap_or_default();
        let mut bytes = Vec::with_capacity(HEADER_BYTES + table.len());
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&sections.to_le_bytes());
        bytes.extend_from_slice(&(self.layout.file_bytes() as u64).to_le_bytes());
        bytes.extend_from_slice(&(self.layout.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&self.version.to_le_bytes());
        bytes.resize(CHECKSUM_AT, 0);
        let checksum = checksum(&bytes, &table);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        bytes.extend_from_slice(&table);
        bytes
    }

    /// Reads and checks the header and the section table of a whole file.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let file_bytes = bytes.len() as u64;
        let short = SnapshotError::TooShort { file_bytes };
        let header = Fields {
            section: Section::Header,
            start: 0,
            bytes: bytes.get(..HEADER_BYTES).ok_or(short)?,
        };
        let found = header.array(0);
        if found != MAGIC {
            return Err(SnapshotError::Magic { found });
        }
        let found = header.u32(VERSION_AT);
        if found != VERSION {
            return Err(SnapshotError::Version { found });
        }
        // The length is compared before the checksum, because truncation is the usual damage.
        let expected = header.u64(FILE_BYTES_AT);
        header.compare(
            "the length of the file",
            FILE_BYTES_AT,
            expected,
            file_bytes,
        )?;
        let count = header.u32(SECTIONS_AT) as usize;
        let table_end = HEADER_BYTES + ENTRY_BYTES * count.min(LISTED.len());
        let table = bytes.get(HEADER_BYTES..table_end).ok_or(short)?;
        let (expected, found) = (
            header.u32(CHECKSUM_AT),
            checksum(&header.bytes[..CHECKSUM_AT], table),
        );
        if expected != found {
            return Err(SnapshotError::Checksum {
                section: Section::Header,
                offset: CHECKSUM_AT as u64,
                expected,
                found,
            });
        }
        // What is wrong from here on is a mistake of the writer, not damage.
        let version = data_set_version(table);
        header.expect("the data-set version", DATA_SET_VERSION_AT, version)?;
        for reserved in [RESERVED_AT, RESERVED_AT + 8] {
            header.expect("a reserved number", reserved, 0)?;
        }
        header.expect_u32("a reserved number", RESERVED_AT + 16, 0)?;
        let without_order = LISTED
            .iter()
            .filter(|section| !section.is_of_order())
            .count();
        let possible = if count > without_order {
            LISTED.len()
        } else {
            without_order
        };
        let what = "the number of sections";
        header.compare(what, SECTIONS_AT, possible as u64, count as u64)?;
        let (layout, checksums) = decode_table(header, table)?;
        Ok(Self {
            layout,
            checksums,
            version,
        })
    }
}

fn encode_table(layout: &Layout, checksums: &Checksums) -> Vec<u8> {
    let mut table = Vec::new();
    for section in layout.sections() {
        let range = layout.range(section);
        table.extend_from_slice(&section.tag());
        table.extend_from_slice(&checksums[section.index()].to_le_bytes());
        table.extend_from_slice(&(range.start as u64).to_le_bytes());
        table.extend_from_slice(&(range.len() as u64).to_le_bytes());
        table.extend_from_slice(&[0; 8]);
    }
    table
}

/// Checks that the section table agrees with the number of features and the length of the records.
fn decode_table(header: Fields<'_>, table: &[u8]) -> Result<(Layout, Checksums), SnapshotError> {
    let entry = |index: usize| Fields {
        section: Section::Table,
        start: HEADER_BYTES + index * ENTRY_BYTES,
        bytes: &table[index * ENTRY_BYTES..][..ENTRY_BYTES],
    };
    let count = table.len() / ENTRY_BYTES;
    let has_order = count == LISTED.len();
    // The records are the last section but one.
    let records_bytes = entry(count - 2).u64(ENTRY_BYTES_AT);
    let features = header.u64(FEATURES_AT);
    let layout = usize::try_from(features)
        .ok()
        .zip(usize::try_from(records_bytes).ok())
        .and_then(|(len, records_bytes)| Layout::new(len, has_order, records_bytes))
        .ok_or(SnapshotError::Beyond {
            section: Section::Header,
            offset: FEATURES_AT as u64,
            what: "the number of features",
            bound: MAX_LEN as u64 + 1,
            found: features,
        })?;
    let mut checksums = Checksums::default();
    for (index, section) in layout.sections().enumerate() {
        let (entry, range) = (entry(index), layout.range(section));
        let tag = u32::from_le_bytes(section.tag());
        entry.expect_u32("a tag", ENTRY_TAG_AT, tag)?;
        entry.expect(
            "the offset of a section",
            ENTRY_OFFSET_AT,
            range.start as u64,
        )?;
        entry.expect(
            "the length of a section",
            ENTRY_BYTES_AT,
            range.len() as u64,
        )?;
        entry.expect("a reserved number", ENTRY_RESERVED_AT, 0)?;
        checksums[section.index()] = entry.u32(ENTRY_CHECKSUM_AT);
    }
    let file_bytes = layout.file_bytes() as u64;
    header.expect("the length of the file", FILE_BYTES_AT, file_bytes)?;
    Ok((layout, checksums))
}

/// Returns the checksum of the header before it and of the section table.
fn checksum(header: &[u8], table: &[u8]) -> u32 {
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(header);
    checksum.update(table);
    checksum.finalize()
}

/// Returns the FNV-1a hash of the section table, which contains a checksum of everything else.
fn data_set_version(table: &[u8]) -> u64 {
    table.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The header, or an entry of the table, with its offset in the file.
#[derive(Clone, Copy)]
struct Fields<'a> {
    section: Section,
    start: usize,
    bytes: &'a [u8],
}

impl Fields<'_> {
    fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        let bytes = self.bytes.get(at..).and_then(<[u8]>::first_chunk);
        *bytes.expect("a field lies within its part")
    }

    fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.array(at))
    }

    fn u64(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.array(at))
    }

    fn expect(&self, field: &'static str, at: usize, expected: u64) -> Result<(), SnapshotError> {
        self.compare(field, at, expected, self.u64(at))
    }

    fn expect_u32(
        &self,
        field: &'static str,
        at: usize,
        expected: u32,
    ) -> Result<(), SnapshotError> {
        self.compare(field, at, expected.into(), self.u32(at).into())
    }

    fn compare(
        &self,
        field: &'static str,
        at: usize,
        expected: u64,
        found: u64,
    ) -> Result<(), SnapshotError> {
        if expected == found {
            return Ok(());
        }
        Err(SnapshotError::Field {
            section: self.section,
            offset: (self.start + at) as u64,
            field,
            expected,
            found,
        })
    }
}

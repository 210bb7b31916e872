//! Checking what queries rely on, before there are any.

use bytes::Bytes;

use crate::format::check_index;
use crate::format::error::SnapshotError;
use crate::format::header::{self, MAGIC, VERSION, VERSION_OFFSET};
use crate::format::image::{self, Image};
use crate::format::layout::{ENTRY_BYTES, HEADER_BYTES, Layout, MAX_LEN};
use crate::format::pages::Pages;
use crate::format::section::{LISTED, Section};

/// Makes an image of the bytes of a snapshot, all of which but the records are read.
pub(crate) fn image(bytes: Bytes) -> Result<Image, SnapshotError> {
    let (layout, version) = head(&bytes)?;
    padding(&bytes, &layout)?;
    // A map is aligned to pages. Other bytes may be anywhere.
    let bytes = if image::is_aligned(&bytes) {
        bytes
    } else {
        image::aligned_copy(&bytes)
    };
    let pages = Pages::new(layout.range(Section::Recs).len());
    let image = Image::new(bytes, layout, version).with_pages(pages);
    check_index::check(&image)?;
    Ok(image)
}

/// Checks header and section table, and returns the layout and the data-set version.
fn head(bytes: &[u8]) -> Result<(Layout, u64), SnapshotError> {
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
    let found = header.u32(VERSION_OFFSET);
    if found != VERSION {
        return Err(SnapshotError::Version { found });
    }
    // The header is right about the length until its checksum says otherwise: a file that was cut off is the usual case.
    if header.u64(16) != file_bytes {
        return Err(SnapshotError::Field {
            section: Section::Header,
            offset: 16,
            field: "the length of the file",
            expected: header.u64(16),
            found: file_bytes,
        });
    }
    let count = header.u32(12) as usize;
    let table_end = HEADER_BYTES + ENTRY_BYTES * count.min(LISTED.len());
    let table = bytes.get(HEADER_BYTES..table_end).ok_or(short)?;
    let checksum = header::head_checksum(&header.bytes[..60], table);
    if checksum != header.u32(60) {
        return Err(SnapshotError::Checksum {
            section: Section::Header,
            offset: 60,
            expected: header.u32(60),
            found: checksum,
        });
    }
    // From here on only a writer can be wrong, not the way of the file from there to here.
    let version = header::data_set_version(table);
    header.expect("the data-set version", 32, version)?;
    for reserved in [40, 48] {
        header.expect("a reserved number", reserved, 0)?;
    }
    header.expect_u32("a reserved number", 56, 0)?;
    let has_order = count == LISTED.len();
    let without_order = LISTED
        .iter()
        .filter(|section| !section.is_of_order())
        .count();
    let possible = if count > without_order {
        LISTED.len()
    } else {
        without_order
    } as u64;
    header.compare("the number of sections", 12, possible, count as u64)?;
    let layout = entries(header, table, has_order)?;
    Ok((layout, version))
}

/// Checks that the section table says what the number of features and the length of the records ask for.
fn entries(header: Fields<'_>, table: &[u8], has_order: bool) -> Result<Layout, SnapshotError> {
    let entry = |index: usize| Fields {
        section: Section::Table,
        start: HEADER_BYTES + index * ENTRY_BYTES,
        bytes: &table[index * ENTRY_BYTES..][..ENTRY_BYTES],
    };
    let count = table.len() / ENTRY_BYTES;
    // The records are the last section but one.
    let (features, records_bytes) = (header.u64(24), entry(count - 2).u64(16));
    let layout = usize::try_from(features)
        .ok()
        .zip(usize::try_from(records_bytes).ok())
        .and_then(|(len, records_bytes)| Layout::new(len, has_order, records_bytes))
        .ok_or(SnapshotError::Beyond {
            section: Section::Header,
            offset: 24,
            what: "the number of features",
            bound: MAX_LEN as u64 + 1,
            found: features,
        })?;
    for (index, section) in layout.sections().enumerate() {
        let (entry, range) = (entry(index), layout.range(section));
        entry.expect_u32("a tag", 0, u32::from_le_bytes(section.tag()))?;
        entry.expect("the offset of a section", 8, range.start as u64)?;
        entry.expect("the length of a section", 16, range.len() as u64)?;
        entry.expect("a reserved number", 24, 0)?;
    }
    header.expect("the length of the file", 16, layout.file_bytes() as u64)?;
    Ok(layout)
}

/// A part of the head, and where it is.
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

/// Checks that there is nothing between the sections.
fn padding(bytes: &[u8], layout: &Layout) -> Result<(), SnapshotError> {
    let mut end = layout.table_end();
    for section in layout.sections() {
        let range = layout.range(section);
        if let Some(at) = bytes[end..range.start].iter().position(|&byte| byte != 0) {
            return Err(SnapshotError::Field {
                section,
                offset: (end + at) as u64,
                field: "a byte before the section",
                expected: 0,
                found: bytes[end + at].into(),
            });
        }
        end = range.end;
    }
    Ok(())
}

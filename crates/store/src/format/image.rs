//! The bytes of a snapshot, in memory or mapped, and typed views of its sections.

use std::convert::Infallible;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::format::header::Header;
use crate::format::layout::{ALIGNMENT, Layout};
use crate::format::pages::Pages;
use crate::format::region::Region;
use crate::format::section::Section;

/// A snapshot in memory or in a mapped file: the one form of a data set.
///
/// Whoever makes an image ensures that header and bytes agree. Views of it are borrowed slices, which cost next to
/// nothing and are made anew for each query.
#[derive(Clone)]
pub(crate) struct Image {
    bytes: Bytes,
    header: Header,
    /// Absent if this process made the records, which then need no check.
    pages: Option<Arc<Pages>>,
}

impl Image {
    /// Makes an image of bytes whose header has been read. They are copied unless they are aligned, as a map is.
    pub(crate) fn new(bytes: Bytes, header: Header) -> Self {
        assert!(
            bytes.len() == header.layout.file_bytes(),
            "views are cut without further checks"
        );
        let bytes = if is_aligned(&bytes) {
            bytes
        } else {
            aligned_copy(&bytes)
        };
        Self {
            bytes,
            header,
            pages: None,
        }
    }

    /// Has each page of the records checked the first time that a query needs it.
    pub(crate) fn with_unchecked_records(self) -> Self {
        let pages = Pages::new(self.section(Section::Recs).len());
        let pages = Some(Arc::new(pages));
        Self { pages, ..self }
    }

    /// Returns the same image in other bytes, which must be equal; bytes of another length are ignored.
    pub(crate) fn moved_to(self, bytes: Bytes) -> Self {
        if bytes.len() == self.bytes.len() && is_aligned(&bytes) {
            Self { bytes, ..self }
        } else {
            self
        }
    }

    pub(crate) const fn header(&self) -> &Header {
        &self.header
    }

    pub(crate) const fn layout(&self) -> &Layout {
        &self.header.layout
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn section(&self, section: Section) -> &[u8] {
        &self.bytes[self.layout().range(section).clone()]
    }

    pub(crate) const fn checksum(&self, section: Section) -> u32 {
        self.header.checksums[section.index()]
    }

    pub(crate) fn lats(&self) -> &[i32] {
        bytemuck::cast_slice(self.section(Section::Lats))
    }

    pub(crate) fn lons(&self) -> &[i32] {
        bytemuck::cast_slice(self.section(Section::Lons))
    }

    /// Returns the position of each slot, `None` if every slot is its own position.
    pub(crate) fn positions(&self) -> Option<&[u32]> {
        self.layout()
            .has_order()
            .then(|| bytemuck::cast_slice(self.section(Section::Ordr)))
    }

    pub(crate) fn region(&self) -> Region<'_> {
        Region {
            len: self.layout().len(),
            offsets: bytemuck::cast_slice(self.section(Section::Offs)),
            records: self.section(Section::Recs),
            start_in_file: self.layout().range(Section::Recs).start,
            pages: self.pages.as_deref(),
            sums: bytemuck::cast_slice(self.section(Section::Sums)),
        }
    }

    /// Returns a part of the records without copying it.
    pub(crate) fn records(&self, range: Range<usize>) -> Bytes {
        let start = self.layout().range(Section::Recs).start;
        self.bytes.slice(start + range.start..start + range.end)
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Image")
            .field("len", &self.layout().len())
            .field("version", &format_args!("{:016x}", self.header.version))
            .finish_non_exhaustive()
    }
}

/// Returns whether the address of the first byte is a multiple of 64, so that all sections are aligned.
fn is_aligned(bytes: &[u8]) -> bool {
    bytes.as_ptr().addr().is_multiple_of(ALIGNMENT)
}

/// Returns `len` aligned bytes, filled in by `fill`.
pub(crate) fn aligned<E>(
    len: usize,
    fill: impl FnOnce(&mut [u8]) -> Result<(), E>,
) -> Result<Bytes, E> {
    // The allocator does not align bytes, so there is room to begin a little later.
    let mut buffer = vec![0; len + ALIGNMENT];
    let past = buffer.as_ptr().addr() % ALIGNMENT;
    let start = if past == 0 { 0 } else { ALIGNMENT - past };
    fill(&mut buffer[start..start + len])?;
    // Freezing does not move the buffer.
    Ok(Bytes::from(buffer).slice(start..start + len))
}

fn aligned_copy(bytes: &[u8]) -> Bytes {
    let Ok(copy) = aligned(bytes.len(), |buffer| {
        buffer.copy_from_slice(bytes);
        Ok::<_, Infallible>(())
    });
    copy
}

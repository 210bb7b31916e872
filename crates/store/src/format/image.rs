//! The bytes of a snapshot, wherever they lie, and typed views of them.

use std::convert::Infallible;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::format::layout::{ALIGNMENT, ENTRY_BYTES, HEADER_BYTES, Layout};
use crate::format::pages::Pages;
use crate::format::region::Region;
use crate::format::section::Section;
use crate::index::Index;
use crate::index::boxes::Node;
use crate::index::lookup::Cells;

/// A snapshot in memory or in a mapped file: the one form that a data set has.
///
/// What makes an image, [`check`](crate::format::check) for bytes from outside and [`write`](crate::build::plan) for our own, sees to
/// it that header, layout and bytes agree. Views of it are borrowed slices, made anew for each query, and cost next to
/// nothing.
#[derive(Clone)]
pub(crate) struct Image {
    bytes: Bytes,
    layout: Layout,
    version: u64,
    /// Absent if the records were made by this process, and need no check.
    pages: Option<Arc<Pages>>,
}

impl Image {
    /// Joins bytes and what their head says.
    pub(crate) fn new(bytes: Bytes, layout: Layout, version: u64) -> Self {
        assert!(
            is_aligned(&bytes) && bytes.len() == layout.file_bytes(),
            "views are cut without further checks"
        );
        Self {
            bytes,
            layout,
            version,
            pages: None,
        }
    }

    /// Has the records checked the first time that they are needed.
    pub(crate) fn with_pages(self, pages: Pages) -> Self {
        let pages = Some(Arc::new(pages));
        Self { pages, ..self }
    }

    /// Returns the same image in other bytes, which are taken to be equal; bytes of another length are not.
    pub(crate) fn moved_to(self, bytes: Bytes) -> Self {
        if bytes.len() == self.bytes.len() && is_aligned(&bytes) {
            Self { bytes, ..self }
        } else {
            self
        }
    }

    pub(crate) const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Returns the data-set version.
    pub(crate) const fn version(&self) -> u64 {
        self.version
    }

    /// Returns all bytes.
    #[cfg(test)]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the bytes of a section.
    pub(crate) fn section(&self, section: Section) -> &[u8] {
        &self.bytes[self.layout.range(section).clone()]
    }

    /// Returns the checksum that is stored for a section.
    pub(crate) fn checksum(&self, section: Section) -> u32 {
        let entry = self.layout.sections().position(|listed| listed == section);
        let start =
            HEADER_BYTES + entry.unwrap_or_default() * ENTRY_BYTES + size_of_val(&section.tag());
        let bytes = self.bytes.get(start..).and_then(<[u8]>::first_chunk);
        bytes.copied().map(u32::from_le_bytes).unwrap_or_default()
    }

    /// Returns the coordinates, boxes and positions.
    pub(crate) fn index(&self) -> Index<'_> {
        Index {
            lats: self.lats(),
            lons: self.lons(),
            nodes: bytemuck::cast_slice::<_, Node>(self.section(Section::Boxs)),
            levels: self.layout.levels(),
            positions: self.positions(),
            by_position: (
                bytemuck::cast_slice(self.section(Section::Plat)),
                bytemuck::cast_slice(self.section(Section::Plon)),
            ),
        }
    }

    pub(crate) fn lats(&self) -> &[i32] {
        bytemuck::cast_slice(self.section(Section::Lats))
    }

    pub(crate) fn lons(&self) -> &[i32] {
        bytemuck::cast_slice(self.section(Section::Lons))
    }

    /// Returns the look-up table.
    pub(crate) fn cells(&self) -> Cells<'_> {
        Cells::new(bytemuck::cast_slice(self.section(Section::Find)))
    }

    /// Returns the position of each slot, `None` if they are all the same.
    pub(crate) fn positions(&self) -> Option<&[u32]> {
        self.layout
            .has_order()
            .then(|| bytemuck::cast_slice(self.section(Section::Ordr)))
    }

    /// Returns the records.
    pub(crate) fn region(&self) -> Region<'_> {
        Region {
            len: self.layout.len(),
            offsets: bytemuck::cast_slice(self.section(Section::Offs)),
            records: self.section(Section::Recs),
            start_in_file: self.layout.range(Section::Recs).start,
            pages: self.pages.as_deref(),
            sums: bytemuck::cast_slice(self.section(Section::Sums)),
        }
    }

    /// Returns a part of the records without copying it.
    pub(crate) fn records(&self, range: Range<usize>) -> Bytes {
        let start = self.layout.range(Section::Recs).start;
        self.bytes.slice(start + range.start..start + range.end)
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Image")
            .field("len", &self.layout.len())
            .field("version", &format_args!("{:016x}", self.version))
            .finish_non_exhaustive()
    }
}

/// Tells whether the first byte is where sections that begin at multiples of 64 are aligned.
pub(crate) fn is_aligned(bytes: &[u8]) -> bool {
    bytes.as_ptr().addr().is_multiple_of(ALIGNMENT)
}

/// Makes `len` zeros whose first is aligned, has them filled in, and freezes them.
pub(crate) fn aligned<E>(
    len: usize,
    fill: impl FnOnce(&mut [u8]) -> Result<(), E>,
) -> Result<Bytes, E> {
    // The allocator knows no alignment for bytes: there is room to begin a little later.
    let mut buffer = vec![0; len + ALIGNMENT];
    let past = buffer.as_ptr().addr() % ALIGNMENT;
    let start = if past == 0 { 0 } else { ALIGNMENT - past };
    fill(&mut buffer[start..start + len])?;
    // The buffer stays where it is.
    Ok(Bytes::from(buffer).slice(start..start + len))
}

/// Returns a copy whose first byte is aligned.
pub(crate) fn aligned_copy(bytes: &[u8]) -> Bytes {
    let Ok(copy) = aligned(bytes.len(), |buffer| {
        buffer.copy_from_slice(bytes);
        Ok::<_, Infallible>(())
    });
    copy
}

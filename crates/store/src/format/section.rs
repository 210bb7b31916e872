//! The parts of a snapshot.

use std::fmt;

/// A part of a snapshot file, as `docs/snapshot-format.md` calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Section {
    /// The first 64 bytes.
    Header,
    /// The offsets, lengths and checksums of the sections below.
    Table,
    /// Latitudes in curve order.
    Lats,
    /// Longitudes in curve order.
    Lons,
    /// Bounding boxes.
    Boxs,
    /// The look-up table.
    Find,
    /// The position of each slot, in files that are not in curve order.
    Ordr,
    /// Latitudes in data-set order, in the same files.
    Plat,
    /// Longitudes in data-set order, in the same files.
    Plon,
    /// The offset of every eighth record.
    Offs,
    /// The records.
    Recs,
    /// The checksums of the records.
    Sums,
}

/// The sections that a table can list, in the order of the file.
pub(crate) const LISTED: [Section; 10] = [
    Section::Lats,
    Section::Lons,
    Section::Boxs,
    Section::Find,
    Section::Ordr,
    Section::Plat,
    Section::Plon,
    Section::Offs,
    Section::Recs,
    Section::Sums,
];

impl Section {
    /// The number of sections, header and table included.
    pub(crate) const COUNT: usize = Self::Sums.index() + 1;

    /// Returns the index of the section in arrays of [`COUNT`](Self::COUNT) elements.
    pub(crate) const fn index(self) -> usize {
        self as usize
    }

    /// Returns whether the section is absent where every slot is its own position.
    pub(crate) const fn is_of_order(self) -> bool {
        matches!(self, Self::Ordr | Self::Plat | Self::Plon)
    }

    /// Returns the tag of a listed section in the table, which is its name.
    pub(crate) fn tag(self) -> [u8; 4] {
        let tag = self.name().as_bytes().first_chunk();
        *tag.expect("no name is shorter than a tag")
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Table => "section table",
            Self::Lats => "LATS",
            Self::Lons => "LONS",
            Self::Boxs => "BOXS",
            Self::Find => "FIND",
            Self::Ordr => "ORDR",
            Self::Plat => "PLAT",
            Self::Plon => "PLON",
            Self::Offs => "OFFS",
            Self::Recs => "RECS",
            Self::Sums => "SUMS",
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

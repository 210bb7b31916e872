//! The parts of a snapshot.

use std::fmt;

/// A part of a snapshot file, as `docs/snapshot-format.md` calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Section {
    /// The first 64 bytes.
    Header,
    /// Where the other sections are, and their checksums.
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
    /// Where records are.
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
    /// Returns the tag that stands for the section in the table; the header and the table itself have none.
    pub(crate) const fn tag(self) -> [u8; 4] {
        match self {
            Self::Header | Self::Table => [0; 4],
            Self::Lats => *b"LATS",
            Self::Lons => *b"LONS",
            Self::Boxs => *b"BOXS",
            Self::Find => *b"FIND",
            Self::Ordr => *b"ORDR",
            Self::Plat => *b"PLAT",
            Self::Plon => *b"PLON",
            Self::Offs => *b"OFFS",
            Self::Recs => *b"RECS",
            Self::Sums => *b"SUMS",
        }
    }

    /// Returns the place of the section in [`LISTED`].
    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Header | Self::Table | Self::Lats => 0,
            Self::Lons => 1,
            Self::Boxs => 2,
            Self::Find => 3,
            Self::Ordr => 4,
            Self::Plat => 5,
            Self::Plon => 6,
            Self::Offs => 7,
            Self::Recs => 8,
            Self::Sums => 9,
        }
    }

    /// Tells whether the section is absent where every slot is its own position.
    pub(crate) const fn is_of_order(self) -> bool {
        matches!(self, Self::Ordr | Self::Plat | Self::Plon)
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
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
        })
    }
}

//! The errors for damaged snapshots.

use std::error::Error;
use std::fmt;

use crate::format::layout::{HEADER_BYTES, VERSION};
use crate::format::section::Section;

/// The error for bytes that are not a sound snapshot.
///
/// Its message is one line that names the section and the offset in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The file is shorter than a header.
    TooShort {
        /// The length of the file.
        file_bytes: u64,
    },
    /// The file does not begin with the magic of a snapshot.
    Magic {
        /// The first bytes.
        found: [u8; 8],
    },
    /// The format version is not supported.
    Version {
        /// The version.
        found: u32,
    },
    /// A field of the header or of the section table, or a byte of padding, has the wrong value.
    Field {
        /// The section of the field.
        section: Section,
        /// The offset of the field in the file.
        offset: u64,
        /// What it is.
        field: &'static str,
        /// What it should be.
        expected: u64,
        /// What it is.
        found: u64,
    },
    /// A section does not have its checksum.
    Checksum {
        /// The section.
        section: Section,
        /// The offset of the section in the file.
        offset: u64,
        /// The checksum that is stored.
        expected: u32,
        /// The checksum of the bytes.
        found: u32,
    },
    /// An index or offset is out of range.
    Beyond {
        /// The section of the number.
        section: Section,
        /// The offset of the number in the file.
        offset: u64,
        /// What the number is.
        what: &'static str,
        /// The bound, which the number should be below.
        bound: u64,
        /// The number.
        found: u64,
    },
    /// An offset is less than the one before it.
    Disorder {
        /// The section of the number.
        section: Section,
        /// The offset of the number in the file.
        offset: u64,
        /// What the number is.
        what: &'static str,
        /// The number.
        found: u64,
    },
    /// A number that must be unique is repeated.
    Repeated {
        /// The section of the number.
        section: Section,
        /// The offset of the repetition in the file.
        offset: u64,
        /// What the number is.
        what: &'static str,
        /// The number.
        found: u64,
    },
    /// The look-up table has no free cell, so a search for an absent point would not end.
    Full {
        /// The offset of the table in the file.
        offset: u64,
    },
    /// A record is damaged, does not decode, or is not the one that the index says.
    Record(CorruptRecord),
}

impl SnapshotError {
    /// Returns the section that the error is in.
    #[must_use]
    pub const fn section(&self) -> Section {
        match self {
            Self::TooShort { .. } | Self::Magic { .. } | Self::Version { .. } => Section::Header,
            Self::Field { section, .. }
            | Self::Checksum { section, .. }
            | Self::Beyond { section, .. }
            | Self::Disorder { section, .. }
            | Self::Repeated { section, .. } => *section,
            Self::Full { .. } => Section::Find,
            Self::Record(_) => Section::Recs,
        }
    }

    /// Returns the offset of what is wrong, in bytes from the beginning of the file.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        match self {
            Self::TooShort { .. } | Self::Magic { .. } => 0,
            Self::Version { .. } => 8,
            Self::Field { offset, .. }
            | Self::Checksum { offset, .. }
            | Self::Beyond { offset, .. }
            | Self::Disorder { offset, .. }
            | Self::Repeated { offset, .. }
            | Self::Full { offset } => *offset,
            Self::Record(record) => record.offset(),
        }
    }
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Record(record) = self {
            return record.fmt(f);
        }
        write!(f, "{}, offset {}: ", self.section(), self.offset())?;
        match self {
            Self::TooShort { file_bytes } => {
                write!(
                    f,
                    "the file has {file_bytes} bytes, and a header takes {HEADER_BYTES}"
                )
            }
            Self::Magic { found } => {
                write!(f, "the file begins with \"{}\"", found.escape_ascii())?;
                f.write_str(", not as a snapshot does")
            }
            Self::Version { found } => {
                write!(f, "format version {found} is not known, only {VERSION} is")
            }
            Self::Field {
                field,
                expected,
                found,
                ..
            } => write!(f, "{field} is {found} and should be {expected}"),
            Self::Checksum {
                expected, found, ..
            } => write!(
                f,
                "the checksum is {found:08x} and should be {expected:08x}"
            ),
            Self::Beyond {
                what, bound, found, ..
            } => write!(f, "{what} {found} is not below {bound}"),
            Self::Disorder { what, found, .. } => write!(f, "{what} {found} is out of order"),
            Self::Repeated { what, found, .. } => write!(f, "{what} {found} is there twice"),
            Self::Full { .. } => f.write_str("no cell is free"),
            Self::Record(_) => Ok(()),
        }
    }
}

impl Error for SnapshotError {}

impl From<CorruptRecord> for SnapshotError {
    fn from(record: CorruptRecord) -> Self {
        Self::Record(record)
    }
}

/// The error for a damaged record that a query needs.
///
/// Opening a snapshot does not read its records, so the query that needs a damaged one reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CorruptRecord {
    /// A page of the records does not have its checksum.
    Checksum {
        /// The offset of the page in the file.
        offset: u64,
        /// The length of the page.
        bytes: u64,
        /// The checksum that is stored.
        expected: u32,
        /// The checksum of the page.
        found: u32,
        /// Whether an earlier query has reported the same damage.
        is_known: bool,
    },
    /// A record does not decode, or is at the wrong offset, although its page has the right checksum.
    Record {
        /// The position of the feature in the data set.
        position: u32,
        /// The offset of the record in the file.
        offset: u64,
    },
}

impl CorruptRecord {
    /// Returns the offset of the damage in the file.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        match self {
            Self::Checksum { offset, .. } | Self::Record { offset, .. } => *offset,
        }
    }

    /// Returns whether an earlier query has reported the same damage, so that it need not be logged again.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        match self {
            Self::Checksum { is_known, .. } => *is_known,
            Self::Record { .. } => false,
        }
    }
}

impl fmt::Display for CorruptRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RECS, offset {}: ", self.offset())?;
        match self {
            Self::Checksum {
                bytes,
                expected,
                found,
                ..
            } => write!(
                f,
                "the checksum of {bytes} bytes is {found:08x} and should be {expected:08x}"
            ),
            Self::Record { position, .. } => {
                write!(f, "the record of feature {position} is damaged")
            }
        }
    }
}

impl Error for CorruptRecord {}

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
    /// There is not even a header.
    TooShort {
        /// The length of the file.
        file_bytes: u64,
    },
    /// The file begins with other bytes than a snapshot.
    Magic {
        /// The bytes.
        found: [u8; 8],
    },
    /// The file is of a version that this program does not know.
    Version {
        /// The version.
        found: u32,
    },
    /// A number of the header or of the section table, or a byte that should be zero, is another one.
    Field {
        /// Where it is.
        section: Section,
        /// Where exactly, in bytes from the beginning of the file.
        offset: u64,
        /// What it is.
        field: &'static str,
        /// What it should be.
        expected: u64,
        /// What it is.
        found: u64,
    },
    /// The bytes of a section do not have the checksum that is stored for them.
    Checksum {
        /// The section.
        section: Section,
        /// Where it begins.
        offset: u64,
        /// The checksum that is stored.
        expected: u32,
        /// The checksum that the bytes have.
        found: u32,
    },
    /// A number that points at something points past its end.
    Beyond {
        /// The section that the number is in.
        section: Section,
        /// Where in the file it is.
        offset: u64,
        /// What the number is.
        what: &'static str,
        /// The least number that is too great.
        bound: u64,
        /// The number.
        found: u64,
    },
    /// A number is less than the one before it.
    Disorder {
        /// The section that the number is in.
        section: Section,
        /// Where in the file it is.
        offset: u64,
        /// What the number is.
        what: &'static str,
        /// The number.
        found: u64,
    },
    /// A number that may be there once is there a second time.
    Repeated {
        /// The section that the number is in.
        section: Section,
        /// Where in the file it is there again.
        offset: u64,
        /// What the number is.
        what: &'static str,
        /// The number.
        found: u64,
    },
    /// The look-up table has no free cell, at which a search could end.
    Full {
        /// Where the table begins.
        offset: u64,
    },
    /// Records are not as they were written, or one is no feature, or not the one that the index says.
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

/// The error for records of a snapshot that a query needs and that are not as they were written.
///
/// Opening a snapshot does not read its records, so damage to them is met by the query that wants them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CorruptRecord {
    /// A page of the records does not have its checksum.
    Checksum {
        /// Where in the file the page begins, in bytes.
        offset: u64,
        /// The length of the page.
        bytes: u64,
        /// The checksum that is stored.
        expected: u32,
        /// The checksum that the page has.
        found: u32,
        /// Whether an earlier query has met the same damage.
        is_known: bool,
    },
    /// A record is no feature, or not where it should be, though its bytes are as they were written.
    Record {
        /// The position of the feature in the data set.
        position: u32,
        /// Where in the file the record begins, in bytes.
        offset: u64,
    },
}

impl CorruptRecord {
    /// Returns where in the file the damage is, in bytes.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        match self {
            Self::Checksum { offset, .. } | Self::Record { offset, .. } => *offset,
        }
    }

    /// Tells whether an earlier query has met the same damage: whoever logs it need not do so again.
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

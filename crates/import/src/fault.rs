//! The errors that end an import.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

use crate::format::Format;
use crate::rows::position::Position;
use crate::rows::reference::ReferenceSystem;
use crate::text::one_line::one_line;

/// The error for an input that cannot be read to its end.
///
/// The message is one line with file, position and value, so [`Error::source`] is empty; the cause is in the
/// [`Fault`]. Rows before it have been passed to the sink already and are sound.
#[derive(Debug)]
pub struct ImportError {
    pub(crate) input: Arc<str>,
    pub(crate) fault: Fault,
}

impl ImportError {
    /// Returns the input's name, as it was given.
    #[must_use]
    pub fn input(&self) -> &str {
        &self.input
    }

    /// Returns what is wrong.
    #[must_use]
    pub const fn fault(&self) -> &Fault {
        &self.fault
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot import {}: {}", self.input, self.fault)
    }
}

impl Error for ImportError {}

/// What is wrong with an input.
#[derive(Debug)]
#[non_exhaustive]
pub enum Fault {
    /// The file cannot be opened.
    Open {
        /// What the operating system says.
        cause: io::Error,
    },
    /// The file cannot be read, or its compressed data is damaged.
    Read {
        /// The number of bytes read before the error, compressed ones if the file is compressed.
        byte: u64,
        /// What the operating system or the decompressor says.
        cause: io::Error,
    },
    /// Neither the settings nor the file name tell the format.
    FormatUnknown,
    /// The file is compressed in an unsupported format.
    Compression {
        /// The name of the compression.
        name: &'static str,
    },
    /// The file is of another format.
    NotThisFormat {
        /// The format that was expected.
        format: Format,
        /// What is wrong.
        problem: String,
    },
    /// The file uses a part of the format that is not supported.
    Unsupported {
        /// That part.
        what: String,
    },
    /// The coordinates are not in WGS 84.
    ReferenceSystem(ReferenceSystem),
    /// A column of the table is missing.
    NoColumn {
        /// What the column holds: `latitude`, `longitude` or `name`.
        what: &'static str,
        /// The missing column.
        column: String,
        /// The names of the columns if the file has them, at most a hundred.
        header: Vec<String>,
    },
    /// The file is damaged, or deviates from the format.
    Malformed {
        /// Where.
        position: Position,
        /// What is wrong, often in the words of the format's parser.
        problem: String,
    },
    /// The file is truncated.
    Truncated {
        /// Where it ends.
        position: Position,
        /// What is incomplete.
        within: &'static str,
    },
    /// A record is longer than the limit, and the next one cannot be found.
    TooLong {
        /// Where it starts.
        position: Position,
        /// The limit.
        limit_bytes: usize,
    },
}

impl Fault {
    pub(crate) fn malformed(position: Position, problem: impl fmt::Display) -> Self {
        Self::Malformed {
            position,
            problem: one_line(&problem.to_string()),
        }
    }

    pub(crate) fn no_column<'c>(
        what: &'static str,
        column: String,
        header: impl IntoIterator<Item = &'c str>,
    ) -> Self {
        // A damaged file can have a million columns.
        const LISTED: usize = 100;
        let header = header.into_iter().take(LISTED).map(one_line).collect();
        Self::NoColumn {
            what,
            column,
            header,
        }
    }

    pub(crate) fn not_this_format(format: Format, problem: impl fmt::Display) -> Self {
        Self::NotThisFormat {
            format,
            problem: one_line(&problem.to_string()),
        }
    }

    pub(crate) fn unsupported(what: impl fmt::Display) -> Self {
        Self::Unsupported {
            what: one_line(&what.to_string()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { cause } => write!(f, "{cause}"),
            Self::Read { byte, cause } => write!(f, "after {byte} bytes: {cause}"),
            Self::FormatUnknown => write!(
                f,
                "its name does not tell the format; choose one of {}",
                Format::list()
            ),
            Self::Compression { name } => write!(
                f,
                "{name} is not supported, only gzip and zstd; decompress it first"
            ),
            // Any JSON is JSON, but this is a specific shape of it.
            Self::NotThisFormat {
                format: Format::Json,
                problem,
            } => write!(f, "not a list of places in json: {problem}"),
            Self::NotThisFormat { format, problem } => write!(f, "not {format}: {problem}"),
            Self::ReferenceSystem(system) => system.fmt(f),
            Self::Unsupported { what } => write!(f, "{what}"),
            Self::NoColumn { column, header, .. } => {
                write!(f, "there is no {column}")?;
                if !header.is_empty() {
                    let list = one_line(&header.join(", "));
                    write!(f, "; the columns are {list}")?;
                }
                Ok(())
            }
            Self::Malformed { position, problem } => write!(f, "{position}: {problem}"),
            Self::Truncated { position, within } => {
                write!(f, "{position}: the file ends within {within}")
            }
            Self::TooLong {
                position,
                limit_bytes,
            } => write!(
                f,
                "{position}: the record is longer than {limit_bytes} bytes"
            ),
        }
    }
}

/// Why a reader stops before the end of its input.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The sink broke off.
    Enough,
    /// The input cannot be imported further.
    Fault(Fault),
    /// The input cannot be read. The caller adds how many bytes had been read.
    Io(io::Error),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

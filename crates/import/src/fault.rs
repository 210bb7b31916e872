//! What ends an import before its end.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

use crate::format::Format;
use crate::position::Position;
use crate::reference::ReferenceSystem;
use crate::text::one_line::one_line;

/// The error for an input that cannot be read, or not to its end.
///
/// The message is complete on one line: file, position and value. [`Error::source`] therefore has nothing to add; the
/// cause is in the [`Fault`]. Rows that came before it have been handed out already and are sound.
#[derive(Debug)]
pub struct ImportError {
    pub(crate) input: Arc<str>,
    pub(crate) fault: Fault,
}

impl ImportError {
    /// Returns the name of the file, as it was given.
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
        /// How many bytes of the file, still compressed if it is, had been read.
        byte: u64,
        /// What the operating system or the decompressor says.
        cause: io::Error,
    },
    /// The name of the file does not tell its format, and the settings do not either.
    FormatUnknown,
    /// The file is compressed in a way that is not read here.
    Compression {
        /// The name of the compression.
        name: &'static str,
    },
    /// The file is of another format.
    NotThisFormat {
        /// The format it was read as.
        format: Format,
        /// How that can be told.
        problem: String,
    },
    /// The file is of the format, and uses a part of it that is not read here.
    Unsupported {
        /// That part.
        what: String,
    },
    /// The coordinates are in another reference system than WGS 84.
    ReferenceSystem(ReferenceSystem),
    /// The table has no such column.
    NoColumn {
        /// What the column would hold: `latitude`, `longitude` or `name`.
        what: &'static str,
        /// The column that is looked for.
        column: String,
        /// The columns that there are, if the file names them; of very many only the first.
        header: Vec<String>,
    },
    /// The file is damaged, or not quite of the format.
    Malformed {
        /// Where.
        position: Position,
        /// What is wrong, often in the words of the format's parser.
        problem: String,
    },
    /// The file ends too early.
    Truncated {
        /// Where it ends.
        position: Position,
        /// What is not complete.
        within: &'static str,
    },
    /// A record is longer than the limit, and what follows it cannot be found.
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

    /// Says that a column is not among these.
    pub(crate) fn no_column<'c>(
        what: &'static str,
        column: String,
        header: impl IntoIterator<Item = &'c str>,
    ) -> Self {
        // A damaged file can have a million columns, whose names are one text of megabytes.
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
                "{name} is not read here, only gzip and zstd; unpack it first"
            ),
            // What is meant is one shape of JSON, and other JSON is JSON too.
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
    /// The one who takes the rows wants no more.
    Enough,
    /// The input cannot be read further.
    Fault(Fault),
    /// The input could not be read; how far it was is filled in where that is known.
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

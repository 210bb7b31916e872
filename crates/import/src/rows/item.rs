//! The output of an import: rows, rejected records, and notices about the input.

use std::fmt;
use std::sync::Arc;

use crate::format::Format;
use crate::rows::row::{Rejected, Row};
use crate::text::encoding::Encoding;
use crate::text::one_line::one_line;

/// An output of an import, in the order of the file.
#[derive(Clone, Debug, PartialEq)]
pub enum Item<'a> {
    /// A place.
    Row(Row<'a>),
    /// An invalid record.
    Rejected(Rejected),
    /// Information about the input as a whole. It is not an error.
    Notice(Notice),
}

/// Information about an input: what was detected of its layout, or what is unusual about it.
///
/// Its [`Display`](fmt::Display) is one line that begins with the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    pub(crate) input: Arc<str>,
    pub(crate) subject: Subject,
}

impl Notice {
    /// Returns the input's name, as it was given.
    #[must_use]
    pub fn input(&self) -> &str {
        &self.input
    }

    /// Returns what the notice is about.
    #[must_use]
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.input, self.subject)
    }
}

/// What a notice is about.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Subject {
    /// The input is read in another way than its format and the settings say.
    Detected(Detected),
    /// Names are requested, and no record has one.
    NoNames {
        /// The field that was looked for.
        field: String,
        /// The fields of a record without a name.
        fields: String,
    },
    /// Uncompressed bytes follow the compressed data and are ignored.
    AfterCompressed,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Detected(detected) => detected.fmt(f),
            Self::NoNames { field, fields } => {
                write!(f, "no record has a {field:?}; there are {fields}")
            }
            Self::AfterCompressed => {
                f.write_str("the bytes after the gzip data are not gzip data and are ignored")
            }
        }
    }
}

/// What was detected about an input. A field is `None`, empty or `false` if the input is as its format says.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Detected {
    /// The format, if it is not the one that the file name says.
    pub format: Option<Format>,
    /// The byte between the fields of a table.
    pub delimiter: Option<u8>,
    /// The columns of latitude and longitude, or of both, and of the name, if one has an unusual name.
    pub columns: Vec<String>,
    /// Whether coordinates are written with a decimal comma.
    pub decimal_comma: bool,
    /// The encoding of the text, if it is not UTF-8.
    pub encoding: Option<Encoding>,
}

impl Detected {
    pub(crate) fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Detected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let delimiter = |byte: u8| format!("delimiter {:?}", char::from(byte).to_string());
        let parts = [
            self.format.map(|format| format!("read as {format}")),
            self.delimiter.map(delimiter),
            (!self.columns.is_empty())
                .then(|| format!("columns {}", one_line(&self.columns.join(", ")))),
            self.decimal_comma.then(|| "decimal comma".to_owned()),
            self.encoding
                .map(|encoding| format!("encoding {}", encoding.name())),
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        f.write_str(&parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_detected_fits_on_one_line() {
        let notice = Notice {
            input: "places.csv".into(),
            subject: Subject::Detected(Detected {
                delimiter: Some(b';'),
                decimal_comma: true,
                encoding: Some("windows-1252".parse().unwrap()),
                ..Detected::default()
            }),
        };
        assert_eq!(
            notice.to_string(),
            "places.csv: delimiter \";\", decimal comma, encoding windows-1252"
        );
        let odd = Detected {
            format: Some(Format::GeoJson),
            delimiter: Some(b'\t'),
            columns: vec!["stop\nlat".into(), "stop_lon".into()],
            ..Detected::default()
        };
        assert_eq!(
            odd.to_string(),
            "read as geojson, delimiter \"\\t\", columns stop\\nlat, stop_lon"
        );
        assert!(Detected::default().is_nothing());
    }
}

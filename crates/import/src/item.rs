//! What an import hands out: rows, rejected records, and notices of the input as a whole.

use std::fmt;
use std::sync::Arc;

use crate::format::Format;
use crate::row::{Rejected, Row};
use crate::text::encoding::Encoding;
use crate::text::one_line::one_line;

/// What an import hands out, in the order of the file.
#[derive(Clone, Debug, PartialEq)]
pub enum Item<'a> {
    /// A place.
    Row(Row<'a>),
    /// A record that should have been a place and is not.
    Rejected(Rejected),
    /// Something about the input as a whole. It is no error.
    Notice(Notice),
}

/// Something about an input that its reader should know: how it was found to be laid out, or what is odd about it.
///
/// Its [`Display`](fmt::Display) is one line that begins with the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    pub(crate) input: Arc<str>,
    pub(crate) subject: Subject,
}

impl Notice {
    /// Returns the name of the file, as it was given.
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
    /// The input is read in another way than its format and the settings say by themselves.
    Detected(Detected),
    /// Names are wanted, and no record has one.
    NoNames {
        /// The field that would hold the name.
        field: String,
        /// The fields of a record without a name.
        fields: String,
    },
    /// After the compressed data there is something that is not compressed; it is not read.
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
                f.write_str("what follows the gzip data is no gzip data and is ignored")
            }
        }
    }
}

/// What was found out about an input; whatever is as the format has it is `None` or `false`.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Detected {
    /// The format, if it is another one than the name of the file says.
    pub format: Option<Format>,
    /// The byte between the fields of a table.
    pub delimiter: Option<u8>,
    /// The columns of latitude and longitude, or of both, and of the name, if they have unusual names.
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
    fn what_was_detected_is_told_on_one_line() {
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

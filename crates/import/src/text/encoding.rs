//! The encodings of text, by the labels of the Encoding Standard.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use crate::text::one_line::one_line;

/// An encoding of text.
///
/// [`FromStr`] accepts every label that browsers know, in any case: `utf-8`, `latin1`, `cp1252`, `sjis` and so on.
///
/// # References
///
/// <https://encoding.spec.whatwg.org/#names-and-labels>
///
/// # Examples
///
/// ```
/// use route_guide_import::Encoding;
///
/// assert_eq!("latin1".parse::<Encoding>()?.name(), "windows-1252");
/// assert!("klingon".parse::<Encoding>().is_err());
/// # Ok::<(), route_guide_import::UnknownEncoding>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding(pub(super) &'static encoding_rs::Encoding);

impl Encoding {
    pub(crate) const UTF_8: Self = Self(encoding_rs::UTF_8);

    /// Returns the name in the Encoding Standard.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    pub(super) fn for_label(label: &str) -> Option<Self> {
        encoding_rs::Encoding::for_label_no_replacement(label.as_bytes()).map(Self)
    }
}

impl FromStr for Encoding {
    type Err = UnknownEncoding;

    fn from_str(label: &str) -> Result<Self, UnknownEncoding> {
        Self::for_label(label).ok_or_else(|| UnknownEncoding {
            label: label.to_owned(),
        })
    }
}

/// The error for an unknown label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownEncoding {
    label: String,
}

impl fmt::Display for UnknownEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "unknown encoding {:?}; common ones are utf-8, utf-16, windows-1252 and shift_jis",
            one_line(&self.label)
        )
    }
}

impl Error for UnknownEncoding {}

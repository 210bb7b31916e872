//! The encodings of text, by the labels of the Encoding Standard.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::fault::Fault;
use crate::row::one_line;

/// An encoding of text.
///
/// [`FromStr`] reads every label that a browser knows, whatever its capitals: `utf-8`, `latin1`, `cp1252`, `sjis` and so on.
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

    /// Returns the name that the Encoding Standard gives it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    fn for_label(label: &str) -> Option<Self> {
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

/// The error for a label that no encoding has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownEncoding {
    label: String,
}

impl fmt::Display for UnknownEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no encoding that browsers know; common ones are utf-8, utf-16, windows-1252 and shift_jis",
            one_line(&self.label)
        )
    }
}

impl Error for UnknownEncoding {}

/// Returns the encoding that an XML declaration at the beginning of a text names, UTF-8 if there is none.
pub(super) fn declared(head: &[u8]) -> Result<Encoding, Fault> {
    let label = match Reader::from_reader(head.trim_ascii_start()).read_event() {
        Ok(Event::Decl(declaration)) => match declaration.encoding() {
            Some(Ok(label)) => label.into_owned(),
            _ => return Ok(Encoding::UTF_8),
        },
        _ => return Ok(Encoding::UTF_8),
    };
    // The standard takes ASCII for windows-1252; but who writes other characters under that label writes UTF-8 today.
    if ["us-ascii", "ascii"]
        .iter()
        .any(|ascii| label.eq_ignore_ascii_case(ascii))
    {
        return Ok(Encoding::UTF_8);
    }
    let encoding = Encoding::for_label(&label).ok_or_else(|| {
        Fault::unsupported(format!(
            "its text is encoded in {label:?}, which is no encoding that browsers know"
        ))
    })?;
    // The declaration has been read byte by byte, so its claim to be UTF-16 is wrong.
    if [encoding_rs::UTF_16LE, encoding_rs::UTF_16BE].contains(&encoding.0) {
        return Ok(Encoding::UTF_8);
    }
    Ok(encoding)
}

//! Finding out the encoding of a text, and reading it as UTF-8.

use std::io::BufRead;

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::fault::{Fault, Stop};
use crate::format::Format;
use crate::input::Bytes;
use crate::text::decode;
use crate::text::encoding::Encoding;

/// An invalid byte in UTF-8, for readers that check the encoding themselves.
const NO_UTF8: &[u8] = b"\xff";

/// A character that XML does not allow, as its parser cannot continue after invalid UTF-8.
pub(crate) const NO_XML: &str = "\u{ffff}";

/// Returns the text after its byte-order mark, and the original encoding.
///
/// A byte-order mark takes precedence over the setting, and that over the declaration or the pattern of zero bytes.
/// Other text is UTF-8.
pub(crate) fn utf8(
    mut bytes: Bytes,
    format: Format,
    chosen: Option<Encoding>,
) -> Result<(Bytes, Encoding), Stop> {
    let head = bytes.peek(HEAD_BYTES)?;
    if is_utf32(head) {
        let problem = "its text is UTF-32, which is not read; convert it to UTF-8";
        return Err(Fault::unsupported(problem).into());
    }
    let (encoding, mark_bytes) = match encoding_rs::Encoding::for_bom(head) {
        Some((encoding, mark_bytes)) => (Encoding(encoding), mark_bytes),
        None => match chosen.or_else(|| utf16(head)) {
            Some(encoding) => (encoding, 0),
            None if format == Format::Gpx => (declared(head)?, 0),
            None => (Encoding::UTF_8, 0),
        },
    };
    bytes.consume(mark_bytes);
    let marker = match format {
        Format::Gpx => NO_XML.as_bytes(),
        // The readers of the other formats detect invalid bytes themselves.
        _ if encoding == Encoding::UTF_8 => return Ok((bytes, encoding)),
        _ => NO_UTF8,
    };
    Ok((decode::decoded(bytes, encoding.0, marker), encoding))
}

/// The bytes that an XML declaration can take.
const HEAD_BYTES: usize = 1 << 10;

/// Detects UTF-16 without a mark: all formats begin with an ASCII character.
fn utf16(head: &[u8]) -> Option<Encoding> {
    match head {
        [1..=u8::MAX, 0, ..] => Some(Encoding(encoding_rs::UTF_16LE)),
        [0, 1..=u8::MAX, ..] => Some(Encoding(encoding_rs::UTF_16BE)),
        _ => None,
    }
}

fn is_utf32(head: &[u8]) -> bool {
    matches!(
        head,
        [0xff, 0xfe, 0, 0, ..]
            | [0, 0, 0xfe, 0xff, ..]
            | [1..=u8::MAX, 0, 0, 0, ..]
            | [0, 0, 0, 1..=u8::MAX, ..]
    )
}

/// Returns the encoding in an XML declaration at the beginning of a text, UTF-8 if there is none.
fn declared(head: &[u8]) -> Result<Encoding, Fault> {
    let label = match Reader::from_reader(head.trim_ascii_start()).read_event() {
        Ok(Event::Decl(declaration)) => match declaration.encoding() {
            Some(Ok(label)) => label.into_owned(),
            _ => return Ok(Encoding::UTF_8),
        },
        _ => return Ok(Encoding::UTF_8),
    };
    // The standard reads the label ASCII as windows-1252, but writers of other characters under that label write
    // UTF-8 today.
    if ["us-ascii", "ascii"]
        .iter()
        .any(|ascii| label.eq_ignore_ascii_case(ascii))
    {
        return Ok(Encoding::UTF_8);
    }
    let encoding = Encoding::for_label(&label).ok_or_else(|| {
        Fault::unsupported(format!(
            "its text is encoded in {label:?}, which is unknown"
        ))
    })?;
    // The declaration was read bytewise, so the text is not UTF-16.
    if [encoding_rs::UTF_16LE, encoding_rs::UTF_16BE].contains(&encoding.0) {
        return Ok(Encoding::UTF_8);
    }
    Ok(encoding)
}

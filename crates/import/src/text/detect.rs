//! Finding out the encoding of a text, and reading it as UTF-8.

use std::io::BufRead;

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::fault::{Fault, Stop};
use crate::format::Format;
use crate::input::Bytes;
use crate::text::decode;
use crate::text::encoding::Encoding;

/// A byte that is in no UTF-8: readers that get bytes and check their text reject it.
const NO_UTF8: &[u8] = b"\xff";

/// A character that XML does not allow, for its parser, which cannot go on after bytes that are no UTF-8.
pub(crate) const NO_XML: &str = "\u{ffff}";

/// Returns the text behind its byte-order mark, and the encoding it was in.
///
/// A byte-order mark decides, then the encoding that the caller has chosen, then what the text declares or, by where it has
/// zero bytes, shows. What does none of that is UTF-8.
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
        // The readers of the other formats find such bytes themselves.
        _ if encoding == Encoding::UTF_8 => return Ok((bytes, encoding)),
        _ => NO_UTF8,
    };
    Ok((decode::decoded(bytes, encoding.0, marker), encoding))
}

/// How much of a text tells its encoding: an XML declaration with all that can be in it.
const HEAD_BYTES: usize = 1 << 10;

/// UTF-16 without a mark: all formats begin with a character of ASCII, as names of columns do that are found.
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

/// Returns the encoding that an XML declaration at the beginning of a text names, UTF-8 if there is none.
fn declared(head: &[u8]) -> Result<Encoding, Fault> {
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

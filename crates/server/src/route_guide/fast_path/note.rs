//! Notes decoded where they lie.

use std::borrow::Cow;

use prost::Message;
use route_guide_proto::routeguide::{Point, RouteNote};
use tonic::Status;

use super::point::decode_point;

/// The keys of `location = 1` and `message = 2`, both with their length.
const LOCATION: u8 = 0x0a;
const MESSAGE: u8 = 0x12;

/// Decodes a note as [`prost`] does, and without a copy of its text for the bytes that clients really send.
///
/// # Errors
///
/// `INTERNAL` if the bytes are no message.
pub(crate) fn decode_note(message: &[u8]) -> Result<(Option<Point>, Cow<'_, str>), Status> {
    if let Some((location, text)) = plain_note(message) {
        return Ok((location, Cow::Borrowed(text)));
    }
    // Repeated and unknown fields, other wire types and errors are left to the library.
    let note = RouteNote::decode(message).map_err(|error| Status::internal(error.to_string()))?;
    Ok((note.location, Cow::Owned(note.message)))
}

/// Reads a note whose fields come once and in order.
fn plain_note(message: &[u8]) -> Option<(Option<Point>, &str)> {
    let (location, rest) = field(LOCATION, message)?;
    let (text, rest) = field(MESSAGE, rest)?;
    if !rest.is_empty() {
        return None;
    }
    let text = std::str::from_utf8(text.unwrap_or_default()).ok()?;
    // The library has the words for a location that is none.
    let location = location.map(decode_point).transpose().ok()?;
    Some((location, text))
}

/// Splits a field off the front if it is there, `None` if its length is not plain.
fn field(key: u8, bytes: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    match bytes.split_first() {
        Some((&first, rest)) if first == key => {
            let (len, rest) = length(rest)?;
            let (value, rest) = rest.split_at_checked(len)?;
            Some((Some(value), rest))
        }
        _ => Some((None, bytes)),
    }
}

/// Reads a length of up to four bytes, which is longer than any message that is accepted.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut len = 0;
    for (index, &byte) in bytes.iter().enumerate().take(4) {
        len |= usize::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            return Some((len, &bytes[index + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn ours(message: &[u8]) -> Result<RouteNote, String> {
        let decoded = decode_note(message).map_err(|status| status.message().to_owned())?;
        let (location, text) = decoded;
        let message = text.into_owned();
        Ok(RouteNote { location, message })
    }

    fn reference(message: &[u8]) -> Result<RouteNote, String> {
        RouteNote::decode(message).map_err(|error| error.to_string())
    }

    fn any_point() -> impl Strategy<Value = Option<Point>> {
        any::<Option<(i32, i32)>>().prop_map(|point| {
            point.map(|(latitude, longitude)| Point {
                latitude,
                longitude,
            })
        })
    }

    proptest! {
        #[test]
        fn every_note_is_plain_and_decodes_to_itself(location in any_point(), message in ".{0,200}") {
            let note = RouteNote { location, message };
            let encoded = note.encode_to_vec();
            prop_assert!(plain_note(&encoded).is_some());
            prop_assert_eq!(ours(&encoded), Ok(note));
        }

        #[test]
        fn bytes_that_look_like_notes_decode_as_the_library_decodes_them(
            message in vec(
                prop_oneof![
                    Just(0x0a), Just(0x12), Just(0x08), Just(0x10), Just(0xff),
                    0..6u8, Just(b'x'), any::<u8>(),
                ],
                0..24,
            ),
        ) {
            prop_assert_eq!(ours(&message), reference(&message));
        }

        #[test]
        fn notes_one_after_the_other_decode_as_the_library_merges_them(
            notes in vec((any_point(), ".{0,8}"), 0..4),
        ) {
            let encoded: Vec<_> = notes
                .into_iter()
                .flat_map(|(location, message)| RouteNote { location, message }.encode_to_vec())
                .collect();
            prop_assert_eq!(ours(&encoded), reference(&encoded));
        }
    }
}

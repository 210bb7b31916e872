//! A note as it goes over the wire, which is how it is kept.

use std::iter;
use std::sync::Arc;

use route_guide_geo::E7Point;

/// The length of the gRPC prefix: one byte that says whether the message is compressed, four of its length.
const PREFIX_BYTES: usize = 5;

/// Field 1 of a note, its location; field 2, its text; both with their length. Fields 1 and 2 of a point, integers.
const LOCATION: u8 = 0x0a;
const MESSAGE: u8 = 0x12;
const LATITUDE: u8 = 0x08;
const LONGITUDE: u8 = 0x10;

/// The longest number in protobuf's encoding, and the longest location: two numbers, each after its key.
const MAX_VARINT_BYTES: usize = 10;
const MAX_LOCATION_BYTES: usize = 2 * (1 + MAX_VARINT_BYTES);

/// The most that stands before the text.
pub(crate) const MAX_HEAD_BYTES: usize =
    PREFIX_BYTES + 2 + MAX_LOCATION_BYTES + 1 + MAX_VARINT_BYTES;

/// Encodes a note as one framed `RouteNote`, and returns how many bytes of it stand before the text.
///
/// The location is there even at 0,0: clients that read it without asking would fail on an absent one.
///
/// # Panics
///
/// If the text does not fit into a gRPC message, which may have 4 GiB.
pub(crate) fn encode(place: E7Point, text: &str) -> (Arc<[u8]>, u8) {
    // The prefix, and the key and length of the location, are filled in last.
    let mut head = Head {
        bytes: [0; MAX_HEAD_BYTES],
        len: PREFIX_BYTES + 2,
    };
    for (key, value) in [(LATITUDE, place.lat()), (LONGITUDE, place.lon())] {
        if value != 0 {
            head.put(key);
            head.put_varint(i64::from(value).cast_unsigned());
        }
    }
    let location_bytes = head.len - PREFIX_BYTES - 2;
    if !text.is_empty() {
        head.put(MESSAGE);
        head.put_varint(text.len() as u64);
    }
    let message_bytes = head.len - PREFIX_BYTES + text.len();
    let message_bytes = u32::try_from(message_bytes).expect("a note is shorter than 4 GiB");
    head.bytes[1..PREFIX_BYTES].copy_from_slice(&message_bytes.to_be_bytes());
    head.bytes[PREFIX_BYTES] = LOCATION;
    head.bytes[PREFIX_BYTES + 1] = narrow(location_bytes);

    let head = &head.bytes[..head.len];
    // It is filled in place: putting it together elsewhere would need the memory of a long note twice.
    let mut record: Arc<[u8]> = iter::repeat_n(0, head.len() + text.len()).collect();
    if let Some(bytes) = Arc::get_mut(&mut record) {
        let (start, end) = bytes.split_at_mut(head.len());
        start.copy_from_slice(head);
        end.copy_from_slice(text.as_bytes());
    }
    (record, narrow(head.len()))
}

/// What stands before the text, while it is written.
struct Head {
    bytes: [u8; MAX_HEAD_BYTES],
    len: usize,
}

impl Head {
    fn put(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    /// Protobuf's `int32` is sent as 64 bits, so that a negative number takes ten bytes.
    fn put_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            #[expect(clippy::cast_possible_truncation, reason = "the low seven bits")]
            self.put(value as u8 | 0x80);
            value >>= 7;
        }
        #[expect(clippy::cast_possible_truncation, reason = "below 128")]
        self.put(value as u8);
    }
}

/// Returns a length within a head, all of which are below 256.
fn narrow(len: usize) -> u8 {
    const { assert!(MAX_HEAD_BYTES < 256) };
    len.to_le_bytes()[0]
}

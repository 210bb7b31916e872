//! A feature as it goes over the wire, which is how it is stored.

use route_guide_geo::E7Point;

/// The length of the gRPC prefix: one byte that says whether the message is compressed, four of its length.
pub(crate) const PREFIX_BYTES: usize = 5;

/// The longest name: protobuf's limit of 2 GiB for a message, less what else is in it.
pub(crate) const MAX_NAME_BYTES: usize = i32::MAX as usize - 64;

/// Field 1 of a feature, its name; field 2, its location; both with their length. Fields 1 and 2 of a point, integers.
const NAME: u8 = 0x0a;
const LOCATION: u8 = 0x12;
const LATITUDE: u8 = 0x08;
const LONGITUDE: u8 = 0x10;

/// The longest location: two times a key and ten bytes of integer.
const MAX_LOCATION_BYTES: usize = 22;

/// Returns the length of a feature's record.
pub(crate) fn encoded_bytes(at: E7Point, name_bytes: usize) -> usize {
    let name = match name_bytes {
        0 => 0,
        bytes => 1 + varint_bytes(bytes as u64) + bytes,
    };
    PREFIX_BYTES + name + 2 + location_bytes(at)
}

/// Writes a feature's record.
pub(crate) fn encode(out: &mut Vec<u8>, at: E7Point, name: &[u8]) {
    let message_bytes = encoded_bytes(at, name.len()) - PREFIX_BYTES;
    let Ok(message_bytes) = u32::try_from(message_bytes) else {
        unreachable!("names longer than MAX_NAME_BYTES are refused on their way in")
    };
    out.push(0);
    out.extend_from_slice(&message_bytes.to_be_bytes());
    if !name.is_empty() {
        out.push(NAME);
        put_varint(out, name.len() as u64);
        out.extend_from_slice(name);
    }
    out.push(LOCATION);
    put_varint(out, location_bytes(at) as u64);
    for (key, value) in [(LATITUDE, at.lat()), (LONGITUDE, at.lon())] {
        if value != 0 {
            out.push(key);
            put_varint(out, int32(value));
        }
    }
}

/// Returns the end of the record that begins at `start`, `None` unless it begins as a record does and ends by `limit`.
#[inline]
pub(crate) fn step(records: &[u8], start: usize, limit: usize) -> Option<usize> {
    let prefix = records.get(start..limit)?.first_chunk::<PREFIX_BYTES>()?;
    let &[0, a, b, c, d] = prefix else {
        return None;
    };
    let message_bytes = u32::from_be_bytes([a, b, c, d]) as usize;
    // Both are below the length of a slice: the sum does not overflow.
    let end = start + PREFIX_BYTES + message_bytes;
    (end <= limit).then_some(end)
}

/// Reads a record written by [`encode`], `None` if it is none.
pub(crate) fn decode(record: &[u8]) -> Option<(E7Point, &str)> {
    if step(record, 0, record.len()) != Some(record.len()) {
        return None;
    }
    let mut rest = record.get(PREFIX_BYTES..)?;
    let mut name: &[u8] = &[];
    if rest.first() == Some(&NAME) {
        let bytes = take_varint(&mut rest, 1)?;
        (name, rest) = rest.split_at_checked(usize::try_from(bytes).ok()?)?;
    }
    if rest.first() != Some(&LOCATION) || take_varint(&mut rest, 1)? != rest.len() as u64 {
        return None;
    }
    let lat = take_int32(&mut rest, LATITUDE)?;
    let lon = take_int32(&mut rest, LONGITUDE)?;
    let name = std::str::from_utf8(name).ok()?;
    rest.is_empty()
        .then_some((E7Point::unbounded(lat, lon), name))
}

fn location_bytes(at: E7Point) -> usize {
    let field = |value| match value {
        0 => 0,
        value => 1 + varint_bytes(int32(value)),
    };
    let bytes = field(at.lat()) + field(at.lon());
    debug_assert!(bytes <= MAX_LOCATION_BYTES);
    bytes
}

/// Protobuf's `int32` is sent as 64 bits, so that a negative number takes ten bytes.
fn int32(value: i32) -> u64 {
    i64::from(value).cast_unsigned()
}

fn varint_bytes(value: u64) -> usize {
    let bits = u64::BITS - (value | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        #[expect(clippy::cast_possible_truncation, reason = "the low seven bits")]
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    #[expect(clippy::cast_possible_truncation, reason = "below 128")]
    out.push(value as u8);
}

/// Takes a number off the front, after `skip` bytes.
fn take_varint(bytes: &mut &[u8], skip: usize) -> Option<u64> {
    let mut value = 0;
    for (index, &byte) in bytes.get(skip..)?.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            *bytes = &bytes[skip + index + 1..];
            return Some(value);
        }
    }
    None
}

/// Takes an integer field off the front if it is there.
fn take_int32(bytes: &mut &[u8], key: u8) -> Option<i32> {
    if bytes.first() != Some(&key) {
        return Some(0);
    }
    let value = take_varint(bytes, 1)?.cast_signed();
    i32::try_from(value).ok()
}

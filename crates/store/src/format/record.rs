//! Records: features in the encoding in which a gRPC server sends them.

use route_guide_geo::E7Point;

/// The length of the gRPC prefix: a byte for the compression and four for the length of the message.
pub(crate) const PREFIX_BYTES: usize = 5;

/// The longest name: 2 GiB, the limit of protobuf for a message, less the other fields.
pub(crate) const MAX_NAME_BYTES: usize = i32::MAX as usize - 64;

/// Keys of a feature: field 1, the name, and field 2, the location, both with a length. Keys of a point: fields 1 and
/// 2, integers.
const NAME: u8 = 0x0a;
const LOCATION: u8 = 0x12;
const LATITUDE: u8 = 0x08;
const LONGITUDE: u8 = 0x10;

/// The longest location: two keys, and ten bytes for each integer.
const MAX_LOCATION_BYTES: usize = 22;

pub(crate) fn encoded_bytes(at: E7Point, name_bytes: usize) -> usize {
    let name = match name_bytes {
        0 => 0,
        bytes => 1 + varint_bytes(bytes as u64) + bytes,
    };
    PREFIX_BYTES + name + 2 + location_bytes(at)
}

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

/// Returns the end of the record that begins at `start`, `None` if there is none that ends by `limit`.
#[inline]
pub(crate) fn step(records: &[u8], start: usize, limit: usize) -> Option<usize> {
    let prefix = records.get(start..limit)?.first_chunk::<PREFIX_BYTES>()?;
    let &[0, a, b, c, d] = prefix else {
        return None;
    };
    let message_bytes = u32::from_be_bytes([a, b, c, d]) as usize;
    // Both are less than the length of a slice, so the sum does not overflow.
    let end = start + PREFIX_BYTES + message_bytes;
    (end <= limit).then_some(end)
}

/// Reads a record written by [`encode`], `None` if it is not one.
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

/// Protobuf sends an `int32` as 64 bits, so a negative number takes ten bytes.
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

/// Reads a number after `skip` bytes, and advances.
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

/// Reads an integer field if it is next, and advances. An absent field is 0.
fn take_int32(bytes: &mut &[u8], key: u8) -> Option<i32> {
    if bytes.first() != Some(&key) {
        return Some(0);
    }
    let value = take_varint(bytes, 1)?.cast_signed();
    i32::try_from(value).ok()
}

use std::time::Duration;

use route_guide_geo::E7Point;

use crate::note::{Author, Draft, Index, Note};

/// How a note lies in the store, all numbers little-endian:
///
/// | bytes | |
/// | --- | --- |
/// | 4 | CRC-32 of the serial, as 8 bytes, and of everything that follows |
/// | 8 | when it was written, nanoseconds on the store's time line |
/// | 4 + 4 | latitude, longitude, E7 |
/// | 16 | author |
/// | 8 | index at its place |
/// | rest | the text, UTF-8 |
///
/// The key is the serial. The store has checksums of its own, but looks at them only after a crash.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) note: Note,
    pub(super) written: Duration,
}

/// Length of what precedes the text.
const HEAD_BYTES: usize = 4 + 8 + 4 + 4 + 16 + 8;

/// Later serials are not believed: no notebook lives long enough to get there, and counting on is safe up to here.
const LAST_SERIAL: u64 = u64::MAX / 2;

/// Writes a note's record into `buffer`, over what was there.
pub(super) fn encode(
    buffer: &mut Vec<u8>,
    serial: u64,
    draft: &Draft,
    index: Index,
    written: Duration,
) {
    buffer.clear();
    buffer.extend([0; 4]);
    buffer.extend(nanoseconds(written).to_le_bytes());
    buffer.extend(draft.place().lat().to_le_bytes());
    buffer.extend(draft.place().lon().to_le_bytes());
    buffer.extend(draft.author().to_u128().to_le_bytes());
    buffer.extend(index.get().to_le_bytes());
    buffer.extend(draft.message().as_bytes());
    let checksum = checksum(serial, &buffer[4..]);
    buffer[..4].copy_from_slice(&checksum.to_le_bytes());
}

/// Reads a record back, or returns what is wrong with it.
pub(super) fn decode(serial: u64, bytes: &[u8]) -> Result<Record, &'static str> {
    if serial > LAST_SERIAL {
        return Err("its number is too high");
    }
    if bytes.len() < HEAD_BYTES {
        return Err("it is too short");
    }
    let (stored, body) = take::<4>(bytes);
    if u32::from_le_bytes(stored) != checksum(serial, body) {
        return Err("its checksum is wrong");
    }
    let (written, rest) = take::<8>(body);
    let (lat, rest) = take::<4>(rest);
    let (lon, rest) = take::<4>(rest);
    let (author, rest) = take::<16>(rest);
    let (index, text) = take::<8>(rest);
    let index = Index::new(u64::from_le_bytes(index));
    if index == Index::START {
        return Err("its index is 0");
    }
    let Ok(message) = std::str::from_utf8(text) else {
        return Err("its text is not UTF-8");
    };
    let draft = Draft::new(
        E7Point::unbounded(i32::from_le_bytes(lat), i32::from_le_bytes(lon)),
        message,
        Author::from_u128(u128::from_le_bytes(author)),
    );
    Ok(Record {
        note: Note::new(draft, index),
        written: Duration::from_nanos(u64::from_le_bytes(written)),
    })
}

/// Returns a time as it is stored. The highest number is the year 2554.
pub(super) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Splits off the first `N` of at least as many bytes.
fn take<const N: usize>(bytes: &[u8]) -> ([u8; N], &[u8]) {
    let (head, rest) = bytes
        .split_first_chunk()
        .expect("the length has been checked against the whole head");
    (*head, rest)
}

fn checksum(serial: u64, body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&serial.to_le_bytes());
    hasher.update(body);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(message: &str) -> Draft {
        Draft::new(
            E7Point::unbounded(i32::MIN, 7),
            message,
            Author::from_u128(u128::MAX - 3),
        )
    }

    #[test]
    fn a_record_comes_back_as_it_went() {
        let mut buffer = Vec::new();
        for text in ["", "ice on the bridge", "北京 🚧"] {
            let written = Duration::new(1_763_700_000, 123_456_789);
            encode(&mut buffer, 42, &draft(text), Index::new(9), written);
            let record = decode(42, &buffer).unwrap();
            assert_eq!(record.note, Note::new(draft(text), Index::new(9)));
            assert_eq!(record.written, written);
        }
    }

    #[test]
    fn the_layout_is_the_documented_one() {
        let mut buffer = Vec::new();
        let draft = Draft::new(E7Point::unbounded(1, -1), "ab", Author::from_u128(0x0102));
        encode(
            &mut buffer,
            0,
            &draft,
            Index::new(3),
            Duration::from_nanos(258),
        );
        let mut expected = vec![2, 1, 0, 0, 0, 0, 0, 0];
        expected.extend([1, 0, 0, 0, 255, 255, 255, 255, 2, 1]);
        expected.extend([0; 14]);
        expected.extend([3, 0, 0, 0, 0, 0, 0, 0, b'a', b'b']);
        assert_eq!(buffer[4..], expected);
    }

    #[test]
    fn damage_is_seen() {
        let mut buffer = Vec::new();
        encode(
            &mut buffer,
            42,
            &draft("text"),
            Index::new(9),
            Duration::ZERO,
        );
        for byte in 0..buffer.len() {
            for bit in 0..8 {
                let mut damaged = buffer.clone();
                damaged[byte] ^= 1 << bit;
                assert!(decode(42, &damaged).is_err(), "bit {bit} of byte {byte}");
            }
        }
        for len in 0..buffer.len() {
            assert!(decode(42, &buffer[..len]).is_err(), "{len} bytes are left");
        }
        assert!(
            decode(43, &buffer).is_err(),
            "a record belongs to its number"
        );
        assert!(decode(u64::MAX, &buffer).is_err());
        encode(
            &mut buffer,
            42,
            &draft("text"),
            Index::START,
            Duration::ZERO,
        );
        assert!(decode(42, &buffer).is_err(), "no note has index 0");
    }
}

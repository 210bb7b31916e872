//! Whatever the bytes of a snapshot are, opening refuses them or every query comes to its end.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use route_guide_geo::{E7Point, E7Rectangle};
use route_guide_store::{Position, Store};

fuzz_target!(|bytes: &[u8]| {
    ask(bytes);
    // No fuzzer guesses a checksum.
    let mut sealed = bytes.to_vec();
    seal(&mut sealed);
    ask(&sealed);
});

fn ask(bytes: &[u8]) {
    let Ok(store) = Store::from_snapshot(Bytes::copy_from_slice(bytes)) else {
        return;
    };
    let sound = store.verify().is_ok();
    let corner = |at: usize| {
        let number = |at| {
            let bytes: Option<&[u8; 4]> = bytes.get(at..).and_then(<[u8]>::first_chunk);
            bytes.map_or(0, |bytes| i32::from_le_bytes(*bytes))
        };
        E7Point::unbounded(number(at), number(at + 4))
    };
    // Numbers from anywhere in the file, many of them coordinates.
    for at in (0..bytes.len()).step_by(1 + bytes.len() / 8) {
        let (a, b) = (corner(at), corner(bytes.len() - at));
        let area = E7Rectangle::new(a, b);
        let hits = store.query(area).count();
        let sent: usize = store.records(area).flatten().map(|run| run.len()).sum();
        let found = (store.find(a).is_ok(), store.find_record(a).is_ok());
        let nearest = store.nearest_k(b, 3, 1e6);
        let _ = std::hint::black_box((hits, sent, found, nearest, store.count_at(&[a, b])));
    }
    let read = store.features().flatten().count();
    assert!(!sound || read == store.len());
    let _ = std::hint::black_box((store.feature(Position::new(0)), store.info()));
}

/// Makes the checksums agree with the bytes, and the data-set version with the table, as far as they can be found.
fn seal(bytes: &mut [u8]) {
    let table_end = 64 + 32 * bytes.get(12).map_or(0, |&count| usize::from(count.min(10)));
    if bytes.len() < table_end {
        return;
    }
    bytes[..12].copy_from_slice(b"\x89RGS\r\n\x1a\n\x01\0\0\0");
    let file_bytes = bytes.len() as u64;
    bytes[16..24].copy_from_slice(&file_bytes.to_le_bytes());
    let section = |bytes: &[u8], entry: usize| {
        let number = |at: usize| {
            let number: Option<&[u8; 8]> = bytes[at..].first_chunk();
            number.map_or(0, |number| u64::from_le_bytes(*number) as usize)
        };
        let (start, len) = (number(entry + 8), number(entry + 16));
        let end = start.saturating_add(len);
        (end <= bytes.len()).then_some(start..end)
    };
    // The last two are the records and the checksums of their pages.
    if table_end >= 128
        && let Some(records) = section(bytes, table_end - 64)
        && let Some(sums) = section(bytes, table_end - 32)
    {
        let pages = bytes[records].chunks(4_096).map(crc32fast::hash);
        let found: Vec<u8> = pages.flat_map(u32::to_le_bytes).collect();
        if found.len() == sums.len() {
            bytes[sums].copy_from_slice(&found);
        }
    }
    for entry in (64..table_end).step_by(32) {
        if let Some(section) = section(bytes, entry) {
            let checksum = crc32fast::hash(&bytes[section]);
            bytes[entry + 4..entry + 8].copy_from_slice(&checksum.to_le_bytes());
        }
    }
    let hash = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let version: u64 = bytes[64..table_end]
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, hash);
    bytes[32..40].copy_from_slice(&version.to_le_bytes());
    let head = [&bytes[..60], &bytes[64..table_end]].concat();
    bytes[60..64].copy_from_slice(&crc32fast::hash(&head).to_le_bytes());
}

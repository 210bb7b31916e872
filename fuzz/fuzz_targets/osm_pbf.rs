//! An OpenStreetMap extract, and the inside of one of its blocks.
#![no_main]

use libfuzzer_sys::fuzz_target;
use route_guide_fuzz::import;
use route_guide_import::Format;

fuzz_target!(|bytes: &[u8]| {
    import(Format::OsmPbf, bytes);
    // No fuzzer gets the lengths around a block right, or compresses it.
    let file = [
        blob(b"OSMHeader", b"\x22\x0eOsmSchema-V0.6"),
        blob(b"OSMData", bytes),
    ]
    .concat();
    import(Format::OsmPbf, &file);
});

/// A blob that is not compressed, with the header before it.
fn blob(kind: &[u8], data: &[u8]) -> Vec<u8> {
    let blob = field(0x0a, data);
    let mut header = field(0x0a, kind);
    header.push(0x18);
    varint(&mut header, blob.len());
    let length = u32::try_from(header.len()).expect("a header is short");
    [&length.to_be_bytes()[..], &header, &blob].concat()
}

fn field(key: u8, data: &[u8]) -> Vec<u8> {
    let mut field = vec![key];
    varint(&mut field, data.len());
    field.extend_from_slice(data);
    field
}

fn varint(bytes: &mut Vec<u8>, mut number: usize) {
    while number > 0x7f {
        bytes.push(0x80 | (number & 0x7f) as u8);
        number >>= 7;
    }
    bytes.push(number as u8);
}

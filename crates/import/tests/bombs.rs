//! Small pieces of input that stand for much: none takes memory out of proportion to its own length.
//!
//! It asks Linux for the greatest resident memory of the process, so this file holds a single test and runs only there.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a helper may fail its test")]

use std::fs;
use std::io::{Cursor, Write};
use std::ops::ControlFlow;

use flate2::Compression;
use flate2::write::GzEncoder;
use route_guide_import::{Format, Import, Options};

/// The longest record, but for the blocks of PBF, of which the format says that.
const RECORD_BYTES: usize = 2 << 20;

/// Returns a line of the process's status that is in kilobytes.
fn status_bytes(field: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field));
    let kilobytes = line.unwrap().split_whitespace().nth(1).unwrap();
    kilobytes.parse::<usize>().unwrap() << 10
}

/// Reads an input; it must not take more memory than this beside it.
fn check(what: &str, format: Format, bytes: Vec<u8>, allowed_bytes: usize) {
    // From here on the peak is a new one.
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = status_bytes("VmRSS:");
    let options = Options {
        format: Some(format),
        max_record_bytes: RECORD_BYTES,
        ..Options::default()
    };
    let import = Import::from_reader("x", Cursor::new(bytes), options).unwrap();
    // Whether it is an error or many rows does not matter here.
    let _ = import.run(|_| ControlFlow::<()>::Continue(()));
    let grown = status_bytes("VmHWM:").saturating_sub(before);
    assert!(grown <= allowed_bytes, "{what}: {grown} bytes");
}

/// Fills a record up with a text between two others.
fn record(start: &str, repeated: &str, end: &str) -> Vec<u8> {
    let times = (RECORD_BYTES - start.len() - end.len()) / repeated.len();
    format!("{start}{}{end}", repeated.repeat(times)).into_bytes()
}

#[test]
fn no_piece_of_an_input_takes_many_times_its_length() {
    // The record, what becomes of it, and buffers.
    let allowed = 6 * RECORD_BYTES;
    check(
        "a point of which the feature has a million",
        Format::GeoJsonSeq,
        record("{\"type\":\"MultiPoint\",\"coordinates\":[0", ",0", "]}"),
        allowed,
    );
    check(
        "a reference system of a million numbers",
        Format::GeoJson,
        record("{\"crs\":[0", ",0", "],\"features\":[]}"),
        allowed,
    );
    check(
        "a line of fields without anything in them",
        Format::Csv,
        record("lat,lon,name\n1,2", ",", ""),
        allowed,
    );
    check(
        "a header of columns without names",
        Format::Csv,
        record("lat,lon", ",", "\n1,2\n"),
        allowed + 24 * (1 << 20),
    );
    check(
        "elements with long names within each other",
        Format::Gpx,
        format!("<gpx>{}", format!("<{}>", "x".repeat(1 << 20)).repeat(64)).into_bytes(),
        allowed,
    );
    let mut zipped = GzEncoder::new(Vec::new(), Compression::fast());
    zipped.write_all(b"[").unwrap();
    zipped.write_all(&vec![b' '; 64 << 20]).unwrap();
    let zipped = zipped.finish().unwrap();
    assert!(zipped.len() < RECORD_BYTES);
    check("white space without end", Format::Json, zipped, allowed);
    // A block, as it is and unpacked, and four bytes for each of its strings.
    check(
        "a block of empty strings",
        Format::OsmPbf,
        empty_strings(),
        128 << 20,
    );
}

/// An `OpenStreetMap` file with sixteen million empty strings in its only block, packed.
fn empty_strings() -> Vec<u8> {
    let strings = b"\x0a\x00".repeat((32 << 20) / 2 - 8);
    let block = [&[0x0a][..], &varint(strings.len()), &strings].concat();
    let packed = zstd::encode_all(&*block, 1).unwrap();
    let blob = |kind: &[u8], data: &[u8]| {
        let mut header = [&[0x0a][..], &varint(kind.len()), kind].concat();
        header.push(0x18);
        header.extend(varint(data.len()));
        let length = u32::try_from(header.len()).unwrap().to_be_bytes();
        [&length[..], &header, data].concat()
    };
    let head = b"\x0a\x10\x22\x0eOsmSchema-V0.6";
    let data = [&[0x3a][..], &varint(packed.len()), &packed].concat();
    [blob(b"OSMHeader", head), blob(b"OSMData", &data)].concat()
}

fn varint(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push(0x80 | u8::try_from(number & 0x7f).unwrap());
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap());
    bytes
}

//! Memory does not grow with the input, however long a piece of it is.
//!
//! It asks Linux for the greatest resident memory of the process so far, so this file holds a single test and runs only
//! there.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a helper may fail its test")]

use std::fs;
use std::io::{self, Cursor, Read};
use std::ops::ControlFlow;

use route_guide_import::{Format, Import, Options};

const INPUT_BYTES: u64 = 6 << 20;
const RECORD_BYTES: usize = 64 << 10;
const ALLOWED_BYTES: u64 = 2 << 20;

/// Returns the greatest resident memory so far.
fn peak_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes = line.unwrap().split_whitespace().nth(1).unwrap();
    kilobytes.parse::<u64>().unwrap() << 10
}

/// Repeats a text for ever.
struct Repeat(Cursor<Vec<u8>>);

impl Repeat {
    fn new(text: &str) -> Self {
        Self(Cursor::new(
            text.repeat((64 << 10) / text.len()).into_bytes(),
        ))
    }
}

impl Read for Repeat {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => {
                self.0.set_position(0);
                self.0.read(buffer)
            }
            read => Ok(read),
        }
    }
}

#[test]
fn no_piece_of_an_input_is_held_whole() {
    let check = |format: Format, start: &'static str, repeated: &'static str| {
        let before = peak_bytes();
        let input = Repeat::new(repeated).take(INPUT_BYTES);
        let options = Options {
            format: Some(format),
            max_record_bytes: RECORD_BYTES,
            ..Options::default()
        };
        let import = Import::from_reader("x", start.as_bytes().chain(input), options).unwrap();
        // Whether it is an error or many rows does not matter here.
        let _ = import.run(|_| ControlFlow::<()>::Continue(()));
        let grown = peak_bytes() - before;
        assert!(
            grown < ALLOWED_BYTES,
            "{format} {start:?} {repeated:?}: {grown}"
        );
    };
    check(Format::Json, "", " \n");
    check(
        Format::Json,
        "[",
        "{\"other\": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]},",
    );
    check(Format::Json, "[\"", "x");
    check(Format::Json, "[", "[");
    check(Format::Json, "[", "1");
    check(Format::Json, "{\"", "x");
    check(Format::Json, "{\"a\":", "{\"b\":");
    check(
        Format::Json,
        "{\"a\":1",
        ",\"b\": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]",
    );
    check(
        Format::GeoJson,
        "{\"a\":1",
        ",\"b\": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]",
    );
    check(Format::GeoJson, "{\"features\":[{\"a\":\"", "\\\"");
    check(
        Format::GeoJson,
        "{\"features\":[{\"coordinates\":[",
        "[1,2],",
    );
    check(Format::GeoJsonSeq, "", "x");
    check(Format::GeoJsonSeq, "\u{1e}", "x\n");
    check(Format::GeoJsonSeq, "", "                              \n");
    check(Format::Csv, "", "x,");
    check(Format::Csv, "lat,lon,name\n1,2,\"", "x\n");
    check(
        Format::Csv,
        "lat,lon,name\n",
        "1,2,a name of no particular length\n",
    );
    check(Format::Csv, "lat,lon,name\n", "\r\n");
    check(Format::Geonames, "", "\"");
    check(Format::Gpx, "", " ");
    check(Format::Gpx, "<gpx>", "<a>");
    check(
        Format::Gpx,
        "<gpx>",
        "<a b='some attribute of some length'/>",
    );
    check(Format::Gpx, "<gpx><", "x");
    check(Format::Gpx, "<gpx><wpt ", "a='' ");
    check(Format::Gpx, "<gpx><!--", "x");
    check(
        Format::Gpx,
        "<gpx><wpt lat='1' lon='2'><name>",
        "some text, &amp; some more of it, ",
    );
    check(Format::Gpx, "<!DOCTYPE ", "[");
    check(Format::OsmPbf, "\0\0\0\x0d\n\tOSMHeader\x18", "\u{7f}");
    check(
        Format::FlatGeobuf,
        "fgb\x03fgb\0\u{7f}\u{7f}\u{7f}\u{7f}",
        "x",
    );
}

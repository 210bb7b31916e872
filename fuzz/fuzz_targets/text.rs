//! Text in other encodings, chosen or told by a byte-order mark.
#![no_main]

use libfuzzer_sys::fuzz_target;
use route_guide_fuzz::import_with;
use route_guide_import::{Format, Options};

/// Encodings that decode in different ways: by a table, in pairs of bytes, with and without states.
const LABELS: [&str; 8] = [
    "windows-1252",
    "utf-16le",
    "utf-16be",
    "shift_jis",
    "gb18030",
    "big5",
    "iso-2022-jp",
    "utf-8",
];

const FORMATS: [Format; 5] = [
    Format::Csv,
    Format::Gpx,
    Format::Json,
    Format::GeoJson,
    Format::GeoJsonSeq,
];

fuzz_target!(|bytes: &[u8]| {
    // The first byte chooses.
    let Some((&choice, rest)) = bytes.split_first() else {
        return;
    };
    let choice = usize::from(choice);
    let options = Options {
        encoding: LABELS[choice % LABELS.len()].parse().ok(),
        ..Options::default()
    };
    let format = FORMATS[choice / LABELS.len() % FORMATS.len()];
    import_with(format, rest, &options);
    for mark in [&b"\xff\xfe"[..], b"\xfe\xff", b"\xef\xbb\xbf"] {
        import_with(format, &[mark, rest].concat(), &Options::default());
    }
});

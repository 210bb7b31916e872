//! Nothing that a file contains makes a reader panic, or an error that does not fit on a line.
use std::fs;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use route_guide_import::{Column, Format, Import, Item, Options, Table};

/// Reads bytes as this format and looks at everything that comes out.
fn read(format: Format, bytes: Vec<u8>, options: &Options) {
    let options = Options {
        format: Some(format),
        ..options.clone()
    };
    let import = Import::from_reader("x", Cursor::new(bytes), options.clone()).unwrap();
    let (mut rows, mut rejected) = (0, 0);
    let outcome = import.run(|item| {
        match item {
            Item::Row(row) => {
                rows += 1;
                assert!(row.name.len() <= options.max_name_bytes);
                assert!(row.location.lat().abs() <= 900_000_000);
                assert!(row.location.lon().abs() <= 1_800_000_000);
            }
            Item::Rejected(reason) => {
                rejected += 1;
                check_message(&reason.to_string());
            }
            Item::Notice(notice) => check_message(&notice.to_string()),
        }
        ControlFlow::<()>::Continue(())
    });
    match outcome {
        Ok(ControlFlow::Continue(counts)) => {
            assert_eq!((counts.rows, counts.rejected), (rows, rejected));
        }
        Ok(ControlFlow::Break(())) => unreachable!("the sink never breaks off"),
        Err(error) => check_message(&error.to_string()),
    }
}

fn check_message(message: &str) {
    let plain = !message.chars().any(char::is_control);
    assert!(plain && message.len() < 2_000, "{message:?}");
}

fn any_format() -> impl Strategy<Value = Format> {
    select(&Format::ALL[..])
}

/// A fixture and the format it is of.
fn any_fixture() -> impl Strategy<Value = (Format, Vec<u8>)> {
    let of = |(format, name): (Format, &str)| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        (format, fs::read(folder.join(name)).unwrap())
    };
    let fixtures = [
        (Format::Json, "object.json"),
        (Format::GeoJson, "mixed.geojson"),
        (Format::GeoJsonSeq, "separated.geojsons"),
        (Format::Csv, "plain.csv"),
        (Format::Geonames, "geonames.txt"),
        (Format::Gpx, "waypoints.gpx"),
        (Format::OsmPbf, "loose.osm.pbf"),
        (Format::OsmPbf, "dense.osm.pbf"),
        (Format::FlatGeobuf, "indexed.fgb"),
        (Format::FlatGeobuf, "stream.fgb"),
        (Format::Json, "array.json.gz"),
        (Format::Json, "array.json.zst"),
    ];
    select(fixtures.map(of).to_vec())
}

/// Small limits, so that they are reached.
fn tight() -> Options {
    Options {
        max_name_bytes: 10,
        max_record_bytes: 100,
        ..Options::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn arbitrary_bytes_are_read_or_refused(
        format in any_format(),
        label in select(&["windows-1252", "utf-16be", "shift_jis", "gb18030", "iso-2022-jp", "utf-8"][..]),
        bytes in vec(any::<u8>(), 0..300),
    ) {
        read(format, bytes.clone(), &Options::default());
        read(format, bytes.clone(), &tight());
        let encoding = label.parse().ok();
        read(format, bytes, &Options { encoding, ..Options::default() });
    }

    /// Random bytes hardly ever get past the first check of a format; its own words in another order do.
    #[test]
    fn shuffled_words_are_read_or_refused(
        format in select(vec![Format::Json, Format::GeoJson, Format::GeoJsonSeq, Format::Csv, Format::Geonames, Format::Gpx]),
        words in vec(select(WORDS), 0..40),
    ) {
        let mut text = words.concat().into_bytes();
        for start in [&b""[..], b"[{", b"{\"feature\":[{", b"{\"features\":[{", b"lat,lon,name\n", b"<gpx><wpt "] {
            let mut whole = start.to_vec();
            whole.append(&mut text.clone());
            read(format, whole.clone(), &Options::default());
            read(format, whole, &tight());
        }
        text.truncate(100);
        let headless = Options {
            table: Some(Table { header: false, lat: Column::Index(0), lon: Column::Index(1), name: None, ..Table::csv() }),
            ..Options::default()
        };
        read(Format::Csv, text, &headless);
    }

    #[test]
    fn damaged_fixtures_are_read_or_refused(
        (format, mut bytes) in any_fixture(),
        flips in vec((any::<Index>(), select(&[0, 1, 2, 0x7f, 0x80, 0xff, b'"', b'[', b'}', b'<', b'\n', b','][..])), 1..6),
        insert in proptest::option::of((any::<Index>(), vec(any::<u8>(), 1..8))),
        remove in proptest::option::of((any::<Index>(), 1_usize..40)),
    ) {
        for (at, byte) in flips {
            *at.get_mut(&mut bytes) = byte;
        }
        if let Some((at, more)) = insert {
            let at = at.index(bytes.len());
            bytes.splice(at..at, more);
        }
        if let Some((at, length)) = remove {
            let at = at.index(bytes.len());
            let end = (at + length).min(bytes.len());
            bytes.drain(at..end);
        }
        read(format, bytes.clone(), &Options::default());
        read(format, bytes, &tight());
    }
}

const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\n",
    "\r\n",
    "\t",
    " ",
    "\u{1e}",
    "\u{feff}",
    "\0",
    "null",
    "true",
    "1",
    "-90",
    "180.5",
    "1e999",
    "9999999999",
    "nan",
    "ä",
    "\"feature\"",
    "\"features\"",
    "\"location\"",
    "\"latitude\"",
    "\"longitude\"",
    "\"name\"",
    "\"type\"",
    "\"Feature\"",
    "\"Point\"",
    "\"MultiPoint\"",
    "\"geometry\"",
    "\"coordinates\"",
    "\"properties\"",
    "\"crs\"",
    "[1,2]",
    "[[1,2],[3]]",
    "{\"name\":\"a\"}",
    "lat",
    "lon",
    "name",
    "'",
    "=",
    "<",
    ">",
    "/",
    "</",
    "<gpx>",
    "</gpx>",
    "<wpt lat='1' lon='2'>",
    "</wpt>",
    "<name>",
    "</name>",
    "<trk/>",
    "&amp;",
    "&#0;",
    "&x;",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<!DOCTYPE",
    "<?xml encoding='",
];

use std::io::{self, Cursor, Read};

use crate::format::Format;
use crate::import::Import;
use crate::options::Options;
use crate::rows::item::Item;
use crate::text::encoding::Encoding;

/// A reader that returns one byte at a time, as a pipe can.
struct Bytewise(Cursor<Vec<u8>>);

impl Read for Bytewise {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let some = buffer.len().min(1);
        self.0.read(&mut buffer[..some])
    }
}

/// Reads bytes whole and one at a time; returns names and rejected records.
fn load(format: Format, bytes: &[u8], encoding: Option<&str>) -> Vec<String> {
    let read = |reader: Box<dyn Read + Send>| {
        let options = Options {
            format: Some(format),
            encoding: encoding.map(|label| label.parse().unwrap()),
            ..Options::default()
        };
        let import = Import::from_reader("x", reader, options).unwrap();
        let mut found = Vec::new();
        let outcome = import.run(|item| {
            found.push(match item {
                Item::Row(row) => row.name.to_owned(),
                Item::Rejected(rejected) => rejected.to_string(),
                Item::Notice(notice) => notice.to_string(),
            });
            std::ops::ControlFlow::<()>::Continue(())
        });
        found.extend(outcome.err().map(|error| error.to_string()));
        found
    };
    let whole = read(Box::new(Cursor::new(bytes.to_vec())));
    let pieces = read(Box::new(Bytewise(Cursor::new(bytes.to_vec()))));
    assert_eq!(whole, pieces, "{}", String::from_utf8_lossy(bytes));
    whole
}

fn utf16(text: &str, big: bool) -> Vec<u8> {
    let unit = |unit: u16| {
        if big {
            unit.to_be_bytes()
        } else {
            unit.to_le_bytes()
        }
    };
    text.encode_utf16().flat_map(unit).collect()
}

/// A text of each format that has text, with one place of this name.
fn texts(name: &str) -> [(Format, String); 7] {
    let feature = format!(
        r#"{{"type":"Feature","geometry":{{"type":"Point","coordinates":[2,1]}},"properties":{{"name":"{name}"}}}}"#
    );
    [
        (
            Format::Json,
            format!(r#"[{{"location":{{"latitude":1}},"name":"{name}"}}]"#),
        ),
        (
            Format::GeoJson,
            format!(r#"{{"type":"FeatureCollection","features":[{feature}]}}"#),
        ),
        (Format::GeoJsonSeq, feature),
        (Format::Csv, format!("name,lat,lon\r\n{name},1,2\r\n")),
        (Format::Tsv, format!("name\tlat\tlon\n{name}\t1\t2\n")),
        (Format::Geonames, format!("1\t{name}\t\t\t1\t2\t\n")),
        (
            Format::Gpx,
            format!("<gpx><wpt lat='1' lon='2'><name>{name}</name></wpt></gpx>"),
        ),
    ]
}

/// A mark was recognised only if it arrived in one piece, and UTF-16 not at all.
#[test]
fn a_byte_order_mark_tells_the_encoding_of_every_text_format() {
    for (format, text) in texts("Mühle 水車") {
        let check = |bytes: &[u8], expected: &[&str]| {
            assert_eq!(load(format, bytes, None), expected, "{format}");
            // A mark overrides the setting.
            assert_eq!(
                load(format, bytes, Some("windows-1252")),
                expected,
                "{format}"
            );
        };
        check(&format!("\u{feff}{text}").into_bytes(), &["Mühle 水車"]);
        for (big, label) in [(false, "UTF-16LE"), (true, "UTF-16BE")] {
            let notice = format!("x: encoding {label}");
            let expected = [&*notice, "Mühle 水車"];
            check(&utf16(&format!("\u{feff}{text}"), big), &expected);
            let without_mark = utf16(&text, big);
            assert_eq!(load(format, &without_mark, None), expected, "{format}");
            assert_eq!(
                load(format, &without_mark, Some(label)),
                expected,
                "{format}"
            );
        }
    }
}

/// Every label of the Encoding Standard is accepted, and each encoding is decoded as `encoding_rs` decodes the whole
/// text, whatever the pieces.
#[test]
fn every_encoding_that_a_browser_knows_can_be_chosen() {
    const ENCODINGS: [&str; 38] = [
        "big5",
        "euc-jp",
        "euc-kr",
        "gb18030",
        "gbk",
        "ibm866",
        "iso-2022-jp",
        "iso-8859-10",
        "iso-8859-13",
        "iso-8859-14",
        "iso-8859-15",
        "iso-8859-16",
        "iso-8859-2",
        "iso-8859-3",
        "iso-8859-4",
        "iso-8859-5",
        "iso-8859-6",
        "iso-8859-7",
        "iso-8859-8",
        "iso-8859-8-i",
        "koi8-r",
        "koi8-u",
        "macintosh",
        "shift_jis",
        "utf-16be",
        "utf-16le",
        "utf-8",
        "windows-1250",
        "windows-1251",
        "windows-1252",
        "windows-1253",
        "windows-1254",
        "windows-1255",
        "windows-1256",
        "windows-1257",
        "windows-1258",
        "windows-874",
        "x-mac-cyrillic",
    ];
    for label in ENCODINGS {
        let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).unwrap();
        // Every encoding has some of these letters and writes the others as references.
        let name = "Ab ä ł ж λ א ب ก 水 あ 한";
        for (format, text) in texts(name) {
            let bytes = match label {
                "utf-16be" => utf16(&text, true),
                "utf-16le" => utf16(&text, false),
                _ => encoding.encode(&text).0.into_owned(),
            };
            let decoded = encoding.decode_without_bom_handling(&bytes).0.into_owned();
            let found = load(format, &bytes, Some(label));
            if label == "utf-8" {
                assert_eq!(found, [name]);
                continue;
            }
            let notice = format!("x: encoding {}", encoding.name());
            assert_eq!(found[0], notice, "{format}");
            let unescaped = |text: &str| {
                let mut text = text.to_owned();
                if format == Format::Gpx {
                    for letter in name.chars() {
                        let reference = format!("&#{};", u32::from(letter));
                        text = text.replace(&reference, &letter.to_string());
                    }
                }
                text
            };
            let found = &found[1..];
            assert_eq!(found.len(), 1, "{format} {label} {found:?}");
            assert!(
                unescaped(&decoded).contains(&found[0]),
                "{format} {label}: {found:?}"
            );
            assert!(found[0].starts_with("Ab "), "{format} {label}: {found:?}");
        }
    }
    for (label, name) in [
        ("latin1", "windows-1252"),
        ("CP1252", "windows-1252"),
        ("sjis", "Shift_JIS"),
    ] {
        assert_eq!(label.parse::<Encoding>().unwrap().name(), name);
    }
    // Labels that browsers know and refuse to decode.
    assert!("hz-gb-2312".parse::<Encoding>().is_err());
    assert_eq!(
        "latin-one".parse::<Encoding>().unwrap_err().to_string(),
        "unknown encoding \"latin-one\"; common ones are utf-8, utf-16, windows-1252 and shift_jis"
    );
}

#[test]
fn a_gpx_file_declares_its_encoding() {
    let check = |label: &str, name: &[u8], expected: &[&str]| {
        let mut xml = format!(
            "<?xml version='1.0' encoding = '{label}' standalone='yes'?>\n<gpx><wpt lat='1' lon='2'><name>"
        )
        .into_bytes();
        xml.extend_from_slice(name);
        xml.extend_from_slice(b"</name></wpt></gpx>");
        assert_eq!(load(Format::Gpx, &xml, None), expected, "{label}");
    };
    check(
        "ISO-8859-1",
        b"M\xfchle",
        &["x: encoding windows-1252", "Mühle"],
    );
    check("utf-8", "Mühle".as_bytes(), &["Mühle"]);
    check("US-ASCII", "Mühle".as_bytes(), &["Mühle"]);
    // The declaration is ASCII, so this is wrong.
    check("UTF-16", "Mühle".as_bytes(), &["Mühle"]);
    check(
        "EUC-KR",
        b"\xbc\xf6\xc2\xf7",
        &["x: encoding EUC-KR", "수차"],
    );
    check(
        "klingon",
        b"a",
        &["cannot import x: its text is encoded in \"klingon\", which is unknown"],
    );
}

/// Invalid bytes reject only the record with them.
#[test]
fn bytes_that_cannot_be_decoded_reject_their_record() {
    let name = |format: Format, line: &str, encoding: &str| match format {
        Format::GeoJson | Format::Json => format!("{line}: the text is not {encoding}"),
        _ => format!("{line}: the name \"M\u{fffd}hle\" is not {encoding}"),
    };
    let check = |label: Option<&str>, wrong: &[u8], encoding: &str| {
        let texts: [(Format, &str, &str, &str, &str); 3] = [
            (
                Format::Csv,
                "name,lat,lon\n",
                "M?hle,1,2\n",
                "Ford,3,4\n",
                "line 2",
            ),
            (
                Format::Gpx,
                "<gpx>\n",
                "<wpt lat='1' lon='2'><name>M?hle</name></wpt>",
                "<wpt lat='3' lon='4'><name>Ford</name></wpt></gpx>",
                "line 2, waypoint 1",
            ),
            (
                Format::Json,
                "[",
                "{\"location\":{},\"name\":\"M?hle\"},\n",
                "{\"location\":{},\"name\":\"Ford\"}]",
                "line 1, column 26, entry 1",
            ),
        ];
        for (format, start, record, end, line) in texts {
            let (before, after) = record.split_once('?').unwrap();
            let bytes = [
                start.as_bytes(),
                before.as_bytes(),
                wrong,
                after.as_bytes(),
                end.as_bytes(),
            ];
            let mut found = load(format, &bytes.concat(), label);
            if label.is_some() {
                assert_eq!(found.remove(0), format!("x: encoding {encoding}"));
            }
            assert_eq!(
                found,
                [
                    format!("x: {}", name(format, line, encoding)),
                    "Ford".into()
                ],
                "{format}"
            );
        }
    };
    check(None, b"\xfc", "UTF-8");
    check(Some("euc-kr"), b"\xff", "EUC-KR");
}

#[test]
fn utf32_is_named() {
    for text in [&b"\xff\xfe\0\0a\0\0\0"[..], b"\0\0\0a\0\0\0b", b"[\0\0\0"] {
        assert_eq!(
            load(Format::Json, text, None),
            ["cannot import x: its text is UTF-32, which is not read; convert it to UTF-8"]
        );
    }
}

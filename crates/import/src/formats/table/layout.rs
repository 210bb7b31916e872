//! Detecting the layout of a table by its first lines.

use std::io::{self, BufRead};

use csv_core::{ReadRecordResult, ReaderBuilder, Terminator};

use super::columns::Columns;
use super::record::text;
use crate::input::Bytes;
use crate::options::table::Table;
use crate::rows::coordinate::CoordinateParser;

/// The detected layout.
pub(super) struct Layout {
    /// The byte between fields.
    pub(super) delimiter: u8,
    /// The same, if it was detected and is not a comma.
    pub(super) detected: Option<u8>,
    /// The byte that ends lines, possibly after a carriage return: a line feed, or a carriage return in files of old
    /// Macintoshes. The other byte is part of the text.
    pub(super) line_end: u8,
    /// The number of lines before the header.
    pub(super) lines: u64,
}

/// The length and the number of fields of the first line that are read to detect the delimiter.
const HEADER_BYTES: usize = 16 << 10;
const HEADER_FIELDS: usize = 1 << 10;

/// The delimiters to try, most likely first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

impl Layout {
    /// Detects the layout, and consumes the lines before the header.
    pub(super) fn of(bytes: &mut Bytes, table: &Table) -> io::Result<Self> {
        let head = bytes.peek(Bytes::MAX_PEEK_BYTES)?;
        let line_end = line_end(head, table.quote);
        let announced = announced(head, line_end);
        let start = announced.map_or(0, |(_, length)| length);
        let found = match (table.delimiter, announced) {
            (Some(chosen), _) => Ok(chosen),
            (None, Some((delimiter, _))) => Err(delimiter),
            (None, None) => {
                let head = &head[start..];
                Err(detect(
                    &head[..head.len().min(HEADER_BYTES)],
                    table,
                    line_end,
                ))
            }
        };
        bytes.consume(start);
        let (Ok(delimiter) | Err(delimiter)) = found;
        Ok(Self {
            delimiter,
            detected: found.err().filter(|&delimiter| delimiter != b','),
            line_end,
            lines: u64::from(announced.is_some()),
        })
    }

    /// Returns whether a comma in a number is a decimal comma.
    pub(super) const fn decimal_comma(&self) -> bool {
        self.delimiter != b','
    }
}

/// Returns the delimiter of a line `sep=;` and the length of that line. Excel writes and reads it before the header.
fn announced(head: &[u8], line_end: u8) -> Option<(u8, usize)> {
    let length = memchr::memchr(line_end, head)? + 1;
    let line = head[..length].trim_ascii_start();
    let line = line.strip_suffix(&[line_end]).unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = match line {
        [b'"', inner @ .., b'"'] => inner,
        line => line,
    };
    match line {
        [s, e, p, b'=', delimiter] if [s, e, p].map(u8::to_ascii_lowercase) == *b"sep" => {
            Some((*delimiter, length))
        }
        _ => None,
    }
}

/// Returns the byte that ends lines.
fn line_end(head: &[u8], quote: Option<u8>) -> u8 {
    let lone = memchr::memchr_iter(b'\r', head).any(|at| head.get(at + 1) != Some(&b'\n'));
    if !lone {
        return b'\n';
    }
    // Carriage returns end lines if there is no line feed outside quotes.
    let mut quoted = false;
    for &byte in head {
        quoted ^= quote == Some(byte);
        if byte == b'\n' && !quoted {
            return b'\n';
        }
    }
    b'\r'
}

/// Returns the delimiter with which the first line has the required columns, otherwise the first that gives enough
/// fields, otherwise the one that gives the most.
fn detect(head: &[u8], table: &Table, line_end: u8) -> u8 {
    let last = table.lat.index().max(table.lon.index());
    let (mut enough, mut most) = (None, (1, DELIMITERS[0]));
    for delimiter in DELIMITERS
        .into_iter()
        .filter(|&byte| Some(byte) != table.quote)
    {
        let fields = first_record(head, table.quote, delimiter, line_end);
        if is_whole(&fields, table, delimiter) {
            return delimiter;
        }
        if enough.is_none() && last.is_some_and(|last| last < fields.len()) {
            enough = Some(delimiter);
        }
        if fields.len() > most.0 {
            most = (fields.len(), delimiter);
        }
    }
    enough.unwrap_or(most.1)
}

/// Returns whether a record has the columns of a place.
fn is_whole(fields: &[Vec<u8>], table: &Table, delimiter: u8) -> bool {
    if table.header {
        let names = fields.iter().map(|name| text(name).trim().to_owned());
        return Columns::are_in(table, &names.collect::<Vec<_>>());
    }
    let Some((lat, lon)) = table.lat.index().zip(table.lon.index()) else {
        return false;
    };
    match (fields.get(lat), fields.get(lon)) {
        (Some(lat), Some(lon)) => CoordinateParser::new(table.unit, delimiter != b',')
            .point(&text(lat), &text(lon))
            .is_ok(),
        _ => false,
    }
}

/// Splits the first record into fields, as far as it is in `head`.
fn first_record(head: &[u8], quote: Option<u8>, delimiter: u8, line_end: u8) -> Vec<Vec<u8>> {
    let mut builder = ReaderBuilder::new();
    builder
        .delimiter(delimiter)
        .terminator(Terminator::Any(line_end))
        .quoting(quote.is_some());
    if let Some(quote) = quote {
        builder.quote(quote);
    }
    let blank = |byte: &&u8| matches!(byte, b'\r' | b'\n');
    let head = &head[head.iter().take_while(blank).count()..];
    let (mut text, mut ends) = (vec![0; head.len() + 1], [0; HEADER_FIELDS]);
    let mut parser = builder.build();
    let (result, _, written, mut fields) = parser.read_record(head, &mut text, &mut ends);
    if result == ReadRecordResult::InputEmpty {
        // The last line of a file may lack a line end.
        let (text, ends) = (&mut text[written..], &mut ends[fields..]);
        fields += parser.read_record(&[line_end], text, ends).3;
    }
    let mut start = 0;
    let mut record = Vec::with_capacity(fields);
    for &end in &ends[..fields] {
        record.push(
            text.get(start..end)
                .unwrap_or_default()
                .trim_ascii()
                .to_vec(),
        );
        start = end;
    }
    record
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, check_with, options};
    use super::*;
    use crate::options::table::{Column, Unit};

    const ROW: &str = "481000000,115000000,Mill";

    #[test]
    fn the_delimiter_is_found_out() {
        let check = |delimiter: char, notice: &str| {
            for line_end in ["\n", "\r\n", "\r"] {
                let text = ["name,lat,lon,more", "Mill,48.1,11.5,"].join(line_end);
                let text = text.replace(',', &delimiter.to_string());
                let notice = format!("x: delimiter \"{notice}\"");
                let mut expected = vec![&*notice, ROW];
                expected.drain(..usize::from(delimiter == ','));
                check(&text, &expected);
                // Some spreadsheets declare it in a line before the header.
                let text = format!("sep={delimiter}{line_end}{text}");
                check(&text, &expected);
                check(text.replacen("sep=", "SEP=", 1), &expected);
            }
        };
        check(',', ",");
        check(';', ";");
        check('\t', "\\t");
        check('|', "|");
    }

    #[test]
    fn any_delimiter_can_be_announced_or_chosen() {
        for delimiter in ['#', ':', '^', '~', ' ', '\u{1}'] {
            let text = "name,lat,lon\r\nMill,48.1,11.5\r\n".replace(',', &delimiter.to_string());
            let notice = format!("x: delimiter {:?}", delimiter.to_string());
            check(format!("sep={delimiter}\r\n{text}"), &[&notice, ROW]);
            let chosen = Table {
                delimiter: u8::try_from(delimiter).ok(),
                ..Table::csv()
            };
            check_with(&options(chosen), &text, Ok(&[ROW]));
        }
        check(
            "\"sep=#\"\nname#lat#lon\nMill#48.1#11.5\nx",
            &[
                "x: delimiter \"#\"",
                ROW,
                "x: line 4: the latitude is field 2, but the record ends after field 1",
            ],
        );
        // The setting overrides the declaration.
        let commas = Table {
            delimiter: Some(b','),
            ..Table::csv()
        };
        let text = "sep=;\nname,lat,lon\nMill,48.1,11.5\n";
        check_with(&options(commas), text, Ok(&[ROW]));
    }

    #[test]
    fn the_columns_tell_the_delimiter_and_not_what_stands_in_names() {
        check(
            "name,lat,lon,\"a; b; c; d | e | f\"\nMill,48.1,11.5\n",
            &[ROW],
        );
        check("name,lat,lon,a;b;c;d\nMill,48.1,11.5\n", &[ROW]);
    }

    #[test]
    fn without_a_header_the_first_place_tells_the_delimiter() {
        let headless = |unit| {
            options(Table {
                header: false,
                unit,
                lat: Column::Index(1),
                lon: Column::Index(2),
                name: Some(Column::Index(0)),
                ..Table::csv()
            })
        };
        let degrees = headless(Unit::Degrees);
        check_with(&degrees, "Mill,48.1,11.5,a;b;c\n", Ok(&[ROW]));
        let semicolons = "x: delimiter \";\", decimal comma";
        check_with(&degrees, "Mill;48,1;11,5\n", Ok(&[semicolons, ROW]));
        // An invalid first line does not affect the others.
        check_with(
            &degrees,
            "name,x,y,a;b;c;d;e\nMill,48.1,11.5\n",
            Ok(&["x: line 1: latitude \"x\" is not a decimal number", ROW]),
        );
        let bars = "x: delimiter \"|\"";
        let e7 = "Mill|481000000|115000000\n";
        check_with(&headless(Unit::E7), e7, Ok(&[bars, ROW]));
    }

    #[test]
    fn a_decimal_comma_is_read_where_the_delimiter_is_no_comma() {
        let notice = "x: delimiter \";\", decimal comma";
        check(
            "name;lat;lon\nMill;48,1;11,5\nx;-48,10;1\n",
            &[notice, ROW, "-481000000,10000000,x"],
        );
        let wrong = |text: &str| format!("x: line 3: latitude \"{text}\" is not a decimal number");
        for text in ["4,8,1", "4.8,1", "1,2.3", ","] {
            check(
                format!("name;lat;lon\nMill;48,1;11,5\nx;{text};1\n"),
                &[notice, ROW, &wrong(text)],
            );
        }
        // With the delimiter comma a quoted decimal comma is not accepted, nor is one in E7.
        check(
            "name,lat,lon\nMill,48.1,11.5\nx,\"4,8\",1\n",
            &[ROW, &wrong("4,8")],
        );
        let e7 = Table {
            unit: Unit::E7,
            ..Table::csv()
        };
        check_with(
            &options(e7),
            "name;lat;lon\nx;4,8;1\n",
            Ok(&[
                "x: delimiter \";\"",
                "x: line 2: latitude \"4,8\" is not a whole number",
            ]),
        );
    }

    /// In files with carriage returns all errors were reported on line 1, and in other files a carriage return split
    /// a record.
    #[test]
    fn lines_end_as_the_first_does() {
        let wrong = "x: line 3: latitude \"x\" is not a decimal number";
        check("name,lat,lon\rMill,48.1,11.5\rHut,x,1\r", &[ROW, wrong]);
        check(
            "name,lat,lon\r\nMill,48.1,11.5\r\nHut,x,1\r\n",
            &[ROW, wrong],
        );
        check(
            "lat,lon,name\r1,2,\"a\nb\"\r3,4,c\r",
            &["10000000,20000000,a\nb", "30000000,40000000,c"],
        );
        check(
            "lat,lon,name\n1,2,Old\rFord\n3,4,c\n",
            &["10000000,20000000,Old\rFord", "30000000,40000000,c"],
        );
        check(
            "lat,lon,name\r\n1,2,\"Ford\"\r\n",
            &["10000000,20000000,Ford"],
        );
    }
}

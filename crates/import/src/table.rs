//! Tables of text: CSV, TSV and the dumps of geonames.org.

mod columns;
mod records;

use std::borrow::Cow;

use route_guide_geo::E7Point;

use crate::coordinate::Texts;
use crate::fault::{Fault, Stop};
use crate::format::Format;
use crate::input::Bytes;
use crate::options::{Options, Table};
use crate::output::Output;
use crate::position::Position;
use crate::row::Reason;

use columns::Columns;
use records::{Record, Records};

/// Reads a whole table.
pub(crate) fn read(
    format: Format,
    bytes: Bytes,
    options: &Options,
    output: &mut Output<'_>,
) -> Result<(), Stop> {
    let table = options.table.clone().or_else(|| format.table());
    let table = table.unwrap_or_else(Table::csv);
    let mut records = Records::new(bytes, &table, options.max_record_bytes)?;
    let mut header = Vec::new();
    if table.header {
        let Some(record) = records.next()? else {
            let problem = "expected a header line, but the file is empty";
            return Err(Fault::not_this_format(format, problem).into());
        };
        header.extend(record.fields().map(text).map(|name| name.trim().to_owned()));
    }
    let columns = Columns::new(&table, &header)?;
    let mut width = table.header.then_some(header.len());
    let mut texts = Texts::default();
    while let Some(record) = records.next()? {
        let position = Position::Line {
            line: record.line(),
        };
        let width = *width.get_or_insert(record.len());
        let picked = no_wider(&record, width).and_then(|()| columns.pick(&record));
        match picked {
            Ok([lat, lon, name]) => {
                let location = point(&mut texts, &table, lat, lon);
                output.row_of_bytes(position, location, name)?;
            }
            Err(reason) => output.reject(position, reason)?,
        }
    }
    Ok(())
}

/// Refuses a record with more in it than the first line has columns for: its fields are not those they seem to be, as
/// after a delimiter that should have been in quotes. A record with less has only lost its last fields.
fn no_wider(record: &Record<'_>, width: usize) -> Result<(), Reason> {
    let found = record.len();
    let mut more = (width..found).filter_map(|index| record.field(index));
    if more.all(<[u8]>::is_empty) {
        return Ok(());
    }
    Err(Reason::invalid(format!(
        "there are {found} fields, and in the first line {width}"
    )))
}

fn point(texts: &mut Texts, table: &Table, lat: &[u8], lon: &[u8]) -> Result<E7Point, Reason> {
    texts.point(table.unit, &text(lat), &text(lon))
}

/// Returns a field as text. What is no UTF-8 is no number either, so a message is all that shows it.
fn text(field: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Column;
    use crate::testing::read_text;

    pub(super) fn options(table: Table) -> Options {
        Options {
            table: Some(table),
            ..Options::default()
        }
    }

    pub(super) fn check_with(
        options: &Options,
        text: impl AsRef<[u8]>,
        expected: Result<&[&str], &str>,
    ) {
        let text = text.as_ref();
        let found = read_text(Format::Csv, text, options);
        let expected = expected
            .map(|lines| lines.iter().map(|&line| line.to_owned()).collect())
            .map_err(|error| format!("cannot import x: {error}"));
        assert_eq!(found, expected, "{}", String::from_utf8_lossy(text));
    }

    pub(super) fn check(text: impl AsRef<[u8]>, expected: &[&str]) {
        check_with(&options(Table::csv()), text, Ok(expected));
    }

    #[test]
    fn quotes_hold_delimiters_and_line_ends() {
        check(
            "lat,lon,name\n1,2,\"a, \"\"b\"\"\nc\"\n\n3,4, d \n5,6,7\" pipe\n",
            &[
                "10000000,20000000,a, \"b\"\nc",
                "30000000,40000000, d ",
                "50000000,60000000,7\" pipe",
            ],
        );
        check_with(
            &options(Table::csv()),
            "lat,lon,name\n1,2,\"a\n3,4,b\n",
            Err("line 2: the file ends within a field in quotes"),
        );
    }

    /// `Foo, Bar` without quotes became a place called `Foo`, and nobody was told of the rest.
    #[test]
    fn a_line_with_more_fields_than_the_first_is_rejected() {
        let longer = "x: line 3: there are 4 fields, and in the first line 3";
        check(
            "lat,lon,name\n1,2,a\n40,-74,Foo, Bar\n3,4,b\n",
            &["10000000,20000000,a", longer, "30000000,40000000,b"],
        );
        let headless = Table {
            header: false,
            lat: Column::Index(0),
            lon: Column::Index(1),
            name: Some(Column::Index(2)),
            ..Table::csv()
        };
        check_with(
            &options(headless),
            "1,2,a\n3,4,b\n40,-74,Foo, Bar\n",
            Ok(&["10000000,20000000,a", "30000000,40000000,b", longer]),
        );
        // Spreadsheets write empty fields at the end, and leave them out.
        check(
            "lat,lon,name,more\n1,2,a,b,,\n3,4,b\n",
            &["10000000,20000000,a", "30000000,40000000,b"],
        );
    }

    /// A name that began with a quote swallowed all lines up to the next one that did.
    #[test]
    fn a_quote_in_tab_separated_values_is_a_character() {
        let text = "name\tlat\tlon\n\"The Place\t1\t2\nMid\t3\t4\nOther\"\t5\t6\n";
        let expected = [
            "10000000,20000000,\"The Place",
            "30000000,40000000,Mid",
            "50000000,60000000,Other\"",
        ];
        let found = read_text(Format::Tsv, text.as_bytes(), &Options::default());
        assert_eq!(found, Ok(expected.map(str::to_owned).to_vec()));
    }

    #[test]
    fn a_line_that_is_wrong_is_rejected() {
        let check = |line: &[u8], expected: &str| {
            let mut text = b"lat,lon,name\r\n1,2,a\r\n\r\n".to_vec();
            text.extend_from_slice(line);
            text.extend_from_slice(b"\r\n3,4,b\r\n");
            check(
                &text,
                &[
                    "10000000,20000000,a",
                    &format!("x: line 4: {expected}"),
                    "30000000,40000000,b",
                ],
            );
        };
        check(b"x,2,a", "latitude \"x\" is not a decimal number");
        check(b"91,2,a", "latitude \"91\" is outside \u{b1}90 degrees");
        check(b"1,nan,a", "longitude \"nan\" is not a decimal number");
        check(b",2,a", "there is no latitude");
        check(b"1", "the longitude is field 2, and there are 1");
        check(b"\"1,5\",2,a", "latitude \"1,5\" is not a decimal number");
        check(
            b"1\xff,2,a",
            "latitude \"1\u{fffd}\" is not a decimal number",
        );
        check(b"1,2,M\xfcnchen", "the name is not UTF-8 at its byte 1");
        check(
            b"1,200,\xff",
            "longitude \"200\" is outside \u{b1}180 degrees",
        );
    }

    #[test]
    fn geonames_are_read_as_published() {
        let line = "3039154\tEl \"Tarter\tEl Tarter\tEltarter\t42.57952\t1.65362\tP\tPPL\tAD\t\t02\t\t\t\t1052\t\t1721\tEurope/Andorra\t2012-11-03";
        let found = read_text(
            Format::Geonames,
            format!("{line}\n{line}").as_bytes(),
            &Options::default(),
        );
        assert_eq!(
            found,
            Ok(vec!["425795200,16536200,El \"Tarter".to_owned(); 2])
        );
    }

    #[test]
    fn a_record_without_end_is_an_error() {
        let limited = Options {
            max_record_bytes: 1000,
            ..Options::default()
        };
        let long = "x".repeat(1 << 20);
        check_with(
            &limited,
            format!("lat,lon,name\n1,2,a\n\n3,4,{long}"),
            Err("line 4: the record is longer than 1000 bytes"),
        );
        check_with(
            &limited,
            format!("lat,lon,name\n1,2,a\n3,4{}", ",".repeat(1 << 20)),
            Err("line 3: the record is longer than 1000 bytes"),
        );
        check_with(
            &options(Table::csv()),
            format!("lat,lon,name\n3,4{}", ",".repeat(1 << 20)),
            Err("line 2: there are more than 1048576 fields"),
        );
    }
}

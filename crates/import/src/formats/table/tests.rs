use super::*;
use crate::options::table::Column;
use crate::testing::{read_text, summary};

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
            "30000000,40000000,d",
            "50000000,60000000,7\" pipe",
        ],
    );
    check_with(
        &options(Table::csv()),
        "lat,lon,name\n1,2,\"a\n3,4,b\n",
        Err("line 2: the file ends within a field in quotes"),
    );
}

/// A stray quote silently swallowed all lines up to the next one.
#[test]
fn text_behind_a_closing_quote_makes_the_record_wrong() {
    let wrong = "there is text after a closing quote; a quote within quotes is doubled";
    check(
        "name,lat,lon\nMill,1,2\n\"Ford,3,4\nHut,5,6\nInn \"Star\",7,8\nDam,9,10\n",
        &[
            "10000000,20000000,Mill",
            &format!("x: lines 3-5: {wrong}"),
            "90000000,100000000,Dam",
        ],
    );
    check(
        "lat,lon,name\r\n1,2,\"a\"b\r\n3,4,\"c\"\r\n5,6,\"d\"\"\" \r\n7,8,\"e\"f",
        &[
            &format!("x: line 2: {wrong}"),
            "30000000,40000000,c",
            "50000000,60000000,d\"",
            &format!("x: line 5: {wrong}"),
        ],
    );
}

#[test]
fn lines_without_coordinates_are_counted_and_empty_ones_are_not() {
    let text = "name,lat,lon\nHall,1,2\nStairs,,\n,,\n  \n, ,\nRoof, , \nRamp,3,4\n,,,,\n";
    let (items, counts) = summary(Format::Csv, text.as_bytes(), &Options::default());
    assert_eq!(items, ["10000000,20000000,Hall", "30000000,40000000,Ramp"]);
    assert_eq!(counts.unwrap().skipped.no_coordinates, 2);
}

#[test]
fn a_control_z_ends_a_text() {
    for end in ["\r\n\u{1a}", "\u{1a}", "\r\n\u{1a}\r\n"] {
        let text = format!("lat,lon,name\r\n1,2,a{end}");
        let found = read_text(Format::Csv, text.as_bytes(), &Options::default()).unwrap();
        assert_eq!(found[0], "10000000,20000000,a", "{end:?}");
    }
    check("lat,lon,name\r\n1,2,a\r\n\u{1a}", &["10000000,20000000,a"]);
}

/// `Foo, Bar` without quotes became a place called `Foo`, and the rest was silently dropped.
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
    // Spreadsheets write or omit empty fields at the end.
    check(
        "lat,lon,name,more\n1,2,a,b,,\n3,4,b\n",
        &["10000000,20000000,a", "30000000,40000000,b"],
    );
}

/// A name that began with a quote swallowed all lines up to the next such name.
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
    check(
        b"1",
        "the longitude is field 2, but the record ends after field 1",
    );
    check(b"\"1,5\",2,a", "latitude \"1,5\" is not a decimal number");
    check(
        b"1\xff,2,a",
        "latitude \"1\u{fffd}\" is not a decimal number",
    );
    check(
        b"1,2,M\xfcnchen",
        "the name \"M\u{fffd}nchen\" is not UTF-8",
    );
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

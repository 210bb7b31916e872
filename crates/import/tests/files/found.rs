//! Files as people have them: laid out in ways that their formats do not ask for, or in other encodings.
//!
//! `fixtures/found/make.py` writes them. Each was refused, garbled or read as something else.
use std::ops::ControlFlow;
use std::path::Path;

use route_guide_import::{Import, Item, Options};

/// Reads a file; returns its rows, rejected records and notices in order, and what ended it, without the folder.
fn read(name: &str, options: Options) -> (Vec<String>, u64) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/found");
    let shown = format!("{}/", folder.display());
    let import = Import::open(&folder.join(name), options).unwrap();
    let mut found = Vec::new();
    let outcome = import.run(|item| {
        found.push(match item {
            Item::Row(row) => format!("{} {}", row.location, row.name),
            Item::Rejected(rejected) => rejected.to_string().replace(&shown, ""),
            Item::Notice(notice) => notice.to_string().replace(&shown, ""),
        });
        ControlFlow::<()>::Continue(())
    });
    match outcome {
        Ok(ControlFlow::Continue(counts)) => (found, counts.skipped.total()),
        Ok(ControlFlow::Break(())) => unreachable!("the sink never breaks off"),
        Err(error) => {
            found.push(error.to_string().replace(&shown, ""));
            (found, 0)
        }
    }
}

#[track_caller]
fn check_with(name: &str, options: Options, skipped: u64, expected: &[&str]) {
    let named: Vec<_> = expected
        .iter()
        .map(|line| line.replace('@', name))
        .collect();
    assert_eq!(read(name, options), (named, skipped), "{name}");
}

/// Reads a file with the default settings; `@` stands for its name.
#[track_caller]
fn check(name: &str, skipped: u64, expected: &[&str]) {
    check_with(name, Options::default(), skipped, expected);
}

const WELL: &str = "47.4,8.5 Well";
const HILL: &str = "47.4,8.5 Quellhöhe";
const BARN: &str = "47.5,8.6 Barn";

#[test]
fn tables_are_read_as_their_first_lines_show() {
    for name in ["semicolons.csv", "announced.csv"] {
        check(name, 0, &["@: delimiter \";\"", WELL]);
    }
    check("bars.csv", 0, &["@: delimiter \"|\"", WELL]);
    check("tabs.csv", 0, &["@: delimiter \"\\t\"", WELL]);
    check(
        "decimal-comma.csv",
        0,
        &["@: delimiter \";\", decimal comma", WELL, "-47.5,-8.6 Barn"],
    );
    check(
        "carriage-returns.csv",
        0,
        &[WELL, "@: line 3: latitude \"x\" is not a decimal number"],
    );
    check("carriage-return-in-name.tsv", 0, &["47.4,8.5 Old\rWell"]);
    check(
        "transit.csv",
        0,
        &["@: columns stop_lat, stop_lon, stop_name", WELL],
    );
    check(
        "species.tsv",
        0,
        &["@: columns decimalLatitude, decimalLongitude, title", WELL],
    );
    check("geometry.csv", 1, &["@: columns WKT, name", WELL]);
}

#[test]
fn records_of_tables_that_are_wrong_or_empty_cost_no_others() {
    check("blank-coordinates.csv", 1, &[WELL, BARN]);
    check(
        "stray-quote.csv",
        0,
        &[
            WELL,
            "@: lines 3-5: there is text after a closing quote; a quote within quotes is doubled",
            BARN,
        ],
    );
}

#[test]
fn encodings_are_told_by_marks_declarations_and_settings() {
    for name in ["utf-16.csv", "utf-16.gpx"] {
        check(name, 0, &["@: encoding UTF-16LE", HILL]);
    }
    check("latin-1.gpx", 0, &["@: encoding windows-1252", HILL]);
    check(
        "windows-1252.csv",
        0,
        &["@: line 2: the name \"Quellh\u{fffd}he\" is not UTF-8"],
    );
    let chosen = Options {
        encoding: Some("cp1252".parse().unwrap()),
        ..Options::default()
    };
    let expected = ["@: encoding windows-1252", HILL];
    check_with("windows-1252.csv", chosen, 0, &expected);
}

#[test]
fn json_is_told_by_what_is_in_it() {
    let entry = "@: line 1, column 2, entry 1: there is no \"location\"";
    check(
        "no-location.json",
        0,
        &[&format!("{entry}, but name, lat, lon")],
    );
    check(
        "features.json",
        0,
        &[&format!(
            "{entry}; the entry is GeoJSON, and the file may be read as geojson"
        )],
    );
    let geojson = Options {
        format: "geojson".parse().ok(),
        ..Options::default()
    };
    check_with("features.json", geojson, 0, &[WELL]);
    check("feature.json", 0, &["@: read as geojson", WELL]);
    check(
        "lines.geojson",
        0,
        &["@: read as geojsonseq", WELL, WELL, WELL],
    );
    check("features-in-feature.geojson", 0, &[WELL]);
    check(
        "line-end-in-name.json",
        0,
        &[
            "@: line 2, column 4, entry 1: control character (\\u0000-\\u001F) found while parsing a string",
        ],
    );
}

#[test]
fn features_are_read_for_what_matters_in_them() {
    check("title.geojson", 0, &[WELL]);
    check("nan.geojson", 0, &[WELL]);
    check("empty-geometries.geojson", 2, &[WELL]);
    check("polygon-with-odd-name.geojson", 1, &[WELL]);
}

#[test]
fn reference_systems_count_wherever_they_stand() {
    check("crs-in-words.geojson", 0, &[WELL]);
    let only = "only WGS 84 longitudes and latitudes are read";
    check(
        "crs-in-geometry.geojson",
        0,
        &[&format!(
            "@: line 1, column 41, entry 1: its coordinates are in EPSG:3857; {only}"
        )],
    );
    check(
        "nad83.geojson",
        0,
        &[&format!(
            "cannot import @: its coordinates are in urn:ogc:def:crs:EPSG::4269; {only}"
        )],
    );
    let assumed = Options {
        assume_wgs84: true,
        ..Options::default()
    };
    check_with("nad83.geojson", assumed, 0, &[WELL]);
}

#[test]
fn waypoints_are_read_one_by_one() {
    check(
        "ampersand.gpx",
        0,
        &[
            WELL,
            "@: line 4, waypoint 2: there is a bare & in the name; XML writes it as &amp;",
            "47.4,8.5 Barn",
        ],
    );
    check("foreign-name.gpx", 0, &[WELL]);
    check("blanks.gpx", 0, &[WELL]);
}

#[test]
fn blocks_of_lz4_are_read() {
    check("lz4.osm.pbf", 0, &[WELL]);
}

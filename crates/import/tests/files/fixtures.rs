//! Files that other programs have written, in all formats: each gives the places it was made of, and no part of one more.
use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use route_guide_import::{Counts, Format, Import, Item, Options, Table};

/// A fixture: its name, its format if its name does not tell, and how many rows, and how many records that are no points,
/// without a geometry and without a name it has besides the places.
struct Fixture {
    name: &'static str,
    format: Option<Format>,
    /// Whether it is a table that quotes although its format does not.
    quoted: bool,
    more_rows: u64,
    skipped: [u64; 3],
}

const fn fixture(name: &'static str) -> Fixture {
    Fixture {
        name,
        format: None,
        quoted: false,
        more_rows: 0,
        skipped: [0; 3],
    }
}

/// A line, a polygon, a pair of points, and nothing at all.
const fn mixed(name: &'static str) -> Fixture {
    Fixture {
        more_rows: 2,
        skipped: [2, 1, 0],
        ..fixture(name)
    }
}

/// A way and a relation, and the two places that have no name.
const fn osm(name: &'static str) -> Fixture {
    Fixture {
        skipped: [2, 0, 2],
        ..fixture(name)
    }
}

impl Fixture {
    fn options(&self) -> Options {
        let quoted = Table {
            quote: Some(b'"'),
            ..Table::tsv()
        };
        Options {
            format: self.format,
            table: self.quoted.then_some(quoted),
            ..Options::default()
        }
    }
}

const FIXTURES: [Fixture; 16] = [
    fixture("array.json"),
    fixture("object.json"),
    fixture("array.json.gz"),
    fixture("array.json.zst"),
    fixture("plain.geojson"),
    mixed("mixed.geojson"),
    mixed("lines.geojsonl"),
    fixture("separated.geojsons"),
    fixture("plain.csv"),
    // Programs that write CSV take tabs for another delimiter.
    Fixture {
        quoted: true,
        ..fixture("plain.tsv")
    },
    Fixture {
        format: Some(Format::Geonames),
        ..fixture("geonames.txt")
    },
    fixture("waypoints.gpx"),
    fixture("indexed.fgb"),
    mixed("stream.fgb"),
    osm("dense.osm.pbf"),
    osm("loose.osm.pbf"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// A location in E7 and a name.
type Place = (String, String);

/// How often each place is there: an index puts features into an order of its own.
type Places = BTreeMap<Place, usize>;

fn places() -> Places {
    let text = fs::read_to_string(folder().join("places.tsv")).unwrap();
    let mut places = Places::new();
    for line in text.lines() {
        let [lat, lon, name] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let name: String = serde_json::from_str(name).unwrap();
        *places.entry((format!("{lat},{lon}"), name)).or_default() += 1;
    }
    places
}

/// Reads an input to its end, or as far as it goes.
fn read(import: Import) -> (Places, Result<Counts, String>) {
    let mut places = Places::new();
    let outcome = import.run(|item| match item {
        Item::Row(row) => {
            let place = (row.location.e7().to_string(), row.name.to_owned());
            *places.entry(place).or_default() += 1;
            ControlFlow::Continue(())
        }
        Item::Rejected(rejected) => ControlFlow::Break(rejected.to_string()),
        Item::Notice(notice) => ControlFlow::Break(notice.to_string()),
    });
    let outcome = match outcome {
        Ok(ControlFlow::Continue(counts)) => Ok(counts),
        Ok(ControlFlow::Break(rejected)) => Err(rejected),
        Err(error) => Err(error.to_string()),
    };
    (places, outcome)
}

#[test]
fn every_fixture_gives_the_places_it_was_made_of() {
    for fixture in FIXTURES {
        let options = fixture.options();
        let path = folder().join(fixture.name);
        let import = Import::open(&path, options).unwrap();
        let progress = import.progress();
        let total = Some(fs::metadata(&path).unwrap().len());
        assert_eq!(progress.total_bytes(), total, "{}", fixture.name);

        let (found, outcome) = read(import);
        let counts = outcome.expect(fixture.name);
        let mut expected = places();
        match fixture.format {
            // The dumps have no line ends in names.
            Some(Format::Geonames) => {
                let mut name = expected.remove(&place("900000000,-1800000000", "two\nlines"));
                expected.insert(
                    place("900000000,-1800000000", "two lines"),
                    name.take().unwrap(),
                );
            }
            _ if fixture.skipped[2] > 0 => expected.retain(|(_, name), _| !name.is_empty()),
            _ if fixture.more_rows > 0 => {
                expected.insert(place("60000000,50000000", ""), 1);
                expected.insert(place("80000000,70000000", ""), 1);
            }
            _ => {}
        }
        assert_eq!(found, expected, "{}", fixture.name);

        let rows = expected.values().sum::<usize>() as u64;
        assert_eq!(counts.rows, rows, "{}", fixture.name);
        let unnamed = 2 + fixture.more_rows - fixture.skipped[2];
        assert_eq!(counts.unnamed, unnamed, "{}", fixture.name);
        assert_eq!(counts.rejected, 0, "{}", fixture.name);
        let skipped = counts.skipped;
        assert_eq!(
            [skipped.not_points, skipped.no_coordinates, skipped.no_name],
            fixture.skipped,
            "{}",
            fixture.name
        );
        assert_eq!(
            [progress.rows(), progress.rejected(), progress.skipped()],
            [rows, 0, skipped.total()]
        );
        assert_eq!(Some(progress.bytes_read()), total, "{}", fixture.name);
    }
}

fn place(location: &str, name: &str) -> Place {
    (location.to_owned(), name.to_owned())
}

/// Where a file can be told to be cut it is an error; where not, it has fewer records. No row comes up that the whole does
/// not have, but the last of a text, whose end is cut off.
#[test]
fn a_fixture_cut_anywhere_gives_no_more_than_the_whole() {
    for fixture in FIXTURES {
        let bytes = fs::read(folder().join(fixture.name)).unwrap();
        let import = |length: usize| {
            let options = fixture.options();
            let bytes = Cursor::new(bytes[..length].to_vec());
            Import::from_reader(fixture.name, bytes, options).unwrap()
        };
        let (whole, _) = read(import(bytes.len()));
        let rows = |places: &Places| places.values().sum::<usize>();
        for length in 0..bytes.len() {
            let (found, outcome) = read(import(length));
            assert!(rows(&found) <= rows(&whole), "{} {length}", fixture.name);
            let strange = found
                .iter()
                .filter(|(place, times)| whole.get(place).is_none_or(|whole| whole < times))
                .count();
            let text_of_lines = outcome.is_ok() && strange == 1;
            assert!(strange == 0 || text_of_lines, "{} {length}", fixture.name);
            if let Err(message) = outcome {
                assert!(!message.contains('\n'), "{message}");
                assert!(message.contains(fixture.name), "{message}");
            }
        }
    }
}

#[test]
fn coordinates_in_metres_are_refused() {
    let import = Import::open(&folder().join("mercator.fgb"), Options::default()).unwrap();
    let message = read(import).1.unwrap_err();
    assert!(
        message.ends_with("mercator.fgb: its coordinates are in EPSG:3857 (WGS 84 / Pseudo-Mercator); only WGS 84 longitudes and latitudes are read"),
        "{message}"
    );
}

//! Loading features from their source, all of it or nothing.

use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use route_guide_import::{Format, Import, ImportError, Item, Options, Rejected};
use route_guide_store::{Builder, OpenError, Order, PushError, Store};

use crate::settings::{FeatureSource, FileOrder, KEPT_FEATURES, LoadOptions};
use crate::text::counted;

/// Why features cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A snapshot cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A file in another format cannot be read to its end.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// A record of such a file is wrong.
    #[error(
        "{0}; `route-guide-server import` makes a snapshot of the other records, and has flags for how files are written"
    )]
    Rejected(#[from] Rejected),
    /// There is no place in the file.
    #[error("cannot serve {input}: {}; --allow-empty serves it all the same", no_place(*.records))]
    NoPlaces {
        /// The file.
        input: String,
        /// How many records there are that are no places.
        records: u64,
    },
    /// The file has more than a data set can hold.
    #[error(transparent)]
    Push(#[from] PushError),
}

fn no_place(records: u64) -> String {
    match records {
        0 => "it has no place".to_owned(),
        records => format!(
            "none of {} is a place",
            counted(records, "record", "records")
        ),
    }
}

/// The 100 places of the published example.
const PUBLISHED: &str = include_str!("../../../../data/route_guide_db.json");

/// Loads the features.
pub(super) fn load(source: &FeatureSource, options: LoadOptions) -> Result<Store, DataError> {
    match source {
        FeatureSource::Published => {
            let json = io::Cursor::new(PUBLISHED);
            let import = Import::from_reader("route_guide_db.json", json, Options::default())?;
            read(import, options)
        }
        FeatureSource::File(path) => load_file(path, options),
    }
}

/// Opens a snapshot, or reads a file of another format into memory.
fn load_file(path: &Path, rules: LoadOptions) -> Result<Store, DataError> {
    match Store::open(path) {
        // A snapshot is recognised by how it begins, not by its name; but it may be so damaged that it does not.
        Err(OpenError::NotASnapshot { .. } | OpenError::NotAFile { .. })
            if !is_called_one(path) =>
        {
            let format = Format::of_file_name(path).unwrap_or(Format::Json);
            let options = Options {
                format: Some(format),
                ..Options::default()
            };
            read(Import::open(path, options)?, rules)
        }
        opened => {
            let store = opened?;
            if store.is_empty() && !rules.allow_empty {
                let (input, records) = (path.display().to_string(), 0);
                return Err(DataError::NoPlaces { input, records });
            }
            Ok(store)
        }
    }
}

fn is_called_one(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "rgs")
}

/// Reads a file into memory, all of it or nothing.
fn read(import: Import, rules: LoadOptions) -> Result<Store, DataError> {
    let input = import.input().to_owned();
    let mut builder = Builder::new();
    let outcome = import.run(|item| match item {
        Item::Row(row) => match builder.push(row.location, row.name) {
            Ok(()) => ControlFlow::Continue(()),
            Err(refused) => ControlFlow::Break(refused.into()),
        },
        Item::Rejected(rejected) => ControlFlow::Break(DataError::from(rejected)),
        Item::Notice(notice) => {
            tracing::info!("{notice}");
            ControlFlow::Continue(())
        }
    })?;
    let counts = match outcome {
        ControlFlow::Continue(counts) => counts,
        ControlFlow::Break(error) => return Err(error),
    };
    let skipped = counts.skipped.total();
    if builder.is_empty() && !rules.allow_empty {
        let records = skipped;
        return Err(DataError::NoPlaces { input, records });
    }
    if skipped > 0 {
        tracing::warn!(
            skipped,
            file = input,
            "records that are no places are not served"
        );
    }
    let order = match rules.order {
        FileOrder::BySize if builder.len() > KEPT_FEATURES => {
            tracing::info!(
                features = builder.len(),
                file = input,
                "features are sorted so that neighbours lie together; --keep-order keeps the order of the file"
            );
            Order::Spatial
        }
        FileOrder::BySize | FileOrder::Kept => Order::Input,
    };
    Ok(builder.into_store(order))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    /// A file with this content is loaded, or not; returns how many features it has, or the error.
    fn loaded(name: &str, content: &[u8]) -> Result<usize, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        let store = load(&FeatureSource::File(path), LoadOptions::default());
        let shown = format!("{}/", folder.path().display());
        store
            .map(|store| store.len())
            .map_err(|error| error.to_string().replace(&shown, ""))
    }

    #[test]
    fn the_published_places_are_those_of_the_golden_snapshot() {
        let golden = include_bytes!("../../../store/tests/data/published-v1.rgs");
        let expected = Store::from_snapshot(golden.as_slice().into()).unwrap();
        let published = load(&FeatureSource::Published, LoadOptions::default()).unwrap();
        assert!(published.features().eq(expected.features()));
        assert_eq!(published.info(), expected.info());
        assert_eq!(format!("{:016x}", published.version()), "7b1503d54f6169b3");
        assert_eq!(loaded("places.json", golden), Ok(100), "whatever its name");
    }

    /// Listings of large files in their own order took tens of milliseconds of a thread each before they began.
    #[test]
    fn a_large_file_is_sorted_unless_its_order_is_to_be_kept() {
        // From east to west and back, and everything twice: the first of equals is the one that look-ups find.
        let lines = |len: usize| {
            let lon = |line| line % 2 * 90 + line % 7;
            let line = |line| format!("{},{},{line}\n", line / 2 % 60, lon(line / 2));
            let lines: String = (0..len).map(line).collect();
            format!("lat,lon,name\n{lines}")
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("places.csv");
        let names = |len, order| -> Vec<usize> {
            fs::write(&path, lines(len)).unwrap();
            let options = LoadOptions {
                order,
                ..LoadOptions::default()
            };
            let store = load(&FeatureSource::File(path.clone()), options).unwrap();
            let names: Vec<usize> = store
                .features()
                .map(|hit| hit.unwrap().name().parse().unwrap())
                .collect();
            for hit in store.features().step_by(9_973) {
                let hit = hit.unwrap();
                let first = store
                    .features()
                    .map(Result::unwrap)
                    .find(|first| first.location() == hit.location());
                assert_eq!(store.find(hit.location()).unwrap(), first);
            }
            names
        };
        let kept: Vec<_> = (0..KEPT_FEATURES).collect();
        assert!(names(KEPT_FEATURES, FileOrder::BySize) == kept);
        let more: Vec<_> = (0..=KEPT_FEATURES).collect();
        assert!(names(KEPT_FEATURES + 1, FileOrder::Kept) == more);
        let mut sorted = names(KEPT_FEATURES + 1, FileOrder::BySize);
        assert!(sorted != more);
        sorted.sort_unstable();
        assert!(sorted == more);
    }

    /// The published shapes were read by another reader than all other formats, which did not unpack them.
    #[test]
    fn json_may_be_compressed_as_any_other_format() {
        const TWO: &str = r#"[{"location": {}, "name": "one"}, {"location": {}, "name": "two"}]"#;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(TWO.as_bytes()).unwrap();
        assert_eq!(loaded("places.json.gz", &gzip.finish().unwrap()), Ok(2));
        assert_eq!(loaded("without an ending", TWO.as_bytes()), Ok(2));
    }

    #[test]
    fn what_is_called_a_snapshot_is_told_as_one() {
        let check = |name: &str, content: &[u8], expected: &str| {
            assert_eq!(loaded(name, content), Err(expected.to_owned()));
        };
        check(
            "places.rgs",
            b"",
            "cannot open places.rgs: header, offset 0: the file has 0 bytes, and a header takes 64",
        );
        check(
            "cut.json",
            b"\x89RGS\r\n",
            "cannot open cut.json: header, offset 0: the file has 6 bytes, and a header takes 64",
        );
        check(
            "places.json",
            b"",
            "cannot import places.json: not a list of places in json: expected an array of features, or an object with one as \"feature\", but the file is empty",
        );
    }

    #[test]
    fn a_file_of_which_no_record_is_a_place_is_not_served() {
        let line = br#"{"type": "LineString", "coordinates": [[1, 2], [3, 4]]}"#;
        let error = loaded("lines.geojson", line).unwrap_err();
        assert!(
            error.contains("lines.geojson: none of 1 record is a place; --allow-empty"),
            "{error}"
        );
    }

    /// A reload to `[]` emptied the service.
    #[test]
    fn a_file_without_any_place_is_not_served_unless_that_is_meant() {
        let folder = tempfile::tempdir().unwrap();
        let snapshot = folder.path().join("none.rgs");
        Builder::new().write(Order::Input, &snapshot).unwrap();
        let list = folder.path().join("none.json");
        fs::write(&list, "[]").unwrap();
        for file in [snapshot, list] {
            let source = FeatureSource::File(file.clone());
            let refused = load(&source, LoadOptions::default()).unwrap_err();
            let file = file.display();
            assert_eq!(
                refused.to_string(),
                format!(
                    "cannot serve {file}: it has no place; --allow-empty serves it all the same"
                )
            );
            let meant = LoadOptions {
                allow_empty: true,
                ..LoadOptions::default()
            };
            assert_eq!(load(&source, meant).unwrap().len(), 0);
        }
    }
}

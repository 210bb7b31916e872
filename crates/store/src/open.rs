//! Loading a data set from a file.

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::builder::Order;
use crate::fault::SnapshotError;
use crate::head;
use crate::json::{self, ReadError};
use crate::map;
use crate::store::Store;

/// The error for a data set that cannot be loaded.
///
/// The message is complete on one line: file, position, entry and value. [`Error::source`] therefore has nothing to
/// add; the causes are in the variants.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be opened or read.
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        cause: io::Error,
    },
    /// The file is a snapshot and not sound.
    Snapshot {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        cause: SnapshotError,
    },
    /// The file is not the JSON of a feature list.
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        cause: JsonError,
    },
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, cause } => write!(f, "cannot read {}: {cause}", path.display()),
            Self::Snapshot { path, cause } => {
                write!(f, "cannot open {}: {cause}", path.display())
            }
            Self::Json { path, cause } => write!(f, "cannot load {}: {cause}", path.display()),
        }
    }
}

impl Error for LoadError {}

/// The error for JSON that is not a feature list, and its position in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) entry: Option<usize>,
    pub(crate) problem: String,
}

impl JsonError {
    /// Returns the line, counted from 1.
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }

    /// Returns the column in bytes, counted from 1: where reading stopped, which is the end of a wrong value.
    #[must_use]
    pub const fn column(&self) -> usize {
        self.column
    }

    /// Returns the number of the entry, counted from 1, if the error lies within one.
    #[must_use]
    pub const fn entry(&self) -> Option<usize> {
        self.entry
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)?;
        if let Some(entry) = self.entry {
            write!(f, ", entry {entry}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

impl Error for JsonError {}

/// Loads the file at `path`, whatever it is.
pub(crate) fn load(path: &Path) -> Result<Store, LoadError> {
    // Large reads: the parser takes single bytes out of this buffer, so only the system calls matter.
    const BUFFER_BYTES: usize = 256 * 1024;
    let read = |cause| LoadError::Read {
        path: path.to_owned(),
        cause,
    };
    let file = File::open(path).map_err(read)?;
    let mut input = BufReader::with_capacity(BUFFER_BYTES, file);
    let start = input.fill_buf().map_err(read)?;
    if head::looks_like_snapshot(start) {
        return open_file(path, input.get_ref());
    }
    read_json(path, input)
}

/// Opens the snapshot at `path`.
pub(crate) fn open(path: &Path) -> Result<Store, LoadError> {
    let file = File::open(path).map_err(|cause| LoadError::Read {
        path: path.to_owned(),
        cause,
    })?;
    open_file(path, &file)
}

fn open_file(path: &Path, file: &File) -> Result<Store, LoadError> {
    let mapped = file.metadata().and_then(|metadata| {
        // What is not a file, for instance a folder, has no bytes to be mapped; neither has an empty one.
        if !metadata.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is not a regular file",
            ));
        }
        if metadata.len() == 0 {
            return Ok(Bytes::new());
        }
        map::map(file)
    });
    let bytes = mapped.map_err(|cause| LoadError::Read {
        path: path.to_owned(),
        cause,
    })?;
    Store::from_snapshot(bytes).map_err(|cause| LoadError::Snapshot {
        path: path.to_owned(),
        cause,
    })
}

/// Loads JSON from anywhere; `path` is what errors call it.
pub(crate) fn read_json(path: &Path, input: impl BufRead) -> Result<Store, LoadError> {
    let path = || path.to_owned();
    match json::read(input) {
        Ok(builder) => Ok(builder.into_store(Order::Input)),
        Err(ReadError::Io(cause)) => Err(LoadError::Read {
            path: path(),
            cause,
        }),
        Err(ReadError::Json(cause)) => Err(LoadError::Json {
            path: path(),
            cause,
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use route_guide_geo::E7Point;

    use super::*;

    /// Loads text and returns `lat,lon,name` lines, or the message.
    fn load(json: impl AsRef<[u8]>) -> Result<Vec<String>, String> {
        let store =
            read_json(Path::new("x.json"), json.as_ref()).map_err(|error| error.to_string())?;
        Ok(store
            .features()
            .map(|feature| format!("{},{}", feature.location().e7(), feature.name()))
            .collect())
    }

    fn check_error(json: impl AsRef<[u8]>, expected: &str) {
        let shown = String::from_utf8_lossy(json.as_ref())
            .chars()
            .take(200)
            .collect::<String>();
        let found = load(json).expect_err(&shown);
        assert_eq!(found, format!("cannot load x.json: {expected}"), "{shown}");
    }

    #[test]
    fn both_published_shapes_load() {
        let entries = r#"[{"location": {"latitude": 407838351, "longitude": -746143763}, "name": "Patriots Path"},
                          {"location": {"latitude": 1, "longitude": 2}, "name": ""}]"#;
        let expected = Ok(vec![
            "407838351,-746143763,Patriots Path".to_owned(),
            "1,2,".to_owned(),
        ]);
        assert_eq!(load(entries), expected);
        assert_eq!(load(format!(r#"{{"feature": {entries}}}"#)), expected);
        assert_eq!(
            load(format!(
                r#"{{"$schema": [{{}}], "feature": {entries}, "count": 2}}"#
            )),
            expected
        );
        assert_eq!(load(format!("\u{feff} {entries} \n")), expected);
    }

    #[test]
    fn what_is_absent_reads_as_protobufs_default() {
        let check = |json: &str, expected: &[&str]| {
            assert_eq!(
                load(json),
                Ok(expected.iter().map(|&line| line.to_owned()).collect()),
                "{json}"
            );
        };
        check("[]", &[]);
        check(r#"{"feature": []}"#, &[]);
        check(r#"{"feature": null}"#, &[]);
        check("[{}]", &["0,0,"]);
        check(r#"[{"name": "a"}]"#, &["0,0,a"]);
        check(r#"[{"location": null, "name": null}]"#, &["0,0,"]);
        check(r#"[{"location": {"latitude": 5}}]"#, &["5,0,"]);
        check(
            r#"[{"location": {"longitude": 5, "latitude": null}}]"#,
            &["0,5,"],
        );
        // Protobuf's JSON also writes and reads these.
        check(
            r#"[{"location": {"latitude": "-12", "longitude": 1.5e1}}]"#,
            &["-12,15,"],
        );
        // Order and unknown fields do not matter; escapes are resolved.
        check(
            r#"[{"name": "\u00e4\n\"", "z": {"name": [1]}, "location": {"altitude": 3, "longitude": 2}}]"#,
            &["0,2,ä\n\""],
        );
    }

    #[test]
    fn coordinates_at_the_bounds_load_and_beyond_are_refused() {
        let entry = |lat: &str, lon: &str| {
            format!(r#"[{{}}, {{"location": {{"latitude": {lat}, "longitude": {lon}}}}}]"#)
        };
        assert_eq!(
            load(entry("900000000", "-1800000000")),
            Ok(vec!["0,0,".into(), "900000000,-1800000000,".into()])
        );
        let check = |lat: &str, lon: &str, expected: &str| {
            let found = load(entry(lat, lon)).expect_err(expected);
            assert!(
                found.starts_with("cannot load x.json: line 1, column "),
                "{found}"
            );
            assert!(
                found.ends_with(&format!(", entry 2: {expected}")),
                "{found}"
            );
        };
        check("900000001", "0", "latitude 900000001 is outside ±900000000");
        check(
            "0",
            "-1800000001",
            "longitude -1800000001 is outside ±1800000000",
        );
        check(
            "0",
            "18446744073709551615",
            "longitude 18446744073709551615 is outside ±1800000000",
        );
        check(
            "-99999999999999999999999",
            "0",
            "latitude -100000000000000000000000 is outside ±900000000",
        );
        check(
            "\"900000001\"",
            "0",
            "latitude 900000001 is outside ±900000000",
        );
        check(
            "\"-99999999999999999999999\"",
            "0",
            "latitude \"-99999999999999999999999\" is outside ±900000000",
        );
        check(
            "40.7838351",
            "0",
            "latitude 40.7838351 is not a whole number; coordinates are degrees × 10⁷",
        );
        check(
            "0",
            "\"-74.6\"",
            "longitude \"-74.6\" is not a whole number; coordinates are degrees × 10⁷",
        );
        check(
            "0",
            "\"\"",
            "longitude \"\" is not a whole number; coordinates are degrees × 10⁷",
        );
        check("1e400", "0", "latitude: number out of range");
        check("NaN", "0", "latitude: expected value");
        check(
            "true",
            "0",
            "invalid type: boolean `true`, expected latitude as a whole number",
        );
        check(
            "[1]",
            "0",
            "invalid type: sequence, expected latitude as a whole number",
        );
        check("0, \"latitude\": 1", "0", "duplicate field `latitude`");
    }

    #[test]
    fn json_of_another_shape_is_refused() {
        let list = "an array of features, or an object with one as \"feature\"";
        check_error(
            "7",
            &format!("line 1, column 1: invalid type: integer `7`, expected {list}"),
        );
        check_error(
            "\n null",
            &format!("line 2, column 5: invalid type: null, expected {list}"),
        );
        check_error(
            r#""text""#,
            &format!("line 1, column 6: invalid type: string \"text\", expected {list}"),
        );
        check_error("{}", "line 1, column 2: the object has no \"feature\" list");
        check_error(
            r#"{"features": []}"#,
            "line 1, column 16: the object has no \"feature\" list",
        );
        check_error(
            r#"{"feature": {}}"#,
            "line 1, column 14: invalid type: map, expected an array of features",
        );
        check_error(
            r#"{"feature": [], "feature": []}"#,
            "line 1, column 26: duplicate field `feature`",
        );
        let entry = "expected a feature: an object with \"location\" and \"name\"";
        check_error(
            "[1]",
            &format!("line 1, column 3, entry 1: invalid type: integer `1`, {entry}"),
        );
        check_error(
            "[{},\n[]]",
            &format!("line 2, column 2, entry 2: invalid type: sequence, {entry}"),
        );
        check_error(
            "[{}, null]",
            &format!("line 1, column 9, entry 2: invalid type: null, {entry}"),
        );
        check_error(
            r#"[{"name": 5}]"#,
            "line 1, column 12, entry 1: invalid type: integer `5`, expected name as a string",
        );
        check_error(
            r#"[{"location": "40,-75"}]"#,
            "line 1, column 22, entry 1: invalid type: string \"40,-75\", expected location as an object with \"latitude\" and \"longitude\"",
        );
        check_error(
            r#"[{"name": "a", "name": "b"}]"#,
            "line 1, column 22, entry 1: duplicate field `name`",
        );
        check_error(
            r#"[{"location": {}, "location": {}}]"#,
            "line 1, column 29, entry 1: duplicate field `location`",
        );
    }

    #[test]
    fn what_is_not_json_is_refused_with_its_position() {
        check_error("", "line 1, column 0: EOF while parsing a value");
        check_error("hello", "line 1, column 1: expected value");
        check_error("[{}\n{}]", "line 2, column 1, entry 2: expected `,` or `]`");
        check_error("[{},]", "line 1, column 5, entry 2: trailing comma");
        check_error("[{}] []", "line 1, column 6: trailing characters");
        check_error(
            "[{'name': 1}]",
            "line 1, column 3, entry 1: key must be a string",
        );
        check_error(
            b"[{\"name\": \"\xff\"}]",
            "line 1, column 12, entry 1: invalid unicode code point",
        );
        check_error(b"\xff\xfe[\0]\0", "line 1, column 1: expected value");
        check_error(
            "[{\"name\": \"a\nb\"}]",
            "line 2, column 0, entry 1: control character (\\u0000-\\u001F) found while parsing a string",
        );
    }

    #[test]
    fn a_file_cut_anywhere_is_refused() {
        let whole = r#"{"feature": [{"location": {"latitude": 12, "longitude": "-3"}, "name": "ä"}, {"other": [null]}]}"#;
        assert_eq!(load(whole).unwrap().len(), 2);
        for length in 0..whole.len() {
            assert!(load(&whole.as_bytes()[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_or_skipped_without_recursion() {
        let deep = 1_000_000;
        assert!(load("[".repeat(deep)).is_err());
        assert!(load("{\"feature\":".repeat(deep)).is_err());
        assert!(load(format!("[{}", "{\"location\":".repeat(deep))).is_err());
        assert!(load(format!("[{{\"other\":{}", "[{\"a\":".repeat(deep))).is_err());
        assert_eq!(
            load(format!(
                "[{{\"other\":{}{}}}]",
                "[".repeat(deep),
                "]".repeat(deep)
            )),
            Ok(vec!["0,0,".into()])
        );
    }

    #[test]
    fn a_message_stays_on_one_short_line() {
        let found = load(format!("[\"{}\"]", "long\\n".repeat(100_000))).unwrap_err();
        assert!(found.len() < 400 && !found.contains('\n'), "{found}");
        let found = load(format!(
            "[{{\"location\": {{\"latitude\": \"{}\"}}}}]",
            "9".repeat(100_000)
        ))
        .unwrap_err();
        assert!(
            found.len() < 400 && found.contains("latitude \"999"),
            "{found}"
        );
    }

    #[test]
    fn long_names_are_kept_whole() {
        let name = "ж".repeat(2 << 20);
        let loaded = load(format!("[{{\"name\": \"{name}\"}}]")).unwrap();
        assert_eq!(loaded, [format!("0,0,{name}")]);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing.json");
        let message = Store::load(&missing).unwrap_err().to_string();
        assert!(
            message.starts_with(&format!("cannot read {}: ", missing.display())),
            "{message}"
        );
        let message = Store::load(folder.path()).unwrap_err().to_string();
        assert!(
            message.starts_with(&format!("cannot read {}: ", folder.path().display())),
            "{message}"
        );
    }

    #[test]
    fn a_file_loads_from_disk() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("places.json");
        std::fs::write(&path, "\u{feff}[{\"name\": \"here\"}]").unwrap();
        let store = Store::load(&path).unwrap();
        assert_eq!(store.find(E7Point::default()).unwrap().name(), "here");
    }

    #[test]
    fn a_reader_that_fails_half_way_is_an_error_of_reading() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("the disk is on fire"))
            }
        }
        let input = BufReader::new((&b"[{}, {}, "[..]).chain(Broken));
        let message = read_json(Path::new("x.json"), input)
            .unwrap_err()
            .to_string();
        assert_eq!(message, "cannot read x.json: the disk is on fire");
    }
}

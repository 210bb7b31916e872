//! The flags of `import`: each does what its help says.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use route_guide_store::Store;
use route_guide_testkit::Ended;
use tempfile::TempDir;

use crate::ROUTE_GUIDE_SERVER;
use crate::process::{run, run_on};

/// A folder with inputs in it.
struct Inputs(TempDir);

impl Inputs {
    fn new<C: AsRef<[u8]>>(files: &[(&str, C)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            fs::write(folder.path().join(name), content).unwrap();
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// Imports the files into one called `out`.
    fn import(&self, inputs: &[&str], flags: &[&str]) -> Ended {
        let mut line = vec!["import".to_owned(), "-o".to_owned(), self.path("out")];
        line.extend(inputs.iter().map(|name| self.path(name)));
        line.extend(flags.iter().map(|&flag| flag.to_owned()));
        let line: Vec<_> = line.iter().map(String::as_str).collect();
        run(ROUTE_GUIDE_SERVER, &line)
    }

    /// Imports the files and returns what is in the snapshot, in its order.
    #[track_caller]
    fn places(&self, inputs: &[&str], flags: &[&str]) -> Vec<String> {
        let ended = self.import(inputs, flags);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        places(&self.0.path().join("out"))
    }

    /// Imports the files, which must fail; returns the last line on stderr, without this folder in it.
    #[track_caller]
    fn refusal(&self, inputs: &[&str], flags: &[&str]) -> String {
        let ended = self.import(inputs, flags);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let folder = format!("{}/", self.0.path().display());
        let last = ended.stderr.lines().last().unwrap();
        last.replace(&folder, "")
    }
}

fn places(snapshot: &Path) -> Vec<String> {
    let store = Store::open(snapshot).unwrap();
    let features = store.features().map(Result::unwrap);
    features
        .map(|feature| format!("{} {}", feature.location(), feature.name()))
        .collect()
}

#[test]
fn columns_and_their_form_can_be_chosen() {
    let text = "North;405000000;-745000000;'a;b'\nSouth;-405000000;745000000;c\n";
    let inputs = Inputs::new(&[("places.csv", text)]);
    let flags = [
        "--no-header",
        "--delimiter",
        ";",
        "--quote",
        "'",
        "--lat",
        "2",
        "--lon",
        "3",
        "--name",
        "4",
        "--e7",
        "--keep-order",
    ];
    let expected = ["40.5,-74.5 a;b", "-40.5,74.5 c"];
    assert_eq!(inputs.places(&["places.csv"], &flags), expected);
    let named = "Ort\tBreite\tHoehe\nX\t1\t2\n";
    let inputs = Inputs::new(&[("places.tsv", named)]);
    let flags = ["--lat", "breite", "--lon", "Hoehe", "--name", "Ort"];
    assert_eq!(inputs.places(&["places.tsv"], &flags), ["1,2 X"]);
}

#[test]
fn quotes_can_be_turned_on_and_off() {
    let tabs = "name\tlat\tlon\n\"a\tb\"\t1\t2\n";
    let commas = "name,lat,lon\n\"a,1,2\n";
    let inputs = Inputs::new(&[("places.tsv", tabs), ("places.csv", commas)]);
    assert_eq!(
        inputs.places(&["places.tsv"], &["--quote", "\""]),
        ["1,2 a\tb"]
    );
    assert_eq!(
        inputs.places(&["places.csv"], &["--quote", "none"]),
        ["1,2 \"a"]
    );
    let both = inputs.refusal(&["places.csv"], &["--quote", ",", "--delimiter", ","]);
    assert_eq!(both, "error: ',' cannot be both --delimiter and --quote");
    let ended = inputs.import(&["places.csv"], &["--quote", "''"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
}

/// Some lists of points have no names, and no flag helped to import them.
#[test]
fn names_can_be_taken_from_elsewhere_or_left_out() {
    let feature = r#"{"type": "Feature", "geometry": {"type": "Point", "coordinates": [2, 1]}, "properties": {"name": "a", "title": "b"}}"#;
    let inputs = Inputs::new(&[
        ("bare.csv", "lat,lon\n1,2\n"),
        ("places.geojsonl", feature),
        ("places.csv", "lat,lon,name\n1,2,a\n"),
    ]);
    assert_eq!(
        inputs.refusal(&["bare.csv"], &[]),
        "error: cannot import bare.csv: there is no column for the name (name, title); the columns are lat, lon; choose one with --name, or read no names with --no-name"
    );
    assert_eq!(
        inputs.refusal(&["bare.csv"], &["--lat", "latitude"]),
        "error: cannot import bare.csv: there is no column \"latitude\" for the latitude; the columns are lat, lon; choose one with --lat"
    );
    assert_eq!(inputs.places(&["bare.csv"], &["--no-name"]), ["1,2 "]);
    assert_eq!(inputs.places(&["places.csv"], &["--no-name"]), ["1,2 "]);
    assert_eq!(inputs.places(&["places.geojsonl"], &[]), ["1,2 a"]);
    let titles = ["--name", "title"];
    assert_eq!(inputs.places(&["places.geojsonl"], &titles), ["1,2 b"]);
    // A name that no feature has is told by the numbers, and which there are.
    let ended = inputs.import(&["places.geojsonl"], &["--name", "titel"]);
    let expected = ": 1 row, 1 without a name\n";
    assert!(ended.stderr.ends_with(expected), "{ended:?}");
    let expected = ": no record has a \"titel\"; there are name, title; choose one with --name\n";
    assert!(ended.stderr.contains(expected), "{ended:?}");
}

/// A table of another country's spreadsheet is read, and one line says how.
#[test]
fn what_is_detected_is_told_on_one_line() {
    let text = b"name;lat;lon\nM\xfcnchen;48,1;11,5\n";
    let inputs = Inputs::new(&[("places.csv", text)]);
    let latin = ["--encoding", "windows-1252"];
    assert_eq!(
        inputs.places(&["places.csv"], &latin),
        ["48.1,11.5 München"]
    );
    let ended = inputs.import(&["places.csv"], &latin);
    let path = inputs.path("places.csv");
    let detected = "delimiter \";\", decimal comma, encoding windows-1252";
    assert_eq!(ended.stderr, format!("{path}: {detected}\n{path}: 1 row\n"));
    // What cannot be decoded is told with its line and what to do.
    let ended = inputs.import(&["places.csv"], &[]);
    let expected = format!(
        "{path}: line 2: the name \"M\u{fffd}nchen\" is not UTF-8; choose another encoding with --encoding, such as windows-1252\n"
    );
    assert!(ended.stderr.contains(&expected), "{ended:?}");
    let ended = inputs.import(&["places.csv"], &["--encoding", "klingon"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
}

#[test]
fn near_reference_systems_can_be_taken_for_wgs84() {
    let collection = |system: &str| {
        format!(
            r#"{{"type": "FeatureCollection", "crs": {{"type": "name", "properties": {{"name": "{system}"}}}}, "features": [{{"type": "Feature", "geometry": {{"type": "Point", "coordinates": [2, 1]}}, "properties": {{"name": "a"}}}}]}}"#
        )
    };
    let (near, far) = (collection("EPSG:4269"), collection("EPSG:3857"));
    let inputs = Inputs::new(&[("near.geojson", &near), ("far.geojson", &far)]);
    let refusal = "its coordinates are in EPSG:4269; only WGS 84 longitudes and latitudes are read; --assume-wgs84 takes them for such, which is right within a metre or two";
    assert_eq!(
        inputs.refusal(&["near.geojson"], &[]),
        format!("error: cannot import near.geojson: {refusal}")
    );
    assert_eq!(
        inputs.refusal(&["far.geojson"], &[]),
        "error: cannot import far.geojson: its coordinates are in EPSG:3857; only WGS 84 longitudes and latitudes are read"
    );
    let assume = ["--assume-wgs84"];
    assert_eq!(inputs.places(&["near.geojson"], &assume), ["1,2 a"]);
}

#[test]
fn a_flag_for_tables_without_a_table_is_refused() {
    let inputs = Inputs::new(&[("places.json", "[]")]);
    for flags in [&["--lat", "1"][..], &["--no-header"], &["--e7"]] {
        assert_eq!(
            inputs.refusal(&["places.json"], flags),
            format!("error: {} is for tables, and no input is one", flags[0])
        );
    }
    let inputs = Inputs::new(&[("places.fgb", "")]);
    assert_eq!(
        inputs.refusal(&["places.fgb"], &["--encoding", "utf-8"]),
        "error: --encoding is for formats of text, and no input is of one"
    );
}

#[test]
fn several_inputs_of_several_formats_become_one_snapshot() {
    let inputs = Inputs::new(&[
        ("a.csv", "lat,lon,name\n1,2,a\n"),
        (
            "b.json",
            r#"[{"location": {"latitude": 30000000}, "name": "b"}]"#,
        ),
    ]);
    let both = ["b.json", "a.csv", "a.csv"];
    assert_eq!(
        inputs.places(&both, &["--keep-order"]),
        ["3,0 b", "1,2 a", "1,2 a"]
    );
    // The second is known not to be there before the first is read.
    let line = inputs.refusal(&["a.csv", "missing.csv"], &[]);
    assert!(line.starts_with("error: cannot import missing.csv: "));
}

#[test]
fn an_input_may_be_compressed_come_from_stdin_and_be_called_anything() {
    let text = "lat,lon,name\n1,2,a\n";
    let inputs = Inputs::new(&[("places.txt", text)]);
    let zipped = File::create(inputs.path("places.csv.gz")).unwrap();
    let mut zipped = GzEncoder::new(zipped, Compression::default());
    zipped.write_all(text.as_bytes()).unwrap();
    zipped.finish().unwrap();
    assert_eq!(inputs.places(&["places.csv.gz"], &[]), ["1,2 a"]);
    let as_csv = ["--format", "csv"];
    assert_eq!(inputs.places(&["places.txt"], &as_csv), ["1,2 a"]);

    let (output, stdin) = (inputs.path("out"), inputs.path("places.txt"));
    fs::remove_file(&output).unwrap();
    let flags = ["import", "-", "--format", "csv", "-o", &output];
    let ended = run_on(ROUTE_GUIDE_SERVER, &flags, stdin.as_ref());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(places(output.as_ref()), ["1,2 a"]);
    let flags = ["import", "-", "--format", "csv", "-o", &stdin];
    let ended = run_on(ROUTE_GUIDE_SERVER, &flags, stdin.as_ref());
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(fs::read_to_string(&stdin).unwrap(), text);
}

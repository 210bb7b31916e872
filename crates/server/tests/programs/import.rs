//! `import` and `info`: feature files in, a snapshot out, and what it says of itself.

use std::fs;
use std::path::{Path, PathBuf};

use route_guide_proto::routeguide::route_guide_client::RouteGuideClient;
use route_guide_proto::routeguide::{Point, Rectangle};
use tempfile::TempDir;

use crate::ROUTE_GUIDE_SERVER;
use crate::process::{connect, import, run, start, within};

const TABLE: &str = "name,lat,lon\nNorth,40.5,-74.5\nNowhere,95,0\nSouth,-40.5,74.5\n";

fn table(content: &str) -> (TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("places.csv");
    fs::write(&input, content).unwrap();
    let output = folder.path().join("places.rgs");
    (folder, input, output)
}

#[test]
fn a_wrong_record_is_told_and_the_others_are_imported() {
    let (_folder, input, output) = table(TABLE);
    let ended = import(&input, &output, &[]);
    let (input, output) = (input.to_str().unwrap(), output.to_str().unwrap());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let told: Vec<_> = ended.stderr.lines().collect();
    assert_eq!(
        told,
        [
            format!("{input}: line 3: latitude \"95\" is outside ±90 degrees"),
            format!("{input}: 2 rows, 1 record wrong"),
        ]
    );
    let wrote = &ended.stdout[0];
    assert!(
        wrote.starts_with(&format!("wrote {output}: 2 features, ")),
        "{wrote}"
    );

    let ended = run(ROUTE_GUIDE_SERVER, &["info", output, "--verify"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for line in [
        "features:  2",
        "order:     spatial",
        "extent:    -40.5,-74.5:40.5,74.5",
        "verified:  every record",
    ] {
        assert!(ended.stdout.iter().any(|found| found == line), "{ended:?}");
    }
}

#[test]
fn a_strict_import_stops_at_the_first_wrong_record_and_leaves_the_old_file() {
    let (_folder, input, output) = table(TABLE);
    fs::write(&output, "old").unwrap();
    let ended = import(&input, &output, &["--strict"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.stdout, [""; 0]);
    assert!(
        ended
            .stderr
            .ends_with("line 3: latitude \"95\" is outside ±90 degrees\n"),
        "{ended:?}"
    );
    assert_eq!(fs::read_to_string(&output).unwrap(), "old");
}

#[test]
fn only_the_first_twenty_wrong_records_are_shown_and_all_are_counted() {
    let mut content = "name,lat,lon\ngood,9,0\n".to_owned();
    content.push_str(&"x,99,0\n".repeat(25));
    let (_folder, input, output) = table(&content);
    let ended = import(&input, &output, &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let shown = ended
        .stderr
        .lines()
        .filter(|line| line.contains("latitude"))
        .count();
    assert_eq!(shown, 20);
    assert!(
        ended.stderr.contains(": 1 row, 25 records wrong\n"),
        "{ended:?}"
    );
    assert!(
        ended.stderr.ends_with("… and 5 more records are wrong\n"),
        "{ended:?}"
    );
    assert!(ended.stdout[0].contains(": 1 feature, "), "{ended:?}");
}

/// Latitudes and longitudes were swapped, or the name of a tag was misspelt: a file without features took the place of a
/// good one, and a server that watched it served nothing.
#[test]
fn an_import_of_which_no_record_is_a_place_leaves_the_old_file() {
    let check = |name: &str, content: &str, flags: &[&str], expected: &str| {
        let folder = tempfile::tempdir().unwrap();
        let input = folder.path().join(name);
        fs::write(&input, content).unwrap();
        let output = folder.path().join("places.rgs");
        fs::write(&output, "old").unwrap();
        let ended = import(&input, &output, flags);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert_eq!(ended.stdout, [""; 0]);
        let last = ended.stderr.lines().last().unwrap();
        let expected = format!(
            "error: {expected}; {} is not written; --allow-empty writes it all the same",
            output.display()
        );
        assert_eq!(last, expected);
        assert_eq!(fs::read_to_string(&output).unwrap(), "old");
    };
    let swapped = "lat,lon,name\n-74.1,400.1,a\n-74.2,400.2,b\n";
    check("swapped.csv", swapped, &[], "none of 2 records is a place");
    let line = r#"{"type": "LineString", "coordinates": [[1, 2], [3, 4]]}"#;
    check("lines.geojsonl", line, &[], "none of 1 record is a place");
    check("head.csv", "name,lat,lon\n", &[], "there is no record");
    check("list.json", "[]", &[], "there is no record");
}

/// A server starts with one by a flag of the same name.
#[test]
fn a_snapshot_without_features_is_made_where_that_is_meant() {
    for content in ["name,lat,lon\n", "name,lat,lon\nNowhere,95,0\n"] {
        let (_folder, input, output) = table(content);
        let ended = import(&input, &output, &["--allow-empty"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.stdout[0].contains(": 0 features, "), "{ended:?}");
        let ended = run(ROUTE_GUIDE_SERVER, &["info", output.to_str().unwrap()]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(
            ended.stdout.iter().any(|line| line == "features:  0"),
            "{ended:?}"
        );
    }
}

/// Imports must not get past their first look at the output; returns the error.
fn refused_before_reading(input: &Path, output: &Path) -> String {
    let ended = import(input, output, &[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let line = ended.stderr.strip_suffix('\n').unwrap();
    assert!(!line.contains('\n'), "only the error: {ended:?}");
    line.to_owned()
}

#[test]
fn an_output_that_cannot_be_written_is_one_clear_line_before_anything_is_read() {
    let (folder, input, _) = table(TABLE);
    let missing = folder.path().join("no/such/folder.rgs");
    let line = refused_before_reading(&input, &missing);
    let expected = format!(
        "error: cannot create a file in {}: ",
        folder.path().join("no/such").display()
    );
    assert!(line.starts_with(&expected), "{line}");
    let line = refused_before_reading(&input, folder.path());
    let shown = folder.path().display();
    let expected = format!("error: cannot replace {shown}: it is not a regular file");
    assert_eq!(line, expected);
}

/// `import places.geojson -o places.geojson` put a snapshot in the place of the only copy.
#[test]
fn an_output_that_is_an_input_is_refused() {
    let (folder, input, _) = table(TABLE);
    let same = folder.path().join("same.rgs");
    fs::hard_link(&input, &same).unwrap();
    for output in [&input, &same] {
        let line = refused_before_reading(&input, output);
        let (output, replaced) = (output.display(), input.display());
        let expected = format!("error: the output {output} would replace the input {replaced}");
        assert_eq!(line, expected);
    }
    assert_eq!(fs::read_to_string(&input).unwrap(), TABLE);
}

#[test]
fn what_is_no_snapshot_has_no_info() {
    let (_folder, input, _) = table(TABLE);
    let ended = run(ROUTE_GUIDE_SERVER, &["info", input.to_str().unwrap()]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("header, offset 0"), "{ended:?}");
}

#[test]
fn a_snapshot_and_other_formats_are_served() {
    let (_folder, input, output) = table("name,lat,lon\nNorth,40.5,-74.5\n");
    assert_eq!(import(&input, &output, &[]).code, Some(0));
    for file in [input.to_str().unwrap(), output.to_str().unwrap()] {
        let flags = [
            "--features",
            file,
            "--listen",
            "127.0.0.1:0",
            "--log",
            "off",
        ];
        let mut server = start(ROUTE_GUIDE_SERVER, &flags);
        let address = server.address();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let names = runtime.block_on(within("the list", async {
            let mut guide = RouteGuideClient::new(connect(&address).await);
            let corner = |sign: i32| {
                Some(Point {
                    latitude: sign * 900_000_000,
                    longitude: sign * 1_800_000_000,
                })
            };
            let world = Rectangle {
                lo: corner(-1),
                hi: corner(1),
            };
            let mut features = guide.list_features(world).await.unwrap().into_inner();
            let mut names = Vec::new();
            while let Some(feature) = features.message().await.unwrap() {
                names.push(feature.name);
            }
            names
        }));
        assert_eq!(names, ["North"], "{file}");
    }
}

/// The link was replaced, and the file that it led to stayed as it was; what only its owner could read, everybody could.
#[test]
fn import_through_a_link_replaces_the_file_and_keeps_its_permissions() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (
        folder.path().join("real.rgs"),
        folder.path().join("link.rgs"),
    );
    fs::write(&file, "old").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    symlink("real.rgs", &link).unwrap();
    let input = folder.path().join("places.csv");
    fs::write(&input, "lat,lon,name\n1,2,somewhere\n").unwrap();
    let ended = import(&input, &link, &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read(&file).unwrap().starts_with(b"\x89RGS"));
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

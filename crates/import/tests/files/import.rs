//! Opening, watching and ending an import.

use std::fs;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::Path;

use route_guide_import::{Fault, Format, Import, Item, Options};

#[test]
fn a_file_that_cannot_be_opened_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.csv");
    let error = Import::open(&missing, Options::default()).unwrap_err();
    assert!(matches!(error.fault(), Fault::Open { .. }), "{error:?}");
    let expected = format!("cannot import {}: No such file", missing.display());
    assert!(error.to_string().starts_with(&expected), "{error}");
}

#[test]
fn a_folder_is_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("folder.json");
    fs::create_dir(&path).unwrap();
    let import = Import::open(&path, Options::default()).unwrap();
    assert_eq!(import.progress().total_bytes(), None);
    let error = import.run(|_| ControlFlow::<()>::Continue(())).unwrap_err();
    let expected = format!("cannot import {}: after 0 bytes: ", path.display());
    assert!(error.to_string().starts_with(&expected), "{error}");
}

#[test]
fn without_a_format_the_message_lists_them() {
    let expected = "its name does not tell the format; choose one of json, geojson, geojsonseq, csv, tsv, geonames, gpx, osm-pbf, flatgeobuf";
    let error = Import::open(Path::new("-"), Options::default()).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot import -: {expected}"));
    let error = Import::from_reader("upload", Cursor::new(""), Options::default()).unwrap_err();
    assert_eq!(error.input(), "upload");
    assert!(matches!(error.fault(), Fault::FormatUnknown));
}

#[test]
fn the_format_of_choice_goes_before_the_name() {
    let options = Options {
        format: Some(Format::Gpx),
        ..Options::default()
    };
    let import = Import::from_reader("x.csv", Cursor::new("<gpx/>"), options).unwrap();
    assert_eq!(import.format(), Format::Gpx);
    assert!(import.run(|_| ControlFlow::<()>::Continue(())).is_ok());
}

#[test]
fn who_takes_the_rows_can_break_off() {
    let text = "lat,lon,name\n1,2,a\nx,2,b\n3,4,c\n";
    let import = || Import::from_reader("x.csv", Cursor::new(text), Options::default()).unwrap();

    let strict = import();
    let progress = strict.progress();
    let outcome = strict.run(|item| match item {
        Item::Rejected(rejected) => ControlFlow::Break(rejected.to_string()),
        _ => ControlFlow::Continue(()),
    });
    let ControlFlow::Break(message) = outcome.unwrap() else {
        panic!("the second line is wrong");
    };
    assert_eq!(
        message,
        "x.csv: line 3: latitude \"x\" is not a decimal number"
    );
    assert_eq!((progress.rows(), progress.rejected()), (1, 1));

    let outcome = import().run(|item| match item {
        Item::Row(row) => ControlFlow::Break(row.name.to_owned()),
        _ => ControlFlow::Continue(()),
    });
    assert_eq!(outcome.unwrap(), ControlFlow::Break("a".to_owned()));
}

/// A progress bar looks on from another thread.
#[test]
fn progress_is_seen_while_the_import_runs() {
    let text = "lat,lon,name\n1,2,a\n3,4,b\n";
    let import = Import::from_reader("x.csv", Cursor::new(text), Options::default()).unwrap();
    let progress = import.progress();
    assert_eq!((progress.bytes_read(), progress.rows()), (0, 0));
    let mut seen = Vec::new();
    let outcome = import.run(|_| {
        let looker = std::thread::scope(|scope| scope.spawn(|| progress.rows()).join());
        seen.push(looker.unwrap());
        ControlFlow::<()>::Continue(())
    });
    assert!(outcome.is_ok());
    assert_eq!(seen, [1, 2]);
    assert_eq!(progress.bytes_read(), text.len() as u64);
}

#[test]
fn an_import_can_run_in_another_thread() {
    let import = Import::from_reader(
        "x.json",
        Cursor::new(r#"[{"location": {}}]"#),
        Options::default(),
    )
    .unwrap();
    let counts = std::thread::spawn(|| import.run(|_| ControlFlow::<()>::Continue(()))).join();
    let ControlFlow::Continue(counts) = counts.unwrap().unwrap() else {
        panic!("the sink never breaks off");
    };
    assert_eq!((counts.rows, counts.unnamed), (1, 1));
}

//! The program's smaller commands, as a person uses them.

use std::fs;
use std::process::{Command, Output};

use route_guide_server::{DataSet, FeatureSource, LoadOptions};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_route-guide-bench"))
        .args(arguments)
        .output()
        .expect("the program starts")
}

#[test]
fn a_data_set_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("places.json");
    let output = run(&["generate", "--size", "1k", "-o", path.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    let data_set = DataSet::load(FeatureSource::File(path), LoadOptions::default()).unwrap();
    assert_eq!(data_set.store().len(), 1_000);
}

#[test]
fn the_index_is_timed() {
    let output = run(&["index", "--size", "10k"]);
    assert!(output.status.success(), "{output:?}");
    let page = String::from_utf8(output.stdout).unwrap();
    for question in ["rectangle of about 100", "look-up", "nearest within 100 m"] {
        assert!(page.contains(&format!("| {question}")), "{page}");
    }
}

#[test]
fn what_cannot_be_done_is_said_in_a_line() {
    let check = |arguments: &[&str], words: &str| {
        let output = run(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success());
        assert!(error.contains(words), "{error}");
    };
    check(&["index", "--size", "many"], "'many' is not a count");
    check(&["index", "--size", "5000M"], "'5000M' is not a count");
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("no-server");
    let missing = missing.to_str().unwrap();
    check(
        &["compare", "--server", missing],
        "build it with cargo build --release -p route-guide-server",
    );
    // A server that does not serve.
    check(
        &[
            "compare",
            "--sizes",
            "1",
            "--form",
            "json",
            "--server",
            "/bin/true",
            "--data",
            folder.path().to_str().unwrap(),
        ],
        "/bin/true ended before it listened",
    );
    assert!(fs::exists(folder.path().join("features-1-1.json")).unwrap());
}

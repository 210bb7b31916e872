//! Failures on this side: exit status 1, and a line that begins with `error:`.

use std::fs;
use std::process::Stdio;

use crate::process::{run, run_with_input};
use crate::servers::RealServer;
use crate::{GREETER_CLIENT, ROUTE_GUIDE_CLIENT};

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.txt");
    let missing = missing.to_str().unwrap();
    assert_eq!(
        run(ROUTE_GUIDE_CLIENT, &["record", missing]).failed(1),
        format!("error: cannot open {missing}: No such file or directory (os error 2)")
    );
    let server = RealServer::route_guide();
    let folder = folder.path().to_str().unwrap();
    assert_eq!(
        run(
            ROUTE_GUIDE_CLIENT,
            &["record", folder, "--target", server.target()]
        )
        .failed(1),
        format!("error: {folder}: line 1: cannot read the input: Is a directory (os error 21)")
    );
}

#[test]
fn a_bad_line_of_a_route_is_named_by_its_number() {
    let server = RealServer::route_guide();
    let check = |input: &[u8], expected: &str| {
        let record = ["record", "--target", server.target()];
        assert_eq!(
            run_with_input(ROUTE_GUIDE_CLIENT, &record, input).failed(1),
            format!("error: standard input: {expected}")
        );
    };
    check(
        b"1,1\n\n# a comment\nhere\n",
        "line 4: expected LAT,LON but found \"here\"",
    );
    check(
        b"1,1\n91.5,0\n",
        "line 2: latitude \"91.5\" is outside ±90 degrees",
    );
    check(b"1,1\n\xff\xfe\n1,1\n", "line 2: not UTF-8 after 0 bytes");
    check(&vec![0; 100_000], "line 1: longer than 65536 bytes");
    check(&vec![b'1'; 10_000_000], "line 1: longer than 65536 bytes");
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "1,1\nx\n").unwrap();
    let path = file.path().to_str().unwrap();
    assert_eq!(
        run(
            ROUTE_GUIDE_CLIENT,
            &["record", path, "--target", server.target()]
        )
        .failed(1),
        format!("error: {path}: line 2: expected LAT,LON but found \"x\"")
    );
}

#[test]
fn a_bad_line_of_a_chat_that_is_piped_in_is_named_by_its_number() {
    let server = RealServer::route_guide();
    let check = |input: &[u8], expected: &str| {
        let chat = ["chat", "--target", server.target()];
        assert_eq!(
            run_with_input(ROUTE_GUIDE_CLIENT, &chat, input).failed(1),
            format!("error: standard input: {expected}")
        );
    };
    check(
        b"one\n/fly\n",
        "line 2: unknown command '/fly'; /help names those there are, and // begins a note with /",
    );
    check(
        b"/at home\n",
        "line 1: /at: expected LAT,LON but found \"home\"",
    );
    check(b"one\ntwo\n\xc3\n", "line 3: not UTF-8 after 0 bytes");
    check(&vec![b'x'; 100_000], "line 1: longer than 65536 bytes");
}

#[test]
fn bytes_that_are_no_person_are_refused() {
    let line = run(GREETER_CLIENT, &["person", "--parse", "0a05"]).failed(1);
    assert!(
        line.starts_with("error: these bytes are no Person: "),
        "{line}"
    );
}

/// Linux has a file that is always full.
#[cfg(target_os = "linux")]
#[test]
fn an_output_that_takes_nothing_is_an_error() {
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = route_guide_testkit::command(GREETER_CLIENT)
        .arg("person")
        .stdin(Stdio::null())
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "error: cannot write to standard output: No space left on device (os error 28)\n"
    );
}

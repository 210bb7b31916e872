//! A test that cannot run is reported although it passes, and fails where it must run.

use std::env;
use std::process::{Command, Output};

use route_guide_testkit::can_run;

/// Set in the process whose tests lack something.
const INNER: &str = "ROUTE_GUIDE_TESTKIT_LACKING";
const REQUIRED: &str = "ROUTE_GUIDE_TESTKIT_REQUIRED";

// Without nats-server all its tests passed, and what they said about it was captured with the output of tests that pass.
#[test]
fn a_skipped_test_is_seen_and_fails_where_it_is_required() {
    if env::var_os(INNER).is_some() {
        assert!(!can_run(Some("nothing is there"), REQUIRED));
        return;
    }
    let this_test = "skipped::a_skipped_test_is_seen_and_fails_where_it_is_required";
    let run = |required: &str| -> Output {
        Command::new(env::current_exe().unwrap())
            .args(["--exact", this_test])
            .env(INNER, "1")
            .env(REQUIRED, required)
            .output()
            .unwrap()
    };
    let skipped = run("0");
    assert!(skipped.status.success());
    let line = format!("test {this_test} SKIPPED: nothing is there\n");
    assert_eq!(String::from_utf8_lossy(&skipped.stderr), line);
    assert!(!run("1").status.success());
}

//! Programs that tests start have the default effect of signals, however the tests were started.

use std::env;
use std::process::Command;

/// Set in the process that has been started with ignored signals.
const INNER: &str = "ROUTE_GUIDE_TESTKIT_INNER";

// Two tests waited for ever under `nohup cargo test --workspace &`: the shell there ignores SIGINT, and so did all the
// programs that the tests started and then interrupted.
#[test]
fn a_program_does_not_inherit_signals_that_the_tests_were_started_with_ignoring() {
    if env::var_os(INNER).is_some() {
        let kill_itself = "kill -s INT $$; echo survived";
        let output = route_guide_testkit::command("sh")
            .args(["-c", kill_itself])
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "");
        assert!(!output.status.success());
        return;
    }
    let this_test =
        "signals::a_program_does_not_inherit_signals_that_the_tests_were_started_with_ignoring";
    let ignoring = "trap '' HUP INT QUIT TERM; exec \"$0\" \"$@\"";
    let output = Command::new("sh")
        .args(["-c", ignoring])
        .arg(env::current_exe().unwrap())
        .args(["--exact", this_test])
        .env(INNER, "1")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}");
    assert!(printed.contains("1 passed"), "{printed}");
}

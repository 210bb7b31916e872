use std::env;
use std::fmt::Display;
use std::io::{self, Write as _};
use std::thread;

/// Returns whether a test can run that needs something from outside the workspace, `missing` being the reason why not. If it
/// cannot, that is reported on standard error, past the test harness, which hides the output of tests that pass.
///
/// # Panics
///
/// If something is missing and the environment variable `required_by` is set to `1`: then the test must not be skipped.
///
/// # Examples
///
/// ```
/// use route_guide_testkit::can_run;
///
/// assert!(can_run(None::<&str>, "REQUIRE_SHELL"));
/// // Says: test main SKIPPED: there is no shell
/// assert!(!can_run(Some("there is no shell"), "REQUIRE_SHELL"));
/// ```
#[must_use]
pub fn can_run(missing: Option<impl Display>, required_by: &str) -> bool {
    let Some(reason) = missing else {
        return true;
    };
    let is_required = env::var_os(required_by).is_some_and(|value| value == "1");
    assert!(!is_required, "{reason}, and {required_by} is set");
    // The harness names its threads after their tests.
    let thread = thread::current();
    let test = thread.name().unwrap_or("of a thread without a name");
    // A closed standard error is no reason to fail.
    let _ = writeln!(io::stderr(), "test {test} SKIPPED: {reason}");
    false
}

//! How long a test may take.

use std::future::Future;
use std::time::Duration;

use tokio::time::timeout;

/// The most that a single event may take, on a slow machine that does much else.
const PATIENCE: Duration = Duration::from_secs(60);

/// The most that a whole test may take.
const LIMIT: Duration = Duration::from_secs(180);

/// Runs a test on a runtime of its own, and fails it if it hangs.
///
/// # Panics
///
/// If the test panics, or does not end.
pub fn run(test: impl Future<Output = ()>) {
    run_for(LIMIT, test);
}

/// [`run`] for a test that does very much, with the most that it may take.
///
/// # Panics
///
/// If the test panics, or does not end.
pub fn run_for(limit: Duration, test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be made")
        .block_on(async {
            timeout(limit, test).await.expect("the test ends in time");
        });
}

/// Waits for an event that must come.
///
/// # Panics
///
/// If it does not come.
pub async fn within<F: Future>(event: &str, future: F) -> F::Output {
    let Ok(output) = timeout(PATIENCE, future).await else {
        panic!("still waiting for {event} after {PATIENCE:?}");
    };
    output
}

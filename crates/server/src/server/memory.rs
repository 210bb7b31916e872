//! Memory that closed connections have left behind.

use std::time::Duration;

use route_guide_guard::Drain;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

/// How often closed connections are counted.
const INTERVAL: Duration = Duration::from_secs(5);

/// So many closed connections are worth looking for memory to give back: some megabytes.
const MANY: usize = 256;

/// Gives memory back to the system whenever many connections have closed.
///
/// The allocator of the GNU library keeps what is freed between allocations that live on: of a wave of thousands of
/// connections most of the memory stayed with the process.
pub(crate) async fn give_back(drain: &Drain) {
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut given_back = 0;
    loop {
        ticks.tick().await;
        let closed = drain.closed_connections();
        if closed.wrapping_sub(given_back) >= MANY {
            given_back = closed;
            // It holds the allocator's locks while it looks, so it has a thread of its own. It cannot fail.
            let _ = spawn_blocking(trim).await;
        }
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the library has no other way to ask for it")]
fn trim() {
    // SAFETY: `malloc_trim` may be called from any thread at any time, see malloc_trim(3).
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Other allocators give memory back by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn trim() {}

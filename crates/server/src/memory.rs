//! Memory that closed connections have left behind.

use std::time::Duration;

use route_guide_guard::Drain;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

/// How often the connections are counted.
const INTERVAL: Duration = Duration::from_secs(1);

/// So many fewer connections than there were are worth looking for memory to give back: some megabytes.
const MANY: usize = 256;

/// Gives memory back to the system whenever many connections have closed.
///
/// The allocator of the GNU library keeps what is freed between allocations that live on: of a wave of thousands of
/// connections most of the memory stayed with the process.
pub(crate) async fn give_back(drain: &Drain) {
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut wave = Wave::default();
    loop {
        ticks.tick().await;
        if wave.is_over(drain.open_connections()) {
            // It takes some milliseconds, and cannot fail.
            let _ = spawn_blocking(trim).await;
        }
    }
}

/// Connections that came and have gone.
#[derive(Debug, Default)]
struct Wave {
    most: usize,
    last: usize,
}

impl Wave {
    /// Whether many connections have closed, and no more are closing now. Begins to count anew then.
    fn is_over(&mut self, open: usize) -> bool {
        let is_falling = open < self.last;
        self.last = open;
        self.most = self.most.max(open);
        let is_over = !is_falling && self.most - open >= MANY;
        if is_over {
            self.most = open;
        }
        is_over
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_is_over_once_when_many_have_gone_and_no_more_go() {
        let mut wave = Wave::default();
        let over: Vec<_> = [0, 900, 1_000, 990, 400, 100, 100, 100, 300, 100, 100]
            .into_iter()
            .map(|open| wave.is_over(open))
            .collect();
        let expected = [
            false, false, false, false, false, false, true, false, false, false, false,
        ];
        assert_eq!(over, expected);
        assert!(!wave.is_over(356), "256 more have come");
        assert!(!wave.is_over(100), "and are going");
        assert!(wave.is_over(100));
    }
}

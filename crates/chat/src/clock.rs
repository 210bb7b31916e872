use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// A clock that tells the time since an origin of its own choosing.
///
/// An engine that keeps notes in memory wants one that never goes back ([`MonotonicClock`]), an engine whose notes
/// outlive the process one that another process can read too. Tests turn a [`ManualClock`] by hand.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Returns the time since the clock's origin.
    fn now(&self) -> Duration;
}

/// A clock that starts at zero when it is made and follows the machine's monotonic time.
#[derive(Clone, Copy, Debug)]
pub struct MonotonicClock {
    origin: Instant,
}

impl MonotonicClock {
    /// Makes a clock whose origin is now.
    #[must_use]
    pub fn new() -> Self {
        Self {
            origin: Instant::now(),
        }
    }
}

impl Default for MonotonicClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for MonotonicClock {
    fn now(&self) -> Duration {
        self.origin.elapsed()
    }
}

/// The machine's wall clock: the time since the Unix epoch. It jumps when it is set.
#[derive(Clone, Copy, Debug, Default)]
pub struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Duration {
        // A clock before 1970 has not been set at all.
        SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default()
    }
}

/// A clock that only moves when it is told to.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use route_guide_chat::{Clock, ManualClock};
///
/// let clock = ManualClock::default();
/// clock.advance(Duration::from_secs(3_600));
/// assert_eq!(clock.now(), Duration::from_secs(3_600));
/// ```
#[derive(Debug, Default)]
pub struct ManualClock {
    now: Mutex<Duration>,
}

impl ManualClock {
    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.saturating_add(by);
    }

    /// Sets the clock, also back: a machine's wall clock does that.
    pub fn set(&self, to: Duration) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = to;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Duration {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

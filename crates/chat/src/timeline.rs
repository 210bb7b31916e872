use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;

/// The time by which stored notes age. It never stands still and never goes back, whatever the wall clock does.
///
/// The wall clock is asked once, when the notebook is opened. If it is then behind the last time stored, it has been set
/// back, and the time goes on from there: notes neither come back nor stay for good, only the time in which the notebook
/// was closed is not counted. From then on time passes as the machine's monotonic clock says.
#[derive(Clone, Debug)]
pub(crate) struct Timeline {
    ticks: Arc<dyn Clock>,
    /// The reading of `ticks` at the opening.
    first_tick: Duration,
    /// The time at the opening, counted from the Unix epoch if no clock was ever wrong.
    opened: Duration,
}

impl Timeline {
    /// Begins at the wall clock's time, or at the last time stored if that is later.
    pub(crate) fn new(wall: Duration, last_stored: Duration, ticks: Arc<dyn Clock>) -> Self {
        Self {
            first_tick: ticks.now(),
            opened: wall.max(last_stored),
            ticks,
        }
    }
}

impl Clock for Timeline {
    fn now(&self) -> Duration {
        let elapsed = self.ticks.now().saturating_sub(self.first_tick);
        self.opened.saturating_add(elapsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn the_later_of_two_times_is_where_it_begins() {
        for (wall, stored, expected) in [(100, 0, 100), (100, 90, 100), (100, 500, 500)] {
            let ticks = Arc::new(ManualClock::default());
            ticks.set(Duration::from_secs(7));
            let [wall, stored] = [wall, stored].map(Duration::from_secs);
            let timeline = Timeline::new(wall, stored, ticks.clone());
            assert_eq!(timeline.now(), Duration::from_secs(expected));
            ticks.advance(Duration::from_secs(5));
            assert_eq!(timeline.now(), Duration::from_secs(expected + 5));
        }
    }
}

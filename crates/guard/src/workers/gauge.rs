//! How busy a worker is.

use std::time::{Duration, Instant};

/// The unit of a share of a thread's time. It is too coarse for the noise of workers that are idle.
const PARTS: u32 = 32;

/// A worker is measured over at least so long.
const SPAN: Duration = Duration::from_millis(50);

/// How busy a worker was when it was last measured, and what has come to it since.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gauge {
    measured: Instant,
    /// For how long the worker had been busy by then.
    busy: Duration,
    load: u32,
}

impl Gauge {
    /// Begins with a worker that has been busy for so long, and is considered idle.
    pub(crate) fn new(now: Instant, busy: Duration) -> Self {
        Self {
            measured: now,
            busy,
            load: 0,
        }
    }

    /// Returns the part of its time that the worker is busy, between 0 and [`PARTS`], with one more for each connection
    /// that has come since the last measurement.
    ///
    /// Measures again if that was long enough ago: `busy` is for how long the worker has been busy by now.
    pub(crate) fn load(&mut self, now: Instant, busy: Duration) -> u32 {
        let span = now.saturating_duration_since(self.measured);
        if span >= SPAN {
            let share = busy.saturating_sub(self.busy).as_secs_f64() / span.as_secs_f64();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between 0 and 1, times a small number"
            )]
            let load = (share.min(1.0) * f64::from(PARTS)) as u32;
            *self = Self {
                measured: now,
                busy,
                load,
            };
        }
        self.load
    }

    /// Takes a new connection into account before it can be measured.
    pub(crate) fn add(&mut self) {
        self.load += 1;
    }
}

/// Chooses the worker that is least busy, among equals the one with the fewest connections, by load and count of each.
pub(crate) fn idlest(workers: impl Iterator<Item = (u32, usize)>) -> Option<usize> {
    let numbered = workers.enumerate();
    numbered
        .min_by_key(|&(_, load_and_count)| load_and_count)
        .map(|(worker, _)| worker)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_worker_is_as_busy_as_it_was_since_the_last_measurement() {
        let start = Instant::now();
        let mut gauge = Gauge::new(start, SECOND);
        assert_eq!(gauge.load(start, SECOND), 0);
        assert_eq!(gauge.load(start + SECOND, SECOND * 3 / 2), PARTS / 2);
        // Too soon to tell.
        let soon = start + SECOND + SPAN / 2;
        assert_eq!(gauge.load(soon, SECOND * 3 / 2), PARTS / 2);
        // More than all its time is a matter of rounding.
        assert_eq!(gauge.load(start + SECOND * 2, SECOND * 4), PARTS);
        assert_eq!(gauge.load(start + SECOND * 3, SECOND * 4), 0);
    }

    #[test]
    fn new_connections_count_until_they_can_be_measured() {
        let start = Instant::now();
        let mut gauge = Gauge::new(start, Duration::ZERO);
        gauge.add();
        gauge.add();
        assert_eq!(gauge.load(start, Duration::ZERO), 2);
        assert_eq!(gauge.load(start + SECOND, Duration::ZERO), 0);
    }

    /// Every second connection went to a core that one call kept busy all the time.
    #[test]
    fn the_idler_worker_is_chosen_however_many_connections_it_has() {
        let chosen = |workers: &[(u32, usize)]| idlest(workers.iter().copied());
        assert_eq!(chosen(&[(PARTS, 1), (0, 20)]), Some(1));
        assert_eq!(
            chosen(&[(3, 0), (2, 9), (2, 8)]),
            Some(2),
            "fewest of equals"
        );
        assert_eq!(chosen(&[(0, 0), (0, 0)]), Some(0));
        assert_eq!(chosen(&[]), None);
    }
}

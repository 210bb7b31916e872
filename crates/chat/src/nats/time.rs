use std::time::Duration;

/// What is reported about the clock of this machine.
#[derive(Debug, Default)]
pub(super) struct ClockError {
    /// By how many seconds it was wrong when that was last reported.
    reported: u64,
}

/// Differences below this are not reported: machines that ask the same time server differ by milliseconds.
const REPORTED_FROM: Duration = Duration::from_secs(2);

impl ClockError {
    /// Reports how far the clock of this machine is from that of NATS, unless it was as far before.
    pub(super) fn report(&mut self, wall: Duration, nats: Duration) {
        let error = wall.abs_diff(nats);
        let seconds = if error < REPORTED_FROM {
            0
        } else {
            error.as_secs()
        };
        if seconds.abs_diff(self.reported) >= REPORTED_FROM.as_secs() {
            self.reported = seconds;
            tracing::warn!("{}", describe(wall, nats));
        }
    }
}

fn describe(wall: Duration, nats: Duration) -> String {
    let seconds = wall.abs_diff(nats).as_secs();
    let direction = if wall > nats { "ahead of" } else { "behind" };
    format!(
        "the clock of this machine is {seconds} s {direction} that of NATS; route notes age by the clock of NATS"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_wrong_by_seconds_is_reported_once() {
        let mut error = ClockError::default();
        let mut check = |wall: u64, nats: u64, reported: u64| {
            error.report(Duration::from_millis(wall), Duration::from_millis(nats));
            assert_eq!(error.reported, reported, "{wall} {nats}");
        };
        check(10_000, 11_999, 0);
        check(10_000, 12_000, 2);
        check(20_000, 23_000, 2);
        check(3_600_000, 20_000, 3_580);
        check(20_000, 20_100, 0);
        let [early, late] = [10, 70].map(Duration::from_secs);
        assert!(describe(late, early).contains("60 s ahead of that of NATS"));
        assert!(describe(early, late).contains("60 s behind that of NATS"));
    }
}

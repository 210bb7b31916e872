//! How durations are distributed.

use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram as Counts;

/// Longer durations than a day count as this in quantiles.
const MAX_NANOS: u64 = 86_400_000_000_000;
const SIGNIFICANT_DIGITS: u8 = 2;

/// A count of durations by size: quantiles to 1 %, mean and maximum exactly. Its memory does not grow.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use route_guide_load::Histogram;
///
/// let mut histogram = Histogram::default();
/// for millis in 1..=100 {
///     histogram.record(Duration::from_millis(millis));
/// }
/// assert_eq!(histogram.count(), 100);
/// assert_eq!(histogram.max(), Duration::from_millis(100));
/// let median = histogram.quantile(0.5).as_secs_f64();
/// assert!((0.050..0.051).contains(&median));
/// ```
#[derive(Clone, PartialEq)]
pub struct Histogram {
    /// By nanoseconds.
    counts: Counts<u64>,
    sum: Duration,
    max: Duration,
}

impl Default for Histogram {
    fn default() -> Self {
        let counts = Counts::new_with_max(MAX_NANOS, SIGNIFICANT_DIGITS);
        Self {
            counts: counts.expect("the bounds are in order and the digits at most 5"),
            sum: Duration::ZERO,
            max: Duration::ZERO,
        }
    }
}

impl Histogram {
    /// Counts a duration.
    pub fn record(&mut self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.counts.saturating_record(nanos);
        self.sum = self.sum.saturating_add(duration);
        self.max = self.max.max(duration);
    }

    /// Counts all durations of another histogram.
    pub fn merge(&mut self, other: &Self) {
        self.counts += &other.counts;
        self.sum = self.sum.saturating_add(other.sum);
        self.max = self.max.max(other.max);
    }

    /// Returns the number of durations.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.len()
    }

    /// Returns the longest; zero if there is none.
    #[must_use]
    pub const fn max(&self) -> Duration {
        self.max
    }

    /// Returns the mean; zero if there is none.
    #[must_use]
    pub fn mean(&self) -> Duration {
        let mean = self.sum.as_nanos().checked_div(self.count().into());
        Duration::from_nanos(mean.and_then(|nanos| nanos.try_into().ok()).unwrap_or(0))
    }

    /// Returns the duration that this share of all does not exceed: 0.5 gives the median, 0.99 the p99.
    ///
    /// Zero if there is none.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Duration {
        Duration::from_nanos(self.counts.value_at_quantile(share)).min(self.max)
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Histogram")
            .field("count", &self.count())
            .field("p50", &self.quantile(0.5))
            .field("p99", &self.quantile(0.99))
            .field("max", &self.max)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_histogram_has_no_time() {
        let empty = Histogram::default();
        assert_eq!(
            (empty.quantile(0.5), empty.max(), empty.mean()),
            Default::default()
        );
    }

    #[test]
    fn two_halves_merged_are_the_whole() {
        let [mut odd, mut even] = [Histogram::default(), Histogram::default()];
        for seconds in 1..=1_000 {
            let half = if seconds % 2 == 0 {
                &mut even
            } else {
                &mut odd
            };
            half.record(Duration::from_secs(seconds));
        }
        odd.merge(&even);
        assert_eq!(odd.count(), 1_000);
        assert_eq!(odd.max(), Duration::from_secs(1_000));
        assert_eq!(odd.mean(), Duration::from_millis(500_500));
        let p90 = odd.quantile(0.9).as_secs_f64();
        assert!((900.0..=909.0).contains(&p90), "{p90}");
        assert_eq!(odd.quantile(1.0), odd.max());
    }
}

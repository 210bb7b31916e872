//! How durations are distributed.

use std::fmt;
use std::time::Duration;

/// Each power of two is cut into this many buckets (as a power of two), so a value is known to 1/64.
const PRECISION_BITS: u32 = 6;
const BUCKETS: usize = (64 - PRECISION_BITS as usize + 1) << PRECISION_BITS;

/// A count of durations by size, precise to 1.6 %, in memory that does not grow.
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
#[derive(Clone, PartialEq, Eq)]
pub struct Histogram {
    buckets: Box<[u64]>,
    count: u64,
    sum_nanos: u128,
    max_nanos: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: vec![0; BUCKETS].into(),
            count: 0,
            sum_nanos: 0,
            max_nanos: 0,
        }
    }
}

impl Histogram {
    /// Counts a duration.
    pub fn record(&mut self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.buckets[bucket(nanos)] += 1;
        self.count += 1;
        self.sum_nanos += u128::from(nanos);
        self.max_nanos = self.max_nanos.max(nanos);
    }

    /// Counts all that another histogram has counted.
    pub fn merge(&mut self, other: &Self) {
        for (sum, more) in self.buckets.iter_mut().zip(&other.buckets) {
            *sum += more;
        }
        self.count += other.count;
        self.sum_nanos += other.sum_nanos;
        self.max_nanos = self.max_nanos.max(other.max_nanos);
    }

    /// Returns how many durations have been counted.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Returns the longest, exactly; zero if there is none.
    #[must_use]
    pub const fn max(&self) -> Duration {
        Duration::from_nanos(self.max_nanos)
    }

    /// Returns the mean, exactly; zero if there is none.
    #[must_use]
    pub fn mean(&self) -> Duration {
        let mean = self.sum_nanos.checked_div(u128::from(self.count));
        Duration::from_nanos(mean.and_then(|n| u64::try_from(n).ok()).unwrap_or(0))
    }

    /// Returns the duration that this share of all is not longer than: 0.5 is the median, 0.99 what is called p99.
    ///
    /// Zero if there is none.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "a rank that is off by one among 2^52 is right enough"
    )]
    pub fn quantile(&self, share: f64) -> Duration {
        // A product that is a whole number may come out a hair above it.
        let exact = self.count as f64 * share.clamp(0.0, 1.0) * (1.0 - 1e-12);
        let rank = (exact.ceil() as u64).max(1);
        let mut seen = 0;
        for (place, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return Duration::from_nanos(last_of(place).min(self.max_nanos));
            }
        }
        Duration::ZERO
    }
}

/// The bucket of a value. Those below 64 have one each; above, the six bits after the first choose one.
fn bucket(nanos: u64) -> usize {
    let shift = (u64::BITS - PRECISION_BITS).saturating_sub(nanos.leading_zeros() + 1);
    let low = nanos >> shift;
    ((shift as usize) << PRECISION_BITS) + usize::try_from(low).unwrap_or(0)
}

/// The largest value of a bucket.
fn last_of(bucket: usize) -> u64 {
    let low_mask = (1 << PRECISION_BITS) - 1;
    // Buckets of shift s and low part 64..128 follow each other; those of shift 0 begin at 0.
    let shift = (bucket >> PRECISION_BITS).saturating_sub(1);
    let low = if bucket >> PRECISION_BITS == 0 {
        bucket
    } else {
        (bucket & low_mask) | (low_mask + 1)
    };
    ((low as u64 + 1) << shift).wrapping_sub(1)
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Histogram")
            .field("count", &self.count)
            .field("p50", &self.quantile(0.5))
            .field("p99", &self.quantile(0.99))
            .field("max", &self.max())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn small_values_and_edges_have_their_buckets() {
        for nanos in [0, 1, 63, 64, 127] {
            assert_eq!(last_of(bucket(nanos)), nanos);
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
        assert_eq!(last_of(BUCKETS - 1), u64::MAX);
    }

    #[test]
    fn an_empty_histogram_has_no_time() {
        let empty = Histogram::default();
        assert_eq!(
            (empty.quantile(0.5), empty.max(), empty.mean()),
            Default::default()
        );
    }

    proptest! {
        /// A bucket holds its values and no value is further from its bucket's end than 1/64.
        #[test]
        fn a_bucket_is_narrow(nanos: u64) {
            let last = last_of(bucket(nanos));
            prop_assert!(last >= nanos && last - nanos <= nanos / 64, "{last}");
            prop_assert!(last == u64::MAX || bucket(last + 1) == bucket(nanos) + 1);
        }

        /// A quantile is what the sorted values say, within the precision, also of two halves merged.
        #[test]
        fn quantiles_agree_with_sorting(
            mut values in prop::collection::vec(0_u64..10_000_000, 1..300),
            percent in 1_usize..=100,
        ) {
            let (mut a, mut b) = (Histogram::default(), Histogram::default());
            for (place, &nanos) in values.iter().enumerate() {
                [&mut a, &mut b][place % 2].record(Duration::from_nanos(nanos));
            }
            a.merge(&b);
            values.sort_unstable();
            let exact = values[(values.len() * percent).div_ceil(100) - 1];
            #[expect(clippy::cast_precision_loss, reason = "a percentage")]
            let found = u64::try_from(a.quantile(percent as f64 / 100.0).as_nanos()).unwrap();
            prop_assert!(found >= exact && found - exact <= exact / 64, "{found} for {exact}");
            prop_assert_eq!(a.count(), values.len() as u64);
        }
    }
}

//! How long to wait between two attempts to connect.

use std::time::Duration;

/// gRPC's connection backoff: 1 s at first, then 1.6 times as long each time up to 120 s, each spread by ±20 %.
///
/// # References
///
/// [gRPC connection backoff protocol](https://github.com/grpc/grpc/blob/master/doc/connection-backoff.md)
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Backoff {
    const INITIAL: Duration = Duration::from_secs(1);
    const LONGEST: Duration = Duration::from_secs(120);
    const FACTOR: f64 = 1.6;
    const JITTER: f64 = 0.2;

    pub(crate) const fn new() -> Self {
        Self {
            next: Self::INITIAL,
        }
    }

    /// Returns the next delay. `chance` is a random number from 0 to 1 and decides where in the spread it falls.
    pub(crate) fn delay(&mut self, chance: f64) -> Duration {
        let delay = self.next.mul_f64(1.0 + Self::JITTER * (2.0 * chance - 1.0));
        self.next = self.next.mul_f64(Self::FACTOR).min(Self::LONGEST);
        delay
    }
}

#[cfg(test)]
mod tests {
    use super::Backoff;

    fn delays(chance: f64) -> Vec<f64> {
        let mut backoff = Backoff::new();
        (0..13)
            .map(|_| backoff.delay(chance).as_secs_f64())
            .collect()
    }

    #[test]
    fn delays_grow_from_one_second_to_two_minutes() {
        let expected = [
            1.0,
            1.6,
            2.56,
            4.096,
            6.5536,
            10.48576,
            16.777_216,
            26.843_546,
            42.949_673,
            68.719_477,
            109.951_163,
            120.0,
            120.0,
        ];
        for (delay, expected) in delays(0.5).into_iter().zip(expected) {
            assert!((delay - expected).abs() < 1e-5, "{delay} is not {expected}");
        }
    }

    #[test]
    fn delays_are_spread_by_a_fifth() {
        assert!((delays(0.0)[0] - 0.8).abs() < 1e-9);
        assert!((delays(1.0)[0] - 1.2).abs() < 1e-9);
        assert!((delays(1.0)[12] - 144.0).abs() < 1e-9);
    }
}

//! The findings of a run.

use std::time::Duration;

pub use self::failure::{Failure, Failures};
pub use self::histogram::Histogram;

mod failure;
pub mod figure;
mod histogram;

/// The findings of a load about a server.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// The number of calls that succeeded; for RouteChat, of notes that came back or were delivered.
    pub calls: u64,
    /// The calls that failed.
    pub failures: Failures,
    /// The number of messages of the method's subject: features, points or notes.
    pub messages: u64,
    /// Their bytes, with gRPC's prefixes and without HTTP/2's frames.
    pub bytes: u64,
    /// The time of the run.
    pub elapsed: Duration,
    /// From the beginning of each call to its end, or from posting a note to receiving it.
    pub latency: Histogram,
    /// From the beginning of each call to the first bytes of its reply.
    pub first_message: Histogram,
    /// From posting a note until the last listener has it; only [`FanOut`](crate::FanOut) waits for that.
    pub last_delivery: Histogram,
    /// The processor time that the server used, if its process was named.
    pub server_cpu: Option<Duration>,
    /// The processor time that the load itself used, if the system has it.
    pub client_cpu: Option<Duration>,
}

impl Report {
    /// Returns the number of successful calls a second.
    #[must_use]
    pub fn calls_per_second(&self) -> f64 {
        per_second(self.calls, self.elapsed)
    }

    /// Returns the number of messages a second.
    #[must_use]
    pub fn messages_per_second(&self) -> f64 {
        per_second(self.messages, self.elapsed)
    }

    /// Returns the number of bytes of messages a second.
    #[must_use]
    pub fn bytes_per_second(&self) -> f64 {
        per_second(self.bytes, self.elapsed)
    }

    /// Returns the server's processor time for each call.
    #[must_use]
    pub fn server_cpu_per_call(&self) -> Option<Duration> {
        share(self.server_cpu?, self.calls)
    }

    /// Returns the server's processor time for each message.
    ///
    /// Multiplied by a million, because one message can take less than a nanosecond can tell.
    #[must_use]
    pub fn server_cpu_per_million_messages(&self) -> Option<Duration> {
        share(self.server_cpu?.checked_mul(1_000_000)?, self.messages)
    }

    /// Adds the findings of another thread during the same time.
    pub(crate) fn merge(&mut self, other: Self) {
        self.calls += other.calls;
        self.failures.merge(other.failures);
        self.messages += other.messages;
        self.bytes += other.bytes;
        self.latency.merge(&other.latency);
        self.first_message.merge(&other.first_message);
        self.last_delivery.merge(&other.last_delivery);
        self.client_cpu = self
            .client_cpu
            .zip(other.client_cpu)
            .map(|(all, more)| all + more);
    }

    /// Counts a call that ended, with or without a failure.
    pub(crate) fn ended(&mut self, latency: Duration, failure: Option<Failure>) {
        match failure {
            None => {
                self.calls += 1;
                self.latency.record(latency);
            }
            Some(failure) => self.failures.add(failure),
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a rate need not be precise to 2^-52"
)]
fn per_second(count: u64, elapsed: Duration) -> f64 {
    if elapsed.is_zero() {
        0.0
    } else {
        count as f64 / elapsed.as_secs_f64()
    }
}

fn share(whole: Duration, parts: u64) -> Option<Duration> {
    let nanos = whole.as_nanos().checked_div(u128::from(parts))?;
    u64::try_from(nanos).ok().map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_shares_are_of_the_whole_run() {
        let mut report = Report {
            messages: 4_000_000,
            elapsed: Duration::from_secs(2),
            server_cpu: Some(Duration::from_secs(1)),
            ..Report::default()
        };
        report.ended(Duration::from_millis(1), None);
        report.ended(Duration::from_millis(1), Some(Failure::Cut));
        assert_eq!((report.calls, report.failures.count()), (1, 1));
        assert!((report.messages_per_second() - 2e6).abs() < 1.0);
        assert_eq!(report.server_cpu_per_call(), Some(Duration::from_secs(1)));
        assert_eq!(
            report.server_cpu_per_million_messages(),
            Some(Duration::from_millis(250))
        );
        assert_eq!(Report::default().server_cpu_per_call(), None);
    }
}

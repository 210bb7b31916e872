//! What a run found.

use std::fmt;
use std::time::Duration;

use crate::histogram::Histogram;
use crate::status::CallStatus;

/// What a load found out about a server.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// How many calls ended as they should; for RouteChat, how many notes came back or were delivered.
    pub calls: u64,
    /// How many did not.
    pub failures: u64,
    /// What was wrong with the first of these.
    pub first_failure: Option<Failure>,
    /// How many messages the method is about went over the wire: features, points or notes.
    pub messages: u64,
    /// How many bytes these messages had, with gRPC's prefixes and without HTTP/2's frames.
    pub bytes: u64,
    /// How long it took.
    pub elapsed: Duration,
    /// From the beginning of each call to its end, or from posting a note to receiving it.
    pub latency: Histogram,
    /// From the beginning of each call to the first bytes of its reply.
    pub first_message: Histogram,
    /// The processor time that the server used, if its process was named.
    pub server_cpu: Option<Duration>,
    /// The processor time that the load itself used, if the system tells.
    pub client_cpu: Option<Duration>,
}

/// What was wrong with a call.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Failure {
    /// It ended with another status than OK.
    Status(CallStatus),
    /// Its answer counts something differently.
    Count {
        /// What is counted.
        what: &'static str,
        /// How many were expected.
        expected: u64,
        /// How many there were.
        found: u64,
    },
    /// A route's length is not what it should be.
    Distance {
        /// The length.
        expected_meters: f64,
        /// What the summary says.
        found_meters: i32,
    },
    /// Its reply ended inside a message.
    Cut,
    /// Its reply is not a message of the contract.
    Malformed,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => status.fmt(f),
            Self::Count {
                what,
                expected,
                found,
            } => write!(f, "{found} {what} where {expected} were expected"),
            Self::Distance {
                expected_meters,
                found_meters,
            } => write!(
                f,
                "{found_meters} metres where {expected_meters:.1} were expected"
            ),
            Self::Cut => f.write_str("the reply ended inside a message"),
            Self::Malformed => f.write_str("the reply is not the message it should be"),
        }
    }
}

impl Report {
    /// Returns how many calls ended as they should, a second.
    #[must_use]
    pub fn calls_per_second(&self) -> f64 {
        per_second(self.calls, self.elapsed)
    }

    /// Returns how many messages went over the wire, a second.
    #[must_use]
    pub fn messages_per_second(&self) -> f64 {
        per_second(self.messages, self.elapsed)
    }

    /// Returns how many bytes of messages went over the wire, a second.
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

    /// Adds what another thread found during the same time.
    pub(crate) fn merge(&mut self, other: Self) {
        self.calls += other.calls;
        self.failures += other.failures;
        self.first_failure = self.first_failure.take().or(other.first_failure);
        self.messages += other.messages;
        self.bytes += other.bytes;
        self.latency.merge(&other.latency);
        self.first_message.merge(&other.first_message);
        self.client_cpu = self
            .client_cpu
            .zip(other.client_cpu)
            .map(|(all, more)| all + more);
    }

    /// Counts a call that ended: well, or with a failure.
    pub(crate) fn ended(&mut self, latency: Duration, failure: Option<Failure>) {
        match failure {
            None => {
                self.calls += 1;
                self.latency.record(latency);
            }
            Some(failure) => {
                self.failures += 1;
                self.first_failure.get_or_insert(failure);
            }
        }
    }
}

impl Failure {
    /// What is wrong if something is counted differently, or nothing.
    pub(crate) fn unless_equal(what: &'static str, expected: u64, found: u64) -> Option<Self> {
        (expected != found).then_some(Self::Count {
            what,
            expected,
            found,
        })
    }

    /// What is wrong if a call ended with this status, or nothing.
    pub(crate) fn unless_ok(status: CallStatus) -> Option<Self> {
        (!status.is_ok()).then_some(Self::Status(status))
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
        assert_eq!((report.calls, report.failures), (1, 1));
        assert!((report.messages_per_second() - 2e6).abs() < 1.0);
        assert_eq!(report.server_cpu_per_call(), Some(Duration::from_secs(1)));
        assert_eq!(
            report.server_cpu_per_million_messages(),
            Some(Duration::from_millis(250))
        );
        assert_eq!(Report::default().server_cpu_per_call(), None);
    }

    #[test]
    fn the_first_failure_is_kept() {
        let mut report = Report::default();
        let failure = Failure::unless_equal("features", 3, 2);
        assert_eq!(
            failure.as_ref().unwrap().to_string(),
            "2 features where 3 were expected"
        );
        report.ended(Duration::ZERO, failure.clone());
        report.ended(Duration::ZERO, Some(Failure::Malformed));
        assert_eq!((report.failures, &report.first_failure), (2, &failure));
        assert_eq!(Failure::unless_equal("features", 3, 3), None);
    }
}

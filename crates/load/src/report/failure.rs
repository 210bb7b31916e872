//! Failed calls.

use std::fmt;
use std::time::Duration;

use crate::connection::CallStatus;

/// How a call failed.
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
    /// The summary has another length than the route.
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

impl Failure {
    /// The failure of a call that counts something differently, if it does.
    pub(crate) fn unless_equal(what: &'static str, expected: u64, found: u64) -> Option<Self> {
        (expected != found).then_some(Self::Count {
            what,
            expected,
            found,
        })
    }

    /// The failure of a call that ended with this status, if it is not OK.
    pub(crate) fn unless_ok(status: CallStatus) -> Option<Self> {
        (!status.is_ok()).then_some(Self::Status(status))
    }

    /// Tells whether another failure is of the same kind: has the same code, or counts the same.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Status(one), Self::Status(other)) => one.code() == other.code(),
            (Self::Count { what: one, .. }, Self::Count { what: other, .. }) => one == other,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

/// Failed calls, counted by kind: by status code, or by the fault of the answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Failures {
    /// The first of each kind and their number, in the order in which the first ones came.
    kinds: Vec<(Failure, u64)>,
}

impl Failures {
    /// Returns the number of failures.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.kinds.iter().map(|(_, count)| count).sum()
    }

    /// Returns the first, if there is one.
    #[must_use]
    pub fn first(&self) -> Option<&Failure> {
        self.kinds.first().map(|(first, _)| first)
    }

    /// Returns the first of each kind, and the number of the kind.
    pub fn kinds(&self) -> impl Iterator<Item = (&Failure, u64)> {
        self.kinds.iter().map(|(first, count)| (first, *count))
    }

    pub(crate) fn add(&mut self, failure: Failure) {
        self.add_several(failure, 1);
    }

    /// Counts calls that were still open this long after the end of the run's time.
    pub(crate) fn add_unended(&mut self, calls: usize, grace: Duration) {
        if calls > 0 {
            let failure = Failure::Status(CallStatus::unended(grace));
            self.add_several(failure, calls as u64);
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        for (failure, count) in other.kinds {
            self.add_several(failure, count);
        }
    }

    fn add_several(&mut self, failure: Failure, several: u64) {
        match self
            .kinds
            .iter_mut()
            .find(|(kind, _)| kind.is_like(&failure))
        {
            Some((_, count)) => *count += several,
            None => self.kinds.push((failure, several)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_counted_by_kind_and_the_first_of_each_is_kept() {
        let status = |code, message| Failure::Status(CallStatus::new(code, message));
        let mut failures = Failures::default();
        assert_eq!((failures.count(), failures.first()), (0, None));
        for failure in [status(14, "away"), Failure::Cut, status(14, "still away")] {
            failures.add(failure);
        }
        let mut others = Failures::default();
        for failure in [
            Failure::unless_equal("features", 3, 2).unwrap(),
            Failure::Cut,
        ] {
            others.add(failure);
        }
        failures.merge(others);
        let kinds: Vec<_> = failures.kinds().map(|(f, n)| (f.to_string(), n)).collect();
        let expected = [
            ("UNAVAILABLE: away", 2),
            ("the reply ended inside a message", 2),
            ("2 features where 3 were expected", 1),
        ];
        assert_eq!(
            kinds,
            expected.map(|(text, count)| (text.to_owned(), count))
        );
        assert_eq!(failures.count(), 5);
        assert_eq!(failures.first(), Some(&status(14, "away")));
    }

    #[test]
    fn what_is_as_expected_is_no_failure() {
        assert_eq!(Failure::unless_equal("features", 3, 3), None);
        assert_eq!(Failure::unless_ok(CallStatus::new(0, "")), None);
    }
}

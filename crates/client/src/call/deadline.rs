//! The moment at which a call is over, whatever has come of it.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;
use tonic::Status;

/// The header that tells a server how much time is left.
pub(crate) const HEADER: &str = "grpc-timeout";

/// A deadline on this process's own clock.
#[derive(Clone, Debug)]
pub(crate) struct Deadline {
    at: Instant,
    /// The length of time that was asked for; none for a point in time.
    timeout: Option<Duration>,
}

impl Deadline {
    /// Returns the moment `timeout` from now; `None` if that is beyond what a clock can show.
    pub(crate) fn after(timeout: Duration) -> Option<Self> {
        let at = Instant::now().checked_add(timeout)?;
        Some(Self {
            at,
            timeout: Some(timeout),
        })
    }

    /// Returns a point in time; `None` if it is beyond what a clock can show.
    pub(crate) fn at_time(time: SystemTime) -> Option<Self> {
        // A time in the past has no time left, which is a deadline too.
        let left = time.duration_since(SystemTime::now()).unwrap_or_default();
        let at = Instant::now().checked_add(left)?;
        Some(Self { at, timeout: None })
    }

    /// Reads the header in gRPC's form, one to eight digits and a unit; `None` if it is malformed.
    #[expect(
        clippy::option_option,
        reason = "the inner one is the answer of `after`"
    )]
    pub(crate) fn from_header(header: &HeaderValue) -> Option<Option<Self>> {
        let (unit, digits) = header.as_bytes().split_last()?;
        if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let number: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
        let timeout = match unit {
            b'H' => Duration::from_secs(number * 3_600),
            b'M' => Duration::from_secs(number * 60),
            b'S' => Duration::from_secs(number),
            b'm' => Duration::from_millis(number),
            b'u' => Duration::from_micros(number),
            b'n' => Duration::from_nanos(number),
            _ => return None,
        };
        Some(Self::after(timeout))
    }

    pub(crate) fn earlier(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        match (a, b) {
            (Some(a), Some(b)) => Some(if b.at < a.at { b } else { a }),
            (a, b) => a.or(b),
        }
    }

    pub(crate) fn at(&self) -> Instant {
        self.at
    }

    pub(crate) fn is_over(&self) -> bool {
        self.at <= Instant::now()
    }

    /// Returns the header's value for a request that is sent now.
    pub(crate) fn header(&self) -> HeaderValue {
        let text = encode(self.at.saturating_duration_since(Instant::now()));
        // Digits and a letter are always a header value.
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("0n"))
    }

    /// Returns what a call that has run out of time ends with.
    pub(crate) fn status(&self) -> Status {
        Status::deadline_exceeded(match self.timeout {
            Some(timeout) => format!("the call did not end within {timeout:?}"),
            None => "the call did not end before its deadline".to_owned(),
        })
    }
}

/// Says with whose deadline a call has ended, if that is over when the server says that it is exceeded.
///
/// The server counts the same time and may be the first to notice. Its words would depend on which of the two was faster.
pub(crate) fn name_own(deadline: Option<&Deadline>, headers: &mut HeaderMap) {
    const EXCEEDED: &str = "4";
    let Some(deadline) = deadline.filter(|deadline| deadline.is_over()) else {
        return;
    };
    let is_exceeded = headers.get(Status::GRPC_STATUS);
    if is_exceeded.is_some_and(|code| code == EXCEEDED)
        && let Ok(message) = HeaderValue::from_str(deadline.status().message())
    {
        headers.insert(Status::GRPC_MESSAGE, message);
    }
}

/// Writes a length of time in the finest unit whose number fits into eight digits, rounded up.
fn encode(left: Duration) -> String {
    const UNITS: [(u128, char); 6] = [
        (1, 'n'),
        (1_000, 'u'),
        (1_000_000, 'm'),
        (1_000_000_000, 'S'),
        (60_000_000_000, 'M'),
        (3_600_000_000_000, 'H'),
    ];
    const MOST: u128 = 99_999_999;
    UNITS
        .iter()
        .map(|(nanos, unit)| (left.as_nanos().div_ceil(*nanos), unit))
        .find(|(number, _)| *number <= MOST)
        .map_or_else(
            || format!("{MOST}H"),
            |(number, unit)| format!("{number}{unit}"),
        )
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use http::{HeaderMap, HeaderValue};

    use super::{Deadline, encode, name_own};

    #[test]
    fn the_header_has_at_most_eight_digits_and_never_less_time() {
        let check = |left: Duration, expected: &str| assert_eq!(encode(left), expected, "{left:?}");
        check(Duration::ZERO, "0n");
        check(Duration::from_nanos(1), "1n");
        check(Duration::from_nanos(99_999_999), "99999999n");
        check(Duration::from_nanos(100_000_001), "100001u");
        check(Duration::from_millis(200), "200000u");
        check(Duration::from_secs(99), "99000000u");
        check(Duration::from_secs(100), "100000m");
        check(Duration::from_secs(100_000), "100000S");
        check(Duration::from_secs(99_999_999), "99999999S");
        check(Duration::from_secs(100_000_000), "1666667M");
        check(Duration::from_secs(6_000_000_000), "1666667H");
        check(Duration::MAX, "99999999H");
    }

    #[tokio::test(start_paused = true)]
    async fn a_header_is_read_as_it_is_written() {
        let read = |text: &'static str| {
            let deadline = Deadline::from_header(&HeaderValue::from_static(text))?;
            Some(deadline.unwrap().header().to_str().unwrap().to_owned())
        };
        for (text, expected) in [
            ("5n", "5n"),
            ("7u", "7000n"),
            ("3S", "3000000u"),
            ("2M", "120000m"),
            ("1H", "3600000m"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "5", "m", "123456789m", "-1S", "1.5S", "5s", "+5m"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_in_the_past_is_over_at_once() {
        let past = SystemTime::UNIX_EPOCH;
        assert!(Deadline::at_time(past).unwrap().is_over());
        assert!(!Deadline::after(Duration::from_secs(60)).unwrap().is_over());
        assert!(Deadline::after(Duration::MAX).is_none());
    }

    /// Now and then a call ended in the words of the server, which had noticed a millisecond earlier.
    #[tokio::test(start_paused = true)]
    async fn a_deadline_that_is_over_is_told_in_our_words_whoever_notices_first() {
        let deadline = Deadline::after(Duration::from_secs(1));
        let told = |code: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("grpc-status", HeaderValue::from_static(code));
            headers.insert("grpc-message", HeaderValue::from_static("theirs"));
            name_own(deadline.as_ref(), &mut headers);
            headers["grpc-message"].to_str().unwrap().to_owned()
        };
        assert_eq!(told("4"), "theirs", "a deadline of the server's own");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(told("4"), "the call did not end within 1s");
        assert_eq!(told("5"), "theirs");
    }

    #[tokio::test(start_paused = true)]
    async fn the_header_counts_down() {
        let deadline = Deadline::after(Duration::from_secs(3)).unwrap();
        let shows = |expected: &str| {
            assert_eq!(deadline.header(), expected);
            assert_eq!(deadline.is_over(), expected == "0n");
        };
        shows("3000000u");
        tokio::time::advance(Duration::from_millis(2_999)).await;
        shows("1000000n");
        tokio::time::advance(Duration::from_millis(1)).await;
        shows("0n");
        tokio::time::advance(Duration::from_secs(1)).await;
        shows("0n");
    }

    #[tokio::test(start_paused = true)]
    async fn the_earlier_one_counts_and_is_named() {
        let one = || Deadline::after(Duration::from_secs(1));
        let two = || Deadline::after(Duration::from_secs(2));
        let message = |deadline: Option<Deadline>| deadline.unwrap().status().message().to_owned();
        for earlier in [
            Deadline::earlier(one(), two()),
            Deadline::earlier(two(), one()),
            Deadline::earlier(one(), None),
            Deadline::earlier(None, one()),
        ] {
            assert_eq!(message(earlier), "the call did not end within 1s");
        }
        assert!(Deadline::earlier(None, None).is_none());
        assert_eq!(
            message(Deadline::at_time(SystemTime::UNIX_EPOCH)),
            "the call did not end before its deadline"
        );
    }
}

//! How long a call may take, as its client said.

use std::time::{Duration, Instant};

use http::HeaderMap;

/// The moment at which a call must have ended, read from its `grpc-timeout` header.
///
/// [`CallLayer`](crate::CallLayer) puts it into the extensions of every request that brings one, so
/// that a servicer can ask how much time is left.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
/// use route_guide_guard::Deadline;
///
/// let deadline = Deadline::new(Instant::now() + Duration::from_secs(60));
/// assert!(deadline.time_left() > Duration::from_secs(59));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

/// A `grpc-timeout` header that does not say a time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "malformed grpc-timeout {0:?}: expected one to eight digits and a unit, one of H, M, S, m, u, n"
)]
pub struct MalformedTimeout(String);

impl MalformedTimeout {
    /// Quotes a header, or its beginning if it is long.
    fn new(value: &[u8]) -> Self {
        const MOST_BYTES: usize = 40;
        let shown = &value[..value.len().min(MOST_BYTES)];
        let rest = if shown.len() < value.len() { "…" } else { "" };
        Self(String::from_utf8_lossy(shown).into_owned() + rest)
    }
}

impl Deadline {
    /// Makes a deadline at a moment.
    #[must_use]
    pub fn new(at: Instant) -> Self {
        Self(at)
    }

    /// Reads the deadline of a call whose headers arrived at `now`; `None` if it brings none.
    ///
    /// # Errors
    ///
    /// [`MalformedTimeout`] if the header is there and is not one to eight digits and a unit.
    ///
    /// # References
    ///
    /// [gRPC over HTTP/2](https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md), "Timeout".
    pub fn from_headers(
        headers: &HeaderMap,
        now: Instant,
    ) -> Result<Option<Self>, MalformedTimeout> {
        let Some(value) = headers.get("grpc-timeout") else {
            return Ok(None);
        };
        let timeout = value
            .to_str()
            .ok()
            .and_then(parse_timeout)
            .ok_or_else(|| MalformedTimeout::new(value.as_bytes()))?;
        // 99 999 999 hours from now is still within what a clock can hold; if not, there is no deadline.
        Ok(now.checked_add(timeout).map(Self))
    }

    /// The moment itself.
    #[must_use]
    pub fn at(self) -> Instant {
        self.0
    }

    /// How much time is left; zero once the deadline has passed.
    #[must_use]
    pub fn time_left(self) -> Duration {
        // The runtime's clock, which tests can drive.
        let now = tokio::time::Instant::now().into_std();
        self.0.saturating_duration_since(now)
    }
}

fn parse_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(amount * 3600),
        "M" => Duration::from_secs(amount * 60),
        "S" => Duration::from_secs(amount),
        "m" => Duration::from_millis(amount),
        "u" => Duration::from_micros(amount),
        "n" => Duration::from_nanos(amount),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<Duration>) {
        assert_eq!(parse_timeout(text), expected, "for {text:?}");
    }

    #[test]
    fn every_unit_of_the_protocol_is_read() {
        check("2H", Some(Duration::from_secs(7200)));
        check("3M", Some(Duration::from_secs(180)));
        check("4S", Some(Duration::from_secs(4)));
        check("200m", Some(Duration::from_millis(200)));
        check("0n", Some(Duration::ZERO));
        check("99999999u", Some(Duration::from_micros(99_999_999)));
        check("99999999H", Some(Duration::from_secs(99_999_999 * 3600)));
    }

    #[test]
    fn what_is_not_a_timeout_is_refused() {
        for text in [
            "",
            "S",
            "1",
            "123456789S",
            "-1S",
            "+1S",
            "1s",
            "1 S",
            "1.5S",
            "٣S",
            "1€",
        ] {
            check(text, None);
        }
    }
}

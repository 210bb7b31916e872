//! The flags that every command of both programs has.

use std::time::{Duration, SystemTime};

use clap::{ArgAction, Args};
use jiff::fmt::temporal::Pieces;
use jiff::{SignedDuration, Timestamp};

use super::output::StderrObserver;
use crate::call::metadata::Header;
use crate::call::options::{CallOptions, Compression};
use crate::channel::target::Target;

/// The text under the flags in the long help of both programs.
pub(super) const EXIT_STATUS: &str = "\
Exit status:
  0       the call succeeded
  1       a failure on this side: a file, a line of input, the output
  2       wrong usage
  64 + n  the call ended with gRPC code n; for example
          65 CANCELLED, also after Ctrl-C    76 UNIMPLEMENTED
          67 INVALID_ARGUMENT                77 INTERNAL
          68 DEADLINE_EXCEEDED               78 UNAVAILABLE";

/// Where to call and how.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Options of every command")]
pub struct SharedFlags {
    /// The server: host:port, dns:///host:port, ipv4:, ipv6:, unix:/path or unix-abstract:name
    #[arg(
        long,
        global = true,
        env = "ROUTE_GUIDE_TARGET",
        default_value = "localhost:50051",
        value_name = "TARGET"
    )]
    pub target: Target,

    /// Longest time for each call, such as 200ms, 1.5s or 2m
    #[arg(long, global = true, value_name = "DURATION", value_parser = parse_timeout, allow_hyphen_values = true)]
    pub timeout: Option<Duration>,

    /// Time at which every call must have ended, such as 2026-11-20T22:00:00Z
    #[arg(long, global = true, value_name = "TIME", value_parser = parse_deadline)]
    pub deadline: Option<SystemTime>,

    /// Metadata to send, key:value or key-bin:BASE64; may be repeated
    #[arg(short = 'H', long = "header", global = true, value_name = "KEY:VALUE", action = ArgAction::Append)]
    pub headers: Vec<Header>,

    /// Show the metadata of each call on standard error
    #[arg(short, long, global = true)]
    pub verbose: bool,

    /// Print each message as one line of JSON
    #[arg(long, global = true)]
    pub json: bool,

    /// How to compress requests: gzip, zstd or none
    #[arg(long, global = true, value_name = "METHOD", default_value = "none")]
    pub compression: Compression,

    /// Wait for a server that is not there yet, instead of failing
    #[arg(long, global = true)]
    pub wait_for_ready: bool,
}

impl SharedFlags {
    /// Returns the call options that the flags ask for.
    #[must_use]
    pub fn call_options(&self) -> CallOptions {
        let mut options = CallOptions::new()
            .compression(self.compression)
            .wait_for_ready(self.wait_for_ready);
        for header in &self.headers {
            options = options.header(header.clone());
        }
        if let Some(timeout) = self.timeout {
            options = options.timeout(timeout);
        }
        if let Some(deadline) = self.deadline {
            options = options.deadline(deadline);
        }
        if self.verbose {
            options = options.observer(StderrObserver);
        }
        options
    }
}

pub(super) fn parse_timeout(text: &str) -> Result<Duration, String> {
    let duration: SignedDuration = text.trim().parse().map_err(|_jiff| {
        "not a length of time; expected a number with a unit, as in 200ms, 1.5s or 2m".to_owned()
    })?;
    Duration::try_from(duration).map_err(|_negative| "a timeout cannot be negative".to_owned())
}

fn parse_deadline(text: &str) -> Result<SystemTime, String> {
    let text = text.trim();
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time.into());
    }
    // The last days of the year 9999, which often stand for "never", are beyond what the library has in every time zone.
    let is_never = Pieces::parse(text).is_ok_and(|pieces| {
        pieces.date().year() == 9999 && pieces.time().is_some() && pieces.offset().is_some()
    });
    if is_never {
        return Ok(Timestamp::MAX.into());
    }
    Err("not a point in time; expected for example 2026-11-20T22:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{parse_deadline, parse_timeout};

    #[test]
    fn timeouts_are_read_with_their_unit() {
        let check = |text: &str, millis: u64| {
            assert_eq!(
                parse_timeout(text),
                Ok(Duration::from_millis(millis)),
                "{text}"
            );
        };
        check("200ms", 200);
        check("1.5s", 1_500);
        check("2m", 120_000);
        check("1m 30s", 90_000);
        check("0s", 0);
        check("PT5S", 5_000);
        for text in [
            "",
            "5",
            "five",
            "5 apples",
            "-",
            "1e400s",
            "99999999999999999999h",
        ] {
            let err = parse_timeout(text).unwrap_err();
            assert!(err.starts_with("not a length of time"), "{text}: {err}");
        }
        assert_eq!(
            parse_timeout("-1s"),
            Err("a timeout cannot be negative".to_owned())
        );
    }

    #[test]
    fn deadlines_are_read_with_their_zone() {
        let check = |text: &str, seconds: u64| {
            let expected = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(parse_deadline(text), Ok(expected), "{text}");
        };
        // Seconds as `date -d 2026-11-20T22:00:00Z +%s` prints them.
        check("2026-11-20T22:00:00Z", 1_795_212_000);
        check("2026-11-20T23:00:00+01:00", 1_795_212_000);
        let last = SystemTime::from(jiff::Timestamp::MAX);
        for never in ["9999-12-31T23:59:59Z", "9999-12-31T00:00:00-05:00"] {
            assert_eq!(parse_deadline(never), Ok(last), "{never}");
        }
        for text in [
            "9999-12-31",
            "9999-12-31T23:59:59",
            "9999-13-31T23:59:59Z",
            "",
            "2026-11-20",
            "2026-11-20T22:00:00",
            "22:00",
            "tomorrow",
        ] {
            let err = parse_deadline(text).unwrap_err();
            assert!(err.starts_with("not a point in time"), "{text}: {err}");
        }
    }
}

//! Times on the command line.

use std::time::Duration;

use jiff::SignedDuration;

/// Reads a time such as `200ms`, `10s` or `1h 30m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let signed: SignedDuration = text
        .parse()
        .map_err(|error: jiff::Error| error.to_string())?;
    Duration::try_from(signed).map_err(|_negative| "a time cannot be negative".to_owned())
}

/// Reads a time that is not zero.
pub(super) fn positive_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("the time must be longer than zero".to_owned()),
        time => Ok(time),
    }
}

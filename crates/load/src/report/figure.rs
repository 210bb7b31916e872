//! Numbers with units, as people read them.

use std::time::Duration;

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things a second: more is better.
    PerSecond,
    /// Bytes a second: more is better.
    BytesPerSecond,
    /// Seconds: fewer are better.
    Seconds,
    /// Bytes: fewer are better.
    Bytes,
    /// A multiple of something else: less is better.
    Times,
}

impl Unit {
    /// Writes a figure with three digits that count.
    #[must_use]
    pub fn format(self, value: f64) -> String {
        let steps: &[(f64, &str)] = match self {
            Self::PerSecond => &[(1e6, " M/s"), (1e3, " k/s"), (1.0, " /s")],
            Self::BytesPerSecond => &[(1e9, " GB/s"), (1e6, " MB/s"), (1e3, " kB/s")],
            Self::Seconds => &[(1.0, " s"), (1e-3, " ms"), (1e-6, " µs"), (1e-9, " ns")],
            Self::Times => &[(1.0, " ×")],
            Self::Bytes => &[(1e9, " GB"), (1e6, " MB"), (1e3, " kB"), (1.0, " B")],
        };
        let step = steps.iter().find(|(size, _)| value >= *size * 0.9995);
        let (size, unit) = step.or(steps.last()).copied().unwrap_or((1.0, ""));
        format!("{}{unit}", digits(value / size))
    }

    /// Returns how many times better the second figure is.
    #[must_use]
    pub fn ratio(self, baseline: f64, ours: f64) -> f64 {
        match self {
            Self::PerSecond | Self::BytesPerSecond => ours / baseline,
            Self::Seconds | Self::Bytes | Self::Times => baseline / ours,
        }
    }
}

/// Writes how many times better something is.
#[must_use]
pub fn times(ratio: f64) -> String {
    if ratio.is_finite() {
        format!("{} ×", digits(ratio))
    } else {
        "–".to_owned()
    }
}

/// Writes a count with its thousands apart.
#[must_use]
pub fn count(number: u64) -> String {
    grouped(&number.to_string())
}

/// Three digits that count, or all before the point.
fn digits(value: f64) -> String {
    let decimals = if value >= 99.95 {
        0
    } else if value >= 9.995 {
        1
    } else {
        2
    };
    let text = format!("{value:.decimals$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    grouped(whole) + rest
}

fn grouped(digits: &str) -> String {
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped
}

/// The figure of a duration.
#[must_use]
pub fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

/// Returns the value in the middle, the mean of two if there are two, and nothing of nothing.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = *sorted.get((sorted.len() - 1) / 2)?;
    Some(lower.midpoint(upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits_that_count() {
        let check = |unit: Unit, value, text| assert_eq!(unit.format(value), text);
        check(Unit::PerSecond, 58_123_456.0, "58.1 M/s");
        check(Unit::PerSecond, 250_499.0, "250 k/s");
        check(Unit::PerSecond, 999_700.0, "1.00 M/s");
        check(Unit::PerSecond, 0.5, "0.50 /s");
        check(Unit::BytesPerSecond, 3.4e9, "3.40 GB/s");
        check(Unit::Seconds, 0.000_087, "87.0 µs");
        check(Unit::Seconds, 1_214.0, "1\u{202f}214 s");
        check(Unit::Seconds, 2.5e-8, "25.0 ns");
        check(Unit::Seconds, 0.0, "0.00 ns");
        check(Unit::Bytes, 65_536.0, "65.5 kB");
        check(Unit::Times, 0.98, "0.98 ×");
        assert_eq!(count(10_000_000), "10\u{202f}000\u{202f}000");
    }

    #[test]
    fn better_is_more_or_faster() {
        assert_eq!(times(Unit::PerSecond.ratio(2.0, 140.0)), "70.0 ×");
        assert_eq!(times(Unit::Seconds.ratio(2.0, 1.0)), "2.00 ×");
        assert_eq!(times(Unit::Seconds.ratio(2.0, 0.0)), "–");
    }

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }
}

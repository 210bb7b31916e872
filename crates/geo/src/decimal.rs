//! Decimal numbers of any length, without floating point.

/// A decimal number in parts: sign, digits before and after the point, power of ten.
#[derive(Debug)]
pub(crate) struct Decimal<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: i64,
}

impl<'a> Decimal<'a> {
    /// Splits `[+-]DIGITS[.DIGITS][e[+-]DIGITS]`. Blanks around it are allowed, and digits may be missing on one side
    /// of the point.
    pub(crate) fn split(text: &'a str) -> Option<Self> {
        let (negative, rest) = sign(text.trim_ascii());
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, power_of_ten(exponent)?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits_only = all_digits(whole) && all_digits(fraction);
        (digits_only && whole.len() + fraction.len() > 0).then_some(Self {
            negative,
            whole,
            fraction,
            exponent,
        })
    }

    /// Returns the number times 10^`places`, rounded half away from zero, or a value beyond every axis if it is large.
    pub(crate) fn scaled(&self, places: i64) -> i64 {
        // The first digit stands for 10^first, the next for one power less, and so on.
        let first = i64::try_from(self.whole.len())
            .unwrap_or(i64::MAX)
            .saturating_sub(1)
            .saturating_add(self.exponent)
            .saturating_add(places);
        let mut power = first;
        let mut units: i64 = 0;
        for digit in self
            .whole
            .bytes()
            .chain(self.fraction.bytes())
            .map(|byte| i64::from(byte - b'0'))
        {
            match power {
                0.. => units = (units * 10 + digit).min(TOO_LARGE),
                // Rounding half away from zero depends only on the first digit that is cut off.
                -1 => units += i64::from(digit >= 5),
                _ => break,
            }
            power -= 1;
        }
        // The digits ended above the units: the zero of `4e1` is still missing.
        while power >= 0 && units != 0 && units < TOO_LARGE {
            units = (units * 10).min(TOO_LARGE);
            power -= 1;
        }
        if self.negative { -units } else { units }
    }
}

/// A magnitude beyond every axis, and small enough to be multiplied by ten once more.
const TOO_LARGE: i64 = 1 << 40;

/// Strips one leading sign and returns whether it was a minus.
fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads an exponent, `None` if it is not a whole number. One that is too long is clamped.
fn power_of_ten(text: &str) -> Option<i64> {
    // Beyond the length of any text, so that no number of digits compensates for it, and far from overflow.
    const BOUND: i64 = 1 << 61;
    let (negative, digits) = sign(text);
    if digits.is_empty() || !all_digits(digits) {
        return None;
    }
    let magnitude = digits.bytes().fold(0_i64, |power, byte| {
        (power
            .saturating_mul(10)
            .saturating_add(i64::from(byte - b'0')))
        .min(BOUND)
    });
    Some(if negative { -magnitude } else { magnitude })
}

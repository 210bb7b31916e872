//! Converting coordinates to E7 with the same rounding for all formats.
//!
//! Coordinates are rounded to seven decimals, half away from zero. [`route_guide_geo`] rounds text in decimal
//! arithmetic. A binary fraction is rounded as the shortest decimal that reads back as the same number, which is the
//! original text if that had at most fifteen digits. So a data set gives the same points from a text and from a
//! binary format.

use route_guide_geo::{Axis, CoordinateErrorKind, E7Point};

use crate::options::table::Unit;
use crate::rows::row::Reason;

/// Converts pairs of numbers in text to points.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CoordinateParser {
    unit: Unit,
    /// Whether a comma in degrees is a decimal comma.
    decimal_comma: bool,
}

impl CoordinateParser {
    pub(crate) const fn new(unit: Unit, decimal_comma: bool) -> Self {
        Self {
            unit,
            decimal_comma,
        }
    }

    /// Converts a point. Blanks around the numbers are allowed.
    pub(crate) fn point(self, lat: &str, lon: &str) -> Result<E7Point, Reason> {
        Ok(E7Point::unbounded(
            self.coordinate(Axis::Latitude, lat)?,
            self.coordinate(Axis::Longitude, lon)?,
        ))
    }

    fn coordinate(self, axis: Axis, text: &str) -> Result<i32, Reason> {
        let parsed = match self.unit {
            Unit::Degrees => axis.parse_degrees(text),
            Unit::E7 => axis.parse_e7(text),
        };
        match parsed {
            Ok(units) => Ok(units),
            Err(_) if text.trim_ascii().is_empty() => Err(Reason::Missing {
                what: match axis {
                    Axis::Latitude => "latitude",
                    Axis::Longitude => "longitude",
                },
            }),
            Err(error)
                if error.kind == CoordinateErrorKind::NotDegrees
                    && self.has_decimal_comma(text) =>
            {
                let with_point = text.replacen(',', ".", 1);
                axis.parse_degrees(&with_point).map_err(|mut error| {
                    // A message shows the number as it is in the file.
                    error.text = error.text.replacen('.', ",", 1);
                    error.into()
                })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Returns whether a number has a decimal comma.
    pub(crate) fn has_decimal_comma(self, number: &str) -> bool {
        let (commas, points) = (number.matches(',').count(), number.contains('.'));
        self.decimal_comma && self.unit == Unit::Degrees && commas == 1 && !points
    }
}

/// Makes a point from binary fractions of degrees.
pub(crate) fn from_degrees(lat: f64, lon: f64) -> Result<E7Point, Reason> {
    let lat = units(Axis::Latitude, lat)?;
    let lon = units(Axis::Longitude, lon)?;
    Ok(E7Point::unbounded(lat, lon))
}

fn units(axis: Axis, degrees: f64) -> Result<i32, Reason> {
    // On the globe the error of the product is less than 3e-7: half a unit in the last place of the degrees, times
    // 10⁷, and half of one of the product. Farther from half way than that, it rounds as the decimal does.
    const UNCERTAIN: f64 = 1e-6;
    let scaled = degrees * 1e7;
    let rounded = if (scaled.fract().abs() - 0.5).abs() < UNCERTAIN {
        shortest_decimal(axis, degrees)
    } else {
        scaled.round()
    };
    if rounded.abs() <= f64::from(axis.bound()) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a whole number within the bounds of an i32"
        )]
        return Ok(rounded as i32);
    }
    Err(Reason::OffGlobe { axis, degrees })
}

/// Rounds the shortest decimal. The result is infinite off the globe.
fn shortest_decimal(axis: Axis, degrees: f64) -> f64 {
    let units = axis.parse_degrees(&degrees.to_string());
    units.map_or(f64::INFINITY, f64::from)
}

/// Makes a point from whole billionths of degrees.
pub(crate) fn from_nanodegrees(lat: i128, lon: i128) -> Result<E7Point, Reason> {
    let units = |axis: Axis, nanodegrees: i128| {
        // The half is added to the magnitude, so it rounds away from zero.
        let magnitude = (nanodegrees.unsigned_abs() + 50) / 100;
        let magnitude = i32::try_from(magnitude)
            .ok()
            .filter(|&units| units <= axis.bound());
        let sign = if nanodegrees < 0 { -1 } else { 1 };
        #[expect(
            clippy::cast_precision_loss,
            reason = "only shown, and far off the globe"
        )]
        let degrees = nanodegrees as f64 / 1e9;
        magnitude
            .map(|units| sign * units)
            .ok_or(Reason::OffGlobe { axis, degrees })
    };
    Ok(E7Point::unbounded(
        units(Axis::Latitude, lat)?,
        units(Axis::Longitude, lon)?,
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_are_read_in_their_unit() {
        let check = |unit, lat: &str, lon: &str, expected: Result<(i32, i32), &str>| {
            let found = CoordinateParser::new(unit, false)
                .point(lat, lon)
                .map(|point| (point.lat(), point.lon()))
                .map_err(|reason| reason.to_string());
            assert_eq!(found, expected.map_err(str::to_owned), "{lat} {lon}");
        };
        check(
            Unit::Degrees,
            " 40.78383515",
            "-74.6143763\t",
            Ok((407_838_352, -746_143_763)),
        );
        check(
            Unit::E7,
            "407838351",
            "-746143763",
            Ok((407_838_351, -746_143_763)),
        );
        check(
            Unit::Degrees,
            "40,78",
            "-74",
            Err("latitude \"40,78\" is not a decimal number"),
        );
        check(
            Unit::E7,
            "0",
            "1,2",
            Err("longitude \"1,2\" is not a whole number"),
        );
        check(Unit::Degrees, "", "1", Err("there is no latitude"));
        check(Unit::Degrees, "1", " \t", Err("there is no longitude"));
        check(
            Unit::Degrees,
            "90.1",
            "0",
            Err("latitude \"90.1\" is outside ±90 degrees"),
        );
        check(
            Unit::Degrees,
            "inf",
            "0",
            Err("latitude \"inf\" is not a decimal number"),
        );
    }

    #[test]
    fn binary_fractions_round_as_their_decimals_do() {
        let check = |lat: f64, lon: f64, expected: Result<(i32, i32), &str>| {
            let found = from_degrees(lat, lon)
                .map(|point| (point.lat(), point.lon()))
                .map_err(|reason| reason.to_string());
            assert_eq!(found, expected.map_err(str::to_owned), "{lat} {lon}");
        };
        check(40.783_835_1, -74.614_376_3, Ok((407_838_351, -746_143_763)));
        check(90.0, -180.0, Ok((900_000_000, -1_800_000_000)));
        check(-0.0, 5e-324, Ok((0, 0)));
        // In binary 1.00000005 is slightly below half way, 1.00000015 slightly above.
        check(1.000_000_05, 1.000_000_15, Ok((10_000_001, 10_000_002)));
        check(-0.000_000_05, 179.999_999_95, Ok((-1, 1_800_000_000)));
        check(90.000_000_04, 0.0, Ok((900_000_000, 0)));
        check(
            90.000_000_05,
            0.0,
            Err("latitude 90.00000005 is outside ±90 degrees"),
        );
        check(0.0, 180.5, Err("longitude 180.5 is outside ±180 degrees"));
        check(f64::NAN, 0.0, Err("latitude NaN is outside ±90 degrees"));
        check(
            0.0,
            f64::INFINITY,
            Err("longitude inf is outside ±180 degrees"),
        );
        check(
            -1e300,
            0.0,
            Err(&format!(
                "latitude -1{} is outside ±90 degrees",
                "0".repeat(300)
            )),
        );
    }

    #[test]
    fn nanodegrees_round_half_away_from_zero() {
        let check = |lat: i128, lon: i128, expected: Result<(i32, i32), &str>| {
            let found = from_nanodegrees(lat, lon)
                .map(|point| (point.lat(), point.lon()))
                .map_err(|reason| reason.to_string());
            assert_eq!(found, expected.map_err(str::to_owned), "{lat} {lon}");
        };
        check(149, -149, Ok((1, -1)));
        check(150, -150, Ok((2, -2)));
        check(90_000_000_049, 0, Ok((900_000_000, 0)));
        check(
            90_000_000_050,
            0,
            Err("latitude 90.00000005 is outside ±90 degrees"),
        );
        check(
            0,
            -1_i128 << 100,
            Err("longitude -1267650600228229500000 is outside ±180 degrees"),
        );
    }

    proptest! {
        /// Binary and decimal rounding agree, also next to half way.
        #[test]
        fn binary_and_text_agree(whole in -1_800_000_000_i64..1_800_000_000, tenths in 0_i64..10, nudge in -3_i64..4) {
            #[expect(clippy::cast_precision_loss, reason = "any number near the value does")]
            let exact = (whole * 10 + tenths) as f64 / 1e8;
            let nudged = f64::from_bits(exact.to_bits().wrapping_add_signed(nudge));
            prop_assume!(nudged.abs() <= 180.0);
            let text = CoordinateParser::new(Unit::Degrees, false).point("0", &nudged.to_string()).unwrap();
            prop_assert_eq!(from_degrees(0.0, nudged).unwrap(), text);
        }
    }
}

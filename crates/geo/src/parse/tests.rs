use proptest::prelude::*;

use crate::{E7Point, E7Rectangle, ParseError};

fn degrees(text: &str) -> Result<(i32, i32), String> {
    text.parse::<E7Point>()
        .map(|p| (p.lat(), p.lon()))
        .map_err(|e| e.to_string())
}

/// Checks the value of a text, or the error.
#[track_caller]
fn check_text(text: &str, found: Result<impl ToString, ParseError>, expected: Result<&str, &str>) {
    let found = found
        .map(|value| value.to_string())
        .map_err(|e| e.to_string());
    let found = found.as_deref().map_err(String::as_str);
    assert_eq!(found, expected, "{text}");
}

#[test]
fn degrees_are_read_exactly() {
    let check = |text: &str, lat, lon| assert_eq!(degrees(text), Ok((lat, lon)), "{text}");
    check("40.7838351,-74.6143763", 407_838_351, -746_143_763);
    check("40,-75", 400_000_000, -750_000_000);
    check(" +40.50 ,\t-.5 ", 405_000_000, -5_000_000);
    check("90,-180", 900_000_000, -1_800_000_000);
    check("-0,0.", 0, 0);
    check("00000000000000000000040,0000", 400_000_000, 0);
    check("4.07838351e1,-746143763E-7", 407_838_351, -746_143_763);
    check("4e1,0e99999999999999999999999", 400_000_000, 0);
    check("1e-400,1e-99999999999999999999999", 0, 0);
    check("0.0000000000000000000009e22,0", 90_000_000, 0);
}

#[test]
fn more_than_seven_decimals_round_half_away_from_zero() {
    let check = |text: &str, lat| assert_eq!(degrees(&format!("{text},0")), Ok((lat, 0)), "{text}");
    check("0.00000004999999999", 0);
    check("0.00000005", 1);
    check("-0.00000005", -1);
    check("-0.0000000499999999", 0);
    check("1.99999999", 20_000_000);
    check("89.99999999", 900_000_000);
    check("90.00000004", 900_000_000);
    check("5e-8", 1);
    check("49e-9", 0);
    check(&format!("0.{}", "3".repeat(100_000)), 3_333_333);
}

#[test]
fn what_is_wrong_is_named_and_quoted() {
    let check = |text: &str, expected: &str| {
        assert_eq!(degrees(text), Err(expected.to_owned()), "{text}");
    };
    check("", r#"expected LAT,LON but found """#);
    check("40.5", r#"expected LAT,LON but found "40.5""#);
    check("40,5,-74,6", r#"expected LAT,LON but found "40,5,-74,6""#);
    check(",", r#"latitude "" is not a decimal number"#);
    check("+,0", r#"latitude "+" is not a decimal number"#);
    check("0,-", r#"longitude "-" is not a decimal number"#);
    check(".,0", r#"latitude "." is not a decimal number"#);
    check("--1,0", r#"latitude "--1" is not a decimal number"#);
    check("1 2,0", r#"latitude "1 2" is not a decimal number"#);
    check("1_000,0", r#"latitude "1_000" is not a decimal number"#);
    check("1.2.3,0", r#"latitude "1.2.3" is not a decimal number"#);
    check("1e,0", r#"latitude "1e" is not a decimal number"#);
    check("1e1.5,0", r#"latitude "1e1.5" is not a decimal number"#);
    check("e5,0", r#"latitude "e5" is not a decimal number"#);
    check("NaN,0", r#"latitude "NaN" is not a decimal number"#);
    check("0,inf", r#"longitude "inf" is not a decimal number"#);
    check("0x10,0", r#"latitude "0x10" is not a decimal number"#);
    check("٤٠,0", r#"latitude "٤٠" is not a decimal number"#);
    check("−40,0", r#"latitude "−40" is not a decimal number"#);
    check("40°,0", r#"latitude "40°" is not a decimal number"#);
    check(
        "40,-75 trailing",
        r#"longitude "-75 trailing" is not a decimal number"#,
    );
    check("4\n0,0", r#"latitude "4\n0" is not a decimal number"#);
    check(
        "90.0000001,0",
        r#"latitude "90.0000001" is outside ±90 degrees"#,
    );
    check(
        "90.00000005,0",
        r#"latitude "90.00000005" is outside ±90 degrees"#,
    );
    check(
        "0,-180.0000001",
        r#"longitude "-180.0000001" is outside ±180 degrees"#,
    );
    check(
        "407838351,0",
        r#"latitude "407838351" is outside ±90 degrees"#,
    );
    check("1e400,0", r#"latitude "1e400" is outside ±90 degrees"#);
    check(
        "0,-1e99999999999999999999",
        r#"longitude "-1e99999999999999999999" is outside ±180 degrees"#,
    );
    // 2⁶⁴ + 1 must not come out as 1.
    check(
        "18446744073709551617,0",
        r#"latitude "18446744073709551617" is outside ±90 degrees"#,
    );
}

#[test]
fn a_long_text_is_shortened_in_the_message() {
    let digits = "9".repeat(4 << 20);
    let message = degrees(&format!("{digits},0")).unwrap_err();
    assert_eq!(
        message,
        format!("latitude \"{}\"… is outside ±90 degrees", "9".repeat(40))
    );
}

#[test]
fn e7_is_whole_numbers_only() {
    let check = |text: &str, expected: Result<(i32, i32), &str>| {
        let found = E7Point::parse_e7(text)
            .map(|p| (p.lat(), p.lon()))
            .map_err(|e| e.to_string());
        assert_eq!(found, expected.map_err(str::to_owned), "{text}");
    };
    check("407838351,-746143763", Ok((407_838_351, -746_143_763)));
    check(" +1 , -0 ", Ok((1, 0)));
    check("900000000,-1800000000", Ok((900_000_000, -1_800_000_000)));
    check("1.0,0", Err(r#"latitude "1.0" is not a whole number"#));
    check("0,1e3", Err(r#"longitude "1e3" is not a whole number"#));
    check(
        "900000001,0",
        Err(r#"latitude "900000001" is outside ±900000000"#),
    );
    check(
        "0,2147483648",
        Err(r#"longitude "2147483648" is outside ±1800000000"#),
    );
    check(
        "0,-18446744073709551616",
        Err(r#"longitude "-18446744073709551616" is outside ±1800000000"#),
    );
}

#[test]
fn degrees_and_e7_are_distinguished() {
    let check = |text, expected| check_text(text, E7Point::parse_any(text), expected);
    check("40.5,-75", Ok("40.5,-75"));
    check("40,-75.5", Ok("40,-75.5"));
    check("4e1,-75", Ok("40,-75"));
    check("90,-180", Ok("90,-180"));
    check("0,0", Ok("0,0"));
    check("e7:1,0", Ok("0.0000001,0"));
    check(" e7: 407838351 , 1", Ok("40.7838351,0.0000001"));
    check("1000001,0", Ok("0.1000001,0"));
    check("0,-1000001", Ok("0,-0.1000001"));
    check(
        "1000000000000000000000,0",
        Err(r#"latitude "1000000000000000000000" is outside ±900000000"#),
    );
    check("e7:1.5,0", Err(r#"latitude "1.5" is not a whole number"#));
    check("e7:e7:1,0", Err(r#"latitude "e7:1" is not a whole number"#));
    check("e8:1,0", Err(r#"latitude "e8:1" is not a decimal number"#));
    check("407838351,-746143763", Ok("40.7838351,-74.6143763"));
    check(
        "407838351,-74.6143763",
        Err(r#"latitude "407838351" is outside ±90 degrees"#),
    );
    check(
        "900000001,0",
        Err(r#"latitude "900000001" is outside ±900000000"#),
    );
    check("abc,0", Err(r#"latitude "abc" is not a decimal number"#));
    check(
        "abc,407838351",
        Err(r#"latitude "abc" is not a whole number"#),
    );
    check("40", Err(r#"expected LAT,LON but found "40""#));
}

/// A user asked for the feature at 91,0 and was told that there is none: 91 is not a latitude, so it was read as 91
/// E7 units.
#[test]
fn small_whole_numbers_are_degrees_on_the_globe_or_nothing() {
    let check = |text: &str, expected: &str| {
        let found = E7Point::parse_any(text).map_err(|e| e.to_string());
        let hint = "; a point in E7 units is written e7:LAT,LON";
        assert_eq!(found, Err(format!("{expected}{hint}")), "{text}");
    };
    check("91,0", r#"latitude "91" is outside ±90 degrees"#);
    check("0,181", r#"longitude "181" is outside ±180 degrees"#);
    check("1001,1001", r#"latitude "1001" is outside ±90 degrees"#);
    check(
        "-1000000,0",
        r#"latitude "-1000000" is outside ±90 degrees"#,
    );
    check("5,+1000", r#"longitude "+1000" is outside ±180 degrees"#);
    assert_eq!(
        E7Rectangle::parse_any("0,0:1,181").unwrap_err().to_string(),
        "longitude \"181\" is outside ±180 degrees; a point in E7 units is written e7:LAT,LON"
    );
}

#[test]
fn one_large_number_makes_a_rectangle_e7() {
    let check = |text: &str, expected: &str| {
        let area = E7Rectangle::parse_any(text).unwrap();
        assert_eq!(
            format!("{} {}", area.lo().e7(), area.hi().e7()),
            expected,
            "{text}"
        );
    };
    check("1,0:91,1000001", "1,0 91,1000001");
    check("e7:1,0:91,5", "1,0 91,5");
    check("0,0:1,2", "0,0 10000000,20000000");
}

#[test]
fn rectangles_are_two_points() {
    let check = |text: &str, expected| check_text(text, text.parse::<E7Rectangle>(), expected);
    check("40,-75:42,-73", Ok("40,-75:42,-73"));
    check(" 42 , -75 : 40 , -73 ", Ok("40,-75:42,-73"));
    check(
        "40,-75",
        Err(r#"expected LAT,LON:LAT,LON but found "40,-75""#),
    );
    check(
        "40,-75:1,1:2,2",
        Err(r#"expected LAT,LON:LAT,LON but found "40,-75:1,1:2,2""#),
    );
    check("40,-75:", Err(r#"expected LAT,LON but found """#));
    check(
        "40,-75:42,-181",
        Err(r#"longitude "-181" is outside ±180 degrees"#),
    );
}

proptest! {
    /// No text makes a parser panic, and an error fits on one short line.
    #[test]
    fn any_text_is_read_or_refused_on_one_line(text in r"[-+0-9.eE,: \n\PC]{0,60}") {
        let errors = [
            E7Point::parse_any(&text).err(),
            E7Point::parse_e7(&text).err(),
            E7Rectangle::parse_any(&text).err(),
            text.parse::<E7Point>().err(),
        ];
        for message in errors.into_iter().flatten().map(|e| e.to_string()) {
            prop_assert!(!message.contains('\n') && message.len() < 500, "{message}");
        }
    }

    /// Where a decimal fits exactly, the value does not depend on how it is written.
    #[test]
    fn notation_does_not_change_the_value(units in -900_000_000_i64..=900_000_000, shift in 0_i32..40, zeros in 0_usize..30) {
        let expected = i32::try_from(units).unwrap();
        let exponent = -7 - shift;
        let text = format!("{units}{}e{exponent},0", "0".repeat(usize::try_from(shift).unwrap()));
        prop_assert_eq!(degrees(&text), Ok((expected, 0)));
        let padded = format!("{}0{},0", E7Point::unbounded(expected, 0).to_string().trim_end_matches(",0"), "0".repeat(zeros));
        if padded.contains('.') {
            prop_assert_eq!(degrees(&padded), Ok((expected, 0)));
        }
    }

    /// Plain numbers agree with the standard library's parser to within its rounding.
    #[test]
    fn degrees_agree_with_floating_point(value in -90.0_f64..=90.0) {
        let (lat, _) = degrees(&format!("{value:.12},0")).unwrap();
        prop_assert!((f64::from(lat) - value * 1e7).abs() <= 0.500_1);
    }
}

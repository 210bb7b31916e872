//! Points and rectangles as arguments and lines, and the flag that says how they are written.

use clap::Args;
use route_guide_geo::{CoordinateErrorKind, E7Point, E7Rectangle, ParseError};

/// How the points of a command are written.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(super) struct PointFlags {
    /// Points are E7 integers, however small; one off the globe is left for the server to refuse
    #[arg(long)]
    pub(super) e7: bool,
}

impl PointFlags {
    /// Reads `LAT,LON`.
    pub(super) fn point(self, text: &str) -> Result<E7Point, ParseError> {
        let (flags, text) = self.marked(text);
        if !flags.e7 {
            return E7Point::parse_any(text);
        }
        match E7Point::parse_e7(text) {
            // Off the globe. Any number that the message can carry will do here.
            Err(ParseError::Coordinate(err)) if err.kind == CoordinateErrorKind::E7OutOfRange => {
                off_the_globe(text).ok_or(err.into())
            }
            other => other,
        }
    }

    /// Reads `LAT,LON:LAT,LON`, or one such point and another.
    pub(super) fn area(self, first: &str, second: Option<&str>) -> Result<Area, ParseError> {
        let (flags, first) = self.marked(first);
        flags.unmarked_area(first, second)
    }

    fn unmarked_area(self, first: &str, second: Option<&str>) -> Result<Area, ParseError> {
        let area = match (first.split_once(':'), second) {
            (Some(_), Some(_)) => return Ok(Area::TooMany),
            (None, None) => self.point(first).map(|_corner| Area::TooFew)?,
            (None, Some(second)) => {
                Area::Whole(E7Rectangle::new(self.point(first)?, self.point(second)?))
            }
            (Some((a, b)), None) if self.e7 && !b.contains(':') => {
                Area::Whole(E7Rectangle::new(self.point(a)?, self.point(b)?))
            }
            (Some(_), None) => Area::Whole(E7Rectangle::parse_any(first)?),
        };
        Ok(area)
    }

    /// Takes the mark of E7 off a text. It says of this text what the flag says of all.
    fn marked(self, text: &str) -> (Self, &str) {
        match text.trim_start().strip_prefix("e7:") {
            Some(text) => (Self { e7: true }, text),
            None => (self, text),
        }
    }
}

/// What the arguments of a rectangle come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Area {
    Whole(E7Rectangle),
    /// One corner and no other.
    TooFew,
    /// A rectangle, and a corner.
    TooMany,
}

fn off_the_globe(text: &str) -> Option<E7Point> {
    let (lat, lon) = text.split_once(',')?;
    let number = |text: &str| text.trim().parse().ok();
    Some(E7Point::unbounded(number(lat)?, number(lon)?))
}

#[cfg(test)]
mod tests {
    use super::{Area, PointFlags};

    const ANY: PointFlags = PointFlags { e7: false };
    const E7: PointFlags = PointFlags { e7: true };

    #[test]
    fn points_are_degrees_or_e7() {
        let check = |flags: PointFlags, text: &str, expected: &str| {
            let shown = match flags.point(text) {
                Ok(point) => point.e7().to_string(),
                Err(err) => format!("! {err}"),
            };
            assert_eq!(shown, expected, "{text}");
        };
        check(ANY, "40.5,-74", "405000000,-740000000");
        check(ANY, "405000000,-740000000", "405000000,-740000000");
        check(ANY, "1,2", "10000000,20000000");
        check(E7, "1,2", "1,2");
        check(E7, "900000001, -1800000001", "900000001,-1800000001");
        check(E7, "2147483647,-2147483648", "2147483647,-2147483648");
        check(
            E7,
            "2147483648,0",
            "! latitude \"2147483648\" is outside ±900000000",
        );
        check(E7, "1.5,0", "! latitude \"1.5\" is not a whole number");
        check(E7, "here", "! expected LAT,LON but found \"here\"");
        check(ANY, "e7:1,2", "1,2");
        check(E7, "e7:1,2", "1,2");
        check(ANY, "90.1,0", "! latitude \"90.1\" is outside ±90 degrees");
    }

    #[test]
    fn a_rectangle_is_one_argument_or_two() {
        let check = |flags: PointFlags, first: &str, second: Option<&str>, expected: &str| {
            let shown = match flags.area(first, second) {
                Ok(Area::Whole(area)) => format!("{} {}", area.lo().e7(), area.hi().e7()),
                Ok(other) => format!("{other:?}"),
                Err(err) => format!("! {err}"),
            };
            assert_eq!(shown, expected, "{first} {second:?}");
        };
        let whole = "400000000,-750000000 420000000,-730000000";
        check(ANY, "40,-75:42,-73", None, whole);
        check(ANY, "42,-73", Some("40,-75"), whole);
        check(ANY, "40,-75", None, "TooFew");
        check(ANY, "40,-75:42,-73", Some("0,0"), "TooMany");
        check(E7, "1,2:-3,4", None, "-3,2 1,4");
        check(E7, "1,2", Some("2000000000,4"), "1,2 2000000000,4");
        check(ANY, "e7:1,2:-3,4", None, "-3,2 1,4");
        check(ANY, "e7:1,2", Some("3,4"), "1,2 3,4");
        check(ANY, "e7:1,2", Some("e7:3,4"), "1,2 3,4");
        check(ANY, "e7:1,2", None, "TooFew");
        check(ANY, "x", None, "! expected LAT,LON but found \"x\"");
        for text in ["0,0:1,1:2,2", ":"] {
            for flags in [ANY, E7] {
                assert!(flags.area(text, None).is_err(), "{text}");
            }
        }
    }
}

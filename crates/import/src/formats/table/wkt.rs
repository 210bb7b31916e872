//! Points in well-known text, such as `POINT (11.5 48.1)`, in a column of a table.
//!
//! # References
//!
//! OGC 06-103r4, section 7. `PostGIS` writes the reference system before it, as `SRID=4326;`.

use crate::rows::reference::ReferenceSystem;
use crate::rows::row::{Reason, Skip};
use crate::text::one_line::one_line;

/// The meaning of a text.
#[derive(Debug)]
pub(super) enum Wkt<'t> {
    /// The longitude and latitude of each point.
    Points(Points<'t>),
    Skip(Skip),
}

/// The points of a `POINT` or `MULTIPOINT`.
#[derive(Debug)]
pub(super) struct Points<'t> {
    rest: Option<&'t str>,
}

/// Parses a text. A reference system other than WGS 84 is an error unless `assume_wgs84`.
pub(super) fn parse(text: &str, assume_wgs84: bool) -> Result<Wkt<'_>, Reason> {
    let invalid = || Reason::invalid(format!("{:?} is not well-known text", one_line(text)));
    let mut rest = text.trim();
    if let Some((system, behind)) = rest.split_once(';')
        && let Some(number) = strip_word(system, "SRID=")
    {
        if !assume_wgs84
            && number.trim() != "0"
            && let Some(system) = ReferenceSystem::other_than_wgs84(&format!("EPSG:{number}"))
        {
            return Err(Reason::ReferenceSystem(system));
        }
        rest = behind.trim_start();
    }
    let letters = |text: &str| {
        let letter = |byte: &u8| byte.is_ascii_alphabetic();
        text.bytes().take_while(|byte| letter(byte)).count()
    };
    let (word, mut rest) = rest.split_at(letters(rest));
    let word = word.to_ascii_uppercase();
    let dimensions = rest.trim_start();
    let (dimension, behind) = dimensions.split_at(letters(dimensions));
    if ["Z", "M", "ZM"].contains(&&*dimension.to_ascii_uppercase()) {
        rest = behind;
    }
    let kind = word.trim_end_matches('M').trim_end_matches('Z');
    let rest = rest.trim();
    match kind {
        "POINT" | "MULTIPOINT" if rest.eq_ignore_ascii_case("EMPTY") => {
            Ok(Wkt::Skip(Skip::NoCoordinates))
        }
        "POINT" | "MULTIPOINT" => {
            let inner = rest
                .strip_prefix('(')
                .and_then(|rest| rest.strip_suffix(')'));
            let inner = inner.ok_or_else(invalid)?;
            if kind == "POINT" && inner.contains([',', '(']) {
                return Err(invalid());
            }
            Ok(Wkt::Points(Points { rest: Some(inner) }))
        }
        "LINESTRING" | "POLYGON" | "MULTILINESTRING" | "MULTIPOLYGON" | "GEOMETRYCOLLECTION"
        | "CIRCULARSTRING" | "COMPOUNDCURVE" | "CURVEPOLYGON" | "MULTICURVE" | "MULTISURFACE"
        | "CURVE" | "SURFACE" | "POLYHEDRALSURFACE" | "TIN" | "TRIANGLE" => {
            Ok(Wkt::Skip(Skip::NotAPoint))
        }
        _ => Err(invalid()),
    }
}

fn strip_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(word.len())?;
    start.eq_ignore_ascii_case(word).then_some(rest)
}

impl<'t> Iterator for Points<'t> {
    type Item = Result<[&'t str; 2], Reason>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest?;
        let (point, rest) = match rest.split_once(',') {
            Some((point, rest)) => (point, Some(rest)),
            None => (rest, None),
        };
        self.rest = rest;
        let bare = point.trim();
        // Both `((1 2), (3 4))` and `(1 2, 3 4)` are in use.
        let inner = bare
            .strip_prefix('(')
            .and_then(|bare| bare.strip_suffix(')'));
        let mut numbers = inner.unwrap_or(bare).split_ascii_whitespace();
        let lon = numbers.next().ok_or(Reason::Missing { what: "longitude" });
        Some(lon.and_then(|lon| {
            let lat = numbers.next().ok_or(Reason::Missing { what: "latitude" })?;
            Ok([lon, lat])
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use crate::format::Format;
    use crate::options::Options;
    use crate::testing::summary;

    #[test]
    fn points_are_read_longitude_first() {
        for text in [
            "POINT (1 2)",
            "Point(1 2)",
            " point  ( 1  2 ) ",
            "POINT Z (1 2 3)",
            "POINTZ(1 2 3)",
            "POINT ZM(1 2 3 4)",
            "SRID=4326;POINT(1 2)",
            "srid=4326; POINT(1.0 2e0)",
            "SRID=0;POINT(1 2)",
            "MULTIPOINT (1 2)",
            "MULTIPOINT ((1 2))",
        ] {
            for column in ["WKT", "the_geom", "geometry"] {
                let notice = format!("x: columns {column}, name");
                check(
                    format!("{column},name\n\"{text}\",a\n"),
                    &[&notice, "20000000,10000000,a"],
                );
            }
        }
        check(
            "id;wkt;name\n1;MULTIPOINT((1 2), (3 400),( 5 6 ));a\n",
            &[
                "x: delimiter \";\", columns wkt, name",
                "20000000,10000000,a",
                "x: line 2: latitude \"400\" is outside ±90 degrees",
                "60000000,50000000,a",
            ],
        );
        // Columns of coordinates take precedence.
        check(
            "wkt,lat,lon,name\nPOINT(1 2),3,4,a\n",
            &["30000000,40000000,a"],
        );
    }

    #[test]
    fn what_is_no_point_is_counted_or_rejected() {
        let text = "WKT,name\nPOINT EMPTY,a\n\"\",b\nMULTIPOINT Z EMPTY,c\n\"LINESTRING (1 2, 3 4)\",d\n,\nPOLYGONZ EMPTY,e\n";
        let (items, counts) = summary(Format::Csv, text.as_bytes(), &Options::default());
        assert_eq!(items, ["x: columns WKT, name"]);
        let skipped = counts.unwrap().skipped;
        assert_eq!((skipped.no_coordinates, skipped.not_points), (3, 2));
        let wrong = |text: &str, expected: &str| {
            let expected = format!("x: line 2: {expected}");
            check(
                format!("WKT,name\n\"{text}\",a\n"),
                &["x: columns WKT, name", &expected],
            );
        };
        wrong("POINT (1)", "there is no latitude");
        wrong("POINT ()", "there is no longitude");
        wrong("POINT (1,5 2)", "\"POINT (1,5 2)\" is not well-known text");
        wrong("POINT (x 2)", "longitude \"x\" is not a decimal number");
        wrong("POINT 1 2", "\"POINT 1 2\" is not well-known text");
        wrong("0101000020E6", "\"0101000020E6\" is not well-known text");
        wrong("ä", "\"ä\" is not well-known text");
        wrong(
            "SRID=3857;POINT(1 2)",
            "its coordinates are in EPSG:3857; only WGS 84 longitudes and latitudes are read",
        );
    }
}

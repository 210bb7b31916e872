//! The waypoints of GPX files, versions 1.0 and 1.1.
//!
//! Tracks and routes are counted as not points. The `gpx` crate holds the whole file in memory, rejects all of it for
//! one coordinate off the globe or one unknown element, and converts coordinates to `f64`, so this reads the XML tag
//! by tag.

mod reading;
mod waypoint;

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::fault::Stop;
use crate::input::Bytes;
use crate::options::Options;
use crate::output::Output;
use crate::text::bounded::Bounded;

use reading::Reading;

pub(crate) fn read(bytes: Bytes, options: &Options, output: &mut Output<'_>) -> Result<(), Stop> {
    let mut reader = Reader::from_reader(Bounded::new(bytes, options.max_record_bytes));
    let config = reader.config_mut();
    config.expand_empty_elements = true;
    // A `&` without a reference rejects the waypoint if it is in a name, and is harmless elsewhere.
    config.allow_dangling_amp = true;
    let mut reading = Reading::new(&options.name);
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        reader.get_mut().renew();
        let start = reader.get_ref().line();
        let event = match reader.read_event_into(&mut buffer) {
            Ok(event) => event,
            Err(error) => return Err(reading.explain(error, start, options.max_record_bytes)),
        };
        let line = reader.get_ref().line();
        match event {
            Event::Start(tag) => reading.start(&tag, line, output)?,
            Event::End(_) => reading.end(output)?,
            Event::Text(text) => reading.bare_text(&text.xml10_content(), output),
            Event::CData(text) => reading.text(&text.xml10_content(), output),
            Event::GeneralRef(reference) => reading.reference(&reference, output),
            Event::Eof => return reading.finish(line),
            Event::Empty(_)
            | Event::Comment(_)
            | Event::PI(_)
            | Event::Decl(_)
            | Event::DocType(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Format;
    use crate::options::Naming;
    use crate::testing::{read_text, summary};

    fn check_with(options: &Options, xml: &str, expected: Result<&[&str], &str>) {
        let found = read_text(Format::Gpx, xml.as_bytes(), options);
        let expected = expected
            .map(|lines| lines.iter().map(|&line| line.to_owned()).collect())
            .map_err(|error| format!("cannot import x: {error}"));
        let shown: String = xml.chars().take(500).collect();
        assert_eq!(found, expected, "{shown}");
    }

    /// Reads a file with these elements in its root.
    fn check(inner: &str, expected: &[&str]) {
        let xml = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<gpx>\n{inner}\n</gpx>\n");
        check_with(&Options::default(), &xml, Ok(expected));
    }

    fn check_error(xml: &str, expected: &str) {
        let options = Options {
            max_record_bytes: 1500,
            ..Options::default()
        };
        check_with(&options, xml, Err(expected));
    }

    #[test]
    fn waypoints_are_read_with_their_names() {
        check(
            r#"<wpt lat="40.7838351" lon="-74.6143763"><ele>12</ele><name>Patriots Path</name><desc>a path</desc></wpt>
               <wpt lon = "-180" lat='90'/><wpt lat="1.00000005" lon="2"><name/></wpt>"#,
            &[
                "407838351,-746143763,Patriots Path",
                "900000000,-1800000000,",
                "10000001,20000000,",
            ],
        );
        check(
            "<wpt lat='1' lon='2'><name>a &amp; &#x62;<!-- no -->&lt;<![CDATA[<&amp;>]]>\r\n d</name></wpt>",
            &["10000000,20000000,a & b<<&amp;>\n d"],
        );
        check(
            "<wpt lat='1' lon='2'><extensions><name>inner</name></extensions><name>a<b>not</b>c</name><name>second</name></wpt>",
            &["10000000,20000000,ac"],
        );
        check_with(
            &Options::default(),
            "\u{feff}<g:gpx xmlns:g='http://www.topografix.com/GPX/1/1'><g:wpt lat='1' lon='2'><g:name>a</g:name></g:wpt></g:gpx>",
            Ok(&["10000000,20000000,a"]),
        );
    }

    #[test]
    fn the_name_can_be_another_element() {
        let xml = "<gpx><wpt lat='1' lon='2'><name>a</name><desc>b</desc></wpt></gpx>";
        let check = |name_field: Option<&str>, expected: &str| {
            let options = Options {
                name: name_field.map_or(Naming::Nothing, |field| Naming::Field(field.into())),
                ..Options::default()
            };
            check_with(&options, xml, Ok(&[expected]));
        };
        check(Some("desc"), "10000000,20000000,b");
        check(None, "10000000,20000000,");
        let options = Options {
            name: Naming::Field("sym".into()),
            ..Options::default()
        };
        let notice = "x: no record has a \"sym\"; there are name, desc";
        check_with(&options, xml, Ok(&["10000000,20000000,", notice]));
    }

    /// A name in the namespace of a tool, before that of GPX, was taken for the name of the waypoint.
    #[test]
    fn names_of_other_namespaces_are_none() {
        let wpt = "<wpt lat='1' lon='2'><t:name>icon-7</t:name><name xmlns='urn:tool'>x</name><name>Mill</name></wpt>";
        let xml = format!("<gpx xmlns:t='urn:tool'>{wpt}</gpx>");
        check_with(&Options::default(), &xml, Ok(&["10000000,20000000,Mill"]));
        let options = Options {
            name: Naming::Field("t:name".into()),
            ..Options::default()
        };
        check_with(&options, &xml, Ok(&["10000000,20000000,icon-7"]));
        let xml = "<g:gpx xmlns:g='urn:gpx'><wpt lat='3' lon='4'/><g:wpt lat='1' lon='2'><name>x</name><g:name>Mill</g:name></g:wpt></g:gpx>";
        check_with(&Options::default(), xml, Ok(&["10000000,20000000,Mill"]));
    }

    /// A bare `&` was an error for the whole file.
    #[test]
    fn a_bare_ampersand_costs_one_waypoint() {
        for name in ["Bed & Board", "&", "a &", "R&B<!-- -->", "a & b & c"] {
            check(
                &format!(
                    "<wpt lat='1' lon='2'><desc>a & b</desc><name>Mill</name></wpt><wpt lat='1' lon='2'><name>{name}</name></wpt><wpt lat='3' lon='4'/>"
                ),
                &[
                    "10000000,20000000,Mill",
                    "x: line 3, waypoint 2: there is a bare & in the name; XML writes it as &amp;",
                    "30000000,40000000,",
                ],
            );
        }
        check(
            "<wpt lat='1' lon='2'><name>Bed & Board; more</name></wpt>",
            &["x: line 3, waypoint 1: the entity & Board; is not defined"],
        );
    }

    #[test]
    fn blanks_around_a_name_are_none_of_it() {
        check(
            "<wpt lat='1' lon='2'><name>\n    Old\n Mill\t\n  </name></wpt>",
            &["10000000,20000000,Old\n Mill"],
        );
    }

    #[test]
    fn tracks_and_routes_are_counted() {
        let xml = "<gpx><metadata><name>m</name></metadata><trk><trkseg><trkpt lat='1' lon='2'/></trkseg></trk>\
                   <rte><rtept lat='1' lon='2'/></rte><rte/><extensions><wpt lat='1' lon='2'/></extensions></gpx>";
        let (items, counts) = summary(Format::Gpx, xml.as_bytes(), &Options::default());
        assert!(items.is_empty(), "{items:?}");
        assert_eq!(counts.unwrap().skipped.not_points, 3);
    }

    #[test]
    fn a_waypoint_that_is_wrong_is_rejected() {
        let check = |waypoint: &str, expected: &str| {
            check(
                &format!("<wpt lat='1' lon='2'/>\n{waypoint}<wpt lat='3' lon='4'/>"),
                &[
                    "10000000,20000000,",
                    &format!("x: line 4, waypoint 2: {expected}"),
                    "30000000,40000000,",
                ],
            );
        };
        check("<wpt lat='1'/>", "there is no longitude");
        check("<wpt/>", "there is no latitude");
        check(
            "<wpt lat='91' lon='0'/>",
            "latitude \"91\" is outside ±90 degrees",
        );
        check(
            "<wpt lat='1' lon='a&amp;b'/>",
            "longitude \"a&b\" is not a decimal number",
        );
        check("<wpt lat='1' lat='2' lon='3'/>", "there are two latitudes");
        check(
            "<wpt lat=1 lon='2'/>",
            "position 8: attribute value must be enclosed in `\"` or `'`",
        );
        check(
            "<wpt lat='1' lon='2'><name>&nbsp;</name></wpt>",
            "the entity &nbsp; is not defined",
        );
        check(
            &format!(
                "<wpt lat='1' lon='2'><name>{}</name></wpt>",
                "x".repeat(70_000)
            ),
            "the name is longer than 65536 bytes",
        );
    }

    #[test]
    fn what_is_no_gpx_is_refused() {
        check_error("", "not gpx: there is no <gpx> element");
        check_error("lat,lon\n", "not gpx: there is no <gpx> element");
        check_error(
            "<kml><wpt/></kml>",
            "not gpx: the root element is <kml>, not <gpx>",
        );
        check_error("<gpx/>\n<gpx/>", "line 2: a second root element <gpx>");
        check_error(
            "<gpx>\n<wpt lat='1' lon='2'>\n</gpx>",
            "line 2, waypoint 1: ill-formed document: expected `</wpt>`, but `</gpx>` was found",
        );
        check_error(
            "<gpx>\n<wpt lat='1'",
            "line 2: syntax error: tag not closed: `>` not found before end of input",
        );
        check_error(
            "<gpx>\n<wpt lat='1' lon='2'>\n<name>a",
            "line 2, waypoint 1: the file ends within an element",
        );
        check_error(
            &format!("<gpx>\n<a b='{}'/></gpx>", "x".repeat(2000)),
            "line 2: the record is longer than 1500 bytes",
        );
        check_error(
            &format!("<gpx>\n<{}:a>", "x".repeat(1023)),
            "line 2: an element has a name of 1025 bytes",
        );
        check_error(
            &format!("<gpx>{}", "<a>".repeat(1000)),
            "line 1: elements are nested more than 256 deep",
        );
    }
}

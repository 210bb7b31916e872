use super::*;
use crate::testing::{read_text, summary};

fn load(json: impl AsRef<[u8]>) -> Result<Vec<String>, String> {
    read_text(Format::Json, json.as_ref(), &Options::default())
}

#[test]
fn both_published_shapes_are_read() {
    let entries = r#"[{"location": {"latitude": 407838351, "longitude": -746143763}, "name": "Patriots Path"},
                      {"location": {"latitude": 1, "longitude": 2}, "name": ""}]"#;
    let expected = Ok(vec![
        "407838351,-746143763,Patriots Path".to_owned(),
        "1,2,".to_owned(),
    ]);
    assert_eq!(load(entries), expected);
    assert_eq!(load(format!(r#"{{"feature": {entries}}}"#)), expected);
    assert_eq!(
        load(format!(
            r#"{{"$schema": [{{}}], "feature": {entries}, "count": 2}}"#
        )),
        expected
    );
    assert_eq!(load(format!("\u{feff} {entries} \n")), expected);
}

#[test]
fn what_is_absent_reads_as_protobufs_default() {
    let check = |json: &str, expected: &[&str]| {
        assert_eq!(
            load(json),
            Ok(expected.iter().map(|&line| line.to_owned()).collect()),
            "{json}"
        );
    };
    check("[]", &[]);
    check(r#"{"feature": []}"#, &[]);
    check(r#"{"feature": null}"#, &[]);
    check(r#"[{"location": {}}]"#, &["0,0,"]);
    check(r#"[{"location": {}, "name": "a"}]"#, &["0,0,a"]);
    check(r#"[{"location": {}, "name": null}]"#, &["0,0,"]);
    check(r#"[{"location": {"latitude": 5}}]"#, &["5,0,"]);
    check(
        r#"[{"location": {"longitude": 5, "latitude": null}}]"#,
        &["0,5,"],
    );
    check(
        r#"[{"location": {"latitude": "-12", "longitude": 1.5e1}}]"#,
        &["-12,15,"],
    );
    check(
        r#"[{"location": {"latitude": "1e3", "longitude": "-2.50E1"}}]"#,
        &["1000,-25,"],
    );
    check(
        r#"[{"name": "\u00e4\n\"", "z": {"name": [1]}, "location": {"altitude": 3, "longitude": 2}}]"#,
        &["0,2,ä\n\""],
    );
}

/// Lists of objects with `lat` and `lon`, or of GeoJSON features, became places at 0,0.
#[test]
fn an_entry_without_a_location_is_rejected() {
    let check = |entry: &str, expected: &str| {
        let expected = format!("x: line 1, column 2, entry 1: {expected}");
        assert_eq!(load(format!("[{entry}]")), Ok(vec![expected]), "{entry}");
    };
    check("{}", "there is no \"location\"");
    check(
        r#"{"name": "Mill", "lat": 48.1, "lon": 11.5}"#,
        "there is no \"location\", but name, lat, lon",
    );
    check(
        r#"{"location": null, "name": "Mill"}"#,
        "there is no \"location\", but location, name",
    );
    check(
        r#"{"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [1, 2]}}"#,
        "there is no \"location\"; the entry is GeoJSON, and the file may be read as geojson",
    );
    for location in [
        r#"{"lat": 1, "lng": 2}"#,
        r#"{"latitude": null, "longitude": null}"#,
    ] {
        let found = load(format!(r#"[{{"location": {location}}}]"#)).unwrap();
        let expected = "entry 1: the location has neither latitude nor longitude";
        assert!(found[0].ends_with(expected), "{found:?}");
    }
}

/// Python writes such numbers.
#[test]
fn numbers_that_are_none_are_read_as_null() {
    assert_eq!(
        load(r#"[{"location": {"latitude": 5}, "height": NaN, "name": "NaN, -Infinity"}]"#),
        Ok(vec!["5,0,NaN, -Infinity".into()])
    );
    assert_eq!(
        load(r#"[{"location": {"latitude": NaN, "longitude": NaN}}]"#),
        Ok(vec![
            "x: line 1, column 28, entry 1: expected value, found NaN".into()
        ])
    );
}

#[test]
fn a_wrong_entry_is_rejected_and_the_rest_is_read() {
    let check = |entry: &str, expected: &str| {
        let json = format!(
            "[{{\"location\": {{}}, \"name\": \"a\"}},\n {entry},\n{{\"location\": {{}}, \"name\": \"b\"}}]"
        );
        let found = load(&json).unwrap();
        assert_eq!([&*found[0], &*found[2]], ["0,0,a", "0,0,b"], "{json}");
        assert_eq!(found[1], format!("x: {expected}"), "{json}");
    };
    let location = |text: &str, expected: &str| {
        let column = text.len() + 15;
        check(
            &format!(r#"{{"location": {{{text}}}}}"#),
            &format!("line 2, column {column}, entry 2: {expected}"),
        );
    };
    location(
        r#""latitude": 900000001"#,
        "latitude 900000001 is outside ±900000000",
    );
    location(
        r#""longitude": -1800000001"#,
        "longitude -1800000001 is outside ±1800000000",
    );
    location(
        r#""latitude": 40.7838351"#,
        "latitude 40.7838351 is not a whole number; coordinates are degrees × 10⁷",
    );
    location(
        r#""longitude": "-74.6""#,
        "longitude \"-74.6\" is not a whole number; coordinates are degrees × 10⁷",
    );
    location(
        r#""longitude": true"#,
        "invalid type: boolean `true`, expected longitude as a whole number",
    );
    check(
        "1",
        "line 2, column 2, entry 2: invalid type: integer `1`, expected a feature: an object with \"location\" and \"name\"",
    );
    check(
        "[[]]",
        "line 2, column 2, entry 2: invalid type: sequence, expected a feature: an object with \"location\" and \"name\"",
    );
    check(
        "nul",
        "line 2, column 4, entry 2: the value is not complete",
    );
    check(
        "hello",
        "line 2, column 2, entry 2: expected value, found hello",
    );
    check(
        r#"{"name": nope}"#,
        "line 2, column 12, entry 2: expected ident, found nope",
    );
    check(
        r#"{"other": 01}"#,
        "line 2, column 13, entry 2: invalid number, found 01",
    );
    check(
        r#"{"name" "b"}"#,
        "line 2, column 10, entry 2: expected `:`, found '\"'",
    );
    check(
        r#"{"name": "\ud800"}"#,
        "line 2, column 18, entry 2: unexpected end of hex escape, found ud800",
    );
    check(
        r#"{"name": "a", "name": "b"}"#,
        "line 2, column 21, entry 2: duplicate field `name`",
    );
    check(
        r#"{"location": {}, "location": {}}"#,
        "line 2, column 28, entry 2: duplicate field `location`",
    );
    check(
        "{\"name\":\n\"a\nb\"}",
        "line 3, column 3, entry 2: control character (\\u0000-\\u001F) found while parsing a string",
    );
    check(
        &format!(r#"{{"location": {{}}, "name": "{}"}}"#, "x".repeat(70_000)),
        "line 2, column 2, entry 2: the name is longer than 65536 bytes",
    );
}

#[test]
fn an_entry_that_is_too_long_is_skipped() {
    let long = format!(r#"{{"other": "{}"}}"#, "x".repeat(1 << 20));
    let json = format!(r#"[{{"location": {{}}}}, {long}, {{"location": {{}}, "name": "b"}}]"#);
    let options = Options {
        max_record_bytes: 100,
        ..Options::default()
    };
    assert_eq!(
        read_text(Format::Json, json.as_bytes(), &options),
        Ok(vec![
            "0,0,".to_owned(),
            "x: line 1, column 20, entry 2: the record is longer than 100 bytes".to_owned(),
            "0,0,b".to_owned(),
        ])
    );
}

#[test]
fn json_of_another_shape_is_refused() {
    let check = |json: &str, expected: &str| {
        assert_eq!(
            load(json),
            Err(format!("cannot import x: {expected}")),
            "{json}"
        );
    };
    let begins = |with: &str| {
        format!(
            "not a list of places in json: expected an array of features, or an object with one as \"feature\", but the file {with}"
        )
    };
    check("", &begins("is empty"));
    check("7", &begins("begins with '7'"));
    check("ä", &begins("begins with byte 0xc3"));
    check("\n null", &begins("begins with 'n'"));
    let no_list = "not a list of places in json: the object has no \"feature\" list";
    check("{}", no_list);
    // The JSON of ArcGIS, for example, is neither.
    check(
        r#"{"features": [{"attributes": {}}], "spatialReference": {}}"#,
        &format!("{no_list}, but features, spatialReference"),
    );
    check(
        &format!(r#"{{"features": [{}"#, " ".repeat(17 << 20)),
        "line 1, column 14: the record is longer than 16777216 bytes",
    );
    check(
        r#"{"feature": {}}"#,
        "line 1, column 13: \"feature\" is not a list",
    );
    check(
        r#"{"feature": [], "feature": []}"#,
        "line 1, column 28: there is a second list \"feature\"",
    );
    check(
        "[{}\n{}]",
        "line 2, column 1: expected `,` or `]`, found '{'",
    );
    check(
        "[{},]",
        "line 1, column 5: expected an element of the list, found ']'",
    );
    check(
        "[{}] []",
        "line 1, column 6: expected the end of the file, found '['",
    );
    check(
        r#"{"other": [nul], "feature": []}"#,
        "line 1, column 15: expected ident, found nul",
    );
    check(
        "[{}, ",
        "line 1, column 6: the file ends within a JSON value",
    );
}

#[test]
fn a_document_cut_anywhere_is_an_error_and_yields_no_more_than_the_whole() {
    let whole = r#"{"feature": [{"location": {"latitude": 12, "longitude": "-3"}, "name": "ä"}, {"location": {}, "other": [null]}]}"#;
    assert_eq!(load(whole).unwrap().len(), 2);
    for length in 0..whole.len() {
        let (items, outcome) = summary(
            Format::Json,
            &whole.as_bytes()[..length],
            &Options::default(),
        );
        assert!(outcome.is_err() && items.len() <= 2, "{length}");
    }
}

#[test]
fn deep_nesting_is_followed_without_recursion() {
    let deep = 1_000_000;
    assert!(load("[".repeat(deep)).is_err());
    assert!(load("{\"feature\":".repeat(deep)).is_err());
    assert!(load(format!("[{}", "{\"location\":".repeat(deep))).is_err());
    assert_eq!(
        load(format!(
            "[{{\"other\":{}{}}}]",
            "[".repeat(deep),
            "]".repeat(deep)
        )),
        Ok(vec![
            "x: line 1, column 2, entry 1: there is no \"location\", but other".into()
        ])
    );
}

use super::*;
use crate::options::Naming;
use crate::testing::{read_text, summary};

fn load(json: &str) -> Result<Vec<String>, String> {
    read_text(Format::GeoJson, json.as_bytes(), &Options::default())
}

fn check_feature(feature: &str, expected: &[&str]) {
    let json = format!("{{\"features\": [\n{feature}]}}");
    let expected = expected.iter().map(|&line| line.to_owned()).collect();
    assert_eq!(load(&json), Ok(expected), "{feature}");
}

/// A feature with this geometry and a name.
fn feature(geometry: &str) -> String {
    format!(
        r#"{{"type": "Feature", "geometry": {geometry}, "properties": {{"id": 1, "name": "a"}}}}"#
    )
}

#[test]
fn points_are_read_longitude_first() {
    let point = |coordinates: &str| {
        feature(&format!(
            r#"{{"type": "Point", "coordinates": {coordinates}}}"#
        ))
    };
    check_feature(
        &point("[-74.6143763, 40.7838351]"),
        &["407838351,-746143763,a"],
    );
    check_feature(
        &point("[-74.6143763,4.07838351E1,1200.5]"),
        &["407838351,-746143763,a"],
    );
    // Half way in decimal, below it in binary.
    check_feature(
        &point("[1.00000005, -1.00000005]"),
        &["-10000001,10000001,a"],
    );
    check_feature(&point("[180, -90]"), &["-900000000,1800000000,a"]);
    let entry = "x: line 2, column 1, entry 1";
    let check = |coordinates: &str, expected: &str| {
        check_feature(&point(coordinates), &[&format!("{entry}: {expected}")]);
    };
    check("[180.1, 0]", "longitude \"180.1\" is outside ±180 degrees");
    check("[0, 1e400]", "latitude \"1e400\" is outside ±90 degrees");
    check("[0, null]", "latitude \"null\" is not a decimal number");
    check(
        "[\"0\", 0]",
        "longitude \"\\\"0\\\"\" is not a decimal number",
    );
    check("[0]", "there is no latitude");
    check("[null, 5]", "longitude \"null\" is not a decimal number");
    check("5", "coordinates are not a list");
    check("{}", "coordinates are not a list");
}

#[test]
fn each_point_of_a_multipoint_is_a_row() {
    check_feature(
        &feature(r#"{"type": "MultiPoint", "coordinates": [[1, 2], [3, 400], [5, 6, 7]]}"#),
        &[
            "20000000,10000000,a",
            "x: line 2, column 1, entry 1: latitude \"400\" is outside ±90 degrees",
            "60000000,50000000,a",
        ],
    );
}

/// Seventy bytes of name and a thousand points of six bytes became a data set a hundred times as long as the file; with
/// a name of 64 KiB and a feature of 16 MiB it would have been 170 GB.
#[test]
fn the_points_of_a_feature_repeat_its_name_only_in_proportion() {
    let check = |name_bytes: usize, points: usize, expected_rows: usize| {
        let name = "n".repeat(name_bytes);
        let points = vec!["[1,2]"; points].join(",");
        let json = format!(
            r#"{{"type":"Feature","geometry":{{"type":"MultiPoint","coordinates":[{points}]}},"properties":{{"name":"{name}"}}}}"#
        );
        let options = Options::default();
        let (items, counts) = summary(Format::GeoJsonSeq, json.as_bytes(), &options);
        let counts = counts.unwrap();
        assert_eq!(counts.rows, expected_rows as u64, "{name_bytes} bytes");
        let (length, limit) = (json.len(), 64 * json.len());
        let refused = format!(
            "x: line 1: {length} bytes of input may give {limit} bytes of names, and there are more"
        );
        assert!(items[expected_rows..].iter().all(|item| *item == refused));
        // The next feature has a proportion of its own.
        let next = feature(r#"{"type": "Point", "coordinates": [1, 2]}"#);
        let two = format!("{json}\n{next}");
        let (items, _) = summary(Format::GeoJsonSeq, two.as_bytes(), &options);
        assert_eq!(items.last().unwrap(), "20000000,10000000,a");
    };
    check(384, 2_000, 2_000);
    check(60_000, 64, 64);
    check(60_000, 200, 65);
}

#[test]
fn what_is_no_point_is_counted() {
    let lines = feature(r#"{"coordinates": [[1, 2], [3, 4]], "type": "LineString"}"#);
    let collection = feature(r#"{"type": "GeometryCollection", "geometries": []}"#);
    let nowhere = feature("null");
    let nothing = feature(r#"{"type": "MultiPoint", "coordinates": []}"#);
    let empty = ["[]", "null", "[null, null]", "[NaN, NaN]"].map(|coordinates| {
        feature(&format!(
            r#"{{"type": "Point", "coordinates": {coordinates}}}"#
        ))
    });
    let empty = format!("{}, {}", empty.join(", "), feature("{}"));
    // Whether its name is right does not matter.
    let unnamed = r#"{"type": "Feature", "geometry": {"type": "Polygon", "coordinates": []}, "properties": {"name": ["x"]}}"#;
    let json = format!(
        r#"{{"features": [{lines}, {collection}, {nowhere}, {nothing}, {unnamed}, {empty}]}}"#
    );
    let (items, counts) = summary(Format::GeoJson, json.as_bytes(), &Options::default());
    let counts = counts.unwrap();
    assert!(items.is_empty(), "{items:?}");
    assert_eq!(counts.skipped.not_points, 3);
    assert_eq!(counts.skipped.no_coordinates, 7);
}

#[test]
fn a_feature_that_is_wrong_is_rejected() {
    let check = |feature: &str, expected: &str| {
        check_feature(feature, &[&format!("x: line 2, column {expected}")]);
    };
    check("7", "1, entry 1: not an object");
    check("[]", "1, entry 1: not an object");
    check("{}", "1, entry 1: there is no type");
    check(
        r#"{"type": "Topology"}"#,
        "1, entry 1: type \"Topology\" is not a feature",
    );
    check(
        r#"{"type": "Feature", "geometry": {"x": 1}}"#,
        "1, entry 1: there is no type of the geometry",
    );
    check(
        r#"{"attributes": {}, "geometry": {"x": 1, "y": 2}}"#,
        "1, entry 1: there is no type, but attributes, geometry",
    );
    check(
        r#"{"type": "Feature", "geometry": [1, 2]}"#,
        "1, entry 1: the geometry is not an object",
    );
    check(
        r#"{"type": "Feature", "geometry": {"type": "Blob"}}"#,
        "1, entry 1: geometry type \"Blob\" is unknown",
    );
    check(
        r#"{"type": "Feature", "geometry": {"type": "Point"}}"#,
        "1, entry 1: there is no coordinates",
    );
    check(
        r#"{"type" "Feature"}"#,
        "9, entry 1: expected `:`, found '\"'",
    );
    check(
        r#"{"type": "Feature", "type": "Feature"}"#,
        "26, entry 1: duplicate field `type`",
    );
}

#[test]
fn the_name_is_a_property_of_choice() {
    let check = |field: Option<&str>, properties: &str, expected: &str| {
        let json = format!(
            r#"{{"type": "Feature", "geometry": {{"type": "Point", "coordinates": [1, 2]}}, "properties": {properties}}}"#
        );
        let options = Options {
            name: field.map_or(Naming::Nothing, |field| Naming::Field(field.to_owned())),
            ..Options::default()
        };
        let mut found = read_text(Format::GeoJson, json.as_bytes(), &options).unwrap();
        found.retain(|line| !line.contains("no record has"));
        assert_eq!(found, [expected], "{properties}");
    };
    let row = |name: &str| format!("20000000,10000000,{name}");
    check(Some("name"), r#"{"name": "\u00e4\n."}"#, &row("ä\n."));
    check(
        Some("name:de"),
        r#"{"name": "a", "name:de": "b"}"#,
        &row("b"),
    );
    check(
        Some("n"),
        r#"{"\u006e": "escaped key"}"#,
        &row("escaped key"),
    );
    check(Some("name"), "null", &row(""));
    check(Some("name"), r#"{"name": null}"#, &row(""));
    check(Some("name"), r#"{"other": {"name": "inner"}}"#, &row(""));
    check(Some("id"), r#"{"id": 12.50}"#, &row("12.50"));
    check(Some("id"), r#"{"id": false}"#, &row("false"));
    check(None, r#"{"name": ["not even looked at"]}"#, &row(""));
    let rejected = |reason: &str| format!("x: line 1, column 1, entry 1: {reason}");
    check(
        Some("name"),
        r#"{"name": ["a"]}"#,
        &rejected("property \"name\" is not a text"),
    );
    check(
        Some("name"),
        "[]",
        &rejected("the properties are not an object"),
    );
    check(
        Some("name"),
        r#"{"name": "a", "name": "b"}"#,
        &rejected("there are two properties \"name\""),
    );
    check(
        Some("name"),
        r#"{"name": "\udc00"}"#,
        &rejected("lone leading surrogate in hex escape, found udc00"),
    );
}

#[test]
fn the_usual_name_is_found_however_it_is_written() {
    let check = |properties: &str, expected: &[&str]| {
        let json = format!(
            r#"{{"type": "Feature", "geometry": {{"type": "Point", "coordinates": [1, 2]}}, "properties": {properties}}}"#
        );
        let expected = expected.iter().map(|&line| line.to_owned()).collect();
        assert_eq!(load(&json), Ok(expected), "{properties}");
    };
    let row = "20000000,10000000,Mill";
    for properties in [
        r#"{"name": " Mill\n"}"#,
        r#"{"NAME": "Mill"}"#,
        r#"{"Title": "Mill"}"#,
        r#"{"title": "x", "Name": "y", "name": "Mill"}"#,
        r#"{"title": "x", "NAME": "Mill"}"#,
        r#"{"name": null, "title": "Mill"}"#,
        r#"{"name": NaN, "title": "Mill"}"#,
        r#"{"title": {"rendered": "x"}, "NAME": "Mill"}"#,
    ] {
        check(properties, &[row]);
    }
    let unnamed = "20000000,10000000,";
    check(
        r#"{"title": {"rendered": "x"}}"#,
        &[unnamed, "x: no record has a \"name\"; there are title"],
    );
    check(
        r#"{"id": 7, "label": "Mill"}"#,
        &[unnamed, "x: no record has a \"name\"; there are id, label"],
    );
    check(r#"{"name": null, "id": 7}"#, &[unnamed]);
    check("null", &[unnamed]);
    check("{}", &[unnamed]);
}

#[test]
fn numbers_that_are_none_do_no_harm_where_they_are_not_needed() {
    let row = "20000000,10000000,NaN";
    let feature = r#"{"type": "Feature", "bbox": [NaN, -Infinity], "properties": {"name": "NaN", "height": NaN}, "geometry": {"type": "Point", "coordinates": [1, 2, NaN]}}"#;
    check_feature(feature, &[row]);
    assert_eq!(load(feature), Ok(vec![row.into()]));
    let feature = feature.replace("[1, 2, NaN]", "[1, NaN]");
    let wrong = "x: line 2, column 1, entry 1: latitude \"null\" is not a decimal number";
    check_feature(&feature, &[wrong]);
}

#[test]
fn a_feature_may_have_a_member_called_features() {
    let point = r#""geometry": {"type": "Point", "coordinates": [1, 2]}"#;
    let json = format!(r#"{{"type": "Feature", "features": [{{}}], {point}}}"#);
    assert_eq!(load(&json), Ok(vec!["20000000,10000000,".into()]));
    let late = format!(r#"{{"features": [], "type": "Feature", {point}}}"#);
    assert_eq!(
        load(&late),
        Err("cannot import x: line 1, column 26: the object is \"Feature\", and has a list \"features\" before it says so".into())
    );
}

#[test]
fn a_bare_list_of_features_is_read() {
    let json = format!(
        "[{}]",
        feature(r#"{"type": "Point", "coordinates": [1, 2]}"#)
    );
    assert_eq!(load(&json), Ok(vec!["20000000,10000000,a".into()]));
}

#[test]
fn geojson_is_detected_by_its_content() {
    let feature = feature(r#"{"type": "Point", "coordinates": [1, 2]}"#);
    let check = |format: Format, text: &str, expected: &[&str]| {
        let found = read_text(format, text.as_bytes(), &Options::default());
        assert_eq!(
            found,
            Ok(expected.iter().map(|&line| line.into()).collect()),
            "{text}"
        );
    };
    let row = "20000000,10000000,a";
    let collection = format!(r#"{{"type": "FeatureCollection", "features": [{feature}]}}"#);
    for text in [&feature, &collection] {
        check(Format::Json, text, &["x: read as geojson", row]);
    }
    let lines = format!("{feature}\n{feature}\n");
    let separated = format!("\u{1e}{feature}\n\u{1e}{feature}\n");
    for format in [Format::Json, Format::GeoJson] {
        for text in [&lines, &separated] {
            check(format, text, &["x: read as geojsonseq", row, row]);
        }
    }
}

#[test]
fn the_list_of_features_can_stand_anywhere() {
    let feature = feature(r#"{"type": "Point", "coordinates": [1, 2]}"#);
    let row = "20000000,10000000,a";
    let check = |json: &str, rows: usize| assert_eq!(load(json), Ok(vec![row.into(); rows]));
    check(
        &format!(
            r#"{{"bbox": [1, 2, 3, 4], "crs": null, "features": [{feature}, {feature}], "type": "FeatureCollection", "features2": [[]]}}"#
        ),
        2,
    );
    check(r#"{"type": "FeatureCollection", "features": []}"#, 0);
    check(&format!("\u{feff}{feature}\n"), 1);
    let geometry = r#"{"type": "Point", "coordinates": [1, 2]}"#;
    assert_eq!(load(geometry), Ok(vec!["20000000,10000000,".into()]));
}

#[test]
fn coordinates_of_another_system_are_refused() {
    let load = |name: &str| {
        load(&format!(
            r#"{{"crs": {{"type": "name", "properties": {{"name": "{name}"}}}}, "features": []}}"#
        ))
    };
    for name in ["urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326"] {
        assert_eq!(load(name), Ok(vec![]));
    }
    assert_eq!(
        load("urn:ogc:def:crs:EPSG::3857"),
        Err("cannot import x: its coordinates are in urn:ogc:def:crs:EPSG::3857; only WGS 84 longitudes and latitudes are read".into())
    );
    // In a feature or a geometry it counts as well, but only there.
    let crs = r#""crs": {"type": "EPSG", "properties": {"code": 3857}}"#;
    let point = r#"{"type": "Point", "coordinates": [1, 2]}"#;
    let within = point.replace('}', &format!(", {crs}}}"));
    let wrong = "x: line 2, column 1, entry 1: its coordinates are in EPSG:3857; only WGS 84 longitudes and latitudes are read";
    let whole = feature(point);
    let rows = [
        &feature(&within),
        &whole.replacen('{', &format!("{{{crs}, "), 1),
    ];
    for wrong_feature in rows {
        check_feature(wrong_feature, &[wrong]);
        let assumed = Options {
            assume_wgs84: true,
            ..Options::default()
        };
        let found = read_text(Format::GeoJson, wrong_feature.as_bytes(), &assumed);
        assert_eq!(found, Ok(vec!["20000000,10000000,a".into()]));
    }
    let nad83 = format!(
        r#"{{"crs": {{"type": "name", "properties": {{"name": "EPSG:4269"}}}}, "features": [{whole}]}}"#
    );
    let assumed = Options {
        assume_wgs84: true,
        ..Options::default()
    };
    let found = read_text(Format::GeoJson, nad83.as_bytes(), &assumed);
    assert_eq!(found, Ok(vec!["20000000,10000000,a".into()]));
}

#[test]
fn json_of_another_kind_is_refused() {
    let check = |json: &str, expected: &str| {
        let expected = format!("cannot import x: not geojson: {expected}");
        assert_eq!(load(json), Err(expected), "{json}");
    };
    check("", "expected a GeoJSON object, but the file is empty");
    check(
        "7",
        "expected a GeoJSON object, but the file begins with '7'",
    );
    check("{}", "the object has no \"type\" and no \"features\"");
    check(
        r#"{"type": "Topology", "arcs": []}"#,
        "the object is of type \"Topology\", and has no \"features\"",
    );
    check(
        r#"{"feature": [{}]}"#,
        "the object has no \"type\" and no \"features\", but feature",
    );
}

#[test]
fn a_lone_feature_that_is_too_long_is_rejected() {
    let options = |max_record_bytes| Options {
        max_record_bytes,
        ..Options::default()
    };
    let json = feature(r#"{"type": "Point", "coordinates": [1, 2]}"#);
    let found = read_text(Format::GeoJson, json.as_bytes(), &options(30));
    assert_eq!(
        found,
        Err("cannot import x: line 1, column 33: the record is longer than 30 bytes".into())
    );
    let json = r#"{"type": "Feature", "bbox": [1, 2, 3, 4], "geometry": null, "id": 5}"#;
    let found = read_text(Format::GeoJson, json.as_bytes(), &options(40));
    assert_eq!(
        found,
        Ok(vec![
            "x: line 1, column 1, entry 1: the record is longer than 40 bytes".into()
        ])
    );
}

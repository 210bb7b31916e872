//! The tutorial: the programs without a command.

use std::fs;

use crate::process::{Ended, run};
use crate::servers::RealServer;
use crate::{GREETER_CLIENT, ROUTE_GUIDE_CLIENT};

/// The published places as they stand in a line, read without the code under test.
fn places() -> Vec<(String, String)> {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../data/route_guide_db.json"
    );
    let places: serde_json::Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let places = places.as_array().unwrap().iter();
    places
        .map(|place| {
            let at = |axis: &str| place["location"][axis].as_i64().unwrap();
            let (lat, lon) = (at("latitude"), at("longitude"));
            let name = place["name"].as_str().unwrap();
            (
                name.to_owned(),
                format!("latitude: {lat}, longitude: {lon}"),
            )
        })
        .collect()
}

#[test]
fn without_a_command_route_guide_client_runs_the_tutorial_line_by_line() {
    let server = RealServer::route_guide();
    let lines = run(ROUTE_GUIDE_CLIENT, &["--target", server.target()]).printed();
    let mut lines = lines.iter().map(String::as_str);
    let mut next = || lines.next().unwrap();

    assert_eq!(next(), "-------------- GetFeature --------------");
    assert_eq!(
        next(),
        "Feature called 'Berkshire Valley Management Area Trail, Jefferson, NJ, USA' \
         at latitude: 409146138, longitude: -746188906"
    );
    assert_eq!(next(), "Found no feature at latitude: 0, longitude: 0");

    assert_eq!(next(), "-------------- ListFeatures --------------");
    assert_eq!(next(), "Looking for features between 40, -75 and 42, -73");
    let places = places();
    assert_eq!(places.len(), 100);
    for (name, at) in &places {
        assert_eq!(next(), format!("Feature called '{name}' at {at}"));
    }

    assert_eq!(next(), "-------------- RecordRoute --------------");
    for _ in 0..10 {
        let line = next();
        let visited = line.strip_prefix("Visiting point ").unwrap();
        assert!(places.iter().any(|(_, at)| at == visited), "{line}");
    }
    assert_eq!(next(), "Finished trip with 10 points");
    assert_eq!(next(), "Passed 10 features");
    let meters = next()
        .strip_prefix("Traveled ")
        .and_then(|rest| rest.strip_suffix(" meters"));
    assert!(meters.unwrap().parse::<u32>().unwrap() > 0);
    let seconds = next()
        .strip_prefix("It took ")
        .and_then(|rest| rest.strip_suffix(" seconds"));
    seconds.unwrap().parse::<u32>().unwrap();

    assert_eq!(next(), "-------------- RouteChat --------------");
    let (sent, received): (Vec<_>, Vec<_>) = lines.partition(|line| line.starts_with("Sending"));
    assert_eq!(
        sent,
        [
            "Sending First message at latitude: 0, longitude: 0",
            "Sending Second message at latitude: 0, longitude: 1",
            "Sending Third message at latitude: 1, longitude: 0",
            "Sending Fourth message at latitude: 0, longitude: 0",
            "Sending Fifth message at latitude: 1, longitude: 0",
        ]
    );
    assert_eq!(
        received,
        [
            "Received message First message at latitude: 0, longitude: 0",
            "Received message Third message at latitude: 1, longitude: 0",
        ]
    );
}

#[test]
fn the_tutorial_in_json_has_a_line_for_each_message() {
    let server = RealServer::route_guide();
    let lines = run(ROUTE_GUIDE_CLIENT, &["--json", "--target", server.target()]).printed();
    // Two features found, a hundred listed, one summary, two notes.
    assert_eq!(lines.len(), 105);
    for line in lines {
        let message: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert!(message.is_object(), "{line}");
    }
}

#[test]
fn without_a_command_greeter_client_runs_the_quick_start() {
    let server = RealServer::greetings();
    assert_eq!(
        run(GREETER_CLIENT, &["--target", server.target()]).printed(),
        [
            "Will try to greet world ...",
            "Greeter client received: Hello, you!",
            "Greeter client received: Hello again, you!",
        ]
    );
}

#[test]
fn without_a_server_one_line_says_what_to_start() {
    let nobody = crate::targets::Nobody::new();
    let check = |ended: Ended, server: &str| {
        assert_eq!(
            ended.failed(78),
            format!(
                "UNAVAILABLE: nothing is listening at {}; start a server with: {server}",
                nobody.target()
            )
        );
    };
    let flags = ["--target", nobody.target()];
    check(run(ROUTE_GUIDE_CLIENT, &flags), "route-guide-server");
    check(run(GREETER_CLIENT, &flags), "greeter-server");
}

//! `record`: points of a file or of standard input.

use std::fs;

use crate::ROUTE_GUIDE_CLIENT;
use crate::odd::OddServer;
use crate::process::{Program, run, run_with_input};
use crate::servers::RealServer;

#[test]
fn points_come_from_standard_input_or_a_file() {
    let server = RealServer::route_guide();
    // Two published places and the way between them, as any calculator of great circles with R = 6 371 000 m has it.
    let route = "40.7838351,-74.6143763\r\n# on the way\n\n 408122808 , -743999179 \n";
    let expected = [
        "Finished trip with 2 points",
        "Passed 2 features",
        "Traveled 18327 meters",
        "It took 0 seconds",
    ];
    let flags = ["--target", server.target(), "record"];
    assert_eq!(
        run_with_input(ROUTE_GUIDE_CLIENT, &flags, route).printed(),
        expected
    );
    let dash = [&flags[..], &["-"]].concat();
    assert_eq!(
        run_with_input(ROUTE_GUIDE_CLIENT, &dash, route).printed(),
        expected
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), route).unwrap();
    let from_file = [&flags[..], &[file.path().to_str().unwrap()]].concat();
    assert_eq!(run(ROUTE_GUIDE_CLIENT, &from_file).printed(), expected);
}

/// Editors on some systems put one before a file; it is no part of the first point, nor of a note.
#[test]
fn a_byte_order_mark_is_no_part_of_the_input() {
    let server = RealServer::route_guide();
    let flags = ["--target", server.target(), "record"];
    let lines = run_with_input(ROUTE_GUIDE_CLIENT, &flags, "\u{feff}1,1\n2,2\n").printed();
    assert_eq!(lines[0], "Finished trip with 2 points");
    let chat = ["--target", server.target(), "chat"];
    let lines = run_with_input(ROUTE_GUIDE_CLIENT, &chat, "\u{feff}hello\n").printed();
    assert_eq!(lines, ["0,0 > hello"]);
}

#[test]
fn an_empty_route_has_an_empty_summary() {
    let server = RealServer::route_guide();
    assert_eq!(
        run(
            ROUTE_GUIDE_CLIENT,
            &["record", "--json", "--target", server.target()]
        )
        .printed(),
        [r#"{"pointCount":0,"featureCount":0,"distance":0,"elapsedTime":0}"#]
    );
}

#[test]
fn a_point_is_sent_when_it_is_typed() {
    let server = OddServer::start();
    let mut program = Program::piped(ROUTE_GUIDE_CLIENT, &["record", "--target", server.target()]);
    program.write("1,2\n");
    assert_eq!(server.event(), "point 10000000,20000000");
    program.write("-3,4");
    program.close_input();
    assert_eq!(server.event(), "point -30000000,40000000");
    assert_eq!(server.event(), "whole route");
    assert_eq!(program.ended().printed()[0], "Finished trip with 2 points");
}

/// A summary of the first half of a file would look like one of the whole.
#[test]
fn a_route_that_breaks_off_is_cancelled() {
    let server = OddServer::start();
    let mut program = Program::piped(ROUTE_GUIDE_CLIENT, &["record", "--target", server.target()]);
    program.write("1,2\n");
    assert_eq!(server.event(), "point 10000000,20000000");
    program.write("x\n");
    let ended = program.ended();
    assert!(ended.stdout.is_empty(), "{ended:?}");
    assert_eq!(
        ended.failed(1),
        "error: standard input: line 2: expected LAT,LON but found \"x\""
    );
    assert_eq!(server.event(), "cancelled");
}

#[test]
fn a_point_off_the_globe_is_named_by_the_server_with_its_index() {
    let server = RealServer::route_guide();
    let ended = run_with_input(
        ROUTE_GUIDE_CLIENT,
        &["record", "--e7", "--target", server.target()],
        "0,0\n0,-1800000001\n",
    );
    assert_eq!(ended.code, Some(67), "{ended:?}");
    assert!(
        ended.stderr[0].starts_with("INVALID_ARGUMENT: "),
        "{ended:?}"
    );
    assert!(ended.stderr[0].contains('1'), "{ended:?}");
    assert!(
        ended.stderr[1].contains("longitude") && ended.stderr[1].contains("-1800000001"),
        "{ended:?}"
    );
}

#[test]
fn a_hundred_thousand_points_go_through() {
    let server = RealServer::route_guide();
    let route = "0,0\n0,1\n".repeat(50_000);
    let lines = run_with_input(
        ROUTE_GUIDE_CLIENT,
        &["record", "--target", server.target()],
        route,
    );
    assert_eq!(lines.printed()[0], "Finished trip with 100000 points");
}

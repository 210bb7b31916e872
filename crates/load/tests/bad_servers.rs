//! Whatever a server does, a load ends, and says what was wrong.

use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use route_guide_geo::E7Point;
use route_guide_load::{
    FanOut, Framing, GetFeature, ListFeatures, Load, LoadError, Reach, RecordRoute, Report, Route,
    Stop, Target, Windows, Workload,
};
use route_guide_testkit::ReservedPort;

const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
const PING: &[u8] = &[0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
/// HEADERS of stream 1: status 200, and the content type of gRPC.
const HEAD: &[u8] = b"\x00\x00\x14\x01\x04\x00\x00\x00\x01\x88\x0f\x10\x10application/grpc";

/// Starts a server that greets a client, replies when a call begins, and then closes if it should.
fn server(greeting: &[u8], reply: &[u8], closes: bool) -> Target {
    server_for(1, greeting, reply, closes)
}

/// The same for several clients.
fn server_for(clients: usize, greeting: &[u8], reply: &[u8], closes: bool) -> Target {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    for _ in 0..clients {
        let listener = listener.try_clone().expect("another handle");
        let (greeting, reply) = (greeting.to_vec(), reply.to_vec());
        thread::spawn(move || {
            let (client, _) = listener.accept().expect("a client");
            serve(client, &greeting, &reply, closes);
        });
    }
    Target::resolve(&address, Reach::Loopback).expect("a loopback address")
}

fn serve(mut client: TcpStream, greeting: &[u8], reply: &[u8], closes: bool) {
    client.write_all(greeting).expect("it listens");
    let mut heard = Vec::new();
    let mut buffer = [0; 4_096];
    let mut replied = false;
    loop {
        // Without settings no call begins.
        if !replied && (greeting != SETTINGS || has_begun_a_call(&heard)) {
            client.write_all(reply).expect("it listens");
            replied = true;
            if closes {
                client.shutdown(Shutdown::Write).expect("it is open");
            }
        }
        // Until the client goes: to close with something unread would tear down what was said, too.
        match client.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(len) => heard.extend_from_slice(&buffer[..len]),
        }
    }
}

/// Tells whether there is a HEADERS frame behind the client's preface.
fn has_begun_a_call(heard: &[u8]) -> bool {
    let mut frames = heard.get(24..).unwrap_or_default();
    while let [a, b, c, kind, ..] = *frames {
        if kind == 1 {
            return true;
        }
        let len = u32::from_be_bytes([0, a, b, c]) as usize;
        frames = frames.get(9 + len..).unwrap_or_default();
    }
    false
}

/// HEADERS of stream 1 that end it with a gRPC status.
fn trailers(status: &str) -> Vec<u8> {
    let len = |bytes: &[u8]| u8::try_from(bytes.len()).expect("a short text");
    let mut block = b"\x00\x0bgrpc-status".to_vec();
    block.push(len(status.as_bytes()));
    block.extend_from_slice(status.as_bytes());
    [&[0, 0, len(&block), 1, 0x5, 0, 0, 0, 1][..], &block].concat()
}

fn load() -> Load {
    Load {
        calls: Some(1),
        silence: Duration::from_millis(100),
        ..Load::default()
    }
}

fn get_feature(target: &Target) -> Result<Report, LoadError> {
    let mut look_ups = GetFeature::default();
    look_ups.ask(E7Point::default(), None);
    look_ups.run(target, &load())
}

fn in_full(error: &dyn Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", in_full(source)),
        None => error.to_string(),
    }
}

#[test]
fn a_connection_that_fails_is_told() {
    let check = |greeting: &[u8], reply: &[u8], closes, expected: &str| {
        let outcome = get_feature(&server(greeting, reply, closes));
        assert_eq!(in_full(&outcome.unwrap_err()), expected);
    };
    let silent = "the server has been silent for 100ms";
    check(&[], &[], false, silent);
    check(SETTINGS, &[], false, silent);
    check(SETTINGS, HEAD, false, silent);
    let closed = "the server closed the connection";
    check(&[], &[], true, closed);
    check(SETTINGS, HEAD, true, closed);
    check(
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        &[],
        true,
        "the server breaks HTTP/2: FRAME_SIZE_ERROR",
    );
    let goaway = [
        &[0, 0, 12, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11][..],
        b"calm",
    ];
    check(
        SETTINGS,
        &goaway.concat(),
        false,
        "the server ended the connection with ENHANCE_YOUR_CALM: calm",
    );
    let headers_without_end = [0, 0, 1, 1, 0, 0, 0, 0, 1, 0x88];
    check(
        SETTINGS,
        &[&headers_without_end[..], PING].concat(),
        false,
        "the server breaks HTTP/2: PROTOCOL_ERROR",
    );
    check(
        SETTINGS,
        &[0, 0, 1, 1, 0x4, 0, 0, 0, 1, 0xff],
        false,
        "the server breaks HTTP/2: PROTOCOL_ERROR",
    );
}

#[test]
fn nobody_there_is_told() {
    let free = ReservedPort::new().unwrap();
    let address = format!("127.0.0.1:{}", free.number());
    let target = Target::resolve(&address, Reach::Loopback).unwrap();
    let error = get_feature(&target).unwrap_err();
    assert!(matches!(error, LoadError::Connect { .. }), "{error}");
}

/// A call that ends, but not as it should, is a failure in the report.
#[test]
fn a_call_that_fails_is_counted() {
    let check = |reply: &[&[u8]], expected: &str| {
        let report = get_feature(&server(SETTINGS, &reply.concat(), false)).unwrap();
        assert_eq!(
            (report.calls, report.failures.count()),
            (0, 1),
            "{expected}"
        );
        assert_eq!(report.failures.first().unwrap().to_string(), expected);
    };
    check(&[HEAD, &trailers("14")], "UNAVAILABLE");
    check(&[HEAD, &trailers("0")], "0 replies where 1 were expected");
    let last_data = [0, 0, 0, 0, 0x1, 0, 0, 0, 1];
    check(
        &[HEAD, &last_data],
        "INTERNAL: the reply ended without a status",
    );
    // Entry 13 of the static table is status 404.
    let not_found = [0, 0, 1, 1, 0x5, 0, 0, 0, 1, 0x8d];
    check(
        &[&not_found],
        "UNIMPLEMENTED: the server answered with HTTP status 404 Not Found and no content type",
    );
    let reset = [0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 7];
    check(
        &[&reset],
        "UNAVAILABLE: the stream was reset with REFUSED_STREAM",
    );
}

/// The page of a proxy was counted as messages.
#[test]
fn a_page_has_no_messages() {
    // Entry 8 of the static table is the status, and entry 31 the content type.
    let bad_gateway = b"\x00\x00\x11\x01\x04\x00\x00\x00\x01\x08\x03502\x0f\x10\x09text/html";
    let page = [&[0, 0, 13, 0, 0x1, 0, 0, 0, 1], &b"<html></html>"[..]].concat();
    let reply = [&bad_gateway[..], &page].concat();
    let report = get_feature(&server(SETTINGS, &reply, false)).unwrap();
    assert_eq!((report.messages, report.bytes), (0, 0));
    assert_eq!(
        report.failures.first().unwrap().to_string(),
        "UNAVAILABLE: the server answered with HTTP status 502 Bad Gateway and content type 'text/html'"
    );
}

/// h2 took a frame for each message for an attack where windows are narrow.
#[test]
fn features_may_have_a_frame_each() {
    const FEATURES: usize = 10_000;
    let feature = [0, 0, 5, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0];
    let reply = [HEAD, &feature.repeat(FEATURES), &trailers("0")].concat();
    let load = Load {
        windows: Windows::HTTP2_DEFAULT,
        time: Duration::from_secs(3_600),
        ..load()
    };
    let mut listing = ListFeatures::default();
    listing.list("0,0:1,1".parse().unwrap(), Some(FEATURES as u64));
    let report = listing
        .run(&server(SETTINGS, &reply, false), &load)
        .unwrap();
    assert_eq!((report.calls, report.messages), (1, FEATURES as u64));
}

/// HEADERS and the CONTINUATION frames that follow, of a status with this message of 40 000 bytes.
fn long_trailers(message: &str) -> Vec<u8> {
    assert_eq!(message.len(), 40_000);
    // The last four bytes are the length in HPACK's variable form.
    let fields = b"\x00\x0bgrpc-status\x0214\x00\x0cgrpc-message\x7f\xc1\xb7\x02";
    let block = [fields, message.as_bytes()].concat();
    let mut frames = Vec::new();
    for (number, piece) in block.chunks(16_384).enumerate() {
        let (kind, flags) = [(1, 0x1), (9, 0), (9, 0x4)][number];
        let [.., a, b, c] = piece.len().to_be_bytes();
        frames.extend_from_slice(&[a, b, c, kind, flags, 0, 0, 0, 1]);
        frames.extend_from_slice(piece);
    }
    frames
}

#[test]
fn headers_may_be_longer_than_a_frame_and_of_long_texts_the_beginning_is_told() {
    let message = "#".repeat(40_000);
    let reply = [HEAD, &long_trailers(&message)].concat();
    let target = server(SETTINGS, &reply, false);
    let mut load = load();
    load.metadata.insert("x-long", message.parse().unwrap());
    let mut look_ups = GetFeature::default();
    look_ups.ask(E7Point::default(), None);
    let report = look_ups.run(&target, &load).unwrap();
    assert_eq!(
        report.failures.first().unwrap().to_string(),
        format!("UNAVAILABLE: {}…", &message[..1_024])
    );
    let goaway = [0, 0x20, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11];
    let goaway = [&goaway, &message.as_bytes()[..0x2000 - 8]].concat();
    let error = get_feature(&server(SETTINGS, &goaway, false)).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the server ended the connection with ENHANCE_YOUR_CALM: {}…",
            &message[..1_024]
        )
    );
}

/// A server may answer before it has heard everything; the rest of the route is then not sent.
#[test]
fn an_early_end_stops_an_upload() {
    let target = server(SETTINGS, &[HEAD, &trailers("3")].concat(), false);
    let points = std::iter::repeat_n(E7Point::default(), 100_000);
    let route = Route::new(points, Framing::Packed);
    let report = RecordRoute::new(route).run(&target, &load()).unwrap();
    assert_eq!(
        report.failures.first().unwrap().to_string(),
        "INVALID_ARGUMENT"
    );
    // No more than HTTP/2's initial window, which nobody has opened further.
    assert!(report.bytes <= 65_535, "{} bytes", report.bytes);
}

/// The DATA frame of stream 1 with an empty message, and HEADERS that end it with OK.
fn empty_reply() -> Vec<u8> {
    let message = [0, 0, 5, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0];
    [HEAD, &message, &trailers("0")].concat()
}

/// What was measured before a server went away is not lost.
#[test]
fn a_run_that_breaks_off_keeps_what_it_found() {
    let goaway = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11];
    let target = server(SETTINGS, &[empty_reply(), goaway.to_vec()].concat(), false);
    let mut report = Report::default();
    let error = two_look_ups(&target, &load(), &mut report).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the server ended the connection with ENHANCE_YOUR_CALM"
    );
    assert_eq!((report.calls, report.failures.count()), (1, 0));
    assert!(!report.elapsed.is_zero());
}

fn two_look_ups(target: &Target, load: &Load, report: &mut Report) -> Result<(), LoadError> {
    look_ups(2, target, load, report)
}

fn look_ups(
    calls: u64,
    target: &Target,
    load: &Load,
    report: &mut Report,
) -> Result<(), LoadError> {
    let mut look_ups = GetFeature::default();
    look_ups.ask(E7Point::default(), Some(false));
    let load = Load {
        calls: Some(calls),
        ..load.clone()
    };
    look_ups.run_into(target, &load, report)
}

/// A server that ends a connection in order, as at its maximum age, ended the run.
#[test]
fn an_orderly_farewell_does_not_end_a_run() {
    let goaway = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];
    let reply = [empty_reply(), goaway.to_vec()].concat();
    let target = server_for(2, SETTINGS, &reply, false);
    let mut report = Report::default();
    two_look_ups(&target, &load(), &mut report).unwrap();
    assert_eq!((report.calls, report.failures.count()), (2, 0));
}

/// Starts a server that never lets a client wait for bytes: it repeats some, from the beginning of the first call on if
/// calls can begin.
fn server_that_repeats(greeting: &'static [u8], bytes: &'static [u8]) -> Target {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    thread::spawn(move || {
        let (mut client, _) = listener.accept().expect("a client");
        client.write_all(greeting).expect("it listens");
        let tick = Some(Duration::from_millis(1));
        client.set_read_timeout(tick).expect("a socket option");
        let mut heard = Vec::new();
        let mut buffer = [0; 4_096];
        let mut replied = false;
        loop {
            match client.read(&mut buffer) {
                Ok(0) => return,
                Ok(len) => heard.extend_from_slice(&buffer[..len]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
            if !replied && greeting == SETTINGS && has_begun_a_call(&heard) {
                client.write_all(HEAD).expect("it listens");
                replied = true;
            }
            if (replied || greeting != SETTINGS) && client.write_all(bytes).is_err() {
                return;
            }
        }
    });
    Target::resolve(&address, Reach::Loopback).expect("a loopback address")
}

/// A server that sends PINGs, or a message now and then, kept a run open for ever.
#[test]
fn a_run_ends_however_long_its_calls_are_kept_open() {
    let message: &[u8] = &[0, 0, 5, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0];
    for bytes in [PING, message] {
        let load = Load {
            time: Duration::from_millis(100),
            grace: Duration::from_millis(10),
            silence: Duration::from_secs(3_600),
            ..load()
        };
        let mut report = Report::default();
        two_look_ups(&server_that_repeats(SETTINGS, bytes), &load, &mut report).unwrap();
        assert_eq!((report.calls, report.failures.count()), (0, 1));
        assert_eq!(
            report.failures.first().unwrap().to_string(),
            "DEADLINE_EXCEEDED: the call did not end within 10ms after the time of the run"
        );
        assert_eq!(report.elapsed, load.time);
    }
}

/// Listeners that wait for each other's notes, and clients for the server's settings, did so for ever.
#[test]
fn nothing_that_a_run_needs_is_waited_for_for_ever() {
    let fan_out = FanOut {
        places: 1,
        listeners: 2,
        arrivals: 1,
        seed: 1,
    };
    let nothing = &[];
    for greeting in [SETTINGS, nothing] {
        let error = fan_out
            .run(&server_that_repeats(greeting, PING), &load())
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the server has been silent for 100ms",
            "{greeting:?}"
        );
    }
}

/// Starts a server that answers the first call and allows no other.
fn server_without_streams() -> Target {
    let no_streams = [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0];
    let reply = [&no_streams[..], &empty_reply()].concat();
    server(SETTINGS, &reply, false)
}

/// The bound on each call did not count the time before the server allowed it.
#[test]
fn a_call_that_waits_for_a_stream_for_too_long_has_failed() {
    let load = Load {
        timeout: Some(Duration::from_millis(1)),
        time: Duration::from_secs(3_600),
        silence: Duration::from_secs(3_600),
        ..load()
    };
    let mut report = Report::default();
    look_ups(4, &server_without_streams(), &load, &mut report).unwrap();
    assert_eq!(report.calls + report.failures.count(), 4);
    assert!(report.failures.count() >= 3, "{report:?}");
    assert_eq!(
        report.failures.first().unwrap().to_string(),
        "DEADLINE_EXCEEDED: the call did not end within 1ms"
    );
}

#[test]
fn a_run_ends_though_no_stream_is_allowed_any_more() {
    let load = Load {
        time: Duration::from_millis(100),
        grace: Duration::from_millis(10),
        silence: Duration::from_secs(3_600),
        ..load()
    };
    let mut report = Report::default();
    two_look_ups(&server_without_streams(), &load, &mut report).unwrap();
    assert!(report.failures.count() == 1, "{report:?}");
}

/// A run with a bound on each call waited for a silent server as if there were none.
#[test]
fn a_call_that_takes_too_long_has_failed_and_the_run_goes_on() {
    for connections in [1, 2] {
        let target = server_for(connections, SETTINGS, HEAD, false);
        let load = Load {
            connections,
            timeout: Some(Duration::from_millis(1)),
            silence: Duration::from_secs(3_600),
            ..load()
        };
        let mut report = Report::default();
        two_look_ups(&target, &load, &mut report).unwrap();
        assert_eq!((report.calls, report.failures.count()), (0, 2));
        assert_eq!(
            report.failures.first().unwrap().to_string(),
            "DEADLINE_EXCEEDED: the call did not end within 1ms"
        );
    }
}

#[test]
fn a_run_that_waits_can_be_stopped() {
    let load = Load {
        silence: Duration::from_secs(3_600),
        ..load()
    };
    for connections in [1, 2] {
        let target = server_for(connections, SETTINGS, HEAD, false);
        let load = Load {
            connections,
            stop: Stop::default(),
            ..load.clone()
        };
        let stop = load.stop.clone();
        let mut look_ups = GetFeature::default();
        look_ups.ask(E7Point::default(), None);
        thread::scope(|scope| {
            let run = scope.spawn(|| look_ups.run(&target, &load));
            stop.now();
            let error = run.join().unwrap().unwrap_err();
            assert!(matches!(error, LoadError::Stopped), "{error}");
        });
    }
}

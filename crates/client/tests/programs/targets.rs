//! The forms of `--target`, and places where no server is.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::thread;

use route_guide_client::Target;
use route_guide_server::RouteGuideSettings;
use tokio::net::TcpSocket;

use crate::process::{Program, run};
use crate::servers::{RealServer, runtime};
use crate::{GREETER_CLIENT, ROUTE_GUIDE_CLIENT};

/// A port that is taken by somebody who does not listen, so that connections to it are refused.
#[derive(Debug)]
pub(crate) struct Nobody {
    target: String,
    _socket: TcpSocket,
}

impl Nobody {
    pub(crate) fn new() -> Self {
        let socket = runtime().block_on(async { TcpSocket::new_v4().unwrap() });
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self {
            target: socket.local_addr().unwrap().to_string(),
            _socket: socket,
        }
    }

    pub(crate) fn target(&self) -> &str {
        &self.target
    }
}

/// Starts a server that says this to everybody, and then nothing more. It ends with the test's process.
pub(crate) fn rude_server(says: &'static [u8], hangs_up: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // The client may have gone already.
            let _ = stream.write_all(says);
            if hangs_up {
                let _ = stream.shutdown(Shutdown::Write);
            }
            // Closed with something unread, it would be reset, and what it has said could be lost on the way.
            thread::spawn(move || stream.read_to_end(&mut Vec::new()));
        }
    });
    target
}

/// Passes connections to a socket without a file on to a server, and returns the target.
fn abstract_socket(server: &str) -> String {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::{SocketAddr, UnixListener};
    let name = format!("route-guide-{}-{}", std::process::id(), server);
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let listener = UnixListener::bind_addr(&address).unwrap();
    let server = server.to_owned();
    thread::spawn(move || {
        for client in listener.incoming() {
            let client = client.unwrap();
            let server = std::net::TcpStream::connect(&server).unwrap();
            let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut from, &mut to));
            let (mut from, mut to) = (server, client);
            thread::spawn(move || std::io::copy(&mut from, &mut to));
        }
    });
    format!("unix-abstract:{name}")
}

/// A server printed the zone of its address, and the client took none.
#[test]
fn what_a_server_says_it_listens_on_is_a_target() {
    for address in [
        "localhost:50051",
        "127.0.0.1:50051",
        "[::1]:50051",
        "[fe80::1%eth0]:50051",
        "[fe80::1%2]:50051",
        "unix:/run/guide.sock",
    ] {
        let settings = RouteGuideSettings {
            listen: vec![address.parse().unwrap()],
            ..RouteGuideSettings::default()
        };
        let printed = settings.listen[0].to_string();
        let target: Target = printed.parse().unwrap();
        assert_eq!(target.to_string(), printed);
    }
}

#[test]
fn every_form_of_a_target_is_called() {
    let server = RealServer::route_guide();
    let port = server.target().rsplit(':').next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("guide.sock");
    let socket = socket.to_str().unwrap();
    let unix = RealServer::route_guide_at(&format!("unix:{socket}"));
    assert_eq!(unix.target(), format!("unix:{socket}"));
    for target in [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        format!("dns:///127.0.0.1:{port}"),
        format!("dns:127.0.0.1:{port}"),
        format!("http://127.0.0.1:{port}/"),
        format!("unix:{socket}"),
        format!("unix://{socket}"),
        format!("ipv4:127.0.0.1:{port}"),
        // Nobody listens at the first one.
        format!("ipv4:127.0.0.1:1,127.0.0.1:{port}"),
        abstract_socket(server.target()),
    ] {
        let ended = run(ROUTE_GUIDE_CLIENT, &["--target", &target, "get", "0,0"]);
        assert_eq!(
            ended.printed(),
            ["Found no feature at latitude: 0, longitude: 0"],
            "{target}"
        );
    }
}

#[test]
fn a_host_without_an_address_is_named() {
    let get = ["--target", "no-such-host.invalid:1", "get", "0,0"];
    let line = run(ROUTE_GUIDE_CLIENT, &get).failed(78);
    assert!(
        line.starts_with("UNAVAILABLE: cannot find the address of no-such-host.invalid:1: "),
        "{line}"
    );
}

#[test]
fn a_server_of_another_kind_is_told_apart() {
    let check = |target: &str, expected: &str| {
        let line = run(ROUTE_GUIDE_CLIENT, &["--target", target, "get", "0,0"]).failed(78);
        assert_eq!(line, format!("UNAVAILABLE: {expected}"));
    };
    let http1 = rude_server(b"HTTP/1.1 400 Bad Request\r\n\r\n", false);
    check(
        &http1,
        &format!("the program listening at {http1} does not speak HTTP/2"),
    );
    let closes = rude_server(b"", true);
    check(&closes, &format!("{closes} closed the connection at once"));
}

#[test]
fn a_server_that_never_answers_costs_no_more_than_the_deadline() {
    let silent = rude_server(b"", false);
    for command in [
        &["get", "0,0"][..],
        &["list", "0,0:1,1"],
        &["record"],
        &["chat"],
    ] {
        let flags = ["--timeout", "100ms", "--target", &silent];
        let mut program = Program::piped(ROUTE_GUIDE_CLIENT, &[&flags[..], command].concat());
        program.write("1,1\n");
        assert_eq!(
            program.ended().failed(68),
            "DEADLINE_EXCEEDED: the call did not end within 100ms"
        );
    }
}

/// A user called `greeter-client greet` while a RouteGuide server was running at the default port. It printed
/// `UNIMPLEMENTED` and nothing else.
#[test]
fn the_wrong_one_of_two_servers_is_recognised() {
    let guide = RealServer::route_guide();
    assert_eq!(
        run(GREETER_CLIENT, &["greet", "--target", guide.target()]).failed(76),
        "UNIMPLEMENTED: unknown method /helloworld.Greeter/SayHello"
    );
    let greetings = RealServer::greetings();
    for (command, method) in [
        (&["get", "0,0"][..], "GetFeature"),
        (&["list", "0,0:1,1"], "ListFeatures"),
        (&["record"], "RecordRoute"),
        (&["chat"], "RouteChat"),
    ] {
        let flags = ["--target", greetings.target()];
        assert_eq!(
            run(ROUTE_GUIDE_CLIENT, &[&flags[..], command].concat()).failed(76),
            format!("UNIMPLEMENTED: unknown method /routeguide.RouteGuide/{method}")
        );
    }
}

//! Whatever answers a call, the program says what it was, and does not panic.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::thread;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response};

use crate::process::{Ended, run, run_with_input};
use crate::servers::{PATIENCE, runtime};
use crate::{GREETER_CLIENT, ROUTE_GUIDE_CLIENT};

type Fields = &'static [(&'static str, &'static str)];

/// What a server answers to every call.
#[derive(Clone, Copy, Debug)]
struct Answer {
    status: u16,
    headers: Fields,
    body: &'static [u8],
    trailers: Option<Fields>,
}

const GRPC: Fields = &[("content-type", "application/grpc")];
const OK: Fields = &[("grpc-status", "0")];
const OK_AT_ONCE: Fields = &[("content-type", "application/grpc"), ("grpc-status", "0")];
const BROTLI: Fields = &[
    ("content-type", "application/grpc"),
    ("grpc-encoding", "br"),
];

/// A body of gRPC, with one empty message and with two.
const ONE: &[u8] = &[0; 5];
const TWO: &[u8] = &[0; 10];

impl Answer {
    const fn grpc(body: &'static [u8], trailers: Fields) -> Self {
        Self {
            status: 200,
            headers: GRPC,
            body,
            trailers: Some(trailers),
        }
    }

    const fn http(status: u16, headers: Fields, body: &'static [u8]) -> Self {
        Self {
            status,
            headers,
            body,
            trailers: None,
        }
    }

    /// Starts a server that answers so, and returns its target. It ends with the test's process.
    fn server(self) -> String {
        let (say, target) = channel();
        thread::spawn(move || {
            runtime().block_on(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                say.send(listener.local_addr().unwrap().to_string())
                    .unwrap();
                loop {
                    let (socket, _) = listener.accept().await.unwrap();
                    tokio::spawn(self.serve(socket));
                }
            });
        });
        target.recv_timeout(PATIENCE).unwrap()
    }

    async fn serve(self, socket: tokio::net::TcpStream) {
        let Ok(mut connection) = h2::server::handshake(socket).await else {
            return;
        };
        while let Some(Ok((_request, mut respond))) = connection.accept().await {
            let mut head = Response::new(());
            *head.status_mut() = self.status.try_into().unwrap();
            *head.headers_mut() = fields(self.headers);
            let is_empty = self.body.is_empty() && self.trailers.is_none();
            let Ok(mut stream) = respond.send_response(head, is_empty) else {
                continue;
            };
            // The client may have had enough.
            if !self.body.is_empty() {
                let body = Bytes::from_static(self.body);
                let _ = stream.send_data(body, self.trailers.is_none());
            }
            if let Some(trailers) = self.trailers {
                let _ = stream.send_trailers(fields(trailers));
            }
        }
    }
}

fn fields(fields: Fields) -> HeaderMap {
    let field = |(key, value): &(&'static str, &'static str)| {
        (
            HeaderName::from_static(key),
            HeaderValue::from_static(value),
        )
    };
    fields.iter().map(field).collect()
}

fn get(answer: Answer) -> (Ended, String) {
    let target = answer.server();
    let ended = run(ROUTE_GUIDE_CLIENT, &["get", "0,0", "--target", &target]);
    (ended, target)
}

/// Every call of the client panicked on details that are not Base64.
#[test]
fn a_status_with_damaged_parts_keeps_its_code() {
    const DAMAGED: Fields = &[
        ("content-type", "application/grpc"),
        ("grpc-status", "8"),
        ("grpc-message", "caf%C3"),
        ("grpc-status-details-bin", "!!!!"),
    ];
    let commands: [(&str, &[&str]); 6] = [
        (ROUTE_GUIDE_CLIENT, &["get", "0,0"]),
        (ROUTE_GUIDE_CLIENT, &["list", "0,0:1,1"]),
        (ROUTE_GUIDE_CLIENT, &["record"]),
        (ROUTE_GUIDE_CLIENT, &["chat"]),
        (GREETER_CLIENT, &["greet"]),
        (GREETER_CLIENT, &["lots-of-replies"]),
    ];
    for answer in [
        Answer::http(200, DAMAGED, b""),
        Answer::grpc(b"", &DAMAGED[1..]),
    ] {
        let target = answer.server();
        for (program, command) in commands {
            let arguments = [command, &["--target", &target]].concat();
            let ended = run_with_input(program, &arguments, "1,1\n");
            assert_eq!(ended.code, Some(64 + 8), "{command:?} {ended:?}");
            let last = ended.stderr.last();
            let expected = "RESOURCE_EXHAUSTED: caf%C3".to_owned();
            assert_eq!(last, Some(&expected), "{command:?}");
        }
    }
}

/// An error page was read as gRPC: "invalid compression flag: 60", and a chat said that the server cannot be watched.
#[test]
fn the_error_page_of_a_proxy_is_named() {
    const HTML: Fields = &[("content-type", "text/html")];
    let page = Answer::http(502, HTML, b"<html><body>Bad Gateway</body></html>");
    let target = page.server();
    let commands: [&[&str]; 4] = [
        &["get", "0,0"],
        &["list", "0,0:1,1"],
        &["chat"],
        &["chat", "--watch"],
    ];
    for command in commands {
        let arguments = [command, &["--target", &target]].concat();
        assert_eq!(
            run(ROUTE_GUIDE_CLIENT, &arguments).failed(78),
            format!(
                "UNAVAILABLE: {target} answered with HTTP status 502 Bad Gateway and content type 'text/html'; \
                 the proxy there has no server to pass the call to"
            ),
            "{command:?}"
        );
    }
    let (ended, target) = get(Answer::http(431, HTML, b"too long"));
    assert_eq!(
        ended.failed(66),
        format!(
            "UNKNOWN: {target} answered with HTTP status 431 Request Header Fields Too Large and content type 'text/html'; \
             the metadata of the call is longer than the server accepts"
        )
    );
}

#[test]
fn a_status_code_that_is_none_is_quoted() {
    const OVER: Fields = &[
        ("content-type", "application/grpc"),
        ("grpc-status", "over"),
    ];
    for answer in [Answer::http(200, OVER, b""), Answer::grpc(ONE, &OVER[1..])] {
        let (ended, target) = get(answer);
        assert_eq!(
            ended.failed(66),
            format!(
                "UNKNOWN: {target} answered with grpc-status 'over', which is no status code of gRPC"
            )
        );
    }
}

/// Servers made with tonic do not say which method they do not have.
#[test]
fn a_method_that_a_server_does_not_have_is_named() {
    const UNIMPLEMENTED: Fields = &[("content-type", "application/grpc"), ("grpc-status", "12")];
    let (ended, target) = get(Answer::http(200, UNIMPLEMENTED, b""));
    assert_eq!(
        ended.failed(76),
        format!(
            "UNIMPLEMENTED: the server at {target} has no method /routeguide.RouteGuide/GetFeature"
        )
    );
}

#[test]
fn what_is_no_grpc_is_not_read_as_grpc() {
    const HTML: Fields = &[("content-type", "text/html")];
    for (headers, content) in [(HTML, "content type 'text/html'"), (&[], "no content type")] {
        let (ended, target) = get(Answer::http(200, headers, ONE));
        assert_eq!(
            ended.failed(66),
            format!(
                "UNKNOWN: {target} answered with HTTP status 200 OK and {content}; that is not gRPC"
            )
        );
    }
    let (ended, target) = get(Answer::http(200, GRPC, ONE));
    let cut = format!("UNKNOWN: the answer of {target} ended without a status");
    assert_eq!(ended.failed(66), cut);
    let (ended, target) = get(Answer::http(200, BROTLI, ONE));
    assert_eq!(
        ended.failed(77),
        format!(
            "INTERNAL: {target} compressed its answer with 'br', which this call does not accept"
        )
    );
}

#[test]
fn a_method_with_one_reply_has_neither_none_nor_two() {
    let (ended, _) = get(Answer::grpc(ONE, OK));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let commands: [(&str, &[&str]); 4] = [
        (ROUTE_GUIDE_CLIENT, &["get", "0,0"]),
        (ROUTE_GUIDE_CLIENT, &["record"]),
        (GREETER_CLIENT, &["greet"]),
        (GREETER_CLIENT, &["lots-of-greetings"]),
    ];
    for (answer, found) in [
        (Answer::grpc(TWO, OK), "with more than one message"),
        (Answer::grpc(b"", OK), "without a message"),
        (Answer::http(200, OK_AT_ONCE, b""), "without a message"),
    ] {
        let target = answer.server();
        for (program, command) in commands {
            let arguments = [command, &["--target", &target]].concat();
            let ended = run_with_input(program, &arguments, "1,1\n");
            assert_eq!(ended.code, Some(76), "{command:?} {ended:?}");
            let expected =
                format!("UNIMPLEMENTED: {target} answered {found}, where exactly one belongs");
            assert_eq!(ended.stderr.last(), Some(&expected));
        }
    }
}

/// `get` printed "Missing response message.", and `list` ended as if the listing was complete.
#[test]
fn an_answer_that_is_cut_in_a_message_is_no_success() {
    let commands: [(&str, &[&str]); 4] = [
        (ROUTE_GUIDE_CLIENT, &["get", "0,0"]),
        (ROUTE_GUIDE_CLIENT, &["list", "0,0:1,1"]),
        (ROUTE_GUIDE_CLIENT, &["record"]),
        (GREETER_CLIENT, &["lots-of-replies"]),
    ];
    for body in [&[0][..], &[0, 0, 0, 0, 9], &[0, 0, 0, 0, 9, 8]] {
        let target = Answer::grpc(body, OK).server();
        for (program, command) in commands {
            let arguments = [command, &["--target", &target]].concat();
            let ended = run_with_input(program, &arguments, "1,1\n");
            assert_eq!(
                ended.failed(77),
                format!("INTERNAL: the answer of {target} was cut in the middle of a message"),
                "{command:?} {body:?}"
            );
        }
    }
}

/// Starts a server that repeats a frame, from when it has been called, for as long as it is read.
fn flood(frame: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || repeat(stream.unwrap(), frame));
        }
    });
    target
}

fn repeat(mut stream: TcpStream, frame: &[u8]) -> std::io::Result<()> {
    const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
    const HEADERS: u8 = 1;
    stream.write_all(SETTINGS)?;
    // The preface.
    stream.read_exact(&mut [0; 24])?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        stream.read_exact(&mut vec![0; length as usize])?;
        if head[3] == HEADERS {
            break;
        }
    }
    let many = frame.repeat(100);
    loop {
        stream.write_all(&many)?;
    }
}

/// Without a deadline, such a server kept a core busy for ever.
#[test]
fn a_server_that_repeats_itself_is_left() {
    let go_away = &[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];
    // Status 103 on stream 1.
    let early_hints = &[0, 0, 5, 1, 4, 0, 0, 0, 1, 8, 3, b'1', b'0', b'3'];
    for frame in [&go_away[..], early_hints] {
        let target = flood(frame);
        let ended = run(ROUTE_GUIDE_CLIENT, &["get", "0,0", "--target", &target]);
        assert_eq!(ended.code, Some(78), "{ended:?}");
    }
}

//! gRPC-Web over HTTP/1.1, as a browser speaks it, written and read byte by byte.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf, Bytes};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tonic::Status;

use crate::{TestServer, frame, within};

/// The content type of binary gRPC-Web.
pub const GRPC_WEB: &str = "application/grpc-web+proto";
/// The content type of gRPC-Web in base64.
pub const GRPC_WEB_TEXT: &str = "application/grpc-web-text";

/// Marks the frame that holds the trailers.
const TRAILERS: u8 = 0x80;

/// An HTTP/1.1 connection that sends what a test says; dropping it closes it.
#[derive(Debug)]
pub struct WebConnection {
    tcp: BufReader<TcpStream>,
    authority: String,
}

/// A whole HTTP/1.1 response.
#[derive(Clone, Debug)]
pub struct WebReply {
    /// HTTP status.
    pub code: StatusCode,
    /// HTTP headers, initial metadata among them.
    pub headers: HeaderMap,
    /// The body, without the chunks that it came in.
    pub body: Bytes,
}

/// What gRPC-Web put into a body.
#[derive(Clone, Debug, PartialEq)]
pub struct WebBody {
    /// The messages, with gRPC's prefixes.
    pub framed: Bytes,
    /// The trailers; empty if there were none.
    pub trailers: HeaderMap,
}

impl WebConnection {
    /// Connects to a test's server.
    pub async fn open(server: &TestServer) -> Self {
        Self::to(server.address()).await
    }

    /// Connects to an address, as `127.0.0.1:PORT`.
    ///
    /// # Panics
    ///
    /// If nobody listens there.
    pub async fn to(address: &str) -> Self {
        let connected = within("a connection", TcpStream::connect(address)).await;
        Self {
            tcp: BufReader::new(connected.expect("the server accepts")),
            authority: address.to_owned(),
        }
    }

    /// Sends bytes as they are.
    pub async fn send(&mut self, bytes: &[u8]) {
        // If the server has hung up, its answer says why.
        let _ = self.tcp.get_mut().write_all(bytes).await;
    }

    /// Sends one request.
    pub async fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.authority);
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").expect("a string takes everything");
        }
        let end = format!("content-length: {}\r\n\r\n", body.len());
        self.send(&[head.as_bytes(), end.as_bytes(), body].concat())
            .await;
    }

    /// Begins a call of binary gRPC-Web with one message.
    pub async fn begin(&mut self, path: &str, headers: &[(&str, &str)], message: &[u8]) {
        let web = [("content-type", GRPC_WEB), ("x-grpc-web", "1")];
        let headers = [&web, headers].concat();
        self.request("POST", path, &headers, &frame(message)).await;
    }

    /// One whole call with one message.
    pub async fn call(&mut self, path: &str, headers: &[(&str, &str)], message: &[u8]) -> WebReply {
        self.begin(path, headers, message).await;
        self.reply().await
    }

    /// Waits for HTTP status and headers.
    ///
    /// # Panics
    ///
    /// If something else comes.
    pub async fn head(&mut self) -> (StatusCode, HeaderMap) {
        let first = self.line().await;
        let code = first
            .strip_prefix("HTTP/1.1 ")
            .and_then(|rest| rest.get(..3));
        let code = code.and_then(|code| code.parse().ok());
        let code = code.unwrap_or_else(|| panic!("{first:?} is no status line"));
        let mut headers = HeaderMap::new();
        loop {
            let line = self.line().await;
            if line.is_empty() {
                return (code, headers);
            }
            let (name, value) = header(line.as_bytes());
            headers.append(name, value);
        }
    }

    /// Waits for a whole response.
    ///
    /// # Panics
    ///
    /// If it is cut off.
    pub async fn reply(&mut self) -> WebReply {
        let (code, headers) = self.head().await;
        let mut body = Vec::new();
        if headers
            .get("transfer-encoding")
            .is_some_and(|value| value == "chunked")
        {
            while let Some(chunk) = self.chunk().await {
                body.extend_from_slice(&chunk);
            }
        } else {
            let length = headers.get("content-length").expect("a body has a length");
            let length = length.to_str().ok().and_then(|text| text.parse().ok());
            body = self.exactly(length.expect("a length is a number")).await;
        }
        WebReply {
            code,
            headers,
            body: body.into(),
        }
    }

    /// Waits for the next chunk of a body whose head has been read; `None` at its end.
    ///
    /// # Panics
    ///
    /// If the body is not in chunks, or cut off.
    pub async fn chunk(&mut self) -> Option<Vec<u8>> {
        let line = self.line().await;
        let length = usize::from_str_radix(&line, 16);
        let length = length.unwrap_or_else(|_| panic!("{line:?} is no length of a chunk"));
        let chunk = self.exactly(length).await;
        assert_eq!(self.line().await, "", "a chunk ends");
        (length > 0).then_some(chunk)
    }

    /// Waits for the server to close the connection, and returns how many bytes come before.
    pub async fn closed(mut self) -> usize {
        let mut rest = Vec::new();
        // A reset is as good as an end.
        let _ = within("the connection to close", self.tcp.read_to_end(&mut rest)).await;
        rest.len()
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        let read = within("a line", self.tcp.read_line(&mut line)).await;
        read.expect("the connection lives");
        let ended = line.strip_suffix("\r\n");
        ended
            .unwrap_or_else(|| panic!("{line:?} is cut off"))
            .to_owned()
    }

    async fn exactly(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        let read = within("the rest of a body", self.tcp.read_exact(&mut bytes)).await;
        read.expect("the body goes on");
        bytes
    }
}

impl WebReply {
    /// The gRPC status of a call of binary gRPC-Web, wherever it was told.
    ///
    /// # Panics
    ///
    /// If the reply has none.
    #[must_use]
    pub fn status(&self) -> Status {
        Status::from_header_map(&WebBody::of(self.body.clone()).trailers)
            .or_else(|| Status::from_header_map(&self.headers))
            .unwrap_or_else(|| panic!("no gRPC status in {self:?}"))
    }
}

impl WebBody {
    /// Takes a body of gRPC-Web as base64 apart.
    ///
    /// # Panics
    ///
    /// If it is not base64; padding may end any group of four.
    #[must_use]
    pub fn of_text(body: &[u8]) -> Self {
        let groups = body.chunks(4);
        let decoded = groups.map(|group| STANDARD.decode(group).expect("four letters of base64"));
        Self::of(decoded.collect::<Vec<_>>().concat().into())
    }

    /// Takes a body of binary gRPC-Web apart.
    ///
    /// # Panics
    ///
    /// If a frame is cut off, or something follows the trailers.
    #[must_use]
    pub fn of(mut body: Bytes) -> Self {
        let mut messages = 0;
        while body.get(messages).is_some_and(|flag| *flag != TRAILERS) {
            messages += frame_bytes(&body[messages..]);
        }
        let framed = body.split_to(messages);
        let mut trailers = HeaderMap::new();
        if !body.is_empty() {
            assert_eq!(frame_bytes(&body), body.len(), "the trailers are the end");
            let block = body[5..].strip_suffix(b"\r\n");
            let lines = block
                .expect("a trailer ends its line")
                .split(|byte| *byte == b'\n');
            for line in lines {
                let (name, value) = header(line.strip_suffix(b"\r").unwrap_or(line));
                trailers.append(name, value);
            }
        }
        Self { framed, trailers }
    }
}

/// The length of the frame that the bytes begin with.
fn frame_bytes(mut bytes: &[u8]) -> usize {
    bytes.advance(1);
    5 + bytes.get_u32() as usize
}

fn header(line: &[u8]) -> (HeaderName, HeaderValue) {
    let colon = line
        .iter()
        .position(|byte| *byte == b':')
        .expect("a name ends with a colon");
    let name = HeaderName::from_bytes(&line[..colon]).expect("a name of a header");
    let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
    (name, value.expect("a value of a header"))
}

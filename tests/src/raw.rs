//! HTTP/2 without a gRPC library, for what such a library would not send or would not show.

use bytes::{BufMut, Bytes, BytesMut};
use h2::client::{Builder, ResponseFuture, SendRequest};
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, Request, Version, response};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tonic::Status;

use crate::{TestServer, within};

/// Puts gRPC's five bytes before a message: not compressed, and its length.
#[must_use]
pub fn frame(message: &[u8]) -> Bytes {
    framed(0, message)
}

/// Puts gRPC's five bytes, with any flag, before a message.
///
/// # Panics
///
/// If the message is longer than 4 GiB.
#[must_use]
pub fn framed(flag: u8, message: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(5 + message.len());
    bytes.put_u8(flag);
    bytes.put_u32(u32::try_from(message.len()).expect("a message under 4 GiB"));
    bytes.put_slice(message);
    bytes.freeze()
}

/// Reads bytes written as `12 00`.
///
/// # Panics
///
/// If the text is anything else.
#[must_use]
pub fn hex(text: &str) -> Vec<u8> {
    let bytes = text.split_whitespace();
    bytes
        .map(|byte| u8::from_str_radix(byte, 16).expect("two hexadecimal digits"))
        .collect()
}

/// HTTP/2 settings of a client that is never the bottleneck.
#[must_use]
pub fn wide_windows() -> Builder {
    let mut settings = Builder::new();
    settings
        .initial_window_size(16 << 20)
        .initial_connection_window_size(64 << 20);
    settings
}

/// An HTTP/2 connection whose calls send what a test says, byte for byte.
#[derive(Debug)]
pub struct RawConnection {
    requests: SendRequest<Bytes>,
    driver: JoinHandle<Result<(), h2::Error>>,
    authority: String,
}

impl RawConnection {
    /// Connects to a test's server, with wide windows.
    pub async fn open(server: &TestServer) -> Self {
        Self::to(server.address(), &wide_windows()).await
    }

    /// Connects to a test's server, with the HTTP/2 settings given.
    pub async fn open_with(server: &TestServer, settings: &Builder) -> Self {
        Self::to(server.address(), settings).await
    }

    /// Connects to an address, as `127.0.0.1:PORT`, with the HTTP/2 settings given.
    ///
    /// # Panics
    ///
    /// If nobody speaks HTTP/2 there.
    pub async fn to(address: &str, settings: &Builder) -> Self {
        let connected = within("a connection", TcpStream::connect(address)).await;
        let tcp = connected.expect("the server accepts");
        tcp.set_nodelay(true).expect("a socket has the option");
        let shaken = within("a handshake", settings.handshake(tcp)).await;
        let (requests, connection) = shaken.expect("the server speaks HTTP/2");
        Self {
            requests,
            driver: tokio::spawn(connection),
            authority: address.to_owned(),
        }
    }

    /// Begins a gRPC call: its headers are sent, and nothing else.
    pub async fn call(&self, path: &str, headers: &[(&str, &str)]) -> RawCall {
        let grpc = [("content-type", "application/grpc"), ("te", "trailers")];
        self.request("POST", path, &[&grpc, headers].concat()).await
    }

    /// Begins a request of any kind.
    ///
    /// # Panics
    ///
    /// If the connection is gone or does not allow another stream.
    pub async fn request(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> RawCall {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.authority))
            .version(Version::HTTP_2);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).expect("a test's headers are headers");
        let ready = within("room for a stream", self.requests.clone().ready()).await;
        let begun = ready.and_then(|mut requests| requests.send_request(request, false));
        let (answer, outgoing) = begun.expect("the connection takes another call");
        RawCall {
            outgoing,
            incoming: Incoming::Awaited(answer),
        }
    }

    /// One whole call with one message.
    pub async fn unary(&self, path: &str, headers: &[(&str, &str)], message: &[u8]) -> RawReply {
        let mut call = self.call(path, headers).await;
        call.send(frame(message));
        call.half_close();
        call.reply().await
    }

    /// Closes the socket without a word, whatever is open on it.
    pub async fn vanish(self) {
        self.driver.abort();
        // The socket is closed once the task is gone.
        let _ = self.driver.await;
    }

    /// Waits for the server to close the connection.
    ///
    /// # Errors
    ///
    /// The error it gave, if it was not content with its client.
    ///
    /// # Panics
    ///
    /// If the connection stays open.
    pub async fn closed(self) -> Result<(), h2::Error> {
        let ended = within("the connection to close", self.driver).await;
        ended.expect("h2 does not panic")
    }
}

/// A call whose request is still open; dropping it resets its stream.
#[derive(Debug)]
pub struct RawCall {
    outgoing: SendStream<Bytes>,
    incoming: Incoming,
}

#[derive(Debug)]
enum Incoming {
    Awaited(ResponseFuture),
    Head(response::Parts, RecvStream),
}

/// A whole reply.
#[derive(Clone, Debug)]
pub struct RawReply {
    /// HTTP status and initial metadata.
    pub head: response::Parts,
    /// Everything in DATA frames, gRPC's prefixes included.
    pub body: Bytes,
    /// Trailing metadata; empty if the head was the whole reply.
    pub trailers: HeaderMap,
}

impl RawCall {
    /// Sends bytes in one DATA frame.
    pub fn send(&mut self, bytes: impl Into<Bytes>) {
        // If the server has ended the call, its status says why.
        let _ = self.outgoing.send_data(bytes.into(), false);
    }

    /// Ends the request.
    pub fn half_close(&mut self) {
        // As above.
        let _ = self.outgoing.send_data(Bytes::new(), true);
    }

    /// Cancels the call, as a gRPC client does.
    pub fn cancel(mut self) {
        self.outgoing.send_reset(Reason::CANCEL);
    }

    /// Waits for HTTP status and initial metadata.
    pub async fn head(&mut self) -> &response::Parts {
        let (head, _) = self.opened().await;
        head
    }

    /// Waits for the next bytes of the reply; `None` at its end.
    ///
    /// Until then they are charged to the window of the stream.
    ///
    /// # Panics
    ///
    /// If the server resets the stream.
    pub async fn next_bytes(&mut self) -> Option<Bytes> {
        let body = self.opened().await.1;
        let data = within("more of the reply", body.data()).await;
        let data = data.map(|data| data.expect("the reply goes on"));
        if let Some(data) = &data {
            let released = body.flow_control().release_capacity(data.len());
            released.expect("no more is released than came");
        }
        data
    }

    /// Waits for so many bytes of the reply and keeps them, so that their window stays used up.
    ///
    /// # Panics
    ///
    /// If the reply ends before.
    pub async fn hold_bytes(&mut self, len: usize) -> Bytes {
        let body = self.opened().await.1;
        let mut held = BytesMut::new();
        while held.len() < len {
            let data = within("bytes to hold", body.data()).await;
            let data = data.expect("the reply goes on");
            held.extend_from_slice(&data.expect("the reply goes on"));
        }
        held.freeze()
    }

    /// Tells the server that bytes have been read which were held.
    ///
    /// # Panics
    ///
    /// If they were not.
    pub async fn release(&mut self, bytes: &Bytes) {
        let body = self.opened().await.1;
        let released = body.flow_control().release_capacity(bytes.len());
        released.expect("no more is released than was held");
    }

    /// Waits for the whole reply, whether or not the request has ended.
    ///
    /// # Panics
    ///
    /// If the server resets the stream.
    pub async fn reply(mut self) -> RawReply {
        let mut body = BytesMut::new();
        while let Some(data) = self.next_bytes().await {
            body.extend_from_slice(&data);
        }
        let trailers = within("trailers", self.opened().await.1.trailers()).await;
        let Incoming::Head(head, _) = self.incoming else {
            unreachable!("the body came after the head");
        };
        RawReply {
            head,
            body: body.freeze(),
            trailers: trailers
                .expect("the reply ends in order")
                .unwrap_or_default(),
        }
    }

    async fn opened(&mut self) -> (&mut response::Parts, &mut RecvStream) {
        if let Incoming::Awaited(answer) = &mut self.incoming {
            let answered = within("the head of a reply", answer).await;
            let (head, body) = answered.expect("the server answers").into_parts();
            self.incoming = Incoming::Head(head, body);
        }
        match &mut self.incoming {
            Incoming::Head(head, body) => (head, body),
            Incoming::Awaited(_) => unreachable!("it has just been replaced"),
        }
    }
}

impl RawReply {
    /// The gRPC status, wherever it was told.
    ///
    /// # Panics
    ///
    /// If the reply has none.
    #[must_use]
    pub fn status(&self) -> Status {
        Status::from_header_map(&self.trailers)
            .or_else(|| Status::from_header_map(&self.head.headers))
            .unwrap_or_else(|| panic!("no gRPC status in {self:?}"))
    }

    /// The messages, without their prefixes.
    ///
    /// # Panics
    ///
    /// If one is compressed or cut off.
    #[must_use]
    pub fn messages(&self) -> Vec<Vec<u8>> {
        let mut rest = self.body.clone();
        let mut messages = Vec::new();
        while !rest.is_empty() {
            let prefix = rest.split_to(5);
            assert_eq!(prefix[0], 0, "a message is compressed");
            let len = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]);
            messages.push(rest.split_to(len as usize).to_vec());
        }
        messages
    }
}

impl TestServer {
    /// Asks the server, over a new connection, whether it is in health, and so whether it answers at all.
    ///
    /// # Panics
    ///
    /// If it does not say that it is serving.
    pub async fn still_answers(&self) {
        let wire = RawConnection::open(self).await;
        let reply = wire.unary("/grpc.health.v1.Health/Check", &[], &[]).await;
        // Field 1, the state, is 1: serving.
        assert_eq!(reply.messages(), [[0x08, 0x01]], "{reply:?}");
    }
}

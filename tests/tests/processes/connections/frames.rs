//! HTTP/2 written and read frame by frame, for peers that do what no library does.

use route_guide_tests::within;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// The types of frames, as RFC 9113 numbers them.
pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;

pub(crate) const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// A setting, by its number.
const INITIAL_WINDOW_SIZE: [u8; 2] = [0, 4];

/// An HTTP/2 connection whose frames a test writes and reads.
pub(crate) struct Frames {
    tcp: BufReader<TcpStream>,
}

/// One frame.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    pub(crate) fn ends_stream(&self) -> bool {
        matches!(self.kind, DATA | HEADERS) && self.flags & END_STREAM != 0
    }
}

impl Frames {
    /// Connects, with this window for each stream and for the connection, and says what HTTP/2 begins with.
    pub(crate) async fn open(address: &str, window_bytes: u32) -> Self {
        let tcp = within("a connection", TcpStream::connect(address)).await;
        let mut frames = Self {
            tcp: BufReader::new(tcp.unwrap()),
        };
        frames.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
        let window = [&INITIAL_WINDOW_SIZE, &window_bytes.to_be_bytes()[..]].concat();
        frames.write(SETTINGS, 0, 0, &window).await;
        frames.widen(0, window_bytes - 65_535).await;
        frames
    }

    /// Begins a gRPC call.
    pub(crate) async fn begin(&mut self, stream: u32, path: &str) {
        // HPACK: POST and http by their numbers in the static table, the others as literals.
        let mut block = vec![0x83, 0x86];
        for (name, value) in [(4, path), (31, "application/grpc")] {
            match name {
                ..15 => block.push(name),
                _ => block.extend([15, name - 15]),
            }
            block.push(u8::try_from(value.len()).unwrap());
            block.extend(value.as_bytes());
        }
        self.write(HEADERS, END_HEADERS, stream, &block).await;
    }

    pub(crate) async fn data(&mut self, stream: u32, flags: u8, payload: &[u8]) {
        self.write(DATA, flags, stream, payload).await;
    }

    pub(crate) async fn reset(&mut self, stream: u32) {
        self.write(RST_STREAM, 0, stream, &[0; 4]).await;
    }

    /// Says that so many more bytes may be sent on a stream, or on the connection, which is stream 0.
    pub(crate) async fn widen(&mut self, stream: u32, bytes: u32) {
        self.write(WINDOW_UPDATE, 0, stream, &bytes.to_be_bytes())
            .await;
    }

    async fn write(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let len = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let head = [&len[1..], &[kind, flags], &stream.to_be_bytes()].concat();
        self.send(&[&head, payload].concat()).await;
    }

    async fn send(&mut self, bytes: &[u8]) {
        // What the server says before it hangs up is what a test looks at.
        let _ = within("room to write", self.tcp.get_mut().write_all(bytes)).await;
    }

    /// Waits for the next frame, and answers what a peer must answer; `None` once the server has closed the connection.
    pub(crate) async fn read(&mut self) -> std::io::Result<Option<Frame>> {
        loop {
            let mut head = [0; 9];
            match within("a frame", self.tcp.read(&mut head)).await? {
                0 => return Ok(None),
                read => self.tcp.read_exact(&mut head[read..]).await?,
            };
            let [_, _, _, kind, flags, stream @ ..] = head;
            let len = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; len as usize];
            within("a payload", self.tcp.read_exact(&mut payload)).await?;
            match kind {
                PING if flags & ACK == 0 => self.write(PING, ACK, 0, &payload).await,
                SETTINGS if flags & ACK == 0 => self.write(SETTINGS, ACK, 0, &[]).await,
                _ => {
                    return Ok(Some(Frame {
                        kind,
                        flags,
                        stream: u32::from_be_bytes(stream),
                        payload,
                    }));
                }
            }
        }
    }
}

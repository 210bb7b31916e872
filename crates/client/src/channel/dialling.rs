//! One HTTP/2 connection: dialled, shaken hands, and known to be answered by an HTTP/2 server.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::connect_error::ConnectError;
use super::flood::Flood;
use super::request_body::RequestBody;
use super::settings::ChannelSettings;
use super::state::{Attempt, ConnectionState};
use super::target::{Address, Target};

/// Connects and waits until the server has sent its first HTTP/2 frame.
///
/// A client could send its request at once, and would then learn only by losing it that the other side never answers.
/// This waits, as gRPC's own clients do; the channel becomes READY in here.
pub(crate) async fn open(
    target: &Target,
    settings: &ChannelSettings,
    attempt: &Attempt,
) -> Result<SendRequest<RequestBody>, ConnectError> {
    let all = async {
        match target.address() {
            Address::Tcp { host, port } => {
                let stream = dial_tcp(target, host, *port).await?;
                handshake(target, settings, attempt, stream).await
            }
            Address::Several { hosts, .. } => {
                let stream = dial_first(target, hosts).await?;
                handshake(target, settings, attempt, stream).await
            }
            #[cfg(unix)]
            Address::Unix(path) => {
                let stream = dial_unix(target, path).await?;
                handshake(target, settings, attempt, stream).await
            }
            #[cfg(target_os = "linux")]
            Address::Abstract(name) => {
                // A name that is no path begins with a zero.
                let stream = dial_unix(target, format!("\0{name}").as_ref()).await?;
                handshake(target, settings, attempt, stream).await
            }
            #[cfg(not(target_os = "linux"))]
            _ => Err(ConnectError::dial(
                target,
                io::ErrorKind::Unsupported.into(),
            )),
        }
    };
    tokio::time::timeout(settings.connect_timeout, all)
        .await
        .unwrap_or_else(|_elapsed| {
            Err(ConnectError::TimedOut {
                target: target.clone(),
                waited: settings.connect_timeout,
            })
        })
}

#[cfg(unix)]
async fn dial_unix(
    target: &Target,
    path: &std::path::Path,
) -> Result<tokio::net::UnixStream, ConnectError> {
    tokio::net::UnixStream::connect(path)
        .await
        .map_err(|err| ConnectError::dial(target, err))
}

/// Tries addresses in turn.
async fn dial_first(target: &Target, hosts: &[(String, u16)]) -> Result<TcpStream, ConnectError> {
    let mut last = ConnectError::dial(target, io::ErrorKind::NotFound.into());
    for (host, port) in hosts {
        match dial_tcp(target, host, *port).await {
            Ok(stream) => return Ok(stream),
            Err(err) => last = err,
        }
    }
    Err(last)
}

/// Looks the name up anew, so that a server that has moved is found, and tries its addresses in turn.
async fn dial_tcp(target: &Target, host: &str, port: u16) -> Result<TcpStream, ConnectError> {
    let no_address = |err| ConnectError::NoAddress {
        target: target.clone(),
        source: Arc::new(err),
    };
    let addresses = tokio::net::lookup_host((host, port))
        .await
        .map_err(no_address)?;
    let mut last = None;
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                // Without it small messages wait for each other's acknowledgements.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(err) => last = Some(err),
        }
    }
    Err(match last {
        Some(err) => ConnectError::dial(target, err),
        None => no_address(io::ErrorKind::NotFound.into()),
    })
}

async fn handshake<T>(
    target: &Target,
    settings: &ChannelSettings,
    attempt: &Attempt,
    stream: T,
) -> Result<SendRequest<RequestBody>, ConnectError>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let closed = |_err| ConnectError::Closed {
        target: target.clone(),
    };

    let (heard, first_frame) = oneshot::channel();
    let stream = Watched {
        stream,
        state: attempt.connection(),
        flood: Flood::default(),
        listening: Some(Listening {
            heard,
            start: Vec::with_capacity(FRAME_TYPE_AT + 1),
        }),
    };
    let (sender, connection) = Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .adaptive_window(false)
        .initial_stream_window_size(settings.stream_window_bytes)
        .initial_connection_window_size(settings.connection_window_bytes)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|err: hyper::Error| closed(err.to_string()))?;

    // The task ends by itself when the last sender and the last stream on the connection are gone.
    tokio::spawn(async move {
        if let Err(err) = connection.await {
            tracing::debug!(error = &err as &dyn std::error::Error, "connection ended");
        }
    });

    match first_frame.await {
        Ok(true) => Ok(sender),
        Ok(false) => Err(ConnectError::NotHttp2 {
            target: target.clone(),
        }),
        Err(err) => Err(closed(err.to_string())),
    }
}

/// An HTTP/2 frame is a length of three bytes, then its type. A server's first frame is SETTINGS.
const FRAME_TYPE_AT: usize = 3;
const SETTINGS: u8 = 4;

pin_project! {
    /// A stream that says when the server's first frame has come, and when the connection is gone.
    struct Watched<T> {
        #[pin]
        stream: T,
        state: ConnectionState,
        flood: Flood,
        listening: Option<Listening>,
    }
}

struct Listening {
    heard: oneshot::Sender<bool>,
    start: Vec<u8>,
}

impl<T: AsyncRead> AsyncRead for Watched<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.project();
        let before = buffer.filled().len();
        ready!(this.stream.poll_read(cx, buffer))?;
        this.flood.watch(&buffer.filled()[before..])?;

        if let Some(mut listening) = this.listening.take() {
            let missing = FRAME_TYPE_AT + 1 - listening.start.len();
            let read = buffer.filled()[before..].iter().take(missing);
            listening.start.extend(read);
            match listening.start.get(FRAME_TYPE_AT) {
                None => *this.listening = Some(listening),
                Some(frame_type) => {
                    let is_http2 = *frame_type == SETTINGS;
                    if is_http2 {
                        this.state.ready();
                    }
                    // Nobody waits any more if the caller has given up.
                    let _ = listening.heard.send(is_http2);
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite> AsyncWrite for Watched<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().stream.poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().stream.poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

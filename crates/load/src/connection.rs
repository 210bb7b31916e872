//! One connection to a server, on the `h2` crate, and the calls on it.

use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use bytes::Bytes;
use h2::client::{self, SendRequest};
use h2::{Reason, SendStream};
use http::header::{CONTENT_TYPE, HeaderValue, TE, USER_AGENT};
use http::{HeaderMap, Request, Uri};
use tokio::io::BufReader;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::io::InspectReader;

pub use self::status::CallStatus;

pub(crate) use self::reply::{Event, Reply};
pub(crate) use self::status::{MAX_TEXT_LEN, shortened};
use crate::load::INITIAL_WINDOW;
use crate::{Load, LoadError, Target};

pub(crate) mod messages;
mod reply;
mod status;

/// Large enough that a system call costs little beside copying its bytes, small enough for a core's own cache.
const READ_BUFFER_LEN: usize = 256 << 10;

/// The methods of RouteGuide.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Method {
    GetFeature,
    ListFeatures,
    RecordRoute,
    RouteChat,
}

impl Method {
    fn path(self) -> &'static str {
        match self {
            Self::GetFeature => "/routeguide.RouteGuide/GetFeature",
            Self::ListFeatures => "/routeguide.RouteGuide/ListFeatures",
            Self::RecordRoute => "/routeguide.RouteGuide/RecordRoute",
            Self::RouteChat => "/routeguide.RouteGuide/RouteChat",
        }
    }
}

/// A connection that somebody [drives](Dialer::drive).
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    /// Another one each time that the connection was opened anew.
    sender: watch::Receiver<SendRequest<Bytes>>,
    authority: String,
    headers: HeaderMap,
}

impl Connection {
    pub(crate) fn new(
        sender: watch::Receiver<SendRequest<Bytes>>,
        target: &Target,
        metadata: &HeaderMap,
    ) -> Self {
        let user_agent = concat!("route-guide-load/", env!("CARGO_PKG_VERSION"));
        let mut headers = metadata.clone();
        for (name, value) in [
            (CONTENT_TYPE, "application/grpc"),
            (TE, "trailers"),
            (USER_AGENT, user_agent),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        Self {
            sender,
            authority: target.authority().into_owned(),
            headers,
        }
    }

    /// The number of streams that the server allows at a time.
    pub(crate) fn max_calls(&self) -> usize {
        self.sender.borrow().current_max_send_streams()
    }

    /// Makes a place for one call of a method at a time.
    pub(crate) fn slot(&self, method: Method) -> Result<Slot, LoadError> {
        let uri = Uri::builder()
            .scheme("http")
            .authority(&*self.authority)
            .path_and_query(method.path())
            .build()?;
        let mut request = Request::post(uri).body(())?;
        request.headers_mut().clone_from(&self.headers);
        let mut reopened = self.sender.clone();
        let sender = reopened.borrow_and_update().clone();
        Ok(Slot {
            sender,
            reopened,
            request,
        })
    }
}

/// One of the calls that are open on a connection at a time.
#[derive(Debug)]
pub(crate) struct Slot {
    sender: SendRequest<Bytes>,
    reopened: watch::Receiver<SendRequest<Bytes>>,
    request: Request<()>,
}

impl Slot {
    /// Waits until a call can begin, on another connection if the server has ended this one in order.
    pub(crate) async fn ready(&mut self) -> Result<(), LoadError> {
        loop {
            match poll_fn(|cx| self.sender.poll_ready(cx)).await {
                Err(error) if is_orderly_end(&error) => {
                    if self.reopened.changed().await.is_err() {
                        // The driver has failed and ends the run.
                        return pending().await;
                    }
                    self.sender = self.reopened.borrow_and_update().clone();
                }
                ready => return Ok(ready?),
            }
        }
    }

    /// Begins a call. The slot has to be [ready](Self::ready).
    pub(crate) fn begin(&mut self) -> Result<(SendStream<Bytes>, Reply), LoadError> {
        let (head, sending) = self.sender.send_request(self.request.clone(), false)?;
        Ok((sending, Reply::new(head)))
    }
}

/// Tells whether the server has sent a GOAWAY without an error.
fn is_orderly_end(error: &h2::Error) -> bool {
    error.is_go_away() && error.reason() == Some(Reason::NO_ERROR)
}

/// An open connection, which ends without an error when the server ends it in order or closes the socket.
pub(crate) type Wire = Pin<Box<dyn Future<Output = Result<(), h2::Error>> + Send>>;

/// Opens connections.
#[derive(Clone, Debug)]
pub(crate) struct Dialer {
    pub(crate) target: Target,
    pub(crate) load: Load,
    /// Set when a byte has come from the server.
    pub(crate) heard: Arc<AtomicBool>,
}

impl Dialer {
    /// Connects, and waits for the server's settings.
    pub(crate) async fn dial(&self) -> Result<(SendRequest<Bytes>, Wire), LoadError> {
        let socket = self.target.connect().await?;
        let heard = Arc::clone(&self.heard);
        let socket = InspectReader::new(
            BufReader::with_capacity(READ_BUFFER_LEN, socket),
            move |bytes| {
                if !bytes.is_empty() {
                    heard.store(true, Ordering::Relaxed);
                }
            },
        );
        let windows = self.load.windows;
        let (sender, connection) = client::Builder::new()
            .enable_push(false)
            // The server's first settings raise it: that is how their arrival is seen.
            .initial_max_send_streams(0)
            .initial_window_size(windows.stream_bytes)
            .initial_connection_window_size(windows.connection_bytes.max(INITIAL_WINDOW))
            // Listings are cut off and messages may have a frame each: h2 takes both for attacks.
            .max_local_error_reset_streams(None)
            .data_frame_budget(usize::MAX)
            .handshake(socket)
            .await?;
        let mut wire: Wire = Box::pin(connection);
        let greeting = poll_fn(|cx| match wire.as_mut().poll(cx) {
            Poll::Ready(ended) => Poll::Ready(ended.map_or_else(
                |error| Err(LoadError::from(error)),
                |()| Err(LoadError::Closed),
            )),
            Poll::Pending if sender.current_max_send_streams() > 0 => Poll::Ready(Ok(())),
            Poll::Pending => Poll::Pending,
        });
        let silence = self.load.silence;
        timeout(silence, greeting)
            .await
            .unwrap_or(Err(LoadError::Silent(silence)))?;
        Ok((sender, wire))
    }

    /// Drives a connection, and opens another one when the server ends it in order. Returns how it failed.
    pub(crate) async fn drive(
        self,
        mut wire: Wire,
        current: watch::Sender<SendRequest<Bytes>>,
    ) -> LoadError {
        loop {
            if let Err(error) = wire.await {
                return error.into();
            }
            let mut ended = current.borrow().clone();
            match poll_fn(|cx| ended.poll_ready(cx)).await {
                Err(error) if is_orderly_end(&error) => {}
                _ => return LoadError::Closed,
            }
            match self.dial().await {
                Ok((sender, opened)) => {
                    current.send_replace(sender);
                    wire = opened;
                }
                Err(error) => return error,
            }
        }
    }
}

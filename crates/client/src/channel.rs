//! The channel that the stubs call through: one server, connected when needed.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::uri::{Authority, Scheme};
use http::{HeaderValue, Request, Response};
use hyper::client::conn::http2::SendRequest;
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;
use tonic::Status;
use tonic::body::Body;
use tower::Service;

use crate::call::status;
use crate::call::{self, CallContext, Upload};
use crate::channel::backoff::Backoff;
use crate::channel::dialling::ConnectError;
use crate::channel::state::{ChannelState, StateBoard, StateChanges};
use crate::channel::target::{Target, TargetError};

pub(crate) mod backoff;
pub(crate) mod dialling;
mod flood;
pub(crate) mod state;
pub(crate) mod target;

/// What can be set on a [`Channel`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChannelSettings {
    /// How many bytes of one stream a server may send ahead of its reader.
    pub stream_window_bytes: u32,
    /// How many bytes of all streams together a server may send ahead.
    ///
    /// It is much larger than the stream window on purpose: the HTTP/2 library counts small messages that wait in it as
    /// an attack, and closes the connection when they fill a certain part of this window.
    pub connection_window_bytes: u32,
    /// How long an attempt to connect may take, up to the server's first HTTP/2 frame.
    pub connect_timeout: Duration,
}

impl Default for ChannelSettings {
    fn default() -> Self {
        Self {
            stream_window_bytes: 256 << 10,
            connection_window_bytes: 64 << 20,
            connect_timeout: Duration::from_secs(20),
        }
    }
}

/// How often a request may find its connection closed before it has left. A server that closes each connection at once
/// would otherwise keep a call going round for ever.
const MAX_SENDS: u32 = 5;

/// A channel to one server, cheap to clone. Clones share the connection.
///
/// It connects at the first call, and again at the first call after a connection was lost; the name is looked up anew
/// each time. A call that finds no server fails at once, unless it asked to
/// [wait for ready](crate::CallOptions::wait_for_ready). Calls that wait try again after 1 s, 1.6 s, 2.56 s and so on up
/// to two minutes, each ±20 %.
///
/// The generated stubs take it as their transport, as [`RouteGuide`](crate::RouteGuide) and its sisters do:
///
/// ```
/// use route_guide_client::Channel;
/// use route_guide_proto::routeguide::route_guide_client::RouteGuideClient;
///
/// let channel = Channel::connect("localhost:50051")?;
/// let stub = RouteGuideClient::new(channel);
/// # Ok::<(), route_guide_client::TargetError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Channel {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    target: Target,
    authority: Authority,
    settings: ChannelSettings,
    board: Arc<StateBoard>,
    slot: Mutex<Slot>,
    /// How many attempts to connect have failed so far.
    failures: AtomicU64,
}

/// The connection, or what is known of the attempts to make one. Whoever holds the lock connects.
#[derive(Debug)]
struct Slot {
    sender: Option<SendRequest<Upload>>,
    backoff: Backoff,
    retry_at: Option<Instant>,
    last_error: Option<ConnectError>,
}

impl Channel {
    /// Makes a channel with the default settings. It does not connect yet.
    #[must_use]
    pub fn new(target: Target) -> Self {
        Self::with_settings(target, ChannelSettings::default())
    }

    /// Makes a channel to a target in text form, with the default settings. It does not connect yet.
    ///
    /// # Errors
    ///
    /// [`TargetError`] if the text names no target.
    pub fn connect(target: &str) -> Result<Self, TargetError> {
        target.parse().map(Self::new)
    }

    /// Makes a channel. It does not connect yet.
    #[must_use]
    pub fn with_settings(target: Target, settings: ChannelSettings) -> Self {
        let authority = target.authority();
        Self {
            shared: Arc::new(Shared {
                // Whatever a target lets through is an authority; this is for the day it no longer is.
                authority: authority
                    .parse()
                    .unwrap_or_else(|_| Authority::from_static("localhost")),
                target,
                settings,
                board: StateBoard::new(),
                slot: Mutex::new(Slot {
                    sender: None,
                    backoff: Backoff::new(),
                    retry_at: None,
                    last_error: None,
                }),
                failures: AtomicU64::new(0),
            }),
        }
    }

    /// Returns the target.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.shared.target
    }

    /// Returns the state the channel is in now.
    #[must_use]
    pub fn state(&self) -> ChannelState {
        self.shared.board.current()
    }

    /// Returns a view of the state, to wait on. It ends in [`ChannelState::Shutdown`].
    #[must_use]
    pub fn watch_state(&self) -> watch::Receiver<ChannelState> {
        self.shared.board.subscribe()
    }

    /// Returns the changes of the state from now on, without gaps.
    #[must_use]
    pub fn state_changes(&self) -> StateChanges {
        self.shared.board.changes()
    }

    /// Connects now, if there is no connection; one attempt.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] if the attempt fails.
    pub async fn ready(&self) -> Result<(), ConnectError> {
        self.connection(false).await.map(drop)
    }

    /// Connects now, if there is no connection, and keeps trying until there is one.
    pub async fn wait_for_ready(&self) {
        // With waiting asked for, an error cannot come back.
        let _ = self.connection(true).await;
    }

    /// Returns the error of the last attempt to connect, if it failed.
    pub async fn last_error(&self) -> Option<ConnectError> {
        self.shared.slot.lock().await.last_error.clone()
    }

    async fn connection(&self, wait_for_ready: bool) -> Result<SendRequest<Upload>, ConnectError> {
        let shared = &self.shared;
        let failures_before = shared.failures.load(Ordering::Acquire);
        loop {
            let mut slot = shared.slot.lock().await;
            if let Some(sender) = slot.sender.as_ref().filter(|sender| !sender.is_closed()) {
                return Ok(sender.clone());
            }
            if wait_for_ready {
                if let Some(retry_at) = slot.retry_at.filter(|at| *at > Instant::now()) {
                    drop(slot);
                    self.ready_or(retry_at).await;
                    continue;
                }
            } else if shared.failures.load(Ordering::Acquire) > failures_before
                && let Some(err) = &slot.last_error
            {
                // An attempt failed while this call waited for it: that was this call's attempt too.
                return Err(err.clone());
            }
            match shared.attempt(&mut slot).await {
                Err(err) if !wait_for_ready => return Err(err),
                Err(_) => {}
                Ok(sender) => return Ok(sender),
            }
        }
    }

    /// Waits until somebody else has connected, at most until `retry_at`.
    async fn ready_or(&self, retry_at: Instant) {
        let mut state = self.watch_state();
        let ready = state.wait_for(|state| *state == ChannelState::Ready);
        // Either way the caller looks again.
        let _ = tokio::time::timeout_at(retry_at, ready).await;
    }

    async fn send(self, mut request: Request<Body>) -> Result<Response<Body>, Status> {
        let context = CallContext::take(&mut request)?;
        let wait_for_ready = context.wait_for_ready;
        self.address(&mut request);
        let target = &self.shared.target;

        let mut call = call::start(request, context, target)?;
        let mut sends_left = MAX_SENDS;
        loop {
            let mut sender = match call.within_deadline(self.connection(wait_for_ready)).await {
                Ok(connected) => connected.map_err(|err| status::unavailable(&err))?,
                Err(expired) => {
                    return Err(status::while_connecting(
                        expired,
                        self.try_last_error().as_ref(),
                    ));
                }
            };
            let request = call.request()?;
            match call
                .within_deadline(sender.try_send_request(request))
                .await?
            {
                Ok(response) => return call.response(response),
                Err(mut err) => match err.take_message() {
                    // It has not left this process, for instance because the server said goodbye just now. Sending it
                    // on a new connection is what gRPC calls a transparent retry.
                    Some(unsent) if sends_left > 1 => {
                        sends_left -= 1;
                        call.put_back(unsent);
                    }
                    _ => return Err(call.failed(&err.into_error())),
                },
            }
        }
    }

    fn try_last_error(&self) -> Option<ConnectError> {
        self.shared.slot.try_lock().ok()?.last_error.clone()
    }

    /// Fills in what every request of this channel has.
    fn address(&self, request: &mut Request<Body>) {
        let mut parts = std::mem::take(request.uri_mut()).into_parts();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(self.shared.authority.clone());
        // A stub's URI has a path; without one there is nothing to complete.
        if let Ok(uri) = http::Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
        request.headers_mut().insert(
            http::header::USER_AGENT,
            HeaderValue::from_static(concat!("route-guide-client/", env!("CARGO_PKG_VERSION"))),
        );
    }
}

impl Shared {
    async fn attempt(&self, slot: &mut Slot) -> Result<SendRequest<Upload>, ConnectError> {
        slot.sender = None;
        let attempt = self.board.connecting();
        match dialling::open(&self.target, &self.settings, &attempt).await {
            Ok(sender) => {
                slot.backoff = Backoff::new();
                slot.retry_at = None;
                slot.last_error = None;
                slot.sender = Some(sender.clone());
                Ok(sender)
            }
            Err(err) => {
                tracing::debug!(error = &err as &dyn std::error::Error, "connection failed");
                slot.retry_at = Some(Instant::now() + slot.backoff.delay(fastrand::f64()));
                slot.last_error = Some(err.clone());
                self.failures.fetch_add(1, Ordering::AcqRel);
                attempt.failed();
                Err(err)
            }
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.board.shut_down();
    }
}

impl Service<Request<Body>> for Channel {
    type Response = Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Status>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.clone().send(request))
    }
}

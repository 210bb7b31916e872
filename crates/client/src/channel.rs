//! The channel that the stubs call through: one server, connected when needed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::uri::Authority;
use hyper::client::conn::http2::SendRequest;
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

use self::backoff::Backoff;
use self::connect_error::ConnectError;
use self::request_body::RequestBody;
use self::settings::ChannelSettings;
use self::state::{ChannelState, StateBoard, StateChanges};
use self::target::{Target, TargetError};

pub(crate) mod backoff;
pub(crate) mod connect_error;
mod dialling;
mod flood;
pub(crate) mod request_body;
pub(crate) mod settings;
pub(crate) mod state;
pub(crate) mod target;

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
    sender: Option<SendRequest<RequestBody>>,
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

    /// Returns the authority that requests carry.
    pub(crate) fn authority(&self) -> &Authority {
        &self.shared.authority
    }

    /// Returns the connection, and connects first if there is none.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] if the attempt fails; never with `wait_for_ready`.
    pub(crate) async fn connection(
        &self,
        wait_for_ready: bool,
    ) -> Result<SendRequest<RequestBody>, ConnectError> {
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

    /// Returns the error of the last attempt to connect, unless another attempt is under way.
    pub(crate) fn try_last_error(&self) -> Option<ConnectError> {
        self.shared.slot.try_lock().ok()?.last_error.clone()
    }
}

impl Shared {
    async fn attempt(&self, slot: &mut Slot) -> Result<SendRequest<RequestBody>, ConnectError> {
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

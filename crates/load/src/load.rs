//! The amount of load that is put on a server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::HeaderMap;

/// How much is asked at a time, and for how long.
#[derive(Clone, Debug)]
pub struct Load {
    /// The number of connections; 0 is 1.
    pub connections: usize,
    /// The number of calls open on each connection at a time; 0 is 1. The server's limit is respected.
    pub in_flight: usize,
    /// The number of threads that share the connections; 0 is 1.
    pub threads: usize,
    /// The flow-control windows that the server may fill.
    pub windows: Windows,
    /// The metadata of each call.
    pub metadata: HeaderMap,
    /// The number of calls after which none is begun.
    pub calls: Option<u64>,
    /// The time after which no call is begun, listings are cut off and routes end early.
    pub time: Duration,
    /// How long calls may be open after that, if [`timeout`](Self::timeout) is not shorter. Those that are longer are
    /// cancelled and counted as failed; rates are then those of the time before.
    pub grace: Duration,
    /// The time after which a call is cancelled and counted as failed; to wait for a stream is part of it.
    pub timeout: Option<Duration>,
    /// The time without a byte from the server after which the run fails.
    pub silence: Duration,
    /// Ends the run early.
    pub stop: Stop,
    /// The process of the server, if it is on this machine and its processor time is wanted.
    pub server_pid: Option<u32>,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            connections: 1,
            in_flight: 1,
            threads: 1,
            windows: Windows::WIDE,
            metadata: HeaderMap::new(),
            calls: None,
            time: Duration::from_secs(1),
            grace: Duration::from_secs(5),
            timeout: None,
            silence: Duration::from_secs(30),
            stop: Stop::default(),
            server_pid: None,
        }
    }
}

impl Load {
    /// How long calls may be open after the end of the time.
    pub(crate) fn grace(&self) -> Duration {
        self.timeout
            .map_or(self.grace, |timeout| timeout.min(self.grace))
    }
}

/// The number of bytes that a server may send before it receives a window update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// On one stream.
    pub stream_bytes: u32,
    /// On all streams of a connection. Values below HTTP/2's initial 65 535 have no effect.
    pub connection_bytes: u32,
}

/// HTTP/2's window of each stream and connection before settings and updates.
pub(crate) const INITIAL_WINDOW: u32 = 65_535;

impl Windows {
    /// The widest that HTTP/2 allows: the server never waits for this client.
    pub const WIDE: Self = Self {
        stream_bytes: 0x7fff_ffff,
        connection_bytes: 0x7fff_ffff,
    };
    /// HTTP/2's initial 65 535 bytes for both, the windows of clients that set nothing.
    pub const HTTP2_DEFAULT: Self = Self {
        stream_bytes: INITIAL_WINDOW,
        connection_bytes: INITIAL_WINDOW,
    };
}

/// Ends the runs whose [`Load`] holds a clone of it.
///
/// # Examples
///
/// ```
/// use route_guide_load::{Load, Stop};
///
/// let stop = Stop::default();
/// let load = Load { stop: stop.clone(), ..Load::default() };
/// stop.now();
/// assert!(load.stop.is_set());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Ends the runs: they return [`LoadError::Stopped`](crate::LoadError::Stopped) within a tenth of a second.
    pub fn now(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Tells whether the runs are to end.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

//! What can be set per call: its time, its metadata, its compression.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tonic::Request;
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataMap;

use super::context::CallContext;
use super::deadline::Deadline;
use super::metadata::Header;
use super::observer::CallObserver;

/// The options of a call. The default has no deadline, no metadata and no compression, and fails at once if there is no
/// server.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use route_guide_client::{CallOptions, RouteGuide};
///
/// let guide = RouteGuide::connect("localhost:50051")?;
/// let hasty = guide.with(CallOptions::new().timeout(Duration::from_millis(200)));
/// # Ok::<(), route_guide_client::TargetError>(())
/// ```
#[derive(Clone, Default)]
pub struct CallOptions {
    timeout: Option<Duration>,
    deadline: Option<SystemTime>,
    metadata: MetadataMap,
    compression: Compression,
    wait_for_ready: bool,
    observer: Option<Arc<dyn CallObserver>>,
    /// The time of all calls, if it runs already.
    running: Option<Deadline>,
}

impl CallOptions {
    /// Returns the default options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets each call take this long, from its start to the last byte of its response.
    ///
    /// A call that takes longer ends with `DEADLINE_EXCEEDED`, and the server receives the time that is left for it.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Lets calls take until this time; with a [`timeout`](Self::timeout) too, the earlier of the two counts.
    #[must_use]
    pub fn deadline(mut self, deadline: SystemTime) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sends this metadata with each call, and none that was set before.
    #[must_use]
    pub fn metadata(mut self, metadata: MetadataMap) -> Self {
        self.metadata = metadata;
        self
    }

    /// Sends this entry of metadata too.
    #[must_use]
    pub fn header(mut self, header: Header) -> Self {
        header.add_to(&mut self.metadata);
        self
    }

    /// Compresses the messages of requests. Compressed responses are always understood.
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Makes calls wait for a server, up to their deadline, instead of failing when none is there.
    #[must_use]
    pub fn wait_for_ready(mut self, wait: bool) -> Self {
        self.wait_for_ready = wait;
        self
    }

    /// Shows the metadata of each call to an observer.
    #[must_use]
    pub fn observer(mut self, observer: impl CallObserver) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Returns the encoding for the stub to send.
    pub(crate) fn encoding(&self) -> Option<CompressionEncoding> {
        match self.compression {
            Compression::None => None,
            Compression::Gzip => Some(CompressionEncoding::Gzip),
            Compression::Zstd => Some(CompressionEncoding::Zstd),
        }
    }

    /// Makes a request. The time runs from here.
    pub(crate) fn request<T>(&self, message: T) -> Request<T> {
        self.request_for(message, false)
    }

    /// Makes a request that is answered with exactly one message. The time runs from here.
    pub(crate) fn request_for_one<T>(&self, message: T) -> Request<T> {
        self.request_for(message, true)
    }

    fn request_for<T>(&self, message: T, one_reply: bool) -> Request<T> {
        let mut request = Request::new(message);
        *request.metadata_mut() = self.metadata.clone();
        request.extensions_mut().insert(CallContext {
            deadline: self.effective_deadline(),
            wait_for_ready: self.wait_for_ready,
            one_reply,
            observer: self.observer.clone(),
        });
        request
    }

    pub(crate) fn waits_for_ready(&self) -> bool {
        self.wait_for_ready
    }

    pub(crate) fn effective_deadline(&self) -> Option<Deadline> {
        self.running.clone().or_else(|| {
            Deadline::earlier(
                self.timeout.and_then(Deadline::after),
                self.deadline.and_then(Deadline::at_time),
            )
        })
    }

    /// Lets the time run from here, for all calls together.
    pub(crate) fn running(mut self) -> Self {
        self.running = self.effective_deadline();
        self
    }
}

impl fmt::Debug for CallOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallOptions")
            .field("timeout", &self.timeout)
            .field("deadline", &self.deadline)
            .field("metadata", &self.metadata)
            .field("compression", &self.compression)
            .field("wait_for_ready", &self.wait_for_ready)
            .finish_non_exhaustive()
    }
}

/// How the messages of a request are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// With gzip, which every gRPC implementation has.
    Gzip,
    /// With Zstandard, which Rust servers have.
    Zstd,
}

impl FromStr for Compression {
    type Err = UnknownCompression;

    fn from_str(name: &str) -> Result<Self, UnknownCompression> {
        match name {
            "none" => Ok(Self::None),
            "gzip" => Ok(Self::Gzip),
            "zstd" => Ok(Self::Zstd),
            other => Err(UnknownCompression(other.to_owned())),
        }
    }
}

/// A name that is no [`Compression`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown compression '{0}'; expected gzip, zstd or none")]
pub struct UnknownCompression(String);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::CallOptions;

    /// `chat --timeout` gave the whole time to the call that asks what the server offers, and again to the chat itself.
    #[tokio::test(start_paused = true)]
    async fn time_that_runs_is_given_once() {
        let options = CallOptions::new().timeout(Duration::from_secs(1));
        let left = |options: &CallOptions| options.effective_deadline().unwrap().header();
        let running = options.clone().running();
        tokio::time::advance(Duration::from_millis(600)).await;
        assert_eq!(left(&options), "1000000u");
        assert_eq!(left(&running), "400000u");
        assert_eq!(left(&running.running()), "400000u");
    }
}

use std::sync::{Mutex, PoisonError};

use async_nats::{ConnectOptions, Event};
use tokio::sync::watch;
use tokio::time::Instant;

/// How far the copy of a notebook on NATS is in step with its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyncState {
    /// There is no connection, or the stream cannot be read.
    Unavailable,
    /// What is in the stream is being read.
    CatchingUp,
    /// Everything has been read, and what comes is read as it comes.
    Ready,
}

/// Whether there is a connection to NATS.
#[derive(Clone, Copy, Debug)]
pub(super) struct Connectivity {
    pub(super) is_up: bool,
    /// Since when that is so.
    pub(super) since: Instant,
}

impl Connectivity {
    /// Has the connection report its changes.
    pub(super) fn of(options: ConnectOptions) -> (ConnectOptions, watch::Receiver<Self>) {
        let down = Self {
            is_up: false,
            since: Instant::now(),
        };
        let (reporter, connectivity) = watch::channel(down);
        // The same error comes back with every attempt to connect.
        let last_error = Mutex::new(String::new());
        let options = options.event_callback(move |event| {
            let mut last_error = last_error.lock().unwrap_or_else(PoisonError::into_inner);
            match event {
                Event::Connected => {
                    last_error.clear();
                    report(&reporter, true);
                }
                Event::Disconnected | Event::Closed => report(&reporter, false),
                // What was not delivered is missing in the consumer's numbers.
                Event::SlowConsumer(_) => {
                    tracing::warn!("route notes come faster than they can be read");
                }
                Event::ServerError(error) => tracing::warn!("NATS reports: {error}"),
                Event::ClientError(error) => {
                    let text = error.to_string();
                    if *last_error != text {
                        tracing::warn!("cannot connect to NATS: {text}");
                        *last_error = text;
                    }
                }
                Event::LameDuckMode | Event::Draining => {}
            }
            std::future::ready(())
        });
        (options, connectivity)
    }
}

fn report(reporter: &watch::Sender<Connectivity>, is_up: bool) {
    let since = Instant::now();
    // Every event counts: a connection that was lost and is there again is another one.
    reporter.send_replace(Connectivity { is_up, since });
}

use std::sync::{Mutex, PoisonError};

use async_nats::{ConnectOptions, Event};
use tokio::sync::watch;
use tokio::time::Instant;

/// Whether there is a connection to NATS.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) is_up: bool,
    /// Since when that is so.
    pub(super) since: Instant,
}

impl Link {
    /// Has the connection tell how it is.
    pub(super) fn of(options: ConnectOptions) -> (ConnectOptions, watch::Receiver<Self>) {
        let link = Self {
            is_up: false,
            since: Instant::now(),
        };
        let (teller, link) = watch::channel(link);
        // The same trouble comes back with every attempt to connect.
        let last_trouble = Mutex::new(String::new());
        let options = options.event_callback(move |event| {
            let mut last_trouble = last_trouble.lock().unwrap_or_else(PoisonError::into_inner);
            match event {
                Event::Connected => {
                    last_trouble.clear();
                    tell(&teller, true);
                }
                Event::Disconnected | Event::Closed => tell(&teller, false),
                // What was not delivered is missing in the consumer's numbers.
                Event::SlowConsumer(_) => {
                    tracing::warn!("route notes come faster than they can be read");
                }
                Event::ServerError(error) => tracing::warn!("NATS reports: {error}"),
                Event::ClientError(error) => {
                    let trouble = error.to_string();
                    if *last_trouble != trouble {
                        tracing::warn!("cannot connect to NATS: {trouble}");
                        *last_trouble = trouble;
                    }
                }
                Event::LameDuckMode | Event::Draining => {}
            }
            std::future::ready(())
        });
        (options, link)
    }
}

fn tell(teller: &watch::Sender<Link>, is_up: bool) {
    let since = Instant::now();
    // Every event counts: a connection that was lost and is there again is another one.
    teller.send_replace(Link { is_up, since });
}

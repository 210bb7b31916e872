//! Clients that ask for long answers and do not read them.

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use futures_util::stream::FuturesUnordered;
use route_guide_geo::E7Rectangle;

use super::list_features::request;
use crate::connection::{Event, Method, Reply, Slot};
use crate::load::INITIAL_WINDOW;
use crate::run::Worker;
use crate::{Load, LoadError, Target, Windows};

/// Calls of ListFeatures whose first window is full and stays so; they end when this is dropped.
///
/// What a server holds for each of them is the memory that a slow reader costs.
#[derive(Debug)]
pub struct StalledListings {
    replies: Vec<Reply>,
    _worker: Worker,
}

impl StalledListings {
    /// Asks for a rectangle on each of `streams` streams, and waits until the server can send no more.
    ///
    /// An answer that fits into 64 KiB ends and does not stall.
    ///
    /// # Errors
    ///
    /// [`LoadError::TooManyStreams`] if the server does not allow as many, another if the server fails.
    pub fn open(
        target: &Target,
        area: E7Rectangle,
        streams: usize,
        connections: usize,
    ) -> Result<Self, LoadError> {
        let load = Load {
            windows: Windows {
                stream_bytes: INITIAL_WINDOW,
                ..Windows::WIDE
            },
            ..Load::default()
        };
        let request = request(area);
        let mut worker = Worker::open(target, &load, connections.max(1))?;
        let replies = worker.run(async |connections| {
            let stalling = FuturesUnordered::new();
            for number in 0..streams {
                let connection = &connections[number % connections.len()];
                let allowed = connection.max_calls();
                if number / connections.len() >= allowed {
                    return Err(LoadError::TooManyStreams { allowed });
                }
                let slot = connection.slot(Method::ListFeatures)?;
                stalling.push(stall(slot, request.clone()));
            }
            let replies: Vec<Option<Reply>> = stalling.try_collect().await?;
            Ok(replies.into_iter().flatten().collect())
        })?;
        Ok(Self {
            replies,
            _worker: worker,
        })
    }

    /// Returns the number of stalled calls.
    #[must_use]
    pub fn len(&self) -> usize {
        self.replies.len()
    }

    /// Tells whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.replies.is_empty()
    }
}

/// Asks, and waits until the window is full; returns nothing if the reply ends before.
async fn stall(mut slot: Slot, request: Bytes) -> Result<Option<Reply>, LoadError> {
    slot.ready().await?;
    let (mut sending, mut reply) = slot.begin()?;
    sending.send_data(request, true)?;
    reply.stall();
    let mut received = 0;
    while received < INITIAL_WINDOW as usize {
        match reply.event().await? {
            Event::Data(bytes) => received += bytes.len(),
            Event::Ended(status) if status.is_ok() => return Ok(None),
            Event::Ended(status) => return Err(LoadError::Call(status)),
        }
    }
    Ok(Some(reply))
}

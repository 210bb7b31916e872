use std::sync::Arc;

use route_guide_geo::E7Point;

use super::NoteLogs;
use crate::notebook::SubscribeError;
use crate::subscription::{EndSubscription, Registration, Subscriber, Subscription};

/// What an engine keeps its logs in, under a lock.
pub(crate) trait HasLogs: Sized + Send + Sync + 'static {
    /// Works on the logs while nobody else does.
    fn with_logs<T>(&self, work: impl FnOnce(&mut NoteLogs) -> T) -> T;

    /// Registers a stream at a place, until the subscription is dropped.
    fn subscribe(
        self: &Arc<Self>,
        place: E7Point,
        subscriber: &Arc<Subscriber>,
    ) -> Result<Subscription, SubscribeError> {
        let (registration, crowd) = self.with_logs(|logs| logs.subscribe(place, subscriber))?;
        // A note that is committed in between is older than anything the stream goes on to write, so a replay covers it.
        if let Some(crowd) = crowd {
            crowd.add(registration, subscriber);
        }
        let logs: Arc<dyn EndSubscription> = Arc::<Self>::clone(self);
        Ok(Subscription::new(logs, place, registration))
    }
}

impl<S: HasLogs> EndSubscription for S {
    fn end_subscription(&self, place: E7Point, registration: Registration) {
        let crowd = self.with_logs(|logs| logs.unsubscribe(place, registration));
        if let Some(crowd) = crowd {
            crowd.remove(registration);
        }
    }
}

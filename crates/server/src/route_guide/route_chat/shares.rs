//! What the streams of one connection may use together.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use route_guide_chat::SubscriptionShare;

/// Finds the share of a connection, as long as a stream of it is open.
#[derive(Debug)]
pub(crate) struct Shares {
    limit: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    /// By the id of the connection, which is never given twice.
    shares: HashMap<u64, Weak<SubscriptionShare>>,
    /// With so many entries, those of connections without a stream are removed.
    sweep_at: usize,
}

/// A table smaller than this is not worth sweeping.
const SWEEP_FROM: usize = 64;

impl Shares {
    /// Makes shares of so many places.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            open: Mutex::default(),
        }
    }

    /// Returns the share of the connection with this id.
    pub(crate) fn of(&self, connection: u64) -> Arc<SubscriptionShare> {
        // Nothing panics while holding the lock.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = open.shares.get(&connection).and_then(Weak::upgrade) {
            return share;
        }
        if open.shares.len() >= open.sweep_at.max(SWEEP_FROM) {
            open.shares.retain(|_, share| share.strong_count() > 0);
            open.sweep_at = 2 * open.shares.len();
        }
        let share = Arc::new(SubscriptionShare::new(self.limit));
        open.shares.insert(connection, Arc::downgrade(&share));
        share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_a_connection_have_one_share_and_closed_connections_leave_nothing() {
        let shares = Shares::new(7);
        let first = shares.of(1);
        assert_eq!(first.limit(), 7);
        assert!(Arc::ptr_eq(&first, &shares.of(1)));
        assert!(!Arc::ptr_eq(&first, &shares.of(2)));
        for connection in 3..10_000 {
            shares.of(connection);
        }
        assert!(shares.open.lock().unwrap().shares.len() <= SWEEP_FROM);
        assert!(Arc::ptr_eq(&first, &shares.of(1)));
    }
}

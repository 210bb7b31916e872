use std::sync::atomic::{AtomicUsize, Ordering};

/// How many places the streams of one peer may follow together, so that it cannot use up what all peers share.
///
/// [`Conversation::within`](crate::Conversation::within) makes a stream take its places from a share, and a stream that
/// ends gives them back.
#[derive(Debug)]
pub struct SubscriptionShare {
    limit: usize,
    used: AtomicUsize,
}

impl SubscriptionShare {
    /// Makes a share of so many places. A place that two streams follow counts twice.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self {
            limit,
            used: AtomicUsize::new(0),
        }
    }

    /// Returns how many places the share has.
    #[must_use]
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// Returns how many places are followed.
    #[must_use]
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Takes one place, and returns whether there was one.
    pub(crate) fn take(&self) -> bool {
        self.used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                (used < self.limit).then_some(used + 1)
            })
            .is_ok()
    }

    pub(crate) fn give_back(&self, places: usize) {
        self.used.fetch_sub(places, Ordering::Relaxed);
    }
}

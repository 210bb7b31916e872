use std::sync::Arc;

use route_guide_geo::E7Point;

use super::Ledger;
use crate::notebook::WatchError;
use crate::wakeups::{Wakeups, Watch};

/// Where an engine keeps its ledger, under a lock.
pub(crate) trait Shelf: Send + Sync + 'static {
    /// Works on the ledger while nobody else does.
    fn with_ledger<T>(&self, work: impl FnOnce(&mut Ledger) -> T) -> T;

    /// Registers a stream at a place, until the watch is dropped.
    fn watch(
        self: &Arc<Self>,
        place: E7Point,
        wakeups: &Arc<Wakeups>,
    ) -> Result<Watch, WatchError> {
        let watchers = self.with_ledger(|ledger| ledger.add_watch(place))?;
        // A note that slips in between is older than anything the stream goes on to write, so a replay covers it.
        let registration = watchers.add(wakeups);
        let shelf = Arc::clone(self);
        Ok(Watch::new(move || {
            watchers.remove(registration);
            shelf.with_ledger(|ledger| ledger.remove_watch(place));
        }))
    }
}

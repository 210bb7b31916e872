use std::sync::Arc;

use route_guide_geo::E7Point;

use super::Ledger;
use crate::notebook::WatchError;
use crate::wakeups::{EndWatch, Registration, Wakeups, Watch};

/// Where an engine keeps its ledger, under a lock.
pub(crate) trait Shelf: Sized + Send + Sync + 'static {
    /// Works on the ledger while nobody else does.
    fn with_ledger<T>(&self, work: impl FnOnce(&mut Ledger) -> T) -> T;

    /// Registers a stream at a place, until the watch is dropped.
    fn watch(
        self: &Arc<Self>,
        place: E7Point,
        wakeups: &Arc<Wakeups>,
    ) -> Result<Watch, WatchError> {
        let (registration, crowd) = self.with_ledger(|ledger| ledger.add_watch(place, wakeups))?;
        // A note that slips in between is older than anything the stream goes on to write, so a replay covers it.
        if let Some(crowd) = crowd {
            crowd.add(registration, wakeups);
        }
        let shelf: Arc<dyn EndWatch> = Arc::<Self>::clone(self);
        Ok(Watch::new(shelf, place, registration))
    }
}

impl<S: Shelf> EndWatch for S {
    fn end_watch(&self, place: E7Point, registration: Registration) {
        let crowd = self.with_ledger(|ledger| ledger.remove_watch(place, registration));
        if let Some(crowd) = crowd {
            crowd.remove(registration);
        }
    }
}

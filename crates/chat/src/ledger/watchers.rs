use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use route_guide_geo::E7Point;

use crate::note::Author;
use crate::wakeups::Wakeups;

/// The streams that watch one place.
///
/// It has a lock of its own, so that a thousand streams are woken without holding up the notebook.
#[derive(Debug, Default)]
pub(crate) struct Watchers {
    registered: Mutex<Registered>,
}

#[derive(Debug, Default)]
struct Registered {
    streams: HashMap<Registration, Arc<Wakeups>>,
    next: u64,
}

/// Names one registration among those of its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Registration(u64);

impl Watchers {
    pub(crate) fn add(&self, wakeups: &Arc<Wakeups>) -> Registration {
        let mut registered = self.lock();
        let registration = Registration(registered.next);
        registered.next += 1;
        registered.streams.insert(registration, Arc::clone(wakeups));
        registration
    }

    pub(crate) fn remove(&self, registration: Registration) {
        self.lock().streams.remove(&registration);
    }

    pub(crate) fn wake_all(&self, place: E7Point, writer: Author) {
        for wakeups in self.lock().streams.values() {
            wakeups.wake(place, writer);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Registered> {
        self.registered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use route_guide_geo::E7Point;

use crate::note::Author;
use crate::subscription::{Registration, Subscriber};

/// The subscribers of one place.
#[derive(Clone, Debug, Default)]
pub(crate) enum Subscribers {
    #[default]
    Nobody,
    /// Most places have a single one, and need no table for it.
    One(Registration, Arc<Subscriber>),
    Many(Arc<Crowd>),
}

/// Several subscribers of one place.
///
/// It has a lock of its own, so that a thousand streams are woken without holding up the notebook.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    streams: Mutex<HashMap<Registration, Arc<Subscriber>>>,
}

impl Subscribers {
    /// Adds a stream, or returns the crowd that it is to be added to once the notebook's lock is released.
    pub(super) fn add(
        &mut self,
        registration: Registration,
        subscriber: &Arc<Subscriber>,
    ) -> Option<Arc<Crowd>> {
        let crowd = match self {
            Self::Nobody => {
                *self = Self::One(registration, Arc::clone(subscriber));
                return None;
            }
            Self::One(first, stream) => {
                let crowd = Arc::new(Crowd::default());
                crowd.add(*first, stream);
                *self = Self::Many(Arc::clone(&crowd));
                crowd
            }
            Self::Many(crowd) => Arc::clone(crowd),
        };
        Some(crowd)
    }

    /// Removes a stream, or returns the crowd that it is to be removed from once the notebook's lock is released.
    pub(super) fn remove(&mut self, registration: Registration) -> Option<Arc<Crowd>> {
        match self {
            Self::Many(crowd) => Some(Arc::clone(crowd)),
            Self::One(single, _) if *single == registration => {
                *self = Self::Nobody;
                None
            }
            Self::One(..) | Self::Nobody => None,
        }
    }

    /// Returns whom a note by `writer` wakes.
    pub(super) fn but(&self, writer: Author) -> Self {
        match self {
            Self::One(_, subscriber) if subscriber.reader() == writer => Self::Nobody,
            others => others.clone(),
        }
    }

    pub(crate) fn wake_all(&self, place: E7Point, writer: Author) {
        match self {
            Self::Nobody => {}
            Self::One(_, subscriber) => subscriber.wake(place, writer),
            Self::Many(crowd) => crowd.wake_all(place, writer),
        }
    }
}

impl Crowd {
    pub(super) fn add(&self, registration: Registration, subscriber: &Arc<Subscriber>) {
        self.lock().insert(registration, Arc::clone(subscriber));
    }

    pub(super) fn remove(&self, registration: Registration) {
        self.lock().remove(&registration);
    }

    fn wake_all(&self, place: E7Point, writer: Author) {
        for subscriber in self.lock().values() {
            subscriber.wake(place, writer);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Registration, Arc<Subscriber>>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

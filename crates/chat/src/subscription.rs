use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use route_guide_geo::E7Point;
use tokio::sync::Notify;

use crate::note::Author;

/// The places where something new may wait for one stream.
///
/// This is all that an engine keeps per listener: it holds places, not notes, and each place at most once, so a stream
/// that does not read costs nothing however much is written. The stream takes the places and reads the notes from the
/// log.
#[derive(Debug)]
pub struct Subscriber {
    reader: Author,
    places: Mutex<Places>,
    /// Whether a place is marked, for a stream that asks after each note that it posts. Written under the lock.
    is_marked: AtomicBool,
    notify: Notify,
}

impl Subscriber {
    /// Makes the wake-ups of the stream whose notes carry this author.
    #[must_use]
    pub fn new(reader: Author) -> Self {
        Self {
            reader,
            places: Mutex::default(),
            is_marked: AtomicBool::new(false),
            notify: Notify::new(),
        }
    }

    /// Returns whose notes are no news to the stream.
    pub(crate) fn reader(&self) -> Author {
        self.reader
    }

    /// Marks a place as having a new note by `writer`, and wakes the stream if it sleeps. Its own notes are no news.
    ///
    /// Engines call it after the note has become readable.
    pub fn wake(&self, place: E7Point, writer: Author) {
        if writer != self.reader {
            self.mark(place);
        }
    }

    /// Marks a place as having something to read, and wakes the stream if it sleeps.
    pub(crate) fn mark(&self, place: E7Point) {
        let was_empty = {
            let mut places = self.lock();
            if !places.members.insert(place) {
                return;
            }
            places.queue.push_back(place);
            self.is_marked.store(true, Ordering::Release);
            places.queue.len() == 1
        };
        // With a place already waiting, the stream has been notified or will look before it sleeps.
        if was_empty {
            self.notify.notify_one();
        }
    }

    /// Returns whether no place is marked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.is_marked.load(Ordering::Acquire)
    }

    /// Takes all marked places, the longest waiting first. Whatever is written from now on marks its place again.
    pub fn take(&self) -> VecDeque<E7Point> {
        let mut places = self.lock();
        self.is_marked.store(false, Ordering::Release);
        places.members.clear();
        // One burst over thousands of places should not leave its tables with a stream that is quiet ever after.
        places.members.shrink_to(MEMBERS_KEPT);
        std::mem::take(&mut places.queue)
    }

    /// Waits until a place is marked. Cancel safe; meant for one waiter at a time.
    pub(crate) async fn any(&self) {
        // A notification without a place is an old one, about places that have been taken since.
        while self.is_empty() {
            self.notify.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How large a table of marked places stays with a stream.
const MEMBERS_KEPT: usize = 64;

/// A queue without repetitions.
#[derive(Debug, Default)]
struct Places {
    queue: VecDeque<E7Point>,
    members: HashSet<E7Point>,
}

/// A stream's registration at a place; dropping it ends the wake-ups at once.
///
/// While a place has a subscription, its log exists and its indexes go on, even when retention has emptied it: a cursor
/// never meets indexes that started again.
#[must_use = "dropping the subscription ends it"]
pub struct Subscription {
    notebook: Arc<dyn EndSubscription>,
    place: E7Point,
    registration: Registration,
}

/// Names one registration among all of a notebook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Registration(u64);

impl Registration {
    /// Makes the registration with this number, which no other one may have.
    pub(crate) fn new(number: u64) -> Self {
        Self(number)
    }
}

/// Ends a subscription. A trait instead of a boxed closure, because a stream may have ten thousand subscriptions.
pub(crate) trait EndSubscription: Send + Sync {
    fn end_subscription(&self, place: E7Point, registration: Registration);
}

impl Subscription {
    pub(crate) fn new(
        notebook: Arc<dyn EndSubscription>,
        place: E7Point,
        registration: Registration,
    ) -> Self {
        Self {
            notebook,
            place,
            registration,
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.notebook
            .end_subscription(self.place, self.registration);
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn is_ready(future: impl Future<Output = ()>) -> bool {
        pin!(future).poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    }

    fn place(lat: i32) -> E7Point {
        E7Point::unbounded(lat, 0)
    }

    #[test]
    fn a_place_is_marked_once_and_the_longest_waiting_comes_first() {
        let subscriber = Subscriber::new(Author::unique());
        for lat in [3, 1, 3, 2, 1] {
            subscriber.wake(place(lat), Author::unique());
        }
        assert_eq!(subscriber.take(), [place(3), place(1), place(2)]);
        assert!(subscriber.is_empty());
        subscriber.wake(place(3), Author::unique());
        assert_eq!(subscriber.take(), [place(3)]);
    }

    #[test]
    fn a_wait_that_is_given_up_loses_nothing() {
        let subscriber = Subscriber::new(Author::unique());
        let mut context = Context::from_waker(Waker::noop());
        {
            let mut waiting = pin!(subscriber.any());
            assert!(waiting.as_mut().poll(&mut context).is_pending());
            // The notification goes to this waiter, which is dropped before it sees it.
            subscriber.wake(place(1), Author::unique());
        }
        assert!(is_ready(subscriber.any()));
        assert_eq!(subscriber.take(), [place(1)]);
    }

    #[test]
    fn places_that_were_taken_do_not_wake_again() {
        let subscriber = Subscriber::new(Author::unique());
        subscriber.wake(place(1), Author::unique());
        subscriber.take();
        assert!(!is_ready(subscriber.any()));
        subscriber.wake(place(2), Author::unique());
        assert!(is_ready(subscriber.any()));
    }

    #[test]
    fn a_stream_is_not_woken_by_itself() {
        let reader = Author::unique();
        let subscriber = Subscriber::new(reader);
        subscriber.wake(place(1), reader);
        assert!(subscriber.is_empty() && !is_ready(subscriber.any()));
    }
}

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::note::Author;

/// Lets every author have one note on its way at a time, in the order in which they were asked for.
///
/// With two on their way, the first could be lost with a connection and sent again behind the second.
#[derive(Debug, Default)]
pub(super) struct Turns {
    queues: Mutex<HashMap<Author, Arc<tokio::sync::Mutex<()>>>>,
}

/// An author's turn, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    turns: &'a Turns,
    author: Author,
    held: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits until it is the turn of this note of the author's.
    pub(super) async fn take(&self, author: Author) -> Turn<'_> {
        let queue = Arc::clone(self.lock().entry(author).or_default());
        // Made before waiting, so that a wait that is given up leaves nothing behind either.
        let mut turn = Turn {
            turns: self,
            author,
            held: None,
        };
        turn.held = Some(queue.lock_owned().await);
        turn
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Author, Arc<tokio::sync::Mutex<()>>>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.held = None;
        let mut queues = self.turns.lock();
        // Under the lock nobody can join; whoever waits holds the queue too.
        if queues
            .get(&self.author)
            .is_some_and(|queue| Arc::strong_count(queue) == 1)
        {
            queues.remove(&self.author);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    #[test]
    fn one_at_a_time_in_order_and_nothing_is_left() {
        let turns = Turns::default();
        let (author, other) = (Author::unique(), Author::unique());
        let mut context = Context::from_waker(Waker::noop());
        {
            let Poll::Ready(first) = pin!(turns.take(author)).poll(&mut context) else {
                panic!("nobody else is there");
            };
            let mut second = pin!(turns.take(author));
            let mut third = Box::pin(turns.take(author));
            assert!(second.as_mut().poll(&mut context).is_pending());
            assert!(third.as_mut().poll(&mut context).is_pending());
            assert!(pin!(turns.take(other)).poll(&mut context).is_ready());
            drop(first);
            assert!(third.as_mut().poll(&mut context).is_pending());
            drop(third);
            assert!(second.as_mut().poll(&mut context).is_ready());
        }
        assert!(turns.lock().is_empty());
    }
}

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use route_guide_geo::E7Point;

use super::error::ChatError;
use crate::note::{Author, Index, Note};
use crate::notebook::{Notebook, PageLimit};
use crate::share::SubscriptionShare;
use crate::subscription::{Subscriber, Subscription};

/// The notes kept at a place when a stream began to follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptNotes {
    /// How many there are.
    pub count: u64,
    /// The index of the first of them, or of the next note that is written if none is kept.
    pub first: Index,
}

/// The places where a stream has posted, and how far it has read each of them.
#[derive(Debug)]
pub(super) struct Subscriptions {
    reader: Author,
    limit: usize,
    share: Option<Arc<SubscriptionShare>>,
    subscriber: Arc<Subscriber>,
    /// A hasher with a random seed, because places are chosen by strangers.
    places: HashMap<E7Point, Subscribed, foldhash::fast::RandomState>,
    /// What is left of the current turn; `None` between turns.
    turn: Option<Turn>,
}

#[derive(Debug)]
struct Subscribed {
    /// `None` until the stream's first note at the place has been written.
    cursor: Option<Index>,
    _subscription: Subscription,
}

/// The places that were marked when the turn began, less those that are done.
#[derive(Debug)]
struct Turn {
    places: VecDeque<E7Point>,
    /// The newest note at the first place when the turn came to it. Notes after it mark the place again.
    until: Option<Index>,
}

impl Subscriptions {
    pub(super) fn new(reader: Author, limit: usize) -> Self {
        Self {
            reader,
            limit,
            share: None,
            subscriber: Arc::new(Subscriber::new(reader)),
            places: HashMap::default(),
            turn: None,
        }
    }

    /// Takes places from a share from now on. To be called before any is followed.
    pub(super) fn take_from(&mut self, share: Arc<SubscriptionShare>) {
        self.share = Some(share);
    }

    /// Watches a place from now on, if that is not done yet. Returns whether the place is new.
    pub(super) fn begin(
        &mut self,
        place: E7Point,
        notebook: &dyn Notebook,
    ) -> Result<bool, ChatError> {
        let count = self.places.len();
        let Entry::Vacant(vacant) = self.places.entry(place) else {
            return Ok(false);
        };
        if count >= self.limit {
            return Err(ChatError::TooManyPlaces { limit: self.limit });
        }
        let share = self.share.as_deref();
        if let Some(share) = share.filter(|share| !share.take()) {
            let limit = share.limit();
            return Err(ChatError::ShareUsed { limit });
        }
        match notebook.subscribe(place, &self.subscriber) {
            Ok(watch) => {
                vacant.insert(Subscribed {
                    cursor: None,
                    _subscription: watch,
                });
                Ok(true)
            }
            Err(error) => {
                if let Some(share) = share {
                    share.give_back(1);
                }
                Err(error.into())
            }
        }
    }

    pub(super) fn end(&mut self, place: E7Point) {
        if self.places.remove(&place).is_some()
            && let Some(share) = &self.share
        {
            share.give_back(1);
        }
    }

    /// Moves the cursor of a place to the stream's own note there and returns where it was.
    pub(super) fn advance(&mut self, place: E7Point, own: Index) -> Option<Index> {
        self.places.get_mut(&place)?.cursor.replace(own)
    }

    /// Moves the cursor of a place to before its first note that is kept, and returns which are.
    pub(super) fn rewind(&mut self, place: E7Point, notebook: &dyn Notebook) -> KeptNotes {
        let page = notebook.read(place, Index::START, PageLimit::default().at_most(1));
        let before_kept = Index::START.plus(page.missed);
        if let Some(subscribed) = self.places.get_mut(&place) {
            subscribed.cursor = Some(before_kept);
        }
        self.subscriber.mark(place);
        KeptNotes {
            count: page.newest.since(before_kept),
            first: before_kept.plus(1),
        }
    }

    /// Moves the cursor of a place past a gap that ends at `last` and returns how many notes it passes.
    pub(super) fn skip_to(&mut self, place: E7Point, last: Index) -> u64 {
        let Some(cursor) = self
            .places
            .get_mut(&place)
            .and_then(|subscribed| subscribed.cursor.as_mut())
        else {
            return 0;
        };
        let passed = last.since(*cursor);
        *cursor = cursor.plus(passed);
        passed
    }

    /// Returns the next notes of others, or `None` at the end of the turn.
    pub(super) fn next(
        &mut self,
        notebook: &dyn Notebook,
        limit: PageLimit,
    ) -> Result<Option<Vec<Note>>, ChatError> {
        if self.turn.is_none() && self.subscriber.is_empty() {
            return Ok(None);
        }
        let turn = self.turn.get_or_insert_with(|| Turn {
            places: self.subscriber.take(),
            until: None,
        });
        while let Some(&place) = turn.places.front() {
            let cursor = self
                .places
                .get_mut(&place)
                .and_then(|subscribed| subscribed.cursor.as_mut());
            if let Some(cursor) = cursor
                && turn.until.is_none_or(|until| *cursor < until)
            {
                let page = notebook.read(place, *cursor, limit);
                turn.until.get_or_insert(page.newest);
                if page.missed > 0 {
                    *cursor = cursor.plus(page.missed);
                    return Err(ChatError::Missed {
                        place,
                        count: page.missed,
                    });
                }
                if let Some(last) = page.notes.last() {
                    *cursor = last.index();
                    let mut notes = page.notes;
                    notes.retain(|note| note.author() != self.reader);
                    if notes.is_empty() {
                        continue;
                    }
                    return Ok(Some(notes));
                }
            }
            turn.places.pop_front();
            turn.until = None;
        }
        self.turn = None;
        Ok(None)
    }

    pub(super) async fn woken(&self) {
        if self.turn.is_none() {
            self.subscriber.any().await;
        }
    }
}

impl Drop for Subscriptions {
    fn drop(&mut self) {
        if let Some(share) = &self.share {
            share.give_back(self.places.len());
        }
    }
}

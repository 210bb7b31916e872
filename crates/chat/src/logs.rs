use std::collections::{BTreeMap, HashMap, VecDeque, hash_map};
use std::sync::Arc;
use std::time::Duration;

use route_guide_geo::E7Point;

use crate::limits::Limits;
use crate::note::{Author, Draft, Index, Note};
use crate::notebook::{AppendError, Page, PageLimit, Receipt, SubscribeError, Usage};
use crate::subscription::{Registration, Subscriber};

pub(crate) use access::HasLogs;
#[cfg(feature = "nats")]
pub(crate) use replicated::Context;
use subscribers::{Crowd, Subscribers};

mod access;
#[cfg(feature = "nats")]
mod replicated;
#[cfg(feature = "file")]
mod stored;
mod subscribers;

/// The notes of a server in memory, and which of them to forget next.
#[derive(Debug)]
pub(crate) struct NoteLogs {
    limits: Limits,
    when_full: WhenFull,
    /// Every place with a note or a subscriber. A hasher with a random seed, because places are chosen by strangers; boxed logs,
    /// because with places that come and go the table is often three quarters empty.
    places: Places,
    /// The oldest note of every place that has one, by serial: its first entry is the oldest note of all. With one entry
    /// a place, and none for notes further back, a busy place leaves nothing behind here however long it goes on.
    fronts: BTreeMap<Serial, Front>,
    next_serial: Serial,
    /// The highest index of all logs that have been dropped. A log that is made anew counts on from here, so that no index
    /// of a place ever stands for two notes: a reader that comes back goes by it.
    retired: Index,
    /// The latest time seen.
    now: Duration,
    notes: usize,
    bytes: usize,
    subscriptions: usize,
    next_registration: u64,
}

type Places = HashMap<E7Point, Box<Log>, foldhash::fast::RandomState>;

/// The oldest note of a place.
#[derive(Clone, Copy, Debug)]
struct Front {
    place: E7Point,
    written: Duration,
}

/// What to do with a note for which there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhenFull {
    /// Forget the oldest.
    Forget,
    /// Refuse the note.
    Refuse,
}

/// A note's position among all notes, by time of writing.
pub(crate) type Serial = u64;

/// The log of one place.
#[derive(Debug, Default)]
struct Log {
    newest: Index,
    notes: VecDeque<Entry>,
    /// Indexes after `newest` that are promised to notes which are being written.
    reserved: u64,
    #[cfg(feature = "nats")]
    /// The serial of the last note written here, kept or not; 0 if there was none.
    last: Serial,
    subscriptions: usize,
    subscribers: Subscribers,
}

/// A note in the log of its place.
#[derive(Debug)]
pub(crate) struct Entry {
    note: Note,
    serial: Serial,
    written: Duration,
}

/// What a note takes besides its text: its entry in the log of its place with the room that a growing log keeps in reserve,
/// the head of its record, the count of those who share that, and the allocator's share.
const NOTE_OVERHEAD_BYTES: usize = 256;

/// What a place takes that has notes: its slot in the table, which is never quite full, and its entry among the fronts.
const PLACE_OVERHEAD_BYTES: usize = 256;

/// Up to so many notes a log has no more room than they need: most places have one or two, and by itself a log would
/// start with room for four.
const FEW_NOTES: usize = 4;

/// Tables smaller than this are not worth shrinking.
const SHRINK_FROM: usize = 1_024;

impl NoteLogs {
    pub(crate) fn new(limits: Limits, when_full: WhenFull) -> Self {
        Self {
            limits,
            when_full,
            places: Places::default(),
            fronts: BTreeMap::new(),
            next_serial: 0,
            retired: Index::START,
            now: Duration::ZERO,
            notes: 0,
            bytes: 0,
            subscriptions: 0,
            next_registration: 0,
        }
    }

    /// Writes a note. What has to go for it is moved to `garbage`, to be dropped when the lock is released.
    pub(crate) fn append(
        &mut self,
        draft: Draft,
        now: Duration,
        garbage: &mut Vec<Entry>,
    ) -> Result<Receipt, AppendError> {
        self.see(now);
        self.admit(&draft)?;
        Ok(self.write(draft, self.now, garbage))
    }

    /// Returns whether a text that comes from elsewhere has room here.
    #[cfg(any(feature = "file", feature = "nats"))]
    pub(crate) fn fits(&self, message_bytes: usize) -> bool {
        cost_bytes(message_bytes).saturating_add(PLACE_OVERHEAD_BYTES) <= self.limits.bytes_total
    }

    /// Notes the time, and returns the latest that has been seen.
    pub(crate) fn see(&mut self, now: Duration) -> Duration {
        self.now = self.now.max(now);
        self.now
    }

    fn write(&mut self, draft: Draft, written: Duration, garbage: &mut Vec<Entry>) -> Receipt {
        let place = draft.place();
        let serial = self.next_serial;
        self.next_serial += 1;

        let log = log_of(&mut self.places, place, self.retired);
        let expired = log.expired(self.now, self.limits.max_age);
        let earlier = log.notes.len() - expired;
        let index = log.newest.plus(1);
        log.newest = index;
        if log.notes.len() < FEW_NOTES {
            log.notes.reserve_exact(1);
        }
        if log.notes.is_empty() {
            self.fronts.insert(serial, Front { place, written });
            self.bytes += PLACE_OVERHEAD_BYTES;
        }
        let note = Note::new(draft, index);
        self.bytes += cost_bytes(note.message_bytes());
        self.notes += 1;
        log.notes.push_back(Entry {
            note,
            serial,
            written,
        });

        // The note is the newest everywhere and fits alone, so these loops end before they reach it.
        let first_removed = garbage.len();
        if log.notes.len() > self.limits.notes_per_place.get() {
            garbage.extend(self.pop_front(place));
        }
        while self.notes > self.limits.notes_total.get() || self.bytes > self.limits.bytes_total {
            let Some(oldest) = self.fronts.first_key_value().map(|(_, front)| front.place) else {
                break;
            };
            garbage.extend(self.pop_front(oldest));
        }
        let earliest = index.minus(earlier as u64);
        let displaced = garbage[first_removed..]
            .iter()
            .map(|entry| &entry.note)
            .filter(|note| note.place() == place && note.index() >= earliest)
            .cloned()
            .collect();
        Receipt {
            index,
            earlier: earlier as u64,
            displaced,
        }
    }

    /// Refuses a note for which no room can be made.
    pub(crate) fn admit(&self, draft: &Draft) -> Result<(), AppendError> {
        let len_bytes = draft.message_bytes();
        let limit_bytes = self.limits.bytes_total;
        let cost = cost_bytes(len_bytes);
        if cost.saturating_add(PLACE_OVERHEAD_BYTES) > limit_bytes {
            return Err(AppendError::TooLarge {
                len_bytes,
                limit_bytes,
            });
        }
        if self.when_full == WhenFull::Refuse {
            let limit = self.limits.notes_total.get();
            if self.notes >= limit {
                return Err(AppendError::TooManyNotes { limit });
            }
            let has_log = self.places.contains_key(&draft.place());
            let place_cost = if has_log { 0 } else { PLACE_OVERHEAD_BYTES };
            if self.bytes + place_cost + cost > limit_bytes {
                return Err(AppendError::TooManyBytes {
                    len_bytes,
                    limit_bytes,
                });
            }
        }
        Ok(())
    }

    pub(crate) fn read(
        &mut self,
        place: E7Point,
        after: Index,
        limit: PageLimit,
        now: Duration,
    ) -> Page {
        self.see(now);
        let Some(log) = self.places.get(&place) else {
            return Page {
                notes: Vec::new(),
                missed: 0,
                newest: Index::START,
            };
        };
        let expired = log.expired(self.now, self.limits.max_age);
        let kept = log.notes.len() - expired;
        let before_kept = log.newest.minus(kept as u64);
        let already_read = usize::try_from(after.since(before_kept))
            .unwrap_or(kept)
            .min(kept);
        let unread = log
            .notes
            .range(expired + already_read..)
            .map(|entry| &entry.note);
        Page {
            notes: limit.fill(unread),
            missed: before_kept.since(after),
            newest: log.newest,
        }
    }

    /// Removes up to `at_most` notes past their age and hands them over to be dropped.
    pub(crate) fn sweep(&mut self, now: Duration, at_most: usize) -> Vec<Entry> {
        self.see(now);
        let mut garbage = Vec::new();
        while garbage.len() < at_most {
            let Some((_, &Front { place, written })) = self.fronts.first_key_value() else {
                break;
            };
            if !is_expired(written, self.now, self.limits.max_age) {
                break;
            }
            garbage.extend(self.pop_front(place));
        }
        garbage
    }

    /// Gives back what tables occupy that have become mostly empty.
    pub(crate) fn shrink(&mut self) {
        if self.places.capacity() / 4 > self.places.len().max(SHRINK_FROM) {
            self.places.shrink_to(self.places.len() * 2);
        }
    }

    /// Registers a stream, which keeps the place's log alive. The rest is done once the lock is released: the stream is
    /// added to the crowd that is returned, if there is one.
    fn subscribe(
        &mut self,
        place: E7Point,
        subscriber: &Arc<Subscriber>,
    ) -> Result<(Registration, Option<Arc<Crowd>>), SubscribeError> {
        let limit = self.limits.subscriptions_total;
        if self.subscriptions >= limit {
            return Err(SubscribeError::TooManySubscriptions { limit });
        }
        self.subscriptions += 1;
        let registration = Registration::new(self.next_registration);
        self.next_registration += 1;
        let log = log_of(&mut self.places, place, self.retired);
        log.subscriptions += 1;
        Ok((registration, log.subscribers.add(registration, subscriber)))
    }

    /// Ends a registration, but for the crowd that is returned.
    fn unsubscribe(&mut self, place: E7Point, registration: Registration) -> Option<Arc<Crowd>> {
        let log = self.places.get_mut(&place)?;
        self.subscriptions -= 1;
        log.subscriptions -= 1;
        let crowd = log.subscribers.remove(registration);
        if log.subscriptions == 0 {
            log.subscribers = Subscribers::Nobody;
            if log.notes.is_empty() {
                self.drop_if_unused(place);
            }
        }
        crowd
    }

    /// Returns the streams that a note of this author at a place wakes.
    pub(crate) fn subscribers(&self, place: E7Point, author: Author) -> Subscribers {
        self.places
            .get(&place)
            .map_or(Subscribers::Nobody, |log| log.subscribers.but(author))
    }

    pub(crate) fn usage(&self) -> Usage {
        Usage {
            notes: self.notes,
            bytes: self.bytes,
            places: self.places.len(),
            subscriptions: self.subscriptions,
        }
    }

    /// Removes the oldest note of a place, and the place with its last one unless it has subscribers.
    fn pop_front(&mut self, place: E7Point) -> Option<Entry> {
        let hash_map::Entry::Occupied(mut slot) = self.places.entry(place) else {
            return None;
        };
        let log = slot.get_mut();
        let entry = log.notes.pop_front()?;
        self.fronts.remove(&entry.serial);
        self.notes -= 1;
        self.bytes -= cost_bytes(entry.note.message_bytes());
        if let Some(next) = log.notes.front() {
            let written = next.written;
            self.fronts.insert(next.serial, Front { place, written });
            let len = log.notes.len();
            if log.notes.capacity() / 2 > len {
                log.notes.shrink_to(len + len / 2);
            }
        } else {
            self.bytes -= PLACE_OVERHEAD_BYTES;
            if log.is_unused() {
                let log = slot.remove();
                self.retire(log.newest);
            } else {
                log.notes = VecDeque::new();
            }
        }
        Some(entry)
    }

    fn drop_if_unused(&mut self, place: E7Point) {
        if let hash_map::Entry::Occupied(slot) = self.places.entry(place)
            && slot.get().is_unused()
        {
            let log = slot.remove();
            self.retire(log.newest);
        }
    }

    /// Gives no log that is made from now on an index up to this one.
    pub(crate) fn retire(&mut self, index: Index) {
        self.retired = self.retired.max(index);
    }
}

/// Returns the log of a place; one that has to be made counts on from `retired`.
fn log_of(places: &mut Places, place: E7Point, retired: Index) -> &mut Log {
    places.entry(place).or_insert_with(|| {
        Box::new(Log {
            newest: retired,
            ..Log::default()
        })
    })
}

impl Log {
    fn is_unused(&self) -> bool {
        self.notes.is_empty() && self.subscriptions == 0 && self.reserved == 0
    }

    /// Returns how many notes at the front are past their age.
    fn expired(&self, now: Duration, max_age: Duration) -> usize {
        self.notes
            .partition_point(|entry| is_expired(entry.written, now, max_age))
    }
}

fn is_expired(written: Duration, now: Duration, max_age: Duration) -> bool {
    now.saturating_sub(written) >= max_age
}

fn cost_bytes(message_bytes: usize) -> usize {
    NOTE_OVERHEAD_BYTES.saturating_add(message_bytes)
}

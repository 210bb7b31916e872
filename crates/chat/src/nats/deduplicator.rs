use std::collections::HashMap;
use std::time::Duration;

use super::wire::NoteId;
use crate::note::Author;

/// The latest note of every author of late, so that a note which comes behind a later one of its author is recognised.
///
/// That happens to a note that was on its way when the connection broke, and that its author has given up since. It also
/// recognises a note that comes twice.
#[derive(Debug, Default)]
pub(super) struct Deduplicator {
    /// Two generations: nothing is forgotten before [`KEPT`] is over, and everything soon after.
    recent: HashMap<Author, u64>,
    older: HashMap<Author, u64>,
    turned: Duration,
}

/// How long NATS or a network may hold a note back: as long as NATS knows it by its id.
const KEPT: Duration = Duration::from_secs(120);

impl Deduplicator {
    /// Returns whether a note is later than those of its author that have come, and remembers it. Times are those at which
    /// NATS stored the notes, so that all servers decide alike.
    pub(super) fn admit(&mut self, id: NoteId, now: Duration) -> bool {
        if now.saturating_sub(self.turned) >= KEPT {
            self.older = std::mem::take(&mut self.recent);
            self.turned = now;
        }
        let NoteId { author, number } = id;
        let last = self.recent.get(&author).or_else(|| self.older.get(&author));
        if last.is_some_and(|last| *last >= number) {
            return false;
        }
        self.recent.insert(author, number);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_notes_of_an_author_come_too_late() {
        let mut deduplicator = Deduplicator::default();
        let mut check = |author: u128, number: u64, seconds: u64, expected: bool| {
            let author = Author::from_u128(author);
            let id = NoteId { author, number };
            let now = Duration::from_secs(1_000 + seconds);
            assert_eq!(deduplicator.admit(id, now), expected, "{id} at {now:?}");
        };
        check(1, 5, 0, true);
        check(1, 5, 0, false);
        check(1, 4, 1, false);
        check(2, 4, 1, true);
        check(1, 7, 2, true);
        check(1, 6, 119, false);
        // Another generation, in which the first is still known.
        check(2, 9, 121, true);
        check(1, 6, 122, false);
        check(1, 8, 123, true);
        check(1, 8, 242, false);
        // Two generations later nobody holds a note back any more, and nothing is kept about it.
        check(3, 1, 500, true);
        check(3, 2, 700, true);
        check(1, 6, 701, true);
    }
}

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

use async_nats::header::NATS_MESSAGE_ID;
use async_nats::{HeaderMap, HeaderValue};

/// Tells one message from another that has, or had, the same number in the stream.
///
/// A stream that loses its end gives the numbers of the lost messages to others. The id, the subject and the time at which
/// NATS stored a message are not given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity(u64);

impl Identity {
    pub(super) fn new(
        subject: &str,
        headers: Option<&HeaderMap>,
        stored_nanoseconds: i128,
    ) -> Self {
        let id = headers.and_then(|headers| headers.get(NATS_MESSAGE_ID));
        let mut hasher = DefaultHasher::new();
        id.map(HeaderValue::as_str).hash(&mut hasher);
        (subject, stored_nanoseconds).hash(&mut hasher);
        Self(hasher.finish())
    }
}

/// What has been read of the stream, message by message.
#[derive(Debug, Default)]
pub(super) struct History {
    /// The number of the last message that has been read, or is known to be gone; 0 if there was none.
    last: u64,
    /// The identities of the last messages up to there; `None` where a message was gone before it could be read.
    identities: VecDeque<Option<Identity>>,
}

/// How many messages are remembered: 4 MiB of identities. A stream that has lost more has lost everything.
const REMEMBERED: usize = 256 * 1024;

impl History {
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// Returns the first number that is remembered; one behind the last if none is.
    pub(super) fn first(&self) -> u64 {
        self.last + 1 - self.identities.len() as u64
    }

    /// Returns which message was read under a number.
    pub(super) fn identity(&self, sequence: u64) -> Option<Identity> {
        let at = sequence.checked_sub(self.first())?;
        *self.identities.get(usize::try_from(at).ok()?)?
    }

    /// Adds a message that has been read. Those between it and the one before were gone.
    pub(super) fn push(&mut self, sequence: u64, identity: Identity) {
        let gone = sequence.saturating_sub(self.last + 1);
        if gone >= REMEMBERED as u64 {
            self.identities.clear();
        } else {
            self.identities.extend((0..gone).map(|_| None));
        }
        self.identities.push_back(Some(identity));
        let too_many = self.identities.len().saturating_sub(REMEMBERED);
        self.identities.drain(..too_many);
        self.last = sequence;
    }

    /// Forgets everything, as if all messages up to `sequence` were gone.
    pub(super) fn begin_after(&mut self, sequence: u64) {
        self.identities.clear();
        self.last = sequence;
    }

    /// Forgets the messages after `sequence`.
    pub(super) fn truncate(&mut self, sequence: u64) {
        let kept = (sequence + 1).saturating_sub(self.first());
        self.identities
            .truncate(usize::try_from(kept).unwrap_or(usize::MAX));
        self.last = self.last.min(sequence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(stored: i128) -> Identity {
        Identity::new("route.notes.1.2", None, stored)
    }

    #[test]
    fn an_identity_is_the_id_the_subject_and_the_time() {
        let mut headers = HeaderMap::new();
        headers.insert(NATS_MESSAGE_ID, "a-1");
        let known = Identity::new("route.notes.1.2", Some(&headers), 7);
        assert_eq!(known, Identity::new("route.notes.1.2", Some(&headers), 7));
        assert_ne!(known, Identity::new("route.notes.1.3", Some(&headers), 7));
        assert_ne!(known, Identity::new("route.notes.1.2", Some(&headers), 8));
        assert_ne!(known, Identity::new("route.notes.1.2", None, 7));
        headers.insert(NATS_MESSAGE_ID, "a-2");
        assert_ne!(known, Identity::new("route.notes.1.2", Some(&headers), 7));
    }

    #[test]
    fn messages_are_found_by_number_until_they_are_forgotten() {
        let mut history = History::default();
        history.begin_after(10);
        assert_eq!((history.first(), history.last()), (11, 10));
        for sequence in [11, 12, 15] {
            history.push(sequence, identity(i128::from(sequence)));
        }
        assert_eq!((history.first(), history.last()), (11, 15));
        for (sequence, stored) in [
            (10, None),
            (11, Some(11)),
            (13, None),
            (15, Some(15)),
            (16, None),
        ] {
            assert_eq!(
                history.identity(sequence),
                stored.map(identity),
                "{sequence}"
            );
        }
        history.truncate(13);
        assert_eq!((history.first(), history.last()), (11, 13));
        assert_eq!(history.identity(15), None);
        history.push(14, identity(1));
        assert_eq!(history.identity(14), Some(identity(1)));
        history.truncate(0);
        assert_eq!((history.last(), history.identity(11)), (0, None));
        history.push(1, identity(2));
        assert_eq!(history.identity(1), Some(identity(2)));
    }

    #[test]
    fn only_so_many_are_remembered() {
        let mut history = History::default();
        for sequence in 1..=REMEMBERED as u64 + 5 {
            history.push(sequence, identity(i128::from(sequence)));
        }
        assert_eq!(history.first(), 6);
        let next = history.last() + 2 * REMEMBERED as u64;
        history.push(next, identity(0));
        assert_eq!((history.first(), history.last()), (next, next));
    }
}

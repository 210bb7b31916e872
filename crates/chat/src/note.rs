use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

#[cfg(feature = "nats")]
use bytes::Bytes;
use route_guide_geo::E7Point;

use crate::record;

/// A note as the notebook keeps it.
///
/// Its clones share the bytes of the note: a thousand streams that read it have one copy of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    draft: Draft,
    index: Index,
}

impl Note {
    /// Makes the note that an engine stores for a draft, once it has given the draft its index.
    #[must_use]
    pub fn new(draft: Draft, index: Index) -> Self {
        Self { draft, index }
    }

    /// Gives the note another index.
    #[cfg(feature = "nats")]
    pub(crate) fn renumber(&mut self, index: Index) {
        self.index = index;
    }

    #[cfg(feature = "file")]
    pub(crate) fn into_parts(self) -> (Draft, Index) {
        (self.draft, self.index)
    }

    /// Returns the place the note is about.
    #[must_use]
    pub fn place(&self) -> E7Point {
        self.draft.place
    }

    /// Returns the text of the note.
    #[must_use]
    pub fn message(&self) -> &str {
        self.draft.message()
    }

    /// Returns the length of the text.
    #[must_use]
    pub fn message_bytes(&self) -> usize {
        self.draft.message_bytes()
    }

    /// Returns the note as it goes over the wire: a `RouteNote` in protobuf's encoding after the prefix of a gRPC message.
    #[must_use]
    pub fn record(&self) -> &Arc<[u8]> {
        &self.draft.record
    }

    /// Returns who wrote the note.
    #[must_use]
    pub fn author(&self) -> Author {
        self.draft.author
    }

    /// Returns the note's position in the log of its place.
    #[must_use]
    pub fn index(&self) -> Index {
        self.index
    }
}

/// A note that has no index yet: what a stream hands to [`Notebook::append`](crate::Notebook::append).
///
/// Its bytes are final: the note that is stored for it goes over the wire as it was encoded here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    place: E7Point,
    author: Author,
    record: Arc<[u8]>,
    /// Where in the record the text begins. It ends with the record.
    head_bytes: u8,
}

impl Draft {
    /// Encodes a note about a place.
    ///
    /// # Panics
    ///
    /// If the text does not fit into a gRPC message, which may have 4 GiB.
    ///
    /// # Examples
    ///
    /// ```
    /// use route_guide_chat::{Author, Draft};
    /// use route_guide_geo::E7Point;
    ///
    /// let draft = Draft::new(E7Point::unbounded(1, 0), "ice", Author::unique());
    /// assert_eq!(draft.message(), "ice");
    /// assert_eq!(draft.record()[..], *b"\0\0\0\0\x09\x0a\x02\x08\x01\x12\x03ice");
    /// ```
    #[must_use]
    pub fn new(place: E7Point, message: &str, author: Author) -> Self {
        let (record, head_bytes) = record::encode(place, message);
        Self {
            place,
            author,
            record,
            head_bytes,
        }
    }

    /// Returns the place the note is about.
    #[must_use]
    pub fn place(&self) -> E7Point {
        self.place
    }

    /// Returns the text, exactly as it came.
    #[must_use]
    pub fn message(&self) -> &str {
        let text = &self.record[usize::from(self.head_bytes)..];
        // It was encoded from a text, so it is one.
        std::str::from_utf8(text).unwrap_or_default()
    }

    /// Returns the length of the text.
    #[must_use]
    pub fn message_bytes(&self) -> usize {
        self.record.len() - usize::from(self.head_bytes)
    }

    /// Returns who writes the note.
    #[must_use]
    pub fn author(&self) -> Author {
        self.author
    }

    /// Returns the note as it goes over the wire, as [`Note::record`] does.
    #[must_use]
    pub fn record(&self) -> &Arc<[u8]> {
        &self.record
    }

    /// Returns the bytes of the text, which share the record's memory.
    #[cfg(feature = "nats")]
    pub(crate) fn payload(&self) -> Bytes {
        Bytes::from_owner(Arc::clone(&self.record)).slice(usize::from(self.head_bytes)..)
    }
}

/// A note's position in the log of its own place, counted from 1.
///
/// Indexes are dense: the difference of two of them is the number of notes written at the place in between, so how many
/// notes a reader missed is known. (A copy of what is kept elsewhere leaves an index out where it may lack notes.) As a cursor, an index means "everything up to here has been read".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Index(u64);

impl Index {
    /// The cursor before the first note of a place. No note has this index.
    pub const START: Self = Self(0);

    /// Makes an index from its number; 0 is [`START`](Self::START).
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number of the index.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Returns how many notes were written after `earlier`, up to and including this one; 0 if `earlier` is not earlier.
    ///
    /// # Examples
    ///
    /// ```
    /// use route_guide_chat::Index;
    /// assert_eq!(Index::new(7).since(Index::new(4)), 3);
    /// assert_eq!(Index::new(4).since(Index::new(7)), 0);
    /// ```
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Returns the index `count` notes later, staying at the last number there is.
    #[must_use]
    pub const fn plus(self, count: u64) -> Self {
        Self(self.0.saturating_add(count))
    }

    /// Returns the index `count` notes earlier, or [`START`](Self::START) if there are not that many.
    #[must_use]
    pub const fn minus(self, count: u64) -> Self {
        Self(self.0.saturating_sub(count))
    }
}

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Who wrote a note: one author per stream, so that a stream is not handed its own notes as news.
///
/// The upper 64 bits are drawn once per process, the lower ones count. Authors are therefore distinct in a process, and
/// distinct between the servers that share a notebook, or between two runs of one, unless two processes draw the same
/// 64 random bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Author(u128);

impl Author {
    /// Returns an author that no other call in this process returns.
    #[must_use]
    pub fn unique() -> Self {
        static PROCESS: OnceLock<u64> = OnceLock::new();
        static COUNT: AtomicU64 = AtomicU64::new(0);
        // The keys of a `RandomState` come from the operating system; hashing anything with them gives random bits
        // without a dependency for it.
        let process = *PROCESS.get_or_init(|| RandomState::new().hash_one("author"));
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(u128::from(process) << 64 | u128::from(count))
    }

    /// Returns the author with this number, as an engine reads it back from where it was stored.
    #[must_use]
    pub const fn from_u128(number: u128) -> Self {
        Self(number)
    }

    /// Returns the number of this author, for an engine that stores it.
    #[must_use]
    pub const fn to_u128(self) -> u128 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn authors_are_distinct_and_keep_their_number() {
        let authors: HashSet<_> = (0..1_000).map(|_| Author::unique()).collect();
        assert_eq!(authors.len(), 1_000);
        for author in authors {
            assert_eq!(Author::from_u128(author.to_u128()), author);
        }
    }

    #[test]
    fn indexes_stay_in_range_at_both_ends() {
        let last = Index::new(u64::MAX);
        assert_eq!(last.plus(1), last);
        assert_eq!(Index::START.minus(1), Index::START);
        assert_eq!(last.since(Index::START), u64::MAX);
    }
}

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher as _, RandomState};
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use route_guide_geo::E7Point;

use crate::note::{Draft, Index, Note};
use crate::subscription::{Subscriber, Subscription};

/// A notebook: for every place a log of notes, shared by all streams of a server, or of many servers.
///
/// An engine keeps four promises, which the suite in `tests/suite` checks:
///
/// - Notes of a place have dense indexes, in the order in which they were appended. Two notes of one author are in the
///   order in which that author appended them.
/// - Once an append has resolved, the note can be read and every subscriber of the place has been woken.
/// - What retention removes, it removes from the front of a place's log, and every reader whose cursor is before the gap
///   learns the size of it.
/// - While a place has a subscriber, its indexes never start again.
pub trait Notebook: fmt::Debug + Send + Sync {
    /// Commits a note. Resolves once the note can be read, and then says which earlier notes were still kept.
    ///
    /// Dropping the future early leaves open whether the note is written.
    ///
    /// # Errors
    ///
    /// [`AppendError`] if the note was not accepted: it is too large, the notebook is full and may not forget, or what it is
    /// kept on cannot be written to.
    fn append(&self, draft: Draft) -> Append<'_>;

    /// Whether an append never waits, neither for a disk nor for a network.
    fn appends_at_once(&self) -> bool {
        false
    }

    /// Reads the notes of a place that follow the cursor `after`, oldest first, as many as `limit` allows.
    ///
    /// Notes past their age are not returned, whether or not their memory has been reclaimed.
    fn read(&self, place: E7Point, after: Index, limit: PageLimit) -> Page;

    /// Registers a stream: from now until the subscription is dropped, every note appended at the place wakes it.
    ///
    /// # Errors
    ///
    /// [`SubscribeError`] if the notebook has as many subscriptions as it may.
    fn subscribe(
        &self,
        place: E7Point,
        subscriber: &Arc<Subscriber>,
    ) -> Result<Subscription, SubscribeError>;

    /// Waits until what can be read is all that has been written: at once, unless this is a copy of what is kept elsewhere.
    ///
    /// # Errors
    ///
    /// [`SubscribeError::Unavailable`] if that takes long.
    fn current(&self) -> Current<'_> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Reclaims what notes past their age still occupy. To be called now and then, from a timer.
    fn expire(&self);

    /// Returns what the notebook holds at the moment.
    fn usage(&self) -> Usage;

    /// Returns a number that another life of the notebook does not have, if its notes do not outlive it.
    ///
    /// A reader that comes back takes what is kept then for new where the number is another one.
    fn life(&self) -> Option<u64> {
        None
    }

    /// Returns the number of the numbering that indexes belong to. Two indexes of a place can be compared only if both are
    /// of one numbering; each note of a place has another one then.
    fn numbering(&self) -> u64;

    /// Waits until everything is where the notebook is kept, and ends what it runs there. To be called at the end of a drain.
    ///
    /// Notes can still be read. Of a notebook that is kept outside the process, appends fail with [`AppendError::Closed`] from
    /// now on.
    fn close(&self) -> Closing<'_> {
        Box::pin(std::future::ready(()))
    }
}

/// The future that [`Notebook::close`] returns.
pub type Closing<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Returns a number that hardly any other call returns, in this process or another one.
pub(crate) fn unique_number() -> u64 {
    // The keys of a `RandomState` come from the operating system, and hashing with them mixes their bits.
    RandomState::new().hash_one("unique")
}

/// The future that [`Notebook::append`] returns.
pub struct Append<'a>(Appending<'a>);

type Appended = Result<Receipt, AppendError>;

enum Appending<'a> {
    /// An engine in memory has nothing to wait for, and so needs no allocation for a future.
    Done(Option<Appended>),
    Later(Pin<Box<dyn Future<Output = Appended> + Send + 'a>>),
}

impl<'a> Append<'a> {
    /// Makes the future of an append that is over.
    #[must_use]
    pub const fn done(outcome: Result<Receipt, AppendError>) -> Self {
        Self(Appending::Done(Some(outcome)))
    }

    /// Makes the future of an append that something has to be waited for.
    #[must_use]
    pub fn later(outcome: impl Future<Output = Result<Receipt, AppendError>> + Send + 'a) -> Self {
        Self(Appending::Later(Box::pin(outcome)))
    }
}

impl Future for Append<'_> {
    type Output = Result<Receipt, AppendError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            // As for every future, polling goes on only until it is ready.
            Appending::Done(outcome) => outcome.take().map_or(Poll::Pending, Poll::Ready),
            Appending::Later(outcome) => outcome.as_mut().poll(cx),
        }
    }
}

impl fmt::Debug for Append<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Append").finish_non_exhaustive()
    }
}

/// The future that [`Notebook::current`] returns.
pub type Current<'a> = Pin<Box<dyn Future<Output = Result<(), SubscribeError>> + Send + 'a>>;

/// What an append tells the stream that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The index of the new note.
    pub index: Index,
    /// How many earlier notes of the place were still kept at the moment the note was written. Being dense, they have
    /// the indexes just below that of the note.
    pub earlier: u64,
    /// Those of the earlier notes, oldest first, that had to make room for the note. They can no longer be read, but the
    /// replay that the note asks for begins with them: a notebook that keeps one note per place still answers a note
    /// with the one before it.
    pub displaced: Vec<Note>,
}

/// Some consecutive notes of a place, and what came before and comes after them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The notes, oldest first, without a gap.
    pub notes: Vec<Note>,
    /// How many notes between the cursor and the first note still kept were removed by retention.
    pub missed: u64,
    /// The last index given out at the place, whether or not that note is still kept. [`Index::START`] if there is none.
    pub newest: Index,
}

/// How much one read may return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLimit {
    /// The most notes.
    pub notes: NonZeroUsize,
    /// The most bytes of text. One note is returned however long it is.
    pub len_bytes: usize,
}

impl PageLimit {
    /// Returns the limit lowered to at most `notes` notes, but never below one.
    #[must_use]
    pub fn at_most(self, notes: u64) -> Self {
        let notes = usize::try_from(notes).unwrap_or(usize::MAX);
        let notes = NonZeroUsize::new(notes).unwrap_or(NonZeroUsize::MIN);
        Self {
            notes: self.notes.min(notes),
            ..self
        }
    }

    /// Takes notes from an iterator until the limit is reached.
    pub fn fill<'a>(self, notes: impl Iterator<Item = &'a Note>) -> Vec<Note> {
        let mut room_bytes = self.len_bytes;
        let mut page = Vec::new();
        for note in notes.take(self.notes.get()) {
            match room_bytes.checked_sub(note.message_bytes()) {
                Some(left) => room_bytes = left,
                None if page.is_empty() => room_bytes = 0,
                None => break,
            }
            page.push(note.clone());
        }
        page
    }
}

impl Default for PageLimit {
    /// 64 notes and 16 KiB: what a stream whose client does not read can hold back from reclaiming.
    fn default() -> Self {
        Self {
            notes: NonZeroUsize::new(64).expect("64 is not zero"),
            len_bytes: 16 * 1024,
        }
    }
}

/// What a notebook holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Notes kept, those past their age included until they are reclaimed.
    pub notes: usize,
    /// Bytes charged for them: text and bookkeeping.
    pub bytes: usize,
    /// Places that have a log, because of a note or a subscription.
    pub places: usize,
    /// Registrations of streams at places.
    pub subscriptions: usize,
}

/// Why a note was not committed, or may not have been.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The note alone is larger than the whole notebook may be.
    #[error("a note of {len_bytes} bytes does not fit into a notebook of {limit_bytes} bytes")]
    TooLarge {
        /// The length of the text.
        len_bytes: usize,
        /// The notebook's bound, bookkeeping included.
        limit_bytes: usize,
    },
    /// The notebook holds as many notes as it may, and it is of the kind that does not forget.
    #[error("the notebook is full: it holds {limit} notes")]
    TooManyNotes {
        /// The notebook's bound.
        limit: usize,
    },
    /// The notebook holds as many bytes as it may, and it is of the kind that does not forget.
    #[error("the notebook is full: a note of {len_bytes} bytes would exceed {limit_bytes} bytes")]
    TooManyBytes {
        /// The length of the text.
        len_bytes: usize,
        /// The notebook's bound, bookkeeping included.
        limit_bytes: usize,
    },
    /// The disk has no room for the note. Once there is room again, notes are accepted again.
    ///
    /// Nobody has been handed the note. Only if the process dies before the next note is written may it be there
    /// afterwards.
    #[error("the notebook's disk is full")]
    DiskFull {
        /// Which file, and what the operating system said. Not for strangers.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The note could not be written for another reason. The next one is tried again.
    ///
    /// Whether the note is there after a crash is open, as for [`DiskFull`](Self::DiskFull).
    #[error("the notebook cannot be written to")]
    Storage {
        /// Which file, and what went wrong. Not for strangers.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// What the notebook is kept on cannot be reached, or is not ready yet. The note is not committed.
    #[error("the notebook is unavailable, try again in {} s", retry_after.as_secs_f64())]
    Unavailable {
        /// When it is worth trying again.
        retry_after: Duration,
        /// What is unavailable. Not for strangers.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// What the notebook is kept on could not be reached any longer after the note had been sent there. It is unspecified
    /// whether the note is committed, now or within minutes. Its author is not handed it then; others are.
    #[error(
        "it is not known whether the note was committed; read the notes of its place before it is sent again"
    )]
    Unconfirmed {
        /// What is unavailable. Not for strangers.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The note is longer than what the notebook is kept on takes in one piece.
    #[error("a note of {len_bytes} bytes is longer than the {limit_bytes} bytes that one may have")]
    TooLong {
        /// The length of the text.
        len_bytes: usize,
        /// The longest text.
        limit_bytes: usize,
    },
    /// The notebook has been closed, because the server stops.
    #[error("the notebook is closed")]
    Closed,
}

/// Why a stream cannot follow a place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// All streams together follow as many places as the notebook allows.
    #[error("the streams of this notebook follow {limit} places, more are not allowed")]
    TooManySubscriptions {
        /// The notebook's bound.
        limit: usize,
    },
    /// What the notebook is kept on cannot be reached, or has not all been read yet.
    #[error("the notebook is unavailable, try again in {} s", retry_after.as_secs_f64())]
    Unavailable {
        /// When it is worth trying again.
        retry_after: Duration,
        /// What is unavailable. Not for strangers.
        source: Arc<dyn Error + Send + Sync>,
    },
}

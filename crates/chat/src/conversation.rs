use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::Arc;

use route_guide_geo::E7Point;

use crate::memory::MemoryNotebook;
use crate::note::{Author, Draft, Index, Note};
use crate::notebook::{Notebook, PageLimit};
use crate::share::SubscriptionShare;

pub use error::ChatError;
use replay::Replay;
pub use subscriptions::KeptNotes;
use subscriptions::Subscriptions;

mod error;
mod replay;
mod subscriptions;

/// One `RouteChat` stream: what it has posted, what it has been handed, and what it is owed.
///
/// A stream that posts at a place is answered with the earlier notes kept there, and is owed from then on every note that
/// others write there, each once. It is owed nothing else: not its own note in answer to itself, nothing from other places.
/// [`next_page`](Self::next_page) hands out what is due, and if retention was faster than the reader, it says how many
/// notes that were owed are gone.
///
/// The conversation holds cursors, not notes, so a stream that stops reading costs no memory. Dropping it ends all its
/// registrations at once.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use route_guide_chat::{Conversation, ConversationLimits, Limits, MemoryNotebook};
/// use route_guide_geo::E7Point;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), route_guide_chat::ChatError> {
/// let notebook = Arc::new(MemoryNotebook::new(Limits::default()));
/// let mut driver = Conversation::shared(notebook.clone(), ConversationLimits::default());
/// let mut dispatcher = Conversation::shared(notebook, ConversationLimits::default());
/// let bridge = E7Point::default();
///
/// driver.post(bridge, "ice on the bridge").await?;
/// assert!(driver.next_page()?.is_none(), "nobody had written here before");
///
/// dispatcher.post(bridge, "grit is on its way").await?;
/// assert_eq!(dispatcher.next_page()?.unwrap()[0].message(), "ice on the bridge");
///
/// driver.woken().await;
/// assert_eq!(driver.next_page()?.unwrap()[0].message(), "grit is on its way");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Conversation {
    notebook: Arc<dyn Notebook>,
    author: Author,
    note_bytes: usize,
    page: PageLimit,
    answer: Answer,
    replays: VecDeque<Replay>,
    /// Where others' notes are awaited; a private conversation has no others.
    subscriptions: Option<Subscriptions>,
}

/// What a stream is handed for its own notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// The earlier notes at the place, each time.
    Replay,
    /// The note itself, where it stands in the log.
    Log,
}

/// The longest text of a note unless something else is asked for.
const NOTE_BYTES: usize = 64 * 1024;

/// Bounds of one stream on a shared notebook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConversationLimits {
    /// The most places that the stream may post at.
    pub places: NonZeroUsize,
    /// The longest text of a note, in bytes.
    pub note_bytes: usize,
    /// The most that one page holds.
    pub page: PageLimit,
}

impl Default for ConversationLimits {
    /// 10 000 places, notes of 64 KiB, pages of the default size.
    fn default() -> Self {
        Self {
            places: NonZeroUsize::new(10_000).expect("10 000 is not zero"),
            note_bytes: NOTE_BYTES,
            page: PageLimit::default(),
        }
    }
}

/// Bounds of one stream that has a notebook to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrivateLimits {
    /// The most notes that the stream may post.
    pub notes: NonZeroUsize,
    /// The most memory its notes may use, bookkeeping included.
    pub bytes: usize,
    /// The longest text of a note, in bytes.
    pub note_bytes: usize,
    /// The most that one page holds.
    pub page: PageLimit,
}

impl Default for PrivateLimits {
    /// 100 000 notes and 32 MiB, notes of 64 KiB, pages of the default size.
    fn default() -> Self {
        Self {
            notes: NonZeroUsize::new(100_000).expect("100 000 is not zero"),
            bytes: 32 * 1024 * 1024,
            note_bytes: NOTE_BYTES,
            page: PageLimit::default(),
        }
    }
}

impl Conversation {
    /// Begins a conversation on a notebook that other streams read and write too.
    #[must_use]
    pub fn shared(notebook: Arc<dyn Notebook>, limits: ConversationLimits) -> Self {
        let author = Author::unique();
        let subscriptions = Subscriptions::new(author, limits.places.get());
        Self {
            notebook,
            author,
            note_bytes: limits.note_bytes,
            page: limits.page,
            answer: Answer::Replay,
            replays: VecDeque::new(),
            subscriptions: Some(subscriptions),
        }
    }

    /// Begins a conversation that is handed the logs of its places as they are: every note that is kept or written there,
    /// its own included, once and in order. A note of its own that comes back has been committed.
    ///
    /// Places are those that it [follows](Self::follow) and those where it posts.
    #[must_use]
    pub fn of_logs(notebook: Arc<dyn Notebook>, limits: ConversationLimits) -> Self {
        // The reader is nobody who writes, so all notes are news to it.
        let subscriptions = Subscriptions::new(Author::unique(), limits.places.get());
        Self {
            answer: Answer::Log,
            subscriptions: Some(subscriptions),
            ..Self::shared(notebook, limits)
        }
    }

    /// Returns the conversation with another author for its notes. Whoever knows the author can
    /// [find](Self::kept_of) the notes again.
    #[must_use]
    pub fn written_by(mut self, author: Author) -> Self {
        self.author = author;
        self
    }

    /// Begins a conversation that nobody else sees, as in the published tutorial: every note is answered by all earlier
    /// notes of this stream at the place. Nothing is forgotten; when a bound is reached, [`post`](Self::post) fails.
    #[must_use]
    pub fn private(limits: PrivateLimits) -> Self {
        let notebook = MemoryNotebook::unforgetting(limits.notes, limits.bytes);
        Self {
            notebook: Arc::new(notebook),
            author: Author::unique(),
            note_bytes: limits.note_bytes,
            page: limits.page,
            answer: Answer::Replay,
            replays: VecDeque::new(),
            subscriptions: None,
        }
    }

    /// Returns the conversation with its places taken from a share.
    #[must_use]
    pub fn within(mut self, share: Arc<SubscriptionShare>) -> Self {
        if let Some(subscriptions) = &mut self.subscriptions {
            subscriptions.take_from(share);
        }
        self
    }

    /// Returns the author of this conversation's notes.
    #[must_use]
    pub fn author(&self) -> Author {
        self.author
    }

    /// Follows a place without posting there: the notes kept at the place are due, and from then on what others write.
    /// Returns which are kept. A place that is followed already stays as it is, and so does a private conversation; the
    /// answer is `None` then.
    ///
    /// Resolves when the notebook has all notes that were written before.
    ///
    /// # Errors
    ///
    /// [`ChatError::TooManyPlaces`], [`ChatError::ShareUsed`] and [`ChatError::Subscription`].
    pub async fn follow(&mut self, place: E7Point) -> Result<Option<KeptNotes>, ChatError> {
        let Some(subscriptions) = &mut self.subscriptions else {
            return Ok(None);
        };
        self.notebook.current().await?;
        if !subscriptions.begin(place, &*self.notebook)? {
            return Ok(None);
        }
        Ok(Some(subscriptions.rewind(place, &*self.notebook)))
    }

    /// Counts the notes of an author that are kept at a place. Of more than 10 000 notes only the latest are looked at.
    #[must_use]
    pub fn kept_of(&self, author: Author, place: E7Point) -> u64 {
        const MOST: u64 = 10_000;
        let mut count = 0;
        let newest = self.notebook.read(place, Index::START, self.page).newest;
        let mut cursor = newest.minus(MOST);
        loop {
            let page = self.notebook.read(place, cursor, self.page);
            let Some(last) = page.notes.last() else {
                return count;
            };
            cursor = last.index();
            let own = page.notes.iter().filter(|note| note.author() == author);
            count += own.count() as u64;
        }
    }

    /// Whether [`post`](Self::post) never waits, neither for a disk nor for a network.
    #[must_use]
    pub fn posts_at_once(&self) -> bool {
        self.notebook.appends_at_once()
    }

    /// Writes a note down. From then on the earlier notes kept at the place are due, oldest first: also those handed out
    /// before, and the stream's own. A conversation [of logs](Self::of_logs) is owed the note itself instead, and the
    /// earlier ones only if the place is new to it.
    ///
    /// Resolves when the note can be read by all. If the future is dropped early, the note may or may not be written;
    /// it is not echoed in either case.
    ///
    /// # Errors
    ///
    /// Any but [`ChatError::Missed`]: the note was not written, and the
    /// conversation is as it was.
    pub async fn post(
        &mut self,
        place: E7Point,
        message: impl AsRef<str>,
    ) -> Result<(), ChatError> {
        let message = message.as_ref();
        if message.len() > self.note_bytes {
            return Err(ChatError::NoteTooLong {
                len_bytes: message.len(),
                limit_bytes: self.note_bytes,
            });
        }
        // The stream subscribes before the note is written, so that the log of the place cannot be dropped in between.
        let is_new = match &mut self.subscriptions {
            Some(subscriptions) => subscriptions.begin(place, &*self.notebook)?,
            None => false,
        };
        let draft = Draft::new(place, message, self.author);
        let receipt = match self.notebook.append(draft).await {
            Ok(receipt) => receipt,
            Err(error) => {
                if is_new && let Some(subscriptions) = &mut self.subscriptions {
                    subscriptions.end(place);
                }
                return Err(error.into());
            }
        };
        let read_up_to = match self.answer {
            Answer::Replay => receipt.index,
            Answer::Log if is_new => receipt.index.minus(1),
            Answer::Log => return Ok(()),
        };
        let cursor = self
            .subscriptions
            .as_mut()
            .and_then(|subscriptions| subscriptions.advance(place, read_up_to));
        self.replays.extend(Replay::new(place, receipt, cursor));
        Ok(())
    }

    /// Returns the next notes that are due, or `None` when the turn is over.
    ///
    /// A page is never empty, and its notes are of one place. Replays come first, then what others wrote, place by place
    /// in the order in which they stirred.
    ///
    /// A turn hands out everything that was due when it began, that is, at the first call after a `None`. What arrives
    /// meanwhile is due in the next turn, for which [`woken`](Self::woken) resolves at once. So a caller that reads until
    /// `None` flushes all that had arrived before, and yet comes to an end however fast others write.
    ///
    /// # Errors
    ///
    /// [`ChatError::Missed`] if retention removed notes that this stream was owed before it read them: at a place that it
    /// follows, what others wrote after its cursor, which is its last own note or the last one handed to it, whichever is
    /// later. Such notes may also be due with a replay.
    ///
    /// The other notes of a replay are history: it has those that are kept when it is read, and skips the rest. So
    /// a stream that posts at a full place is not cut off because others do.
    ///
    /// A lost note is reported once to whom it was owed once. The conversation remains usable and goes on behind the gap.
    pub fn next_page(&mut self) -> Result<Option<Vec<Note>>, ChatError> {
        let page = self.take_page();
        if let Err(ChatError::Missed { place, count }) = &page {
            tracing::debug!(%place, count, "retention overtook a route chat");
        }
        page
    }

    fn take_page(&mut self) -> Result<Option<Vec<Note>>, ChatError> {
        while let Some(replay) = self.replays.front_mut() {
            if replay.is_over() {
                self.replays.pop_front();
                continue;
            }
            match replay.next(&*self.notebook, self.page) {
                Ok(notes) => return Ok(Some(notes)),
                Err(gap) => {
                    let place = replay.place();
                    // Where the gap goes on behind the replays, it has swallowed later notes of others too.
                    let is_last = !self
                        .replays
                        .iter()
                        .skip(1)
                        .any(|later| later.place() == place);
                    let live = match &mut self.subscriptions {
                        Some(subscriptions) if is_last => subscriptions.skip_to(place, gap.last),
                        _ => 0,
                    };
                    let count = gap.news + live;
                    if count > 0 {
                        return Err(ChatError::Missed { place, count });
                    }
                }
            }
        }
        match &mut self.subscriptions {
            Some(subscriptions) => subscriptions.next(&*self.notebook, self.page),
            None => Ok(None),
        }
    }

    /// Waits until notes may be due.
    ///
    /// Cancel safe: a wait that is given up loses nothing, so it can stand in a `select!` in a loop. It may resolve when
    /// nothing is due after all. Meant for one waiter at a time.
    pub async fn woken(&self) {
        if self.replays.iter().any(|replay| !replay.is_over()) {
            return;
        }
        match &self.subscriptions {
            Some(subscriptions) => subscriptions.woken().await,
            None => std::future::pending().await,
        }
    }
}

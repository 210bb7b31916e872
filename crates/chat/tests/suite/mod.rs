//! What every engine promises, as a test suite.
//!
//! An engine's tests call [`conformance!`] with a closure that opens an empty notebook, and get one test for every promise:
//!
//! ```ignore
//! conformance!(async |limits, clock| Arc::new(MemoryNotebook::with_clock(limits, clock)));
//! ```
//!
//! Nothing here sleeps: time is turned by hand, and what cannot happen at once is waited for; a wait that has no end fails
//! the test after two minutes.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use route_guide_chat::{
    Author, ChatError, Conversation, ConversationLimits, Draft, Index, Limits, ManualClock, Note,
    Notebook, PageLimit, Receipt, Usage,
};
use route_guide_geo::E7Point;

pub(crate) mod follow;
pub(crate) mod live;
pub(crate) mod load;
pub(crate) mod log;
pub(crate) mod missed;
pub(crate) mod replay;
pub(crate) mod retention;

/// Makes one test for every promise of a notebook.
///
/// The argument is an async closure from [`Limits`] and a shared [`ManualClock`] to an `Arc` of an empty notebook that keeps
/// to them. `if` and a condition before it skip the tests where the engine cannot be had; the condition reports that.
macro_rules! conformance {
    (if $can_run:expr; $open:expr) => {
        crate::suite::conformance! { @tests $can_run; $open;
            log: dense_indexes, cursors_and_pages, bytes_of_a_page, texts_are_kept_as_they_are,
                receipts_count_what_was_kept, a_watch_is_woken, a_watched_place_keeps_its_indexes,
                an_emptied_place_is_dropped, subscriptions_are_bounded, appends_at_once, appends_can_be_given_up;
            replay: one_place_thrice, the_tutorials_five_notes, other_streams_are_included,
                live_notes_are_replayed_too, oldest_first_over_many_pages, a_replay_ends_before_its_note,
                the_last_kept_note_is_replayed, what_goes_meanwhile_is_passed_over, replays_do_not_mix;
            live: notes_reach_those_who_posted, nothing_is_echoed, each_note_once, a_turn_ends,
                half_close_flushes, waits_can_be_given_up, ten_thousand_places, places_are_bounded,
                a_dropped_conversation_leaves_nothing;
            follow: what_is_kept_and_what_comes, a_log_as_it_is, a_place_that_is_posted_at, what_makes_room,
                an_empty_place, what_is_missed, what_an_author_has_left;
            retention: the_newest_of_a_place_stay, the_newest_of_all_stay, bytes_are_bounded,
                a_note_that_cannot_fit_is_refused, notes_expire_on_time, the_expired_make_room_unseen, expired_notes_are_given_back,
                a_busy_place_beside_an_old_note, many_places_keep_to_the_bound;
            missed: live_notes, a_gap_from_a_replay_on, news_in_a_replay, before_an_own_note, by_age,
                only_what_was_owed, a_stalled_reader_goes_on;
            load: many_threads, everybody_talks, a_full_place, one_note_for_a_thousand;
        }
    };
    ($open:expr) => {
        crate::suite::conformance! { if true; $open }
    };
    (@tests $can_run:expr; $open:expr; $($part:ident: $($promise:ident),*;)*) => {
        $(mod $part {
            #[allow(unused_imports, reason = "the closure may name things of the surrounding module")]
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $promise() {
                    if !$can_run {
                        return;
                    }
                    let engine = crate::suite::Engine::new($open);
                    let promise = crate::suite::$part::$promise(&engine);
                    crate::suite::in_time(promise).await;
                }
            )*
        })*
    };
}

pub(crate) use conformance;

/// Ends a test that waits for what never comes, such as a wake-up that was lost.
pub(crate) async fn in_time(promise: impl Future<Output = ()>) {
    let outcome = tokio::time::timeout(Duration::from_secs(120), promise).await;
    outcome.expect("the promise is kept within two minutes");
}

/// The engine under test: a way to open empty notebooks.
pub(crate) struct Engine {
    open: Box<dyn Fn(Limits, Arc<ManualClock>) -> Opening>,
}

type Opening = Pin<Box<dyn Future<Output = Arc<dyn Notebook>>>>;

impl Engine {
    /// Makes an engine from the closure that opens its notebooks.
    pub(crate) fn new<F, O, N>(open: F) -> Self
    where
        F: Fn(Limits, Arc<ManualClock>) -> O + 'static,
        O: Future<Output = Arc<N>> + 'static,
        N: Notebook + 'static,
    {
        let open = move |limits, clock| -> Opening {
            let opening = open(limits, clock);
            Box::pin(async move { opening.await as Arc<dyn Notebook> })
        };
        Self {
            open: Box::new(open),
        }
    }

    /// Opens a notebook with the default limits, as far as the test does not lower them.
    async fn open(&self, lower: impl FnOnce(&mut Limits)) -> Fixture {
        let clock = Arc::new(ManualClock::default());
        let mut limits = Limits::default();
        lower(&mut limits);
        let notebook = (self.open)(limits, Arc::clone(&clock)).await;
        Fixture { notebook, clock }
    }
}

/// An open notebook and what a test does with it.
#[derive(Debug)]
struct Fixture {
    notebook: Arc<dyn Notebook>,
    clock: Arc<ManualClock>,
}

impl Fixture {
    fn stream(&self) -> Conversation {
        self.stream_with(|_| {})
    }

    fn stream_with(&self, lower: impl FnOnce(&mut ConversationLimits)) -> Conversation {
        let mut limits = ConversationLimits::default();
        lower(&mut limits);
        Conversation::shared(Arc::clone(&self.notebook), limits)
    }

    fn stream_of_logs(&self) -> Conversation {
        Conversation::of_logs(Arc::clone(&self.notebook), ConversationLimits::default())
    }

    /// Writes a note without a conversation.
    async fn append(&self, place: E7Point, message: &str, author: Author) -> Receipt {
        let draft = Draft::new(place, message, author);
        self.notebook
            .append(draft)
            .await
            .expect("the notebook takes the note")
    }

    /// Writes notes by somebody else, with the numbers of the range as their texts.
    async fn others_write(&self, place: E7Point, numbers: Range<usize>) {
        let author = Author::unique();
        for number in numbers {
            self.append(place, &number.to_string(), author).await;
        }
    }

    /// Reads all that is kept of a place.
    fn kept(&self, place: E7Point) -> Vec<String> {
        texts(&self.notebook.read(place, Index::START, whole()).notes)
    }

    fn usage(&self) -> Usage {
        self.notebook.usage()
    }
}

/// A notebook that keeps ten notes a place, and a stream that reads three at a time.
async fn slow_reader(engine: &Engine) -> (Fixture, Conversation) {
    let fixture = engine
        .open(|limits| limits.notes_per_place = at_most(10))
        .await;
    let page = PageLimit {
        notes: at_most(3),
        ..PageLimit::default()
    };
    let chat = fixture.stream_with(|limits| limits.page = page);
    (fixture, chat)
}

/// Posts a note that must be taken.
async fn post(chat: &mut Conversation, place: E7Point, message: &str) {
    chat.post(place, message).await.expect("the note is taken");
}

/// Posts a note and returns what the stream is handed after it.
async fn answers(chat: &mut Conversation, place: E7Point, message: &str) -> Vec<String> {
    post(chat, place, message).await;
    due(chat)
}

/// Returns the texts that are due, up to the end of the turn.
fn due(chat: &mut Conversation) -> Vec<String> {
    let mut texts_due = Vec::new();
    while let Some(page) = chat.next_page().expect("nothing is missed") {
        assert!(!page.is_empty(), "a page holds at least one note");
        texts_due.extend(texts(&page));
    }
    texts_due
}

/// Returns where and how many notes the stream is told that it missed; it must be told now.
fn missed(chat: &mut Conversation) -> (E7Point, u64) {
    match chat.next_page() {
        Err(ChatError::Missed { place, count }) => (place, count),
        other => panic!("the stream should be told what it missed, but got {other:?}"),
    }
}

fn texts(notes: &[Note]) -> Vec<String> {
    notes.iter().map(|note| note.message().to_owned()).collect()
}

/// Returns the numbers of a range as texts.
fn numbers(range: Range<usize>) -> Vec<String> {
    range.map(|number| number.to_string()).collect()
}

/// Returns one of many places.
fn place(number: usize) -> E7Point {
    E7Point::unbounded(i32::try_from(number).expect("a small number"), -7)
}

fn whole() -> PageLimit {
    PageLimit {
        notes: NonZeroUsize::MAX,
        len_bytes: usize::MAX,
    }
}

fn at_most(notes: usize) -> NonZeroUsize {
    NonZeroUsize::new(notes).expect("at least one")
}

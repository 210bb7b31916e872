//! Random conversations against a model that is too simple to be wrong.
//!
//! The model keeps one list of all notes and, for every stream, a list of the notes that it is owed. It knows nothing of
//! cursors, pages, wake-ups or logs.
#![expect(clippy::unwrap_used, reason = "a helper may fail its test")]

use std::collections::HashSet;
use std::fs;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use route_guide_chat::{
    ChatError, Conversation, ConversationLimits, FileNotebook, Limits, ManualClock, MemoryNotebook,
    Note, Notebook, PageLimit,
};
use route_guide_geo::E7Point;
use tempfile::TempDir;

/// Something that happens to the notebook.
#[derive(Clone, Debug)]
enum Step {
    /// A stream posts a note.
    Post { stream: usize, place: usize },
    /// A stream asks for one page.
    Page { stream: usize },
    /// A stream reads until its turn is over.
    Turn { stream: usize },
    /// A stream is dropped and another one takes its seat.
    Replace { stream: usize },
    /// Time passes.
    Wait { seconds: u64 },
    /// The server's timer tidies up.
    Expire,
    /// The process ends, in an orderly way or by being killed, and another one begins on what it left.
    Restart { killed: bool },
}

fn steps(streams: usize, places: usize) -> impl Strategy<Value = Step> + Clone {
    prop_oneof![
        12 => (0..streams, 0..places).prop_map(|(stream, place)| Step::Post { stream, place }),
        6 => (0..streams).prop_map(|stream| Step::Page { stream }),
        3 => (0..streams).prop_map(|stream| Step::Turn { stream }),
        1 => (0..streams).prop_map(|stream| Step::Replace { stream }),
        2 => (0..6_u64).prop_map(|seconds| Step::Wait { seconds }),
        1 => Just(Step::Expire),
    ]
}

fn restarts() -> impl Strategy<Value = Step> {
    any::<bool>().prop_map(|killed| Step::Restart { killed })
}

/// The bounds of one run.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    per_place: usize,
    total: usize,
    age_seconds: u64,
    page: usize,
}

fn bounds() -> impl Strategy<Value = Bounds> {
    (1..8_usize, 1..16_usize, 1..12_u64, 1..5_usize).prop_map(
        |(per_place, total, age_seconds, page)| Bounds {
            per_place,
            total,
            age_seconds,
            page,
        },
    )
}

/// A note is its number: the how-manieth note it was.
type Number = usize;

#[derive(Clone, Copy, Debug)]
struct ModelNote {
    place: usize,
    written: u64,
    kept: bool,
}

/// What a stream is owed at one place, oldest first.
#[derive(Clone, Debug, Default)]
struct Debt {
    place: usize,
    notes: Vec<Number>,
    /// Notes that the stream holds itself, because its own note pushed them out.
    held: HashSet<Number>,
    /// Notes that it need not be told of if they go before it reads them.
    history: HashSet<Number>,
}

impl Debt {
    /// Takes away what is gone at the front, and returns how many of it are to be told.
    fn lose(&mut self, readable: impl Fn(Number) -> bool) -> u64 {
        let is_lost = |&&n: &&Number| !readable(n) && !self.held.contains(&n);
        let gone = self.notes.iter().take_while(is_lost).count();
        let told = (self.notes.drain(..gone)).filter(|n| !self.history.contains(n));
        told.count() as u64
    }
}

#[derive(Clone, Debug, Default)]
struct ModelStream {
    replays: Vec<Debt>,
    live: Vec<Debt>,
}

#[derive(Debug)]
struct Model {
    bounds: Bounds,
    now: u64,
    notes: Vec<ModelNote>,
    streams: Vec<ModelStream>,
}

impl Model {
    fn readable(&self, number: Number) -> bool {
        let note = self.notes[number];
        note.kept && self.now - note.written < self.bounds.age_seconds
    }

    fn kept_at(&self, place: usize) -> Vec<Number> {
        (0..self.notes.len())
            .filter(|&n| self.notes[n].place == place && self.readable(n))
            .collect()
    }

    fn post(&mut self, stream: usize, place: usize) {
        let earlier = self.kept_at(place);
        self.notes.push(ModelNote {
            place,
            written: self.now,
            kept: true,
        });
        let excess = |kept: Vec<Number>, limit: usize| -> Vec<Number> {
            kept[..kept.len().saturating_sub(limit)].to_vec()
        };
        for number in excess(self.kept_at(place), self.bounds.per_place) {
            self.notes[number].kept = false;
        }
        let everywhere = (0..self.notes.len())
            .filter(|&n| self.readable(n))
            .collect();
        for number in excess(everywhere, self.bounds.total) {
            self.notes[number].kept = false;
        }

        let number = self.notes.len() - 1;
        for (other, state) in self.streams.iter_mut().enumerate() {
            if other != stream
                && let Some(debt) = state.live.iter_mut().find(|debt| debt.place == place)
            {
                debt.notes.push(number);
            }
        }
        let held = earlier
            .iter()
            .copied()
            .filter(|&n| !self.readable(n))
            .collect();
        let own = &mut self.streams[stream];
        // Live notes that were not read become part of the replay, as far as they are there; those gone stay owed.
        let is_news = |n: &Number| {
            let mut at_place = own.live.iter().filter(|debt| debt.place == place);
            at_place.any(|debt| debt.notes.contains(n))
        };
        let history = earlier.iter().copied().filter(|n| !is_news(n)).collect();
        let mut notes = Vec::new();
        match own.live.iter_mut().find(|debt| debt.place == place) {
            Some(debt) => notes.extend(debt.notes.drain(..).filter(|n| !earlier.contains(n))),
            None => own.live.push(Debt {
                place,
                ..Debt::default()
            }),
        }
        notes.extend(earlier);
        own.replays.push(Debt {
            place,
            notes,
            held,
            history,
        });
    }

    /// Checks one answer of a stream against what it is owed, and settles that.
    fn settle(&mut self, stream: usize, answer: &Result<Option<Vec<Arc<Note>>>, ChatError>) {
        let mut state = std::mem::take(&mut self.streams[stream]);
        let lost = self.lose_of_replays(&mut state);
        match answer {
            Ok(Some(page)) => {
                assert_eq!(lost, None, "what is lost is told first");
                assert!(!page.is_empty() && page.len() <= self.bounds.page);
                let place = usize::try_from(page[0].place().lat()).unwrap();
                let debt = match state.replays.first_mut() {
                    Some(replay) => replay,
                    None => live_at(&mut state, place),
                };
                for note in page {
                    let number: Number = note.message().parse().unwrap();
                    let owed = debt.notes.remove(0);
                    assert_eq!(number, owed, "the oldest note owed comes first");
                    assert!(
                        self.readable(number) || debt.held.contains(&number),
                        "note {number} is gone"
                    );
                }
            }
            Ok(None) => {
                assert_eq!(lost, None, "what is lost is told");
                assert!(state.replays.is_empty(), "a replay is due");
            }
            Err(ChatError::Missed { place, count }) => {
                let place = usize::try_from(place.lat()).unwrap();
                let lost = lost.unwrap_or_else(|| {
                    assert!(state.replays.is_empty(), "a replay is due");
                    let count = live_at(&mut state, place).lose(|n| self.readable(n));
                    (place, count)
                });
                assert_eq!((place, *count), lost);
                assert!(*count > 0);
            }
            Err(other) => panic!("unexpected: {other}"),
        }
        self.streams[stream] = state;
    }

    /// Takes away what is gone of a stream's replays, up to what is to be told, and returns where and how much that is.
    fn lose_of_replays(&self, state: &mut ModelStream) -> Option<(usize, u64)> {
        state.replays.retain(|debt| !debt.notes.is_empty());
        while let Some(replay) = state.replays.first_mut() {
            let place = replay.place;
            let mut lost = replay.lose(|n| self.readable(n));
            let is_over = replay.notes.is_empty();
            // A gap over the whole rest of the last replay goes on.
            if is_over && !state.replays[1..].iter().any(|debt| debt.place == place) {
                lost += live_at(state, place).lose(|n| self.readable(n));
            }
            if lost > 0 {
                return Some((place, lost));
            }
            if !is_over {
                break;
            }
            state.replays.remove(0);
        }
        None
    }
}

fn live_at(state: &mut ModelStream, place: usize) -> &mut Debt {
    let mut live = state.live.iter_mut();
    live.find(|debt| debt.place == place).unwrap()
}

/// The notebook under test with its streams.
struct Subject {
    /// Where the notebook is kept, if it is kept.
    home: Option<TempDir>,
    limits: Limits,
    notebook: Arc<dyn Notebook>,
    clock: Arc<ManualClock>,
    page: PageLimit,
    streams: Vec<Conversation>,
}

impl Subject {
    fn new(bounds: Bounds, streams: usize, home: Option<TempDir>) -> Self {
        let clock = Arc::new(ManualClock::default());
        let limits = Limits {
            notes_per_place: NonZeroUsize::new(bounds.per_place).unwrap(),
            notes_total: NonZeroUsize::new(bounds.total).unwrap(),
            max_age: Duration::from_secs(bounds.age_seconds),
            ..Limits::default()
        };
        let notebook = open(home.as_ref(), limits, &clock);
        let page = PageLimit {
            notes: NonZeroUsize::new(bounds.page).unwrap(),
            ..PageLimit::default()
        };
        let mut subject = Self {
            home,
            limits,
            notebook,
            clock,
            page,
            streams: Vec::new(),
        };
        subject.streams = (0..streams).map(|_| subject.stream()).collect();
        subject
    }

    /// Ends all streams and the notebook, and opens it again. A killed process leaves the file as it is at that moment.
    fn restart(&mut self, killed: bool) {
        let streams = self.streams.len();
        self.streams.clear();
        let home = self.home.take().unwrap();
        self.home = Some(if killed {
            let left = TempDir::new().unwrap();
            fs::copy(home.path().join(STORE), left.path().join(STORE)).unwrap();
            left
        } else {
            home
        });
        self.notebook = Arc::new(MemoryNotebook::new(self.limits));
        self.notebook = open(self.home.as_ref(), self.limits, &self.clock);
        self.streams = (0..streams).map(|_| self.stream()).collect();
    }

    fn stream(&self) -> Conversation {
        let limits = ConversationLimits {
            page: self.page,
            ..ConversationLimits::default()
        };
        Conversation::shared(self.notebook.clone(), limits)
    }
}

const STORE: &str = "notes.redb";

fn open(home: Option<&TempDir>, limits: Limits, clock: &Arc<ManualClock>) -> Arc<dyn Notebook> {
    match home {
        Some(home) => {
            let notebook = FileNotebook::with_clocks(home.path(), limits, &**clock, clock.clone());
            Arc::new(notebook.unwrap())
        }
        None => Arc::new(MemoryNotebook::with_clock(limits, clock.clone())),
    }
}

fn point(place: usize) -> E7Point {
    E7Point::unbounded(i32::try_from(place).unwrap(), 0)
}

async fn run(bounds: Bounds, streams: usize, steps: Vec<Step>, home: Option<TempDir>) {
    let mut subject = Subject::new(bounds, streams, home);
    let mut model = Model {
        bounds,
        now: 0,
        notes: Vec::new(),
        streams: vec![ModelStream::default(); streams],
    };
    for step in steps {
        match step {
            Step::Post { stream, place } => {
                let message = model.notes.len().to_string();
                model.post(stream, place);
                subject.streams[stream]
                    .post(point(place), message)
                    .await
                    .unwrap();
            }
            Step::Page { stream } => {
                let page = subject.streams[stream].next_page();
                model.settle(stream, &page);
            }
            Step::Turn { stream } => read_turn(&mut subject, &mut model, stream),
            Step::Replace { stream } => {
                subject.streams[stream] = subject.stream();
                model.streams[stream] = ModelStream::default();
            }
            Step::Wait { seconds } => {
                model.now += seconds;
                subject.clock.advance(Duration::from_secs(seconds));
            }
            Step::Expire => {
                subject.notebook.expire();
                let readable = (0..model.notes.len())
                    .filter(|&n| model.readable(n))
                    .count();
                assert_eq!(subject.notebook.usage().notes, readable);
            }
            Step::Restart { killed } => {
                subject.restart(killed);
                model.streams.fill(ModelStream::default());
            }
        }
    }
    // In the end everybody gets everything that is owed.
    for stream in 0..streams {
        read_turn(&mut subject, &mut model, stream);
        read_turn(&mut subject, &mut model, stream);
        let state = &model.streams[stream];
        let owed: usize = state
            .replays
            .iter()
            .chain(&state.live)
            .map(|debt| debt.notes.len())
            .sum();
        assert_eq!(owed, 0, "stream {stream} is still owed {state:?}");
    }
}

fn read_turn(subject: &mut Subject, model: &mut Model, stream: usize) {
    loop {
        let page = subject.streams[stream].next_page();
        model.settle(stream, &page);
        if matches!(page, Ok(None)) {
            break;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// Whatever happens, each stream is handed or told exactly what it is owed.
    #[test]
    fn conversations_agree_with_the_model(bounds in bounds(), steps in vec(steps(4, 3), 1..120)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(bounds, 4, steps, None));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// On disk too, and whatever ends the process: the notes kept are those that would be kept if it had gone on.
    #[test]
    fn restarts_agree_with_the_model(
        bounds in bounds(),
        steps in vec(prop_oneof![15 => steps(4, 3), 1 => restarts()], 1..120),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let home = TempDir::new().unwrap();
        runtime.block_on(run(bounds, 4, steps, Some(home)));
    }
}

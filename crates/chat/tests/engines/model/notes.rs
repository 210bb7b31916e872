//! The model: one list of all notes and, for every stream, a list of the notes that it is owed. It knows nothing of
//! cursors, pages, wake-ups or logs.

use std::collections::HashSet;

use route_guide_chat::{ChatError, Note};

/// The bounds of one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) per_place: usize,
    pub(crate) total: usize,
    pub(crate) age_seconds: u64,
    pub(crate) page: usize,
}

/// A note is its number: the how-manieth note it was.
pub(crate) type Number = usize;

#[derive(Clone, Copy, Debug)]
pub(crate) struct ModelNote {
    place: usize,
    written: u64,
    kept: bool,
}

/// What a stream is owed at one place, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Debt {
    place: usize,
    pub(crate) notes: Vec<Number>,
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
pub(crate) struct ModelStream {
    pub(crate) replays: Vec<Debt>,
    pub(crate) live: Vec<Debt>,
}

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) bounds: Bounds,
    pub(crate) now: u64,
    pub(crate) notes: Vec<ModelNote>,
    pub(crate) streams: Vec<ModelStream>,
}

impl Model {
    pub(crate) fn readable(&self, number: Number) -> bool {
        let note = self.notes[number];
        note.kept && self.now - note.written < self.bounds.age_seconds
    }

    fn kept_at(&self, place: usize) -> Vec<Number> {
        (0..self.notes.len())
            .filter(|&n| self.notes[n].place == place && self.readable(n))
            .collect()
    }

    pub(crate) fn post(&mut self, stream: usize, place: usize) {
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
    pub(crate) fn settle(&mut self, stream: usize, answer: &Result<Option<Vec<Note>>, ChatError>) {
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

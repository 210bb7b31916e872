//! Many numbered notes by many streams over servers that may come and go, and what every stream saw of it.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use route_guide_proto::routeguide::Point;
use route_guide_server::CHAT_WATCH;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tonic::Request;

use crate::audit::{Log, Spot, Transcript};
use crate::{guide_at, within};
use member::{Member, Role, understood};
use plan::{Common, spot};
pub use plan::{Door, Shape};

mod member;
mod plan;

/// A run under way.
#[derive(Debug)]
pub struct NumberedRun {
    taken: watch::Receiver<usize>,
    total: usize,
    senders: JoinSet<Vec<Transcript>>,
    /// With the number of the door.
    listeners: JoinSet<(usize, Vec<Transcript>)>,
    common: Arc<Common>,
}

/// What every stream of the run saw.
#[derive(Debug)]
pub struct Seen {
    /// One for every stream that was opened, of senders and listeners.
    pub transcripts: Vec<Transcript>,
    /// Every place where somebody posted.
    pub spots: Vec<Spot>,
    /// How many streams the listener at each door needed.
    pub streams_of_listeners: Vec<usize>,
}

impl NumberedRun {
    /// Begins a run over the servers behind these doors. Listeners are there before the first note is sent.
    ///
    /// # Panics
    ///
    /// If no listener can be set up.
    pub async fn start(shape: Shape, doors: &[Door]) -> Self {
        let (taken, progress) = watch::channel(0);
        let common = Arc::new(Common {
            shape,
            streams: AtomicU32::new(0),
            fences: AtomicU32::new(0),
            taken,
            posting: watch::Sender::new(doors.len()),
            is_over: watch::Sender::new(false),
        });
        let mut listeners = JoinSet::new();
        for (number, door) in doors.iter().enumerate() {
            let places = (0..shape.all_places()).step_by(shape.listened).map(spot);
            let listener = Member {
                common: Arc::clone(&common),
                door: door.clone(),
                notes: places.collect(),
                role: Role::Listener,
            };
            listeners.spawn(async move { (number, listener.take_part().await) });
        }
        common.nobody_posts().await;
        common.posting.send_replace(shape.groups * doors.len());
        let mut senders = JoinSet::new();
        for group in 0..shape.groups {
            for door in doors {
                let rounds = (0..shape.rounds).flat_map(|_| shape.of_group(group));
                let sender = Member {
                    common: Arc::clone(&common),
                    door: door.clone(),
                    notes: rounds.collect(),
                    role: Role::Sender,
                };
                senders.spawn(sender.take_part());
            }
        }
        Self {
            taken: progress,
            total: shape.all_places() * shape.rounds * doors.len(),
            senders,
            listeners,
            common,
        }
    }

    /// How many notes there are to be.
    #[must_use]
    pub fn total(&self) -> usize {
        self.total
    }

    /// Waits until so many percent of the notes have been taken.
    ///
    /// # Panics
    ///
    /// If the run does not get on.
    pub async fn percent(&mut self, percent: usize) {
        let goal = self.total * percent / 100;
        while *self.taken.borrow_and_update() < goal {
            tokio::select! {
                changed = within("the run to get on", self.taken.changed()) => changed.expect("the run goes on"),
                Some(ended) = self.senders.join_next() => panic!("a sender ended early: {ended:?}"),
                Some(ended) = self.listeners.join_next() => panic!("a listener ended early: {ended:?}"),
            }
        }
    }

    /// Waits for the end of the run: every note has been taken, and every stream has been handed all it is owed.
    ///
    /// # Panics
    ///
    /// If it does not come, or a stream is refused for a reason that does not pass.
    pub async fn finished(mut self) -> Seen {
        self.percent(100).await;
        // A listener that had to begin anew posts too.
        self.common.nobody_posts().await;
        self.common.is_over.send_replace(true);
        let mut listeners = within("the listeners' ends", self.listeners.join_all()).await;
        listeners.sort_by_key(|(number, _)| *number);
        let listeners: Vec<_> = listeners.into_iter().map(|(_, seen)| seen).collect();
        let senders = within("the senders' ends", self.senders.join_all()).await;
        let streams_of_listeners = listeners.iter().map(Vec::len).collect();
        let transcripts: Vec<_> = listeners.into_iter().chain(senders).flatten().collect();
        let spots: HashSet<_> = transcripts
            .iter()
            .flat_map(|transcript| &transcript.sent)
            .collect();
        Seen {
            spots: spots.into_iter().copied().collect(),
            transcripts,
            streams_of_listeners,
        }
    }
}

/// Reads all notes kept at these places from a server that took no part: streams follow them.
///
/// # Panics
///
/// If the server refuses that, or hands out anything else.
pub async fn read_back(address: &str, spots: &[Spot]) -> Log {
    /// As many as the headers of a call have room for.
    const PLACES: usize = 100;
    let mut guide = guide_at(address).await.expect("the server answers");
    let mut log = Log::new();
    for spots in spots.chunks(PLACES) {
        let mut request = Request::new(tokio_stream::pending());
        for spot in spots {
            let Point {
                latitude,
                longitude,
            } = spot.point();
            let place = format!("{latitude},{longitude}").parse().expect("ASCII");
            request.metadata_mut().append(CHAT_WATCH, place);
        }
        let response = within("the headers of a chat", guide.route_chat(request)).await;
        let (confirmed, mut notes, _) = response.expect("the chat opens").into_parts();
        let counts = confirmed.get_all(CHAT_WATCH).iter().map(|place| {
            let count = place.to_str().ok()?.split(',').nth(2)?;
            count.parse::<usize>().ok()
        });
        let owed: Option<usize> = counts.sum();
        for _ in 0..owed.expect("each place is confirmed with a count") {
            let note = within("a note that is kept", notes.message()).await;
            let note = note.expect("the stream goes on").expect("it is not over");
            let (spot, numbered) = understood(&note);
            log.entry(spot).or_default().push(numbered);
        }
    }
    log
}

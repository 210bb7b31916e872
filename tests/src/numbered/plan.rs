//! What the members of a run have in common.

use std::sync::atomic::AtomicU32;

use tokio::sync::watch;

use crate::audit::Spot;
use crate::within;

/// Where a server is at the moment, as `127.0.0.1:PORT`; changes when another takes its place.
pub type Door = watch::Receiver<String>;

/// How many notes, by whom and where.
///
/// Senders come in groups, one for each door. Those of a group post at the same places, each of them at each place
/// `rounds` times. Besides, there is a stream for each door that posts once at some of all places and then listens.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Groups of senders.
    pub groups: usize,
    /// How many places each group has.
    pub places: usize,
    /// How often each sender posts at each of them.
    pub rounds: usize,
    /// How many notes a sender has under way.
    pub batch: usize,
    /// Each how manieth place is listened to.
    pub listened: usize,
}

#[derive(Debug)]
pub(super) struct Common {
    pub(super) shape: Shape,
    pub(super) streams: AtomicU32,
    /// Places that one stream alone uses, to learn how far the server is with its notes.
    pub(super) fences: AtomicU32,
    /// How many of the run's notes have been taken; those of listeners and at fences do not count.
    pub(super) taken: watch::Sender<usize>,
    /// How many senders and listeners have notes that are not taken yet.
    pub(super) posting: watch::Sender<usize>,
    /// Whether nobody will post any more, so that the streams can end.
    pub(super) is_over: watch::Sender<bool>,
}

impl Shape {
    pub(super) fn of_group(&self, group: usize) -> impl Iterator<Item = Spot> + use<> {
        let first = group * self.places;
        (first..first + self.places).map(spot)
    }

    pub(super) fn all_places(&self) -> usize {
        self.groups * self.places
    }
}

pub(super) fn spot(number: usize) -> Spot {
    Spot(i32::try_from(number).expect("a run has few places"))
}

impl Common {
    pub(super) async fn nobody_posts(&self) {
        let mut posting = self.posting.subscribe();
        let nobody = within(
            "all notes to be taken",
            posting.wait_for(|posting| *posting == 0),
        );
        nobody.await.expect("the run goes on");
    }
}

//! What a chat knows: its places, what waits to be sent, and how it stands with the server.

use std::collections::VecDeque;

use route_guide_geo::E7Point;
use route_guide_proto::routeguide::RouteNote;
use tonic::Status;

use super::super::desk::Typed;
use super::super::following::CallName;
use super::super::place::Place;
use super::super::repeats::Repeats;
use super::super::screen::{Screen, cut};
use super::super::typing::{Event, Typing};
use crate::call::deadline::Expiry;
use crate::call::options::CallOptions;
use crate::channel::Channel;
use crate::cli::failure::Failure;
use crate::printable::printable;

/// How many notes may wait to be sent.
pub(super) const AHEAD: usize = 256;

/// How many places are followed at once. Their names go along with each call.
const MOST_PLACES: usize = 64;

/// How a chat goes about its business.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli::chat) struct Habits {
    /// Take the answers as the published contract has them: each note brings back all earlier ones.
    pub(in crate::cli::chat) takes_replays: bool,
    /// Nobody writes, so the server must follow the places by itself.
    pub(in crate::cli::chat) only_watches: bool,
    /// A person writes, who need not be shown anything twice.
    pub(in crate::cli::chat) is_personal: bool,
}

/// A conversation at some places.
pub(in crate::cli::chat) struct Talk<'a> {
    pub(super) channel: &'a Channel,
    pub(super) options: CallOptions,
    pub(super) expiry: Option<Expiry>,
    pub(super) screen: &'a Screen,
    pub(super) typing: Typing,
    pub(super) habits: Habits,
    pub(super) manner: Manner,
    pub(super) life: Option<String>,
    pub(super) numbering: Option<String>,
    /// The call that is open.
    pub(super) name: CallName,
    /// The last call that has sent a note.
    pub(super) before: Option<CallName>,
    /// The places that are followed, the one that was entered last at the end.
    pub(super) places: Vec<Place>,
    pub(super) repeats: Repeats,
    /// Notes that have not been sent yet.
    pub(super) waiting: VecDeque<RouteNote>,
    /// Whether a note was sent on this call.
    pub(super) has_sent: bool,
    /// Whether the writer has left.
    pub(super) is_over: bool,
    pub(super) link: Link,
    /// What is wrong with the input, which is over then.
    pub(super) fault: Option<anyhow::Error>,
}

/// How it stands with the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// It has never been heard of.
    New,
    /// It has answered.
    Up,
    /// It has answered once, and its connection is gone.
    Lost,
}

/// How a server goes about notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli::chat) enum Manner {
    /// It answers each note with all earlier ones, and passes on what others write.
    Published,
    /// It hands out the log of each place.
    Logs,
}

/// How a call ended.
pub(super) enum End {
    Over,
    /// There is a place that the call does not follow.
    Moved,
    Lost(Status),
}

impl<'a> Talk<'a> {
    pub(in crate::cli::chat) fn new(
        channel: &'a Channel,
        options: CallOptions,
        screen: &'a Screen,
        typing: Typing,
        habits: Habits,
        manner: Manner,
        places: &[E7Point],
    ) -> Self {
        Self {
            channel,
            expiry: options.expiry(),
            options,
            screen,
            typing,
            habits,
            manner,
            life: None,
            numbering: None,
            name: CallName::random(),
            before: None,
            places: places.iter().copied().map(Place::new).collect(),
            repeats: Repeats::default(),
            waiting: VecDeque::new(),
            has_sent: false,
            is_over: false,
            link: Link::New,
            fault: None,
        }
    }

    pub(super) async fn happened(&mut self, event: Event) -> Result<(), Failure> {
        match event {
            Event::Typed(Typed::Note(note)) => self.waiting.push_back(note),
            Event::Typed(Typed::Move(at)) => self.go_to(at).await,
            Event::Over => self.is_over = true,
            Event::Interrupted => return Err(Failure::Interrupted),
            // What came before it is sent all the same.
            Event::Failed(err) => {
                self.fault = Some(err);
                self.is_over = true;
            }
        }
        Ok(())
    }

    async fn go_to(&mut self, at: E7Point) {
        let known = self.places.iter().position(|place| place.at() == at);
        let place = known.map_or_else(|| Place::new(at), |index| self.places.remove(index));
        self.places.push(place);
        if self.places.len() > MOST_PLACES {
            let left = self.places.remove(0).at();
            let line = format!("{left} is no longer followed; {MOST_PLACES} places are the most");
            self.screen.say(line).await;
        }
    }
}

/// Returns enough of a note to know it again.
pub(super) fn beginning(text: &str) -> String {
    let (start, rest) = cut(text, 60);
    let more = if rest.is_empty() { "" } else { "…" };
    format!("{}{more}", printable(start))
}

/// The status of a chat that only watches, where that is not offered.
pub(in crate::cli::chat) fn cannot_watch(channel: &Channel) -> Status {
    Status::unimplemented(format!(
        "the server at {} shows a place only to those who leave a note there; chat without --watch",
        channel.target()
    ))
}

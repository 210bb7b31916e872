//! The state of a chat: its places, the notes that wait to be sent, and its connection.

use std::collections::VecDeque;

use route_guide_geo::E7Point;
use route_guide_proto::routeguide::RouteNote;
use tonic::Status;

use super::super::command_line::Typed;
use super::super::following::CallName;
use super::super::place::Place;
use super::super::repeats::Repeats;
use super::super::screen::{Screen, cut};
use super::super::typing::{Event, Typing};
use crate::call::deadline::Deadline;
use crate::call::options::CallOptions;
use crate::channel::Channel;
use crate::cli::failure::Failure;
use crate::printable::printable;

/// How many notes may wait to be sent.
pub(super) const AHEAD: usize = 256;

/// How many places are followed at once. Their names go along with each call.
const MOST_PLACES: usize = 64;

/// How a chat is used.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli::chat) struct Mode {
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
    pub(super) deadline: Option<Deadline>,
    pub(super) screen: &'a Screen,
    pub(super) typing: Typing,
    pub(super) mode: Mode,
    pub(super) protocol: Protocol,
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
    pub(super) connectivity: Connectivity,
    /// What is wrong with the input, which is over then.
    pub(super) fault: Option<anyhow::Error>,
}

/// What is known of the connection to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Connectivity {
    /// It has not answered yet.
    New,
    /// It has answered.
    Up,
    /// It has answered once, and its connection is gone.
    Lost,
}

/// How a server hands out notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli::chat) enum Protocol {
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
        mode: Mode,
        protocol: Protocol,
        places: &[E7Point],
    ) -> Self {
        Self {
            channel,
            deadline: options.effective_deadline(),
            options,
            screen,
            typing,
            mode,
            protocol,
            life: None,
            numbering: None,
            name: CallName::random(),
            before: None,
            places: places.iter().copied().map(Place::new).collect(),
            repeats: Repeats::default(),
            waiting: VecDeque::new(),
            has_sent: false,
            is_over: false,
            connectivity: Connectivity::New,
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

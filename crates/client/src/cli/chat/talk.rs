//! The calls of a chat: one after the other, so that who reads sees a single conversation.

use std::collections::VecDeque;
use std::time::Duration;

use route_guide_geo::E7Point;
use route_guide_proto::routeguide::RouteNote;
use tokio::time::Instant;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::super::session::Failure;
use super::desk::Typed;
use super::following::CallName;
use super::place::Place;
use super::repeats::Repeats;
use super::screen::{Screen, cut};
use super::typing::{Event, Typing};
use crate::call::deadline::Expiry;
use crate::call::explain::explain;
use crate::call::options::CallOptions;
use crate::call::status;
use crate::channel::Channel;
use crate::channel::backoff::Backoff;
use crate::printable::printable;

mod call;

/// How many notes may wait to be sent.
const AHEAD: usize = 256;

/// How many places are followed at once. Their names go along with each call.
const MOST_PLACES: usize = 64;

/// A call that lasted this long was a success, whatever ended it.
const LASTED: Duration = Duration::from_secs(10);

/// How long to wait before a call that missed notes right away is made again.
const BREATH: Duration = Duration::from_secs(1);

/// How a chat goes about its business.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habits {
    /// Take the answers as the published contract has them: each note brings back all earlier ones.
    pub(super) takes_replays: bool,
    /// Nobody writes, so the server must follow the places by itself.
    pub(super) only_watches: bool,
    /// A person writes, who need not be shown anything twice.
    pub(super) is_personal: bool,
}

/// A conversation at some places.
pub(super) struct Talk<'a> {
    channel: &'a Channel,
    options: CallOptions,
    expiry: Option<Expiry>,
    screen: &'a Screen,
    typing: Typing,
    habits: Habits,
    manner: Manner,
    life: Option<String>,
    numbering: Option<String>,
    /// The call that is open.
    name: CallName,
    /// The last call that has sent a note.
    before: Option<CallName>,
    /// The places that are followed, the one that was entered last at the end.
    places: Vec<Place>,
    repeats: Repeats,
    /// Notes that have not been sent yet.
    waiting: VecDeque<RouteNote>,
    /// Whether a note was sent on this call.
    has_sent: bool,
    /// Whether the writer has left.
    is_over: bool,
    link: Link,
    /// What is wrong with the input, which is over then.
    fault: Option<anyhow::Error>,
}

/// How it stands with the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    /// It has never been heard of.
    New,
    /// It has answered.
    Up,
    /// It has answered once, and its connection is gone.
    Lost,
}

/// How a server goes about notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// It answers each note with all earlier ones, and passes on what others write.
    Published,
    /// It hands out the log of each place.
    Logs,
}

/// How a call ended.
enum End {
    Over,
    /// There is a place that the call does not follow.
    Moved,
    Lost(Status),
}

impl<'a> Talk<'a> {
    pub(super) fn new(
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

    /// Talks until the writer leaves or the server has had enough.
    pub(super) async fn run(mut self) -> Result<(), Failure> {
        let end = self.talk().await;
        // Where time is over or nothing was ever heard, the status says enough.
        let was_cut =
            matches!(&end, Err(Failure::Status(status)) if status.code() != Code::DeadlineExceeded);
        if was_cut && self.link != Link::New {
            for text in self.places.iter().flat_map(Place::on_the_way) {
                let line = format!("it is not known whether this arrived: {}", beginning(text));
                self.screen.say(line).await;
            }
            for note in &self.waiting {
                let line = format!("not sent: {}", beginning(&note.message));
                self.screen.say(line).await;
            }
        }
        match self.fault {
            Some(err) => Err(Failure::Local(err)),
            None => end,
        }
    }

    async fn talk(&mut self) -> Result<(), Failure> {
        let mut backoff = Backoff::new();
        loop {
            let began = Instant::now();
            let end = self.call().await?;
            for place in &mut self.places {
                place.end();
            }
            // From now on `reconnect` waits for servers.
            self.options = self.options.clone().wait_for_ready(false);
            let status = match end {
                End::Over => return Ok(()),
                End::Moved => continue,
                End::Lost(status) => status,
            };
            if !self.is_passing(&status) {
                return self.leave(status);
            }
            let text = explain(&status);
            let text = text.lines().next().unwrap_or_default();
            if status.code() == Code::DataLoss {
                // Where notes are numbered, the next call tells how many were missed.
                if self.numbering.is_none() {
                    self.screen.say(text).await;
                }
                // Where others write faster than notes can be read, it would be the same again at once.
                if began.elapsed() < BREATH {
                    tokio::time::sleep(BREATH).await;
                }
                continue;
            }
            let doubt = if self.manner == Manner::Published && self.has_sent {
                " (whether your last note arrived is not known)"
            } else {
                ""
            };
            // A proxy answers each attempt while its server is away.
            if self.link == Link::Up {
                self.screen
                    .say(format_args!("connection lost: {text}; trying again{doubt}"))
                    .await;
            }
            if began.elapsed() > LASTED {
                backoff = Backoff::new();
            }
            if let Some(end) = self.reconnect(&mut backoff, status).await {
                return end;
            }
        }
    }

    /// Whether another call may bring what this one did not.
    fn is_passing(&self, status: &Status) -> bool {
        if status.code() == Code::DataLoss {
            return self.manner == Manner::Logs;
        }
        is_lost(status) && self.link != Link::New && !self.is_over
    }

    /// Ends the chat with a lost call. Who had left anyway has lost nothing, if all own notes are known to have arrived.
    fn leave(&self, status: Status) -> Result<(), Failure> {
        let mut on_the_way = self.places.iter().flat_map(Place::on_the_way);
        let is_settled = self.waiting.is_empty() && on_the_way.next().is_none();
        if is_lost(&status) && self.is_over && is_settled && self.manner == Manner::Logs {
            Ok(())
        } else {
            Err(status.into())
        }
    }

    async fn happened(&mut self, event: Event) -> Result<(), Failure> {
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

    /// Tries until there is a connection. Returns how the chat ends if its writer does not wait for that.
    async fn reconnect(
        &mut self,
        backoff: &mut Backoff,
        lost: Status,
    ) -> Option<Result<(), Failure>> {
        self.link = Link::Lost;
        loop {
            if self.is_over {
                return Some(self.leave(lost));
            }
            let delay = backoff.delay(fastrand::f64());
            let (channel, expiry) = (self.channel, self.expiry.clone());
            let attempt = async {
                tokio::time::sleep(delay).await;
                channel.ready().await
            };
            tokio::pin!(attempt);
            let time_is_over = async {
                match &expiry {
                    Some(expiry) => tokio::time::sleep_until(expiry.at()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::pin!(time_is_over);
            loop {
                let may_type = !self.is_over && self.waiting.len() < AHEAD;
                tokio::select! {
                    connected = &mut attempt => match connected {
                        Ok(()) => return None,
                        Err(_) => break,
                    },
                    () = &mut time_is_over => {
                        return expiry.as_ref().map(|expiry| Err(expiry.status().into()));
                    }
                    event = self.typing.next(), if may_type => {
                        let before = self.waiting.len();
                        if let Err(failure) = self.happened(event).await {
                            return Some(Err(failure));
                        }
                        if self.waiting.len() > before {
                            self.screen.say("kept until there is a connection").await;
                        }
                        if self.is_over {
                            break;
                        }
                    }
                }
            }
        }
    }
}

/// Whether a call has lost its server, or the server what it keeps notes on, rather than having been ended by it. Through a
/// proxy that looks like an error.
///
/// A note that may have been committed is not sent again: the next call asks for it.
fn is_lost(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable => true,
        Code::Internal | Code::Unknown => status::was_cut_short(status) || is_unconfirmed(status),
        _ => false,
    }
}

/// The reason of a server that does not know whether a note was committed.
const NOTE_UNCONFIRMED: &str = "NOTE_UNCONFIRMED";

fn is_unconfirmed(status: &Status) -> bool {
    let info = status.get_details_error_info();
    info.is_some_and(|info| info.reason == NOTE_UNCONFIRMED)
}

/// Returns enough of a note to know it again.
fn beginning(text: &str) -> String {
    let (start, rest) = cut(text, 60);
    let more = if rest.is_empty() { "" } else { "…" };
    format!("{}{more}", printable(start))
}

/// The status of a chat that only watches, where that is not offered.
pub(super) fn cannot_watch(channel: &Channel) -> Status {
    Status::unimplemented(format!(
        "the server at {} shows a place only to those who leave a note there; chat without --watch",
        channel.target()
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use tonic_types::ErrorDetails;

    use super::*;

    #[test]
    fn a_chat_goes_on_after_a_note_that_may_be_committed() {
        let unknown = |reason: &str| {
            let details = ErrorDetails::with_error_info(reason, "route-guide", HashMap::new());
            Status::with_error_details(Code::Unknown, "who knows", details)
        };
        assert!(is_lost(&unknown(NOTE_UNCONFIRMED)));
        assert!(!is_lost(&unknown("SOMETHING_ELSE")));
        assert!(!is_lost(&Status::unknown("a panic")));
    }
}

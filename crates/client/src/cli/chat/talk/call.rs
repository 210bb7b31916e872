//! One call of a chat.

use route_guide_geo::E7Point;
use route_guide_proto::routeguide::RouteNote;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::super::super::failure::Failure;
use super::super::following::{self, CallName, Confirmed};
use super::super::place::{News, Place, Since};
use super::state::{AHEAD, Connectivity, End, Protocol, Talk, beginning, cannot_watch};
use crate::stubs::replies::Replies;
use crate::stubs::route_guide::RouteGuide;

impl Talk<'_> {
    /// Talks until the call ends.
    pub(super) async fn call(&mut self) -> Result<End, Failure> {
        let (outgoing, notes) = mpsc::channel(AHEAD);
        let mut outgoing = Some(outgoing);
        let asked: Vec<_> = self.places.iter().map(Place::at).collect();
        let options = if self.mode.takes_replays {
            self.options.clone()
        } else {
            self.name = CallName::random();
            let (name, before) = (Some(&self.name), self.before.as_ref());
            following::ask(self.options.clone(), &asked, name, before)?
        };
        let guide = RouteGuide::new(self.channel.clone()).with(options);
        let opening = guide.route_chat(ReceiverStream::new(notes));
        tokio::pin!(opening);
        let mut replies = None;
        self.has_sent = false;
        let mut is_closed = false;
        loop {
            let may_send = match self.protocol {
                Protocol::Logs => {
                    replies.is_some() && !self.places.iter().any(Place::is_catching_up)
                }
                Protocol::Published => true,
            };
            let is_leaving = self.is_over || self.must_move(replies.is_some());
            if is_leaving && may_send && self.waiting.is_empty() {
                outgoing = None;
                is_closed = true;
            }
            let can_send = may_send && outgoing.is_some() && !self.waiting.is_empty();
            tokio::select! {
                opened = &mut opening, if replies.is_none() => match opened {
                    Err(status) => return Ok(End::Lost(status)),
                    Ok(opened) => {
                        self.opened(&opened, &asked).await?;
                        replies = Some(opened);
                    }
                },
                received = next(&mut replies) => match received {
                    Err(status) => return Ok(End::Lost(status)),
                    Ok(Some(note)) => self.received(note).await?,
                    // A server may end a chat too.
                    Ok(None) if self.is_over || !is_closed => return Ok(End::Over),
                    Ok(None) => return Ok(End::Moved),
                },
                room = room(outgoing.clone()), if can_send => match room {
                    Some(room) => self.send(room).await?,
                    // The call is over, and says so in a moment.
                    None => outgoing = None,
                },
                event = self.typing.next(), if !is_leaving && self.waiting.len() < AHEAD => {
                    self.happened(event).await?;
                }
            }
        }
    }

    /// Whether the call has to make way for one that follows all places.
    fn must_move(&self, is_open: bool) -> bool {
        self.protocol == Protocol::Logs && is_open && self.places.iter().any(|at| !at.is_followed)
    }

    /// The server has answered a call that asked it to follow some places.
    async fn opened(
        &mut self,
        replies: &Replies<RouteNote>,
        asked: &[E7Point],
    ) -> Result<(), Failure> {
        let is_back =
            std::mem::replace(&mut self.connectivity, Connectivity::Up) == Connectivity::Lost;
        let confirmed = if self.mode.takes_replays {
            None
        } else {
            Confirmed::read(replies.initial_metadata())
        };
        let Some(confirmed) = confirmed else {
            if self.mode.only_watches {
                return Err(cannot_watch(self.channel).into());
            }
            self.protocol = Protocol::Published;
            let mut in_doubt = false;
            for place in &mut self.places {
                in_doubt |= place.give_up();
            }
            if is_back {
                self.screen
                    .say("connected again; the notes of a place come with your next one there")
                    .await;
                if in_doubt {
                    self.screen
                        .say("whether your last note arrived is not known")
                        .await;
                }
            }
            return Ok(());
        };
        if is_back {
            self.screen.say("connected again").await;
        }
        self.protocol = Protocol::Logs;
        let since = if self.life != confirmed.life {
            Since::Lost
        } else if confirmed.numbering.is_some() && self.numbering == confirmed.numbering {
            Since::Same
        } else {
            Since::Renumbered
        };
        self.life.clone_from(&confirmed.life);
        self.numbering.clone_from(&confirmed.numbering);
        for index in 0..self.places.len() {
            let place = &mut self.places[index];
            match confirmed.kept(place.at()) {
                Some(kept) => {
                    let (at, news) = (place.at(), place.begin(kept, since));
                    self.tell(at, news).await?;
                }
                // Asking again would not help. But the writer may have moved since.
                None => place.is_followed = asked.contains(&place.at()),
            }
        }
        Ok(())
    }

    async fn received(&mut self, note: RouteNote) -> Result<(), Failure> {
        let point = note.location.unwrap_or_default();
        let at = E7Point::unbounded(point.latitude, point.longitude);
        if self.protocol == Protocol::Logs
            && let Some(place) = self.places.iter_mut().find(|place| place.at() == at)
        {
            let news = place.received(note.message);
            return self.tell(at, news).await;
        }
        let is_repeat = self.protocol == Protocol::Published
            && self.mode.is_personal
            && !self.repeats.is_news(&note);
        if is_repeat {
            return Ok(());
        }
        self.screen.theirs(&note).await
    }

    /// Shows what has come in, and takes back what did not get through.
    async fn tell(&mut self, at: E7Point, news: News) -> Result<(), Failure> {
        let note = |message| RouteNote {
            location: Some(at.into()),
            message,
        };
        if news.may_miss {
            let line = format!("meanwhile notes may have come and gone at {at}");
            self.screen.say(line).await;
        }
        if news.missed > 0 {
            let plural = if news.missed == 1 { "" } else { "s" };
            let line = format!(
                "up to {} note{plural} came and went unseen at {at}",
                news.missed
            );
            self.screen.say(line).await;
        }
        for text in news.doubtful {
            let line = format!("it is not known whether this arrived: {}", beginning(&text));
            self.screen.say(line).await;
        }
        for text in news.notes {
            self.screen.theirs(&note(text)).await?;
        }
        for text in news.unsent.into_iter().rev() {
            let line = format!("sent again, it had not arrived: {}", beginning(&text));
            self.screen.say(line).await;
            self.waiting.push_front(note(text));
        }
        Ok(())
    }

    async fn send(&mut self, room: mpsc::OwnedPermit<RouteNote>) -> Result<(), Failure> {
        let Some(note) = self.waiting.pop_front() else {
            return Ok(());
        };
        self.has_sent = true;
        self.before = Some(self.name.clone());
        if self.protocol == Protocol::Published {
            self.repeats.sent(&note);
        }
        let point = note.location.unwrap_or_default();
        let at = E7Point::unbounded(point.latitude, point.longitude);
        if self.protocol == Protocol::Logs
            && let Some(place) = self.places.iter_mut().find(|place| place.at() == at)
        {
            // Who posts at a place follows it.
            place.is_followed = true;
            place.sent(&note.message);
        }
        // Nothing is awaited between taking a note from those that wait and sending it.
        room.send(note.clone());
        self.screen.ours(&note).await
    }
}

async fn next(replies: &mut Option<Replies<RouteNote>>) -> Result<Option<RouteNote>, Status> {
    match replies {
        Some(replies) => replies.message().await,
        None => std::future::pending().await,
    }
}

/// Waits until the call takes another note; `None` if it does not any more.
async fn room(outgoing: Option<mpsc::Sender<RouteNote>>) -> Option<mpsc::OwnedPermit<RouteNote>> {
    outgoing?.reserve_owned().await.ok()
}

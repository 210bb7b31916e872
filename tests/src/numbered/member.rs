//! Who takes part in a run: one who posts and reads, and comes back when a stream ends.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use route_guide_proto::routeguide::RouteNote;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{Code, Status, Streaming};
use tonic_types::StatusExt;

use super::plan::{Common, Door, spot};
use crate::audit::{Numbered, Spot, Transcript};
use crate::{guide_at, note, within};

/// Somebody who posts, on one stream after the other if need be.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) common: Arc<Common>,
    pub(super) door: Door,
    pub(super) notes: Vec<Spot>,
    pub(super) role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Posts the run's notes, and goes on where it was if its stream ends.
    Sender,
    /// Posts to be told of others' notes, on every stream anew.
    Listener,
}

impl Member {
    pub(super) async fn take_part(mut self) -> Vec<Transcript> {
        let mut transcripts = Vec::new();
        let mut taken = 0;
        loop {
            let id = self.common.streams.fetch_add(1, Ordering::Relaxed);
            let address = self.door.borrow_and_update().clone();
            let mut transcript = Transcript {
                stream: id,
                ..Transcript::default()
            };
            let outcome = self.one_stream(&address, &mut transcript, &mut taken).await;
            transcripts.push(transcript);
            match outcome {
                Ok(()) => return transcripts,
                Err(status) => self.wait_out(&status).await,
            }
            if self.role == Role::Listener {
                if taken == self.notes.len() {
                    self.common.posting.send_modify(|posting| *posting += 1);
                }
                taken = 0;
            }
        }
    }

    async fn one_stream(
        &self,
        address: &str,
        transcript: &mut Transcript,
        taken: &mut usize,
    ) -> Result<(), Status> {
        let mut stream = Stream::open(address, transcript).await?;
        while let rest = &self.notes[*taken..]
            && !rest.is_empty()
        {
            let batch = &rest[..rest.len().min(self.common.shape.batch)];
            for spot in batch {
                stream.post(*spot);
            }
            stream.settled(&self.common).await?;
            *taken += batch.len();
            if *taken == self.notes.len() {
                self.common.posting.send_modify(|posting| *posting -= 1);
            }
            if self.role == Role::Sender {
                let count = batch.len();
                self.common.taken.send_modify(|taken| *taken += count);
            }
        }
        let mut is_over = self.common.is_over.subscribe();
        loop {
            tokio::select! {
                _ = is_over.wait_for(|over| *over) => break,
                received = stream.receive() => drop(received?),
            }
        }
        // What others posted elsewhere is here once a later note of this stream is.
        stream.settled(&self.common).await?;
        stream.end().await
    }

    /// Waits until it is worth trying again.
    async fn wait_out(&mut self, status: &Status) {
        let retry = status.get_details_retry_info();
        if status.code() == Code::Unavailable
            && let Some(delay) = retry.and_then(|retry| retry.retry_delay)
        {
            return tokio::time::sleep(delay).await;
        }
        if status.code() == Code::Unknown && status.get_details_error_info().is_some() {
            // The note before may be committed; the next one is tried all the same.
            return;
        }
        // A server that is gone says nothing for sure; one that is not must not end a stream like that.
        let event = format!("another server after {status:?}");
        let changed = within(&event, self.door.changed()).await;
        changed.expect("the door outlives the run");
    }
}

/// One RouteChat stream.
#[derive(Debug)]
struct Stream<'a> {
    outgoing: UnboundedSender<RouteNote>,
    incoming: Streaming<RouteNote>,
    transcript: &'a mut Transcript,
}

impl<'a> Stream<'a> {
    async fn open(address: &str, transcript: &'a mut Transcript) -> Result<Self, Status> {
        let mut guide = guide_at(address).await?;
        let (outgoing, notes) = unbounded_channel();
        let opened = guide.route_chat(UnboundedReceiverStream::new(notes));
        let incoming = within("the headers of a chat", opened).await?.into_inner();
        Ok(Self {
            outgoing,
            incoming,
            transcript,
        })
    }

    fn post(&mut self, spot: Spot) -> Numbered {
        let number = u32::try_from(self.transcript.sent.len()).expect("a stream has few notes");
        let numbered = Numbered {
            stream: self.transcript.stream,
            number,
        };
        self.transcript.sent.push(spot);
        // If the stream has ended, receiving says why.
        let _ = self
            .outgoing
            .send(note(spot.point(), &numbered.to_string()));
        numbered
    }

    /// Waits until the server has taken every note sent so far. It answers the second note at a place with the first,
    /// and takes the notes of a stream one after the other.
    async fn settled(&mut self, common: &Common) -> Result<(), Status> {
        let count = common.fences.fetch_add(1, Ordering::Relaxed);
        let fence = spot(common.shape.all_places() + count as usize);
        let first = self.post(fence);
        self.post(fence);
        while self.receive().await? != (fence, first) {}
        self.transcript.taken = self.transcript.sent.len();
        Ok(())
    }

    async fn receive(&mut self) -> Result<(Spot, Numbered), Status> {
        let received = self.incoming.message().await?;
        let received = received.ok_or_else(|| Status::internal("the server ended the stream"))?;
        let received = understood(&received);
        self.transcript.received.push(received);
        Ok(received)
    }

    async fn end(self) -> Result<(), Status> {
        let Self {
            outgoing,
            mut incoming,
            transcript,
        } = self;
        drop(outgoing);
        while let Some(received) = incoming.message().await? {
            transcript.received.push(understood(&received));
        }
        transcript.is_complete = true;
        Ok(())
    }
}

pub(super) fn understood(note: &RouteNote) -> (Spot, Numbered) {
    let spot = note.location.and_then(Spot::at);
    let parts = spot.zip(Numbered::parse(&note.message));
    parts.unwrap_or_else(|| panic!("nobody sent {note:?}"))
}

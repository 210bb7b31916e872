use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{Context, ErrorCode};
use bytes::Bytes;
use tokio::sync::{Semaphore, watch};
use tokio::time;

use super::Standing;
use super::fault::NatsFault;
use super::link::Link;
use super::shared::{Expected, Shared};
use super::turns::Turns;
use super::wire::{MAX_HEAD_BYTES, NoteId, Wire};
use crate::note::Draft;
use crate::notebook::{AppendError, Receipt, WatchError};

/// Sends notes to the stream and waits until they have come back through it.
#[derive(Debug)]
pub(super) struct Post {
    pub(super) jetstream: Context,
    pub(super) wire: Wire,
    pub(super) stream: String,
    pub(super) patience: Duration,
    pub(super) shared: Arc<Shared>,
    pub(super) link: watch::Receiver<Link>,
    pub(super) turns: Turns,
    /// Bounds what is on its way, in KiB of text and one more a note.
    pub(super) room: Semaphore,
    pub(super) next_number: AtomicU64,
}

/// What may be on its way: 64 MiB of text, or as many thousand notes.
pub(super) const ROOM_KIB: u32 = 64 * 1024;

/// Notes that may wait for NATS to say that it has them.
pub(super) const MAX_UNACKNOWLEDGED: usize = 65_536;

/// How long to wait for that before a note is sent again.
pub(super) const ACK_TIMEOUT: Duration = Duration::from_secs(1);

/// After how long an append may be tried again that failed because NATS was away.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How long to wait for a connection that has been lost: going over to another server of a cluster takes less.
const LINK_PATIENCE: Duration = Duration::from_secs(2);

/// Before a note is sent again to a cluster that has no leader.
const PAUSE: Duration = Duration::from_millis(100);

impl Post {
    pub(super) async fn append(&self, draft: Draft) -> Result<Receipt, AppendError> {
        self.shared.lock().ledger.admit(&draft)?;
        if !self.shared.has_caught_up() {
            let is_up = self.link.borrow().is_up;
            return Err(away(if is_up {
                NatsFault::CatchingUp
            } else {
                NatsFault::Disconnected
            }));
        }
        let mut last_fault = NatsFault::Unanswered;
        let sending = self.append_in_turn(draft, &mut last_fault);
        match time::timeout(self.patience, sending).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => Err(away(last_fault)),
        }
    }

    /// Waits, as long as an append would, until the stream has been read and is read as it grows.
    pub(super) async fn current(
        &self,
        mut standing: watch::Receiver<Standing>,
    ) -> Result<(), WatchError> {
        let ready = async {
            let is_ready = self.linked().await.is_ok()
                && (standing
                    .wait_for(|standing| *standing == Standing::Ready)
                    .await)
                    .is_ok();
            is_ready.then_some(()).ok_or(NatsFault::Disconnected)
        };
        let ready = time::timeout(self.patience, ready).await;
        let ready = ready.unwrap_or(Err(NatsFault::CatchingUp));
        ready.map_err(|fault| WatchError::Away {
            retry_after: RETRY_AFTER,
            source: Arc::new(fault),
        })
    }

    async fn append_in_turn(
        &self,
        draft: Draft,
        last_fault: &mut NatsFault,
    ) -> Result<Receipt, AppendError> {
        let weight = u32::try_from(draft.message.len() / 1024).unwrap_or(u32::MAX);
        let weight = weight.saturating_add(1).min(ROOM_KIB);
        let _room = self.room.acquire_many(weight).await;
        let _turn = self.turns.take(draft.author).await;
        let id = NoteId {
            author: draft.author,
            number: self.next_number.fetch_add(1, Ordering::Relaxed),
        };
        let (expected, mut receipt) = self.shared.expect(id, draft.place);
        let Draft { place, message, .. } = draft;
        let len_bytes = message.len();
        let payload = Bytes::from(String::from(message));
        let subject = self.wire.subject(place);
        loop {
            self.linked().await?;
            let limit_bytes = self.longest_text();
            if len_bytes > limit_bytes {
                return Err(AppendError::TooLong {
                    len_bytes,
                    limit_bytes,
                });
            }
            let headers = Wire::headers(id, self.shared.context(place));
            let message = PublishMessage::build()
                .headers(headers)
                .payload(payload.clone());
            let outcome = tokio::select! {
                biased;
                receipt = &mut receipt => return receipt.map_err(|_ended| AppendError::Closed),
                outcome = self.send(subject.clone(), message, &expected) => outcome,
            };
            match outcome {
                Ok(()) => {
                    *last_fault = NatsFault::Undelivered;
                    return receipt.await.map_err(|_ended| AppendError::Closed);
                }
                Err(error) => *last_fault = self.explain(error, len_bytes)?,
            }
            time::sleep(PAUSE).await;
        }
    }

    /// Sends the note once and waits until NATS says that it has it.
    async fn send(
        &self,
        subject: String,
        message: PublishMessage,
        expected: &Expected,
    ) -> Result<(), Refusal> {
        let ack = self.jetstream.send_publish(subject, message).await?.await?;
        if ack.stream != self.stream {
            return Err(Refusal::OtherStream(ack.stream));
        }
        expected.stored(ack.sequence);
        Ok(())
    }

    /// Returns why it is worth sending a note again, or the error if it is not.
    fn explain(&self, refusal: Refusal, len_bytes: usize) -> Result<NatsFault, AppendError> {
        let error = match refusal {
            Refusal::OtherStream(stream) => {
                let source = Arc::new(NatsFault::OtherStream { stream });
                return Err(AppendError::Storage { source });
            }
            Refusal::Publish(error) => error,
        };
        match error.kind() {
            PublishErrorKind::TimedOut => Ok(NatsFault::Unanswered),
            // Nobody takes the subject while the stream has no leader, or is not there at all.
            PublishErrorKind::StreamNotFound
            | PublishErrorKind::BrokenPipe
            | PublishErrorKind::MaxAckPending => Ok(NatsFault::Refused(error)),
            PublishErrorKind::MaxPayloadExceeded => Err(AppendError::TooLong {
                len_bytes,
                limit_bytes: self.longest_text(),
            }),
            _ => match code(&error) {
                Some(ErrorCode::INSUFFICIENT_RESOURCES | ErrorCode::STORAGE_RESOURCES_EXCEEDED) => {
                    let source = Arc::new(NatsFault::Refused(error));
                    Err(AppendError::DiskFull { source })
                }
                // A cluster between two leaders.
                Some(ErrorCode::CLUSTER_NOT_AVAILABLE | ErrorCode::CLUSTER_NO_PEERS) => {
                    Ok(NatsFault::Refused(error))
                }
                _ => {
                    let source = Arc::new(NatsFault::Refused(error));
                    Err(AppendError::Storage { source })
                }
            },
        }
    }

    /// Returns how long a text may be that goes into one message.
    fn longest_text(&self) -> usize {
        let max_payload = self.jetstream.client().max_payload();
        max_payload.saturating_sub(MAX_HEAD_BYTES)
    }

    /// Waits until there is a connection, if there was one a moment ago.
    async fn linked(&self) -> Result<(), AppendError> {
        let mut link = self.link.clone();
        let until = {
            let link = link.borrow();
            if link.is_up {
                return Ok(());
            }
            link.since + LINK_PATIENCE
        };
        match time::timeout_at(until, link.wait_for(|link| link.is_up)).await {
            Ok(Ok(_link)) => Ok(()),
            Ok(Err(_ended)) => Err(AppendError::Closed),
            Err(_elapsed) => Err(away(NatsFault::Disconnected)),
        }
    }
}

/// Why a note that was sent once was not taken.
#[derive(Debug)]
enum Refusal {
    Publish(PublishError),
    OtherStream(String),
}

impl From<PublishError> for Refusal {
    fn from(error: PublishError) -> Self {
        Self::Publish(error)
    }
}

/// What NATS itself says about a note, if it does.
fn code(error: &PublishError) -> Option<ErrorCode> {
    let source = error.source()?;
    let error = source.downcast_ref::<async_nats::jetstream::Error>()?;
    Some(error.error_code())
}

fn away(fault: NatsFault) -> AppendError {
    AppendError::Away {
        retry_after: RETRY_AFTER,
        source: Arc::new(fault),
    }
}

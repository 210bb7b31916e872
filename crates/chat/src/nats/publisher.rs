use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{Context, ErrorCode};
use tokio::sync::{Semaphore, watch};
use tokio::time;

use super::connectivity::{Connectivity, SyncState};
use super::fault::NatsFault;
use super::shared::{Expected, Shared};
use super::wire::{MAX_HEAD_BYTES, NoteId, Wire};
use crate::note::Draft;
use crate::notebook::{AppendError, Receipt, SubscribeError};
use crate::refusals::Refusals;

/// Sends notes to the stream and waits until they have come back through it.
#[derive(Debug)]
pub(super) struct Publisher {
    pub(super) jetstream: Context,
    pub(super) wire: Wire,
    pub(super) stream: String,
    pub(super) patience: Duration,
    pub(super) shared: Arc<Shared>,
    pub(super) connectivity: watch::Receiver<Connectivity>,
    /// Bounds what is on its way, in KiB of text and one more a note.
    pub(super) room: Semaphore,
    pub(super) next_number: AtomicU64,
    pub(super) refusals: Refusals,
}

/// What may be on its way: 64 MiB of text, or as many thousand notes.
pub(super) const ROOM_KIB: u32 = 64 * 1024;

/// Notes that may wait for NATS to say that it has them.
pub(super) const MAX_UNACKNOWLEDGED: usize = 65_536;

/// How long to wait for that before a note is sent again.
pub(super) const ACK_TIMEOUT: Duration = Duration::from_secs(1);

/// After how long an append may be tried again that failed because NATS was unavailable.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How long to wait for a connection that has been lost: going over to another server of a cluster takes less.
const CONNECTION_PATIENCE: Duration = Duration::from_secs(2);

/// How long no note must have been refused before that is reported as over.
pub(super) const QUIET: Duration = Duration::from_secs(10);

/// Before a note is sent again to a cluster that has no leader.
const PAUSE: Duration = Duration::from_millis(100);

impl Publisher {
    pub(super) async fn append(&self, draft: Draft) -> Result<Receipt, AppendError> {
        self.shared.lock().logs.admit(&draft)?;
        let mut attempt = Attempt::new();
        if !self.shared.has_caught_up() {
            attempt.fault = if self.connectivity.borrow().is_up {
                NatsFault::CatchingUp
            } else {
                NatsFault::Disconnected
            };
            return Err(attempt.given_up());
        }
        let sending = self.send_until_committed(draft, &mut attempt);
        match time::timeout(self.patience, sending).await {
            Ok(Ok(receipt)) => {
                self.refusals.over();
                Ok(receipt)
            }
            // Whatever went wrong in the end, the note may have been committed before.
            Ok(Err(Some(error))) if !attempt.may_be_committed => {
                if let AppendError::DiskFull { source } | AppendError::Storage { source } = &error {
                    self.refusals.add(1, source);
                }
                Err(error)
            }
            Ok(Err(_)) | Err(_) => Err(attempt.given_up()),
        }
    }

    /// Waits, as long as an append would, until the stream has been read and is read as it grows.
    pub(super) async fn current(
        &self,
        mut state: watch::Receiver<SyncState>,
    ) -> Result<(), SubscribeError> {
        let ready = async {
            let is_ready = self.connected().await.is_ok()
                && (state.wait_for(|state| *state == SyncState::Ready).await).is_ok();
            is_ready.then_some(()).ok_or(NatsFault::Disconnected)
        };
        let ready = time::timeout(self.patience, ready).await;
        let ready = ready.unwrap_or(Err(NatsFault::CatchingUp));
        ready.map_err(|fault| SubscribeError::Unavailable {
            retry_after: RETRY_AFTER,
            source: Arc::new(fault),
        })
    }

    /// Sends a note, again as long as that is worth it. `None` is an error that `attempt` has.
    async fn send_until_committed(
        &self,
        draft: Draft,
        attempt: &mut Attempt,
    ) -> Result<Receipt, Option<AppendError>> {
        let weight = u32::try_from(draft.message_bytes() / 1024).unwrap_or(u32::MAX);
        let weight = weight.saturating_add(1).min(ROOM_KIB);
        let _room = self.room.acquire_many(weight).await;
        let id = NoteId {
            author: draft.author(),
            number: self.next_number.fetch_add(1, Ordering::Relaxed),
        };
        let (expected, mut receipt) = self.shared.expect(id, draft.place());
        let place = draft.place();
        let payload = draft.payload();
        let len_bytes = payload.len();
        let subject = self.wire.subject(place);
        loop {
            if let Err(fault) = self.connected().await {
                attempt.fault = fault;
                return Err(None);
            }
            let limit_bytes = self.longest_text();
            if len_bytes > limit_bytes {
                return Err(Some(AppendError::TooLong {
                    len_bytes,
                    limit_bytes,
                }));
            }
            let headers = Wire::headers(id, self.shared.context(place));
            let message = PublishMessage::build()
                .headers(headers)
                .payload(payload.clone());
            let closed = |attempt: &mut Attempt| {
                attempt.fault = NatsFault::Closed;
                Some(AppendError::Closed)
            };
            let outcome = tokio::select! {
                biased;
                receipt = &mut receipt => return receipt.map_err(|_ended| closed(attempt)),
                outcome = self.send(subject.clone(), message, &expected, attempt) => outcome,
            };
            match outcome {
                Ok(()) => {
                    attempt.fault = NatsFault::Undelivered;
                    return receipt.await.map_err(|_ended| closed(attempt));
                }
                Err(refusal) => attempt.fault = self.explain(refusal, len_bytes)?,
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
        attempt: &mut Attempt,
    ) -> Result<(), Refusal> {
        let might_be_committed = std::mem::replace(&mut attempt.may_be_committed, true);
        let sending = async { self.jetstream.send_publish(subject, message).await?.await };
        match sending.await {
            Ok(ack) if ack.stream == self.stream => {
                expected.stored(ack.sequence);
                Ok(())
            }
            Ok(ack) => {
                attempt.may_be_committed = might_be_committed;
                Err(Refusal::OtherStream(ack.stream))
            }
            Err(error) => {
                if is_refusal(&error) {
                    attempt.may_be_committed = might_be_committed;
                }
                Err(error.into())
            }
        }
    }

    /// Returns why it is worth sending a note again, or the error if it is not.
    fn explain(
        &self,
        refusal: Refusal,
        len_bytes: usize,
    ) -> Result<NatsFault, Option<AppendError>> {
        let error = match refusal {
            Refusal::OtherStream(stream) => {
                let source = Arc::new(NatsFault::OtherStream { stream });
                return Err(Some(AppendError::Storage { source }));
            }
            Refusal::Publish(error) => error,
        };
        match error.kind() {
            PublishErrorKind::TimedOut => Ok(NatsFault::Unanswered),
            // Nobody takes the subject while the stream has no leader, or is not there at all.
            PublishErrorKind::StreamNotFound
            | PublishErrorKind::BrokenPipe
            | PublishErrorKind::MaxAckPending => Ok(NatsFault::Refused(error)),
            PublishErrorKind::MaxPayloadExceeded => Err(Some(AppendError::TooLong {
                len_bytes,
                limit_bytes: self.longest_text(),
            })),
            _ => match code(&error) {
                Some(ErrorCode::INSUFFICIENT_RESOURCES | ErrorCode::STORAGE_RESOURCES_EXCEEDED) => {
                    let source = Arc::new(NatsFault::Refused(error));
                    Err(Some(AppendError::DiskFull { source }))
                }
                // A cluster between two leaders.
                Some(ErrorCode::CLUSTER_NOT_AVAILABLE | ErrorCode::CLUSTER_NO_PEERS) => {
                    Ok(NatsFault::Refused(error))
                }
                _ => {
                    let source = Arc::new(NatsFault::Refused(error));
                    Err(Some(AppendError::Storage { source }))
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
    async fn connected(&self) -> Result<(), NatsFault> {
        let mut connectivity = self.connectivity.clone();
        let until = {
            let now = connectivity.borrow();
            if now.is_up {
                return Ok(());
            }
            now.since + CONNECTION_PATIENCE
        };
        match time::timeout_at(until, connectivity.wait_for(|now| now.is_up)).await {
            Ok(Ok(_up)) => Ok(()),
            Ok(Err(_ended)) => Err(NatsFault::Closed),
            Err(_elapsed) => Err(NatsFault::Disconnected),
        }
    }
}

/// How far the attempt to commit a note has come.
#[derive(Debug)]
struct Attempt {
    /// Why it has not succeeded so far.
    fault: NatsFault,
    /// Whether the note was sent to NATS, and NATS has not refused it.
    may_be_committed: bool,
}

impl Attempt {
    fn new() -> Self {
        Self {
            fault: NatsFault::Unanswered,
            may_be_committed: false,
        }
    }

    fn given_up(self) -> AppendError {
        let source = Arc::new(self.fault);
        if self.may_be_committed {
            AppendError::Unconfirmed { source }
        } else {
            AppendError::Unavailable {
                retry_after: RETRY_AFTER,
                source,
            }
        }
    }
}

/// Returns whether a note that was sent is certainly not in the stream.
fn is_refusal(error: &PublishError) -> bool {
    match error.kind() {
        PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe => false,
        PublishErrorKind::StreamNotFound
        | PublishErrorKind::MaxAckPending
        | PublishErrorKind::MaxPayloadExceeded => true,
        _ => code(error).is_some(),
    }
}

/// Why a note that was sent once was not accepted.
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

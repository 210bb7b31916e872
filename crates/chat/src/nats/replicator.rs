use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, push};
use async_nats::jetstream::stream::Info;
use async_nats::jetstream::{self, Context};
use async_nats::{Client, Message, StatusCode, Subscriber};
use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::{self, Instant};
use tokio_stream::StreamExt;

use super::connectivity::{Connectivity, SyncState};
use super::history::{History, Identity};
use super::interruption::Interruption;
use super::reading::{Reading, STALLED};
use super::reconcile::{Divergence, compare};
use super::shared::Shared;
use super::stream;
use super::time::ClockError;
use super::wire::Wire;
use crate::clock::Clock;

/// Keeps the local copy of the stream up to date, through one consumer at a time.
///
/// Whatever goes wrong ends the consumer, and the next one begins with the last message that was read and is still there. So
/// there is one way to go on after a lost connection, a killed server, a new leader, a lost message, and a stream that was
/// deleted or has lost its end.
pub(super) struct Replicator {
    pub(super) client: Client,
    /// For what the leader of the stream answers at once if there is one.
    pub(super) probing: Context,
    /// For what may take longer.
    pub(super) jetstream: Context,
    pub(super) wire: Wire,
    pub(super) config: jetstream::stream::Config,
    pub(super) shared: Arc<Shared>,
    pub(super) state: watch::Sender<SyncState>,
    pub(super) connectivity: watch::Receiver<Connectivity>,
    pub(super) wall: Arc<dyn Clock>,
    pub(super) progress: Progress,
}

/// What is remembered from one consumer to the next.
#[derive(Debug, Default)]
pub(super) struct Progress {
    history: History,
    /// Whether the stream has been seen.
    is_begun: bool,
    /// Since when the stream has ended before what was read of it.
    shorter_since: Option<Instant>,
    /// By how much the clock of this machine was last reported to be wrong.
    clock_error: ClockError,
    /// What the log has last said about going wrong.
    complaint: Option<String>,
    /// Messages that are no notes.
    strange: u64,
}

/// How often NATS says that there is nothing new.
const HEARTBEAT: Duration = Duration::from_millis(500);

/// How long the consumer may be silent before it is replaced.
const SILENCE: Duration = Duration::from_secs(2);

/// After how long without a consumer NATS forgets that there was one.
const INACTIVE: Duration = Duration::from_secs(30);

/// How long a new leader may take to read what it has stored.
const LEADER_PATIENCE: Duration = Duration::from_secs(10);

/// Between two consumers.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

impl Replicator {
    /// Copies until it is dropped.
    pub(super) async fn run(mut self) {
        let mut pause = SHORTEST_PAUSE;
        loop {
            // An error means that the notebook is gone, and this with it.
            let _ = self.connectivity.wait_for(|now| now.is_up).await;
            let interruption = match self.copy().await {
                Err(interruption) => interruption,
                Ok(never) => match never {},
            };
            if *self.state.borrow() == SyncState::Ready {
                pause = SHORTEST_PAUSE;
            }
            self.complain(&interruption);
            self.report(SyncState::Unavailable);
            time::sleep(pause).await;
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
    }

    /// Says once what is wrong, however often it is.
    fn complain(&mut self, interruption: &Interruption) {
        let mut complaint = interruption.to_string();
        let mut source = interruption.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            // Errors of the NATS client repeat those that they are made of.
            if !complaint.contains(&cause_text) {
                complaint = format!("{complaint}: {cause_text}");
            }
            source = cause.source();
        }
        let stream = &self.config.name;
        if self.progress.complaint.as_ref() == Some(&complaint) {
            tracing::debug!(%stream, "route notes are unavailable: {complaint}");
        } else {
            tracing::warn!(%stream, "route notes are unavailable: {complaint}");
        }
        self.progress.complaint = Some(complaint);
    }

    fn report(&self, state: SyncState) {
        self.state
            .send_if_modified(|old| std::mem::replace(old, state) != state);
    }

    /// Reads the stream from where it was left, until that is interrupted.
    async fn copy(&mut self) -> Result<std::convert::Infallible, Interruption> {
        let mut connectivity = self.connectivity.clone();
        if !connectivity.borrow_and_update().is_up {
            return Err(Interruption::Disconnected);
        }
        let (info, is_new) =
            stream::find_or_create(&self.probing, &self.jetstream, &self.config).await?;
        self.reconcile(&info).await?;
        self.recognise(&info, is_new);
        self.report(SyncState::CatchingUp);

        let inbox = self.client.new_inbox();
        let mut messages = self.client.subscribe(inbox.clone()).await?;
        let pending = self.consume(inbox).await?;
        let mut reading = Reading {
            next: 1,
            is_idle: pending == 0,
            last: info.state.last_sequence,
        };
        let mut heard = Instant::now();
        let mut watchdog = time::interval(HEARTBEAT);
        loop {
            if (reading.is_idle || self.shared.seen() >= reading.last)
                && *self.state.borrow() != SyncState::Ready
            {
                self.catch_up();
            }
            tokio::select! {
                biased;
                _ = connectivity.changed() => return Err(Interruption::Disconnected),
                message = next(&mut messages) => {
                    heard = Instant::now();
                    self.take(message?, &mut reading).await?;
                }
                _ = watchdog.tick() => if heard.elapsed() > SILENCE {
                    return Err(Interruption::Silent);
                }
            }
        }
    }

    /// Removes from the copy what the stream has lost, so that the copy can go on behind what both have.
    async fn reconcile(&mut self, info: &Info) -> Result<(), Interruption> {
        let progress = &mut self.progress;
        let (first, last) = (info.state.first_sequence, info.state.last_sequence);
        let divergence = if progress.is_begun {
            // Not by the time at which the stream was created: NATS changes it when a stream that exists is created again,
            // which servers do that start together (nats-server issues 8449 and 8470).
            compare(&self.probing, info, &progress.history).await?
        } else {
            let before = first.saturating_sub(1);
            progress.history.begin_after(before);
            self.shared.begin_after(before);
            Divergence::None
        };
        let read = progress.history.last();
        let common = match divergence {
            Divergence::None => None,
            Divergence::Shorter => {
                let since = *progress.shorter_since.get_or_insert_with(Instant::now);
                if since.elapsed() < LEADER_PATIENCE {
                    // What is written now would be numbered as what has been read.
                    self.shared.set_caught_up(false);
                    return Err(Interruption::Shorter { last, read });
                }
                Some(last)
            }
            Divergence::After { common } => Some(common),
        };
        progress.shorter_since = None;
        if let Some(common) = common {
            let removed = self.shared.cut_after(common);
            progress.history.truncate(common);
            tracing::error!(
                stream = %self.config.name, read, common, notes = removed,
                "the stream of route notes does not have what was read of it after message {common}; the notes that it \
                 has lost are removed here, and streams that follow their places end with DATA_LOSS"
            );
        }
        Ok(())
    }

    /// Reports a stream that is seen for the first time.
    fn recognise(&mut self, info: &Info, is_new: bool) {
        let stream = &self.config.name;
        let is_known = std::mem::replace(&mut self.progress.is_begun, true);
        if is_known && !is_new {
            return;
        }
        let differences = stream::differences(&info.config, &self.config);
        if is_new {
            tracing::info!(%stream, replicas = self.config.num_replicas, "created the stream of route notes");
        } else if !differences.is_empty() {
            tracing::warn!(
                %stream,
                "the stream of route notes stays as it is, although {}",
                differences.join(", ")
            );
        }
    }

    /// Has NATS send the last message read, if it is still there, and what follows, and returns how many messages that is at
    /// the moment.
    async fn consume(&mut self, deliver_subject: String) -> Result<u64, Interruption> {
        let config = push::Config {
            deliver_subject,
            deliver_policy: DeliverPolicy::ByStartSequence {
                start_sequence: self.progress.history.last().max(1),
            },
            description: Some("a copy of the route notes".to_owned()),
            ack_policy: AckPolicy::None,
            max_deliver: 1,
            flow_control: true,
            idle_heartbeat: HEARTBEAT,
            inactive_threshold: INACTIVE,
            memory_storage: true,
            num_replicas: 1,
            ..push::Config::default()
        };
        let consumer = self
            .jetstream
            .create_consumer_on_stream(config, &self.config.name)
            .await?;
        let info = consumer.cached_info();
        // The one time of its own that every version of NATS tells.
        let now = since_epoch(info.created.unix_timestamp_nanos());
        self.shared.set_time(now);
        self.progress.clock_error.report(self.wall.now(), now);
        Ok(info.num_pending)
    }

    fn catch_up(&mut self) {
        self.shared.set_caught_up(true);
        self.report(SyncState::Ready);
        let notes = self.shared.lock().logs.usage().notes;
        let stream = &self.config.name;
        if self.progress.complaint.take().is_some() {
            tracing::info!(%stream, notes, "route notes are back");
        } else {
            tracing::info!(%stream, notes, "route notes are ready");
        }
    }

    async fn take(&mut self, message: Message, reading: &mut Reading) -> Result<(), Interruption> {
        match message.status {
            None => self.copy_message(message, reading),
            Some(StatusCode::IDLE_HEARTBEAT) => self.answer(message, reading).await,
            // The consumer has been deleted, or its server shuts down.
            Some(status) => Err(Interruption::Ended(status.to_string())),
        }
    }

    fn copy_message(
        &mut self,
        message: Message,
        reading: &mut Reading,
    ) -> Result<(), Interruption> {
        let message = jetstream::Message {
            message,
            context: self.jetstream.clone(),
        };
        let Ok(info) = message.info() else {
            // Anybody who knows the subject can send something there.
            self.wonder(&message.subject, "it does not come from the stream");
            return Ok(());
        };
        let (sequence, found) = (info.stream_sequence, info.consumer_sequence);
        let published = info.published.unix_timestamp_nanos();
        if found != reading.next {
            let expected = reading.next;
            return Err(Interruption::Skipped { expected, found });
        }
        reading.next += 1;
        reading.is_idle = info.pending == 0;
        let identity = Identity::new(&message.subject, message.headers.as_ref(), published);
        let history = &mut self.progress.history;
        if sequence <= history.last() {
            return if history.identity(sequence) == Some(identity) {
                Ok(())
            } else {
                Err(Interruption::Replaced { sequence })
            };
        }
        history.push(sequence, identity);
        let arrival = self
            .wire
            .read(&message.subject, message.headers.as_ref(), &message.payload);
        match arrival {
            Ok(arrival) => {
                // A note that comes as it is written is new. Clocks and delays count only for what was written before.
                let is_live = *self.state.borrow() == SyncState::Ready;
                let stored = (!is_live).then(|| since_epoch(published));
                self.shared
                    .land(sequence, arrival, stored, since_epoch(published));
            }
            Err(what) => {
                self.shared.pass_over(sequence);
                self.wonder(&message.subject, what);
            }
        }
        Ok(())
    }

    /// Says that a message is no note. Not every time: somebody may send very many of them.
    fn wonder(&mut self, subject: &str, what: &str) {
        self.progress.strange += 1;
        let strange = self.progress.strange;
        if strange.is_power_of_two() {
            let stream = &self.config.name;
            tracing::warn!(%stream, ?subject, strange, "skipped a message that is no route note: {what}");
        }
    }

    async fn answer(&self, message: Message, reading: &mut Reading) -> Result<(), Interruption> {
        let headers = message.headers.unwrap_or_default();
        reading.hear(&headers)?;
        // Flow control: NATS sends on once it knows that everything up to here has been read.
        let stalled = headers.get(STALLED).map(ToString::to_string);
        let replies = [message.reply.map(|reply| reply.to_string()), stalled];
        for reply in replies.into_iter().flatten() {
            self.client.publish(reply, Bytes::new()).await?;
        }
        Ok(())
    }
}

fn since_epoch(nanoseconds: i128) -> Duration {
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0))
}

async fn next(messages: &mut Subscriber) -> Result<Message, Interruption> {
    let message = messages.next().await;
    message.ok_or(Interruption::Disconnected)
}

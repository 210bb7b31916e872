use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, push};
use async_nats::jetstream::stream::{ConsumerError, Info};
use async_nats::jetstream::{self, Context};
use async_nats::{Client, Message, StatusCode, SubscribeError, Subscriber};
use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::{self, Instant};
use tokio_stream::StreamExt;

use super::Standing;
use super::link::Link;
use super::reading::{Reading, STALLED};
use super::shared::Shared;
use super::stream::{self, NoStream};
use super::wire::Wire;

/// Keeps the local copy of the stream up to date, through one consumer at a time.
///
/// Whatever goes wrong ends the consumer, and the next one begins behind the last message that was read. So there is one
/// way to go on after a lost connection, a killed server, a new leader, a lost message or a deleted stream.
pub(super) struct Copyist {
    pub(super) client: Client,
    pub(super) jetstream: Context,
    pub(super) wire: Wire,
    pub(super) config: jetstream::stream::Config,
    pub(super) shared: Arc<Shared>,
    pub(super) standing: watch::Sender<Standing>,
    pub(super) link: watch::Receiver<Link>,
    pub(super) progress: Progress,
}

/// What the copyist remembers from one consumer to the next.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// When the stream was made, in nanoseconds: another time is another stream.
    created: Option<i128>,
    /// Since when the stream has ended before what was read of it, and where.
    behind: Option<(Instant, u64)>,
    /// What the log has last said about going wrong.
    complaint: Option<String>,
    /// Messages that are no notes.
    strange: u64,
}

/// Why a consumer has come to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Interruption {
    #[error("the connection to NATS is lost")]
    Disconnected,
    #[error("there is no stream")]
    NoStream(#[from] NoStream),
    #[error("the stream ends at {last}, and {seen} messages have been read")]
    Behind { last: u64, seen: u64 },
    #[error("the stream cannot be subscribed to")]
    Subscribe(#[from] SubscribeError),
    #[error("the stream cannot be read")]
    Consumer(#[from] ConsumerError),
    #[error("the stream cannot be answered")]
    Publish(#[from] async_nats::PublishError),
    #[error("message {found} of the consumer came instead of {expected}")]
    Skipped { expected: u64, found: u64 },
    #[error("nothing has been heard from the stream")]
    Silent,
    #[error("NATS has ended the consumer: {0}")]
    Ended(String),
}

/// How often NATS says that there is nothing new.
const HEARTBEAT: Duration = Duration::from_millis(500);

/// After what silence the consumer is taken for dead.
const SILENCE: Duration = Duration::from_secs(2);

/// After how long without a consumer NATS forgets that there was one.
const INACTIVE: Duration = Duration::from_secs(30);

/// How long a new leader may take to read what it has stored.
const LEADER_PATIENCE: Duration = Duration::from_secs(10);

/// Between two consumers.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl Copyist {
    /// Copies until it is dropped.
    pub(super) async fn run(mut self) {
        let mut pause = SHORTEST_PAUSE;
        loop {
            // An error means that the notebook is gone, and this with it.
            let _ = self.link.wait_for(|link| link.is_up).await;
            let interruption = match self.copy().await {
                Err(interruption) => interruption,
                Ok(never) => match never {},
            };
            if *self.standing.borrow() == Standing::Ready {
                pause = SHORTEST_PAUSE;
            }
            self.complain(&interruption);
            self.stand(Standing::Away);
            time::sleep(pause).await;
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
    }

    /// Says once what is wrong, however often it is.
    fn complain(&mut self, interruption: &Interruption) {
        let mut complaint = interruption.to_string();
        let mut source = interruption.source();
        while let Some(cause) = source {
            complaint = format!("{complaint}: {cause}");
            source = cause.source();
        }
        let stream = &self.config.name;
        if self.progress.complaint.as_ref() == Some(&complaint) {
            tracing::debug!(%stream, "route notes are away: {complaint}");
        } else {
            tracing::warn!(%stream, "route notes are away: {complaint}");
        }
        self.progress.complaint = Some(complaint);
    }

    fn stand(&self, standing: Standing) {
        self.standing
            .send_if_modified(|old| std::mem::replace(old, standing) != standing);
    }

    /// Reads the stream from where it was left, until that is interrupted.
    async fn copy(&mut self) -> Result<std::convert::Infallible, Interruption> {
        let mut link = self.link.clone();
        if !link.borrow_and_update().is_up {
            return Err(Interruption::Disconnected);
        }
        let (info, is_new) = stream::find_or_create(&self.jetstream, &self.config).await?;
        self.recognise(&info, is_new)?;
        self.stand(Standing::CatchingUp);

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
                && *self.standing.borrow() != Standing::Ready
            {
                self.catch_up();
            }
            tokio::select! {
                biased;
                _ = link.changed() => return Err(Interruption::Disconnected),
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

    /// Makes sure that this is the stream that has been read so far, and says what is unexpected about it.
    fn recognise(&mut self, info: &Info, is_new: bool) -> Result<(), Interruption> {
        let stream = &self.config.name;
        let created = info.created.unix_timestamp_nanos();
        let (first, last) = (info.state.first_sequence, info.state.last_sequence);
        let seen = self.shared.seen();
        match self.progress.created {
            Some(known) if known == created => {
                if last < seen {
                    let (since, end) =
                        *(self.progress.behind).get_or_insert((Instant::now(), last));
                    if since.elapsed() < LEADER_PATIENCE {
                        // What is written now would lie where something else has been read.
                        self.shared.set_caught_up(false);
                        return Err(Interruption::Behind { last, seen });
                    }
                    tracing::error!(
                        %stream, last, seen,
                        "the stream of route notes has lost its end; servers that start from now on do not \
                         have the notes that were there"
                    );
                    self.shared.resume_behind(end);
                }
            }
            Some(_) => {
                tracing::error!(
                    %stream,
                    "the stream of route notes was deleted and has been made anew; notes that had been read are \
                     kept here until they are too old, others are lost"
                );
                self.shared.resume_behind(0);
            }
            None => self.shared.begin_behind(first.saturating_sub(1)),
        }
        self.progress.behind = None;
        if self.progress.created.replace(created) != Some(created) {
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
        Ok(())
    }

    /// Has NATS send what follows the last message read, and returns how many messages that is at the moment.
    async fn consume(&self, deliver_subject: String) -> Result<u64, Interruption> {
        let config = push::Config {
            deliver_subject,
            deliver_policy: DeliverPolicy::ByStartSequence {
                start_sequence: self.shared.seen() + 1,
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
        Ok(consumer.cached_info().num_pending)
    }

    fn catch_up(&mut self) {
        self.shared.set_caught_up(true);
        self.stand(Standing::Ready);
        let notes = self.shared.lock().ledger.usage().notes;
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
        let nanoseconds = info.published.unix_timestamp_nanos();
        if found != reading.next {
            let expected = reading.next;
            return Err(Interruption::Skipped { expected, found });
        }
        reading.next += 1;
        reading.is_idle = info.pending == 0;
        if sequence <= self.shared.seen() {
            return Ok(());
        }
        let arrival = self
            .wire
            .read(&message.subject, message.headers.as_ref(), &message.payload);
        match arrival {
            Ok(arrival) => {
                let stored = Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0));
                self.shared.land(sequence, arrival, stored);
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
        // Flow control: NATS sends on once it is told that everything up to here has been read.
        let stalled = headers.get(STALLED).map(ToString::to_string);
        let replies = [message.reply.map(|reply| reply.to_string()), stalled];
        for reply in replies.into_iter().flatten() {
            self.client.publish(reply, Bytes::new()).await?;
        }
        Ok(())
    }
}

async fn next(messages: &mut Subscriber) -> Result<Message, Interruption> {
    let message = messages.next().await;
    message.ok_or(Interruption::Disconnected)
}

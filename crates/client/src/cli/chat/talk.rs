//! The calls of a chat: one after the other, so that who reads sees a single conversation.

use std::time::Duration;

use tokio::time::Instant;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use self::state::{AHEAD, Connectivity, End, Protocol, Talk, beginning};
use super::super::failure::Failure;
use super::place::Place;
use crate::call::explain::explain;
use crate::call::status;
use crate::channel::backoff::Backoff;

mod call;
pub(super) mod state;

/// A call that lasted this long was a success, whatever ended it.
const LASTED: Duration = Duration::from_secs(10);

/// How long to wait before a call that missed notes right away is made again.
const BREATH: Duration = Duration::from_secs(1);

impl Talk<'_> {
    /// Talks until the writer leaves or the server has had enough.
    pub(super) async fn run(mut self) -> Result<(), Failure> {
        let end = self.talk().await;
        // Where time is over or nothing was ever heard, the status says enough.
        let was_cut =
            matches!(&end, Err(Failure::Status(status)) if status.code() != Code::DeadlineExceeded);
        if was_cut && self.connectivity != Connectivity::New {
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
            let doubt = if self.protocol == Protocol::Published && self.has_sent {
                " (whether your last note arrived is not known)"
            } else {
                ""
            };
            // A proxy answers each attempt while its server is away.
            if self.connectivity == Connectivity::Up {
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
            return self.protocol == Protocol::Logs;
        }
        is_lost(status) && self.connectivity != Connectivity::New && !self.is_over
    }

    /// Ends the chat with a lost call. Who had left anyway has lost nothing, if all own notes are known to have arrived.
    fn leave(&self, status: Status) -> Result<(), Failure> {
        let mut on_the_way = self.places.iter().flat_map(Place::on_the_way);
        let is_settled = self.waiting.is_empty() && on_the_way.next().is_none();
        if is_lost(&status) && self.is_over && is_settled && self.protocol == Protocol::Logs {
            Ok(())
        } else {
            Err(status.into())
        }
    }

    /// Tries until there is a connection. Returns how the chat ends if its writer does not wait for that.
    async fn reconnect(
        &mut self,
        backoff: &mut Backoff,
        lost: Status,
    ) -> Option<Result<(), Failure>> {
        self.connectivity = Connectivity::Lost;
        loop {
            if self.is_over {
                return Some(self.leave(lost));
            }
            let delay = backoff.delay(fastrand::f64());
            let (channel, deadline) = (self.channel, self.deadline.clone());
            let attempt = async {
                tokio::time::sleep(delay).await;
                channel.ready().await
            };
            tokio::pin!(attempt);
            let time_is_over = async {
                match &deadline {
                    Some(deadline) => tokio::time::sleep_until(deadline.at()).await,
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
                        return deadline.as_ref().map(|deadline| Err(deadline.status().into()));
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

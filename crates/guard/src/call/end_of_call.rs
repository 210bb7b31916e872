//! When a call must end, whatever it is doing.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{sleep, sleep_until};
use tonic::Status;

use crate::call::observer::{EndMark, EndedBy};
use crate::call::status::{draining, expired};
use crate::{Deadline, Drain};

/// How long after its deadline a call may still be about to send its status.
const GRACE: Duration = Duration::from_millis(25);

/// How long after the beginning of a drain an open-ended stream may still send what it has ready.
const DRAIN_GRACE: Duration = Duration::from_millis(500);

/// The moment a call must end, and the status it ends with.
pub(crate) struct EndOfCall {
    deadline: Option<Deadline>,
    drain: Drain,
    /// The timer and the place among those who wait for the drain. Most calls never wait, and have neither.
    waiting: Option<Pin<Box<dyn Future<Output = EndedBy> + Send>>>,
    /// Where to say who ended the call, if it is observed.
    mark: Option<EndMark>,
}

impl EndOfCall {
    pub(crate) fn new(deadline: Option<Deadline>, drain: Drain, mark: Option<EndMark>) -> Self {
        Self {
            deadline,
            drain,
            waiting: None,
            mark,
        }
    }

    pub(crate) fn deadline(&self) -> Option<Deadline> {
        self.deadline
    }

    pub(crate) fn drain(&self) -> &Drain {
        &self.drain
    }

    /// Returns the status of a call that must end now, without waiting.
    pub(crate) fn reached(&self) -> Option<Status> {
        if self.drain.is_cut() {
            self.drain.count_cut_call();
            return Some(self.drained());
        }
        self.has_expired().then(|| self.expired())
    }

    /// Says that the stop of the server ends the call, and returns the status for it.
    pub(crate) fn drained(&self) -> Status {
        self.mark(EndedBy::Drain);
        draining()
    }

    fn expired(&self) -> Status {
        self.mark(EndedBy::Deadline);
        expired()
    }

    fn has_expired(&self) -> bool {
        self.deadline
            .is_some_and(|deadline| deadline.time_left().is_zero())
    }

    fn mark(&self, by: EndedBy) {
        if let Some(mark) = &self.mark {
            mark.set(by);
        }
    }

    /// Says why a call that has not come to its end is dropped.
    pub(crate) fn dropped(&self, open_ended: bool) {
        if self.mark.is_none() {
            // Nobody asks, and finding out takes the clock and a lock.
        } else if self.has_expired() {
            self.mark(EndedBy::Deadline);
        } else if self.drain.is_cut() || open_ended && self.drain.has_begun() {
            self.mark(EndedBy::Drain);
        }
    }

    /// Waits until the call must end.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        let waiting = self
            .waiting
            .get_or_insert_with(|| Box::pin(end_of_call(self.deadline, self.drain.clone())));
        waiting.as_mut().poll(cx).map(|by| match by {
            EndedBy::Drain => self.drained(),
            _ => self.expired(),
        })
    }
}

impl fmt::Debug for EndOfCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndOfCall")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

async fn end_of_call(deadline: Option<Deadline>, drain: Drain) -> EndedBy {
    tokio::select! {
        () = sleep_until_some(deadline.map(Deadline::at)) => EndedBy::Deadline,
        () = drain.cut() => {
            drain.count_cut_call();
            EndedBy::Drain
        }
    }
}

/// The moment at which a call that cannot end itself, because its peer does not read, ends with its task.
pub(crate) async fn end_of_task(deadline: Option<Deadline>, drain: Option<Drain>) {
    let passed = sleep_until_some(deadline.and_then(|deadline| deadline.at().checked_add(GRACE)));
    let drained = async {
        match drain {
            Some(drain) => {
                drain.begun().await;
                sleep(DRAIN_GRACE).await;
            }
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = passed => {}
        () = drained => {}
    }
}

async fn sleep_until_some(moment: Option<std::time::Instant>) {
    match moment {
        Some(moment) => sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

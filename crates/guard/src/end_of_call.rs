//! When a call must end, whatever it is doing.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{sleep, sleep_until};
use tonic::Status;

use crate::status::{draining, expired};
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
    waiting: Option<Pin<Box<dyn Future<Output = Status> + Send>>>,
}

impl EndOfCall {
    pub(crate) fn new(deadline: Option<Deadline>, drain: Drain) -> Self {
        Self {
            deadline,
            drain,
            waiting: None,
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
            return Some(draining());
        }
        let deadline = self.deadline?;
        deadline.time_left().is_zero().then(expired)
    }

    /// Waits until the call must end.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        let waiting = self
            .waiting
            .get_or_insert_with(|| Box::pin(end_of_call(self.deadline, self.drain.clone())));
        waiting.as_mut().poll(cx)
    }
}

impl fmt::Debug for EndOfCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndOfCall")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

async fn end_of_call(deadline: Option<Deadline>, drain: Drain) -> Status {
    tokio::select! {
        () = sleep_until_some(deadline.map(Deadline::at)) => expired(),
        () = drain.cut() => {
            drain.count_cut_call();
            draining()
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

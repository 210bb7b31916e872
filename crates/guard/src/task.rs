//! The tasks that calls run in, and how one is ended that nobody polls any more.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::rt::Executor;
use pin_project_lite::pin_project;

/// Completes when a call's task must end, whatever it is waiting for.
pub(crate) type EndOfTask = Pin<Box<dyn Future<Output = ()> + Send>>;

thread_local! {
    /// What a call that is being polled has asked its task to end with.
    static ASKED: RefCell<Option<EndOfTask>> = const { RefCell::new(None) };
}

/// Asks the task of the call that is being polled to end, at the latest, when `end` completes.
///
/// While a peer does not read, hyper does not poll the response body, so a body cannot end itself. Ending
/// the task drops the body and resets the stream.
pub(crate) fn end_task_with(end: EndOfTask) {
    ASKED.set(Some(end));
}

/// Spawns calls in tasks that can be asked to end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallExecutor;

impl<F> Executor<F> for CallExecutor
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, call: F) {
        tokio::spawn(CallTask { call, end: None });
    }
}

pin_project! {
    struct CallTask<F> {
        #[pin]
        call: F,
        end: Option<EndOfTask>,
    }
}

impl<F: Future<Output = ()>> Future for CallTask<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if this.call.poll(cx).is_ready() {
            ASKED.take();
            return Poll::Ready(());
        }
        if let Some(end) = ASKED.take() {
            *this.end = Some(end);
        }
        match this.end {
            Some(end) => end.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}

//! The tasks that calls run in, and how one is ended that nobody polls any more.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker, ready};

use hyper::rt::Executor;
use pin_project_lite::pin_project;
use tower::Service;

/// Exists as long as a call does.
pub(crate) type OpenCall = Arc<()>;

/// The moment at which a call's task must end, whatever it is waiting for.
pub(crate) struct EndOfTask {
    at: Pin<Box<dyn Future<Output = ()> + Send>>,
    call: Weak<()>,
}

thread_local! {
    /// What a call that is being polled has asked its task to end with.
    static ASKED: RefCell<Option<EndOfTask>> = const { RefCell::new(None) };
    /// Whether a task of its own polls or drops a call, and so will look for what the call leaves behind.
    static IN_TASK: Cell<bool> = const { Cell::new(false) };
    /// What is to be done once the call is over.
    static AFTER_CALL: RefCell<Option<AfterCall>> = const { RefCell::new(None) };
    /// Whether the call that has just begun is worth no task of its own.
    static IS_BRIEF: Cell<bool> = const { Cell::new(false) };
    /// Brief calls that have begun in this turn of their connection.
    static BRIEF: RefCell<Vec<BriefCall>> = const { RefCell::new(Vec::new()) };
}

/// What the task of a call does once the call is over.
type AfterCall = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Asks the task of the call that is being polled to end, at the latest, when `at` completes.
///
/// While a peer does not read, hyper holds one frame and does not poll the response body again, so a body cannot end itself. Ending
/// the task drops the body, and resets the stream of HTTP/2 or closes the connection of HTTP/1.1. If the
/// `call` is over by then, nothing happens.
pub(crate) fn end_task_with(at: impl Future<Output = ()> + Send + 'static, call: &OpenCall) {
    ASKED.set(Some(EndOfTask {
        at: Box::pin(at),
        call: Arc::downgrade(call),
    }));
}

/// Has the task of the call that is being polled read the rest of its request, once the answer is out.
///
/// Nothing happens if the call runs elsewhere, or its task is ended: then the rest is dropped.
pub(crate) fn read_after_call<F>(read: impl FnOnce() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    if IN_TASK.get() {
        AFTER_CALL.set(Some(Box::pin(read())));
    }
}

/// A call that most likely ends as soon as it is polled.
type BriefCall = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Says of the call that begins that its answer takes less time than a task.
///
/// The task of its connection polls it once, and it has a task of its own only if it must wait after all.
pub(crate) fn is_brief() {
    IS_BRIEF.set(true);
}

/// Polls the brief calls that have begun on this thread, and tells whether there were any.
pub(crate) fn answer_at_once() -> bool {
    let calls = BRIEF.take();
    let any = !calls.is_empty();
    for mut call in calls {
        // Whatever it waits for, its task polls it again and waits too.
        let mut cx = Context::from_waker(Waker::noop());
        if call.as_mut().poll(&mut cx).is_pending() {
            tokio::spawn(call);
        }
    }
    any
}

/// The service that a connection has for itself.
///
/// hyper calls through a shared reference, from one connection at a time. A copy for each call would cost several
/// counters that all threads share.
#[derive(Debug)]
pub(crate) struct OwnService<S>(RefCell<S>);

impl<S> OwnService<S> {
    /// Takes a service that is always ready.
    pub(crate) fn new(service: S) -> Self {
        Self(RefCell::new(service))
    }
}

impl<S: Service<R>, R> hyper::service::Service<R> for OwnService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn call(&self, request: R) -> S::Future {
        IS_BRIEF.set(false);
        // hyper hands the call to its executor next, which takes what it left behind.
        IN_TASK.set(true);
        let call = self.0.borrow_mut().call(request);
        IN_TASK.set(false);
        call
    }
}

/// Polls or drops a call, and returns what it left behind.
fn in_task<T>(work: impl FnOnce() -> T) -> (T, Option<AfterCall>) {
    IN_TASK.set(true);
    let done = work();
    IN_TASK.set(false);
    (done, AFTER_CALL.take())
}

/// Spawns calls in tasks that can be asked to end, but for brief ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallExecutor;

impl<F> Executor<F> for CallExecutor
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, call: F) {
        let call = CallTask {
            call: Some(Abortable::new(call)),
            after: AFTER_CALL.take(),
        };
        if IS_BRIEF.replace(false) {
            BRIEF.with_borrow_mut(|calls| calls.push(Box::pin(call)));
        } else {
            tokio::spawn(call);
        }
    }
}

pin_project! {
    /// A call over HTTP/2, and what is left to do when it is over.
    struct CallTask<F> {
        #[pin]
        call: Option<Abortable<F>>,
        after: Option<AfterCall>,
    }
}

impl<F: Future<Output = ()>> Future for CallTask<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if let Some(call) = this.call.as_mut().as_pin_mut() {
            let (polled, left) = in_task(|| call.poll(cx));
            if left.is_some() {
                *this.after = left;
            }
            match ready!(polled) {
                Some(()) => {
                    let ((), left) = in_task(|| this.call.set(None));
                    if left.is_some() {
                        *this.after = left;
                    }
                }
                // Ended from outside: the stream must be reset now.
                None => return Poll::Ready(()),
            }
        }
        match this.after {
            Some(after) => after.as_mut().poll(cx),
            None => Poll::Ready(()),
        }
    }
}

pin_project! {
    /// A future that a call within it can ask to end: a call's own over HTTP/2, its connection's over HTTP/1.1.
    ///
    /// Its output is that of the future, or `None` if it was ended.
    pub(crate) struct Abortable<F> {
        #[pin]
        inner: F,
        end: Option<EndOfTask>,
    }
}

impl<F> Abortable<F> {
    pub(crate) fn new(inner: F) -> Self {
        Self { inner, end: None }
    }

    pub(crate) fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut F> {
        self.project().inner
    }
}

impl<F: Future> Future for Abortable<F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let polled = this.inner.poll(cx);
        let asked = ASKED.take();
        if let Poll::Ready(output) = polled {
            return Poll::Ready(Some(output));
        }
        if asked.is_some() {
            *this.end = asked;
        }
        let Some(end) = this.end else {
            return Poll::Pending;
        };
        ready!(end.at.as_mut().poll(cx));
        if end.call.strong_count() > 0 {
            return Poll::Ready(None);
        }
        *this.end = None;
        Poll::Pending
    }
}

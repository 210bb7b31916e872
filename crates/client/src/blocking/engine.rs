//! The thread behind a blocking stub.

use std::future::Future;
use std::sync::Arc;
use std::{io, thread};

use tokio::runtime::{Builder, Handle};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

/// How many messages may wait to be sent.
const AHEAD: usize = 64;

/// A runtime on a thread of its own. It runs until the last clone is dropped.
#[derive(Clone, Debug)]
pub(super) struct Engine {
    handle: Handle,
    _alive: Arc<oneshot::Sender<()>>,
}

impl Engine {
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (alive, dropped) = oneshot::channel::<()>();
        // It needs no one to wait for it: it ends with the engine, and has nothing left to finish.
        thread::Builder::new()
            .name("route-guide-client".to_owned())
            .spawn(move || {
                // The error is the signal: the other end is gone.
                let _ = runtime.block_on(dropped);
                runtime.shutdown_background();
            })?;
        Ok(Self {
            handle,
            _alive: Arc::new(alive),
        })
    }

    /// Waits for a future on the calling thread.
    pub(super) fn wait<F: Future>(&self, future: F) -> F::Output {
        self.handle.block_on(future)
    }

    /// Makes a call whose messages come from an iterator of the calling thread, and waits for its response.
    pub(super) fn upload<T, R, F>(
        &self,
        messages: impl IntoIterator<Item = T>,
        call: impl FnOnce(ReceiverStream<T>) -> F,
    ) -> Result<R, Status>
    where
        F: Future<Output = Result<R, Status>> + Send + 'static,
        R: Send + 'static,
    {
        let (sender, receiver) = mpsc::channel(AHEAD);
        let mut call = Aborted(self.handle.spawn(call(ReceiverStream::new(receiver))));
        for message in messages {
            // The call has ended before its messages have; it knows why.
            if self.wait(sender.send(message)).is_err() {
                break;
            }
        }
        drop(sender);
        self.wait(&mut call.0)
            .unwrap_or_else(|err| Err(Status::cancelled(format!("the call was given up: {err}"))))
    }

    /// Turns an iterator into messages of a call, on a thread of its own.
    pub(super) fn feed<T: Send + 'static>(
        messages: impl Iterator<Item = T> + Send + 'static,
    ) -> io::Result<ReceiverStream<T>> {
        let (sender, receiver) = mpsc::channel(AHEAD);
        // It ends with its iterator, or when a message finds the call gone.
        thread::Builder::new()
            .name("route-guide-messages".to_owned())
            .spawn(move || {
                for message in messages {
                    if sender.blocking_send(message).is_err() {
                        return;
                    }
                }
            })?;
        Ok(ReceiverStream::new(receiver))
    }
}

/// Ends a call when the caller's iterator panics. The messages sent so far must not look like all of them.
struct Aborted<T>(JoinHandle<T>);

impl<T> Drop for Aborted<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

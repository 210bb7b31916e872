//! What the blocking stubs of all services have in common.

use std::future::Future;

use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::engine::Engine;
use super::error::ConnectionError;
use super::replies::Replies;
use crate::call::options::CallOptions;
use crate::channel::Channel;
use crate::channel::target::Target;
use crate::stubs::replies::Replies as AsyncReplies;
use crate::stubs::stub::Stub as AsyncStub;

/// A [stub](crate::Stub) for programs without async code.
#[derive(Debug)]
pub struct Stub<C> {
    engine: Engine,
    stub: AsyncStub<C>,
}

impl<C> Clone for Stub<C> {
    fn clone(&self) -> Self {
        Self {
            engine: self.engine.clone(),
            stub: self.stub.clone(),
        }
    }
}

impl<C> Stub<C> {
    /// Makes a stub with default settings and options. It connects at the first call.
    ///
    /// # Errors
    ///
    /// [`ConnectionError`] if the text names no target, or the system gives no thread.
    pub fn connect(target: &str) -> Result<Self, ConnectionError> {
        let target: Target = target.parse()?;
        let engine = Engine::start()?;
        let stub = AsyncStub::new(Channel::new(target));
        Ok(Self { engine, stub })
    }

    /// Returns a stub on the same channel whose calls have these options.
    #[must_use]
    pub fn with(&self, options: CallOptions) -> Self {
        Self {
            engine: self.engine.clone(),
            stub: self.stub.with(options),
        }
    }

    /// Waits for the one reply of a call.
    pub(super) fn one_reply<R, F>(&self, call: impl FnOnce(AsyncStub<C>) -> F) -> Result<R, Status>
    where
        F: Future<Output = Result<R, Status>>,
    {
        self.engine.wait(call(self.stub.clone()))
    }

    /// Waits for the beginning of a stream of replies.
    pub(super) fn replies<R, F>(
        &self,
        call: impl FnOnce(AsyncStub<C>) -> F,
    ) -> Result<Replies<R>, Status>
    where
        F: Future<Output = Result<AsyncReplies<R>, Status>>,
    {
        let replies = self.engine.wait(call(self.stub.clone()))?;
        Ok(Replies::new(self.engine.clone(), replies))
    }

    /// Makes a call whose messages come from an iterator of the calling thread, and waits for its one reply.
    pub(super) fn upload<M, R, F>(
        &self,
        messages: impl IntoIterator<Item = M>,
        call: impl FnOnce(AsyncStub<C>, ReceiverStream<M>) -> F,
    ) -> Result<R, Status>
    where
        F: Future<Output = Result<R, Status>> + Send + 'static,
        R: Send + 'static,
    {
        let stub = self.stub.clone();
        self.engine
            .upload(messages, |messages| call(stub, messages))
    }

    /// Makes a call whose messages come from an iterator on a thread of its own, and waits for the first reply .
    pub(super) fn exchange<M, R, F>(
        &self,
        messages: impl Iterator<Item = M> + Send + 'static,
        call: impl FnOnce(AsyncStub<C>, ReceiverStream<M>) -> F,
    ) -> Result<Replies<R>, Status>
    where
        M: Send + 'static,
        F: Future<Output = Result<AsyncReplies<R>, Status>>,
    {
        let messages = Engine::feed(messages).map_err(|err| {
            Status::resource_exhausted(format!("cannot start a thread for the messages: {err}"))
        })?;
        self.replies(|stub| call(stub, messages))
    }
}

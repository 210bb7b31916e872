//! The HelloService stub, blocking.

use route_guide_proto::hello::HelloResponse;
use tonic::Status;

use super::ConnectionError;
use super::engine::Engine;
use super::replies::Replies;
use super::route_guide::no_thread;
use crate::call::options::CallOptions;
use crate::channel::Channel;
use crate::channel::target::Target;
use crate::stubs::hello;

/// The introduction's HelloService, one method of each kind, for programs without async code.
#[derive(Clone, Debug)]
pub struct Hello {
    engine: Engine,
    stub: hello::Hello,
}

impl Hello {
    /// Makes a stub with default settings and options. It connects at the first call.
    ///
    /// # Errors
    ///
    /// [`ConnectionError`] if the text names no target, or the system gives no thread.
    pub fn connect(target: &str) -> Result<Self, ConnectionError> {
        let target: Target = target.parse()?;
        let engine = Engine::start()?;
        let stub = hello::Hello::new(Channel::new(target));
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

    /// Unary: one greeting, one reply.
    ///
    /// # Errors
    ///
    /// The status of the call, if it is not OK.
    pub fn say_hello(&self, greeting: &str) -> Result<HelloResponse, Status> {
        self.engine.wait(self.stub.say_hello(greeting))
    }

    /// Server streaming: one greeting, a stream of replies.
    ///
    /// # Errors
    ///
    /// The status of the call, if it ends before the server begins its answer. Later ones come out of the iterator.
    pub fn lots_of_replies(&self, greeting: &str) -> Result<Replies<HelloResponse>, Status> {
        let replies = self.engine.wait(self.stub.lots_of_replies(greeting))?;
        Ok(Replies::new(self.engine.clone(), replies))
    }

    /// Client streaming: greetings from the calling thread, one reply.
    ///
    /// # Errors
    ///
    /// The status of the call, if it is not OK.
    pub fn lots_of_greetings(
        &self,
        greetings: impl IntoIterator<Item = String>,
    ) -> Result<HelloResponse, Status> {
        let stub = self.stub.clone();
        self.engine.upload(greetings, |greetings| async move {
            stub.lots_of_greetings(greetings).await
        })
    }

    /// Bidirectional streaming: greetings from a thread of their own, replies as they come.
    ///
    /// # Errors
    ///
    /// The status of the call, if it ends before the server begins its answer. Later ones come out of the iterator.
    pub fn bidi_hello<I>(&self, greetings: I) -> Result<Replies<HelloResponse>, Status>
    where
        I: IntoIterator<Item = String>,
        I::IntoIter: Send + 'static,
    {
        let greetings = Engine::feed(greetings.into_iter()).map_err(|err| no_thread(&err))?;
        let replies = self.engine.wait(self.stub.bidi_hello(greetings))?;
        Ok(Replies::new(self.engine.clone(), replies))
    }
}

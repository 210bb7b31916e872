//! The Greeter stub, blocking.

use route_guide_proto::helloworld::HelloReply;
use tonic::Status;

use super::ConnectionError;
use super::engine::Engine;
use super::replies::Replies;
use super::route_guide::no_thread;
use crate::call::options::CallOptions;
use crate::channel::Channel;
use crate::channel::target::Target;
use crate::stubs::greeter;

/// The Greeter of the quick start, for programs without async code.
#[derive(Clone, Debug)]
pub struct Greeter {
    engine: Engine,
    stub: greeter::Greeter,
}

impl Greeter {
    /// Makes a stub with default settings and options. It connects at the first call.
    ///
    /// # Errors
    ///
    /// [`ConnectionError`] if the text names no target, or the system gives no thread.
    pub fn connect(target: &str) -> Result<Self, ConnectionError> {
        let target: Target = target.parse()?;
        let engine = Engine::start()?;
        let stub = greeter::Greeter::new(Channel::new(target));
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

    /// Asks for a greeting.
    ///
    /// # Errors
    ///
    /// The status of the call, if it is not OK.
    pub fn say_hello(&self, name: &str) -> Result<HelloReply, Status> {
        self.engine.wait(self.stub.say_hello(name))
    }

    /// Asks for one more greeting.
    ///
    /// # Errors
    ///
    /// The status of the call, if it is not OK.
    pub fn say_hello_again(&self, name: &str) -> Result<HelloReply, Status> {
        self.engine.wait(self.stub.say_hello_again(name))
    }

    /// Asks for several greetings over time.
    ///
    /// # Errors
    ///
    /// The status of the call, if it ends before the server begins its answer. Later ones come out of the iterator.
    pub fn say_hello_stream_reply(&self, name: &str) -> Result<Replies<HelloReply>, Status> {
        let replies = self.engine.wait(self.stub.say_hello_stream_reply(name))?;
        Ok(Replies::new(self.engine.clone(), replies))
    }

    /// Sends names, from a thread of their own; the server answers each with a greeting.
    ///
    /// # Errors
    ///
    /// The status of the call, if it ends before the server begins its answer. Later ones come out of the iterator.
    pub fn say_hello_bidi_stream<I>(&self, names: I) -> Result<Replies<HelloReply>, Status>
    where
        I: IntoIterator<Item = String>,
        I::IntoIter: Send + 'static,
    {
        let names = Engine::feed(names.into_iter()).map_err(|err| no_thread(&err))?;
        let replies = self.engine.wait(self.stub.say_hello_bidi_stream(names))?;
        Ok(Replies::new(self.engine.clone(), replies))
    }
}

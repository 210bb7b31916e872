//! The Greeter stub, blocking.

use route_guide_proto::helloworld::HelloReply;
use route_guide_proto::helloworld::greeter_client::GreeterClient;
use tonic::Status;

use super::replies::Replies;
use super::stub::Stub;
use crate::channel::Channel;

/// The Greeter of the quick start, for programs without async code.
pub type Greeter = Stub<GreeterClient<Channel>>;

impl Greeter {
    /// Asks for a greeting.
    ///
    /// # Errors
    ///
    /// The status of the call, if it is not OK.
    pub fn say_hello(&self, name: &str) -> Result<HelloReply, Status> {
        self.one_reply(|stub| async move { stub.say_hello(name).await })
    }

    /// Asks for one more greeting.
    ///
    /// # Errors
    ///
    /// The status of the call, if it is not OK.
    pub fn say_hello_again(&self, name: &str) -> Result<HelloReply, Status> {
        self.one_reply(|stub| async move { stub.say_hello_again(name).await })
    }

    /// Asks for several greetings over time.
    ///
    /// # Errors
    ///
    /// The status of the call, if it ends before the server begins its answer. Later ones come out of the iterator.
    pub fn say_hello_stream_reply(&self, name: &str) -> Result<Replies<HelloReply>, Status> {
        self.replies(|stub| async move { stub.say_hello_stream_reply(name).await })
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
        self.exchange(names.into_iter(), |stub, names| async move {
            stub.say_hello_bidi_stream(names).await
        })
    }
}

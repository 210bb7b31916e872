//! The HelloService stub, blocking.

use route_guide_proto::hello::HelloResponse;
use route_guide_proto::hello::hello_service_client::HelloServiceClient;
use tonic::Status;

use super::replies::Replies;
use super::stub::Stub;
use crate::channel::Channel;

/// The introduction's HelloService, one method of each kind, for programs without async code.
pub type Hello = Stub<HelloServiceClient<Channel>>;

impl Hello {
    /// Unary: one greeting, one reply.
    ///
    /// # Errors
    ///
    /// The status of the call, if it is not OK.
    pub fn say_hello(&self, greeting: &str) -> Result<HelloResponse, Status> {
        self.one_reply(|stub| async move { stub.say_hello(greeting).await })
    }

    /// Server streaming: one greeting, a stream of replies.
    ///
    /// # Errors
    ///
    /// The status of the call, if it ends before the server begins its answer. Later ones come out of the iterator.
    pub fn lots_of_replies(&self, greeting: &str) -> Result<Replies<HelloResponse>, Status> {
        self.replies(|stub| async move { stub.lots_of_replies(greeting).await })
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
        self.upload(greetings, |stub, greetings| async move {
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
        self.exchange(greetings.into_iter(), |stub, greetings| async move {
            stub.bidi_hello(greetings).await
        })
    }
}

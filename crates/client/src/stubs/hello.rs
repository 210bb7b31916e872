//! The HelloService stub.

use route_guide_proto::hello::hello_service_client::HelloServiceClient;
use route_guide_proto::hello::{HelloRequest, HelloResponse};
use tokio_stream::{Stream, StreamExt};
use tonic::Status;

use super::replies::Replies;
use super::stub::Stub;
use crate::channel::Channel;

/// The introduction's HelloService, one method of each kind. Cheap to clone; clones share the channel.
pub type Hello = Stub<HelloServiceClient<Channel>>;

impl Hello {
    /// Unary: one greeting, one reply.
    ///
    /// # Errors
    ///
    /// The status of the call, if it is not OK.
    pub async fn say_hello(&self, greeting: &str) -> Result<HelloResponse, Status> {
        self.one_reply(of(greeting.to_owned()), |mut client, request| async move {
            client.say_hello(request).await
        })
        .await
    }

    /// Server streaming: one greeting, a stream of replies.
    ///
    /// # Errors
    ///
    /// The status of the call, if it ends before the server begins its answer. Later ones come out of the stream.
    pub async fn lots_of_replies(&self, greeting: &str) -> Result<Replies<HelloResponse>, Status> {
        self.replies(of(greeting.to_owned()), |mut client, request| async move {
            client.lots_of_replies(request).await
        })
        .await
    }

    /// Client streaming: a stream of greetings, one reply.
    ///
    /// # Errors
    ///
    /// The status of the call, if it is not OK.
    pub async fn lots_of_greetings<S>(&self, greetings: S) -> Result<HelloResponse, Status>
    where
        S: Stream<Item = String> + Send + 'static,
    {
        self.one_reply(greetings.map(of), |mut client, request| async move {
            client.lots_of_greetings(request).await
        })
        .await
    }

    /// Bidirectional streaming: greetings as they come, replies as they come.
    ///
    /// # Errors
    ///
    /// The status of the call, if it ends before the server begins its answer. Later ones come out of the stream.
    pub async fn bidi_hello<S>(&self, greetings: S) -> Result<Replies<HelloResponse>, Status>
    where
        S: Stream<Item = String> + Send + 'static,
    {
        self.replies(greetings.map(of), |mut client, request| async move {
            client.bidi_hello(request).await
        })
        .await
    }
}

fn of(greeting: String) -> HelloRequest {
    HelloRequest { greeting }
}

//! The Greeter stub.

use route_guide_proto::helloworld::greeter_client::GreeterClient;
use route_guide_proto::helloworld::{HelloReply, HelloRequest};
use tokio_stream::{Stream, StreamExt};
use tonic::Status;

use super::replies::Replies;
use super::stub::Stub;
use crate::channel::Channel;

/// The Greeter of the quick start. Cheap to clone; clones share the channel.
///
/// # Examples
///
/// ```no_run
/// use route_guide_client::Greeter;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let greeter = Greeter::connect("localhost:50051")?;
/// assert_eq!(greeter.say_hello("you").await?.message, "Hello, you!");
/// # Ok(())
/// # }
/// ```
pub type Greeter = Stub<GreeterClient<Channel>>;

impl Greeter {
    /// Asks for a greeting.
    ///
    /// # Errors
    ///
    /// The status of the call, if it is not OK.
    pub async fn say_hello(&self, name: &str) -> Result<HelloReply, Status> {
        self.one_reply(to(name), |mut client, request| async move {
            client.say_hello(request).await
        })
        .await
    }

    /// Asks for one more greeting.
    ///
    /// # Errors
    ///
    /// The status of the call, if it is not OK.
    pub async fn say_hello_again(&self, name: &str) -> Result<HelloReply, Status> {
        self.one_reply(to(name), |mut client, request| async move {
            client.say_hello_again(request).await
        })
        .await
    }

    /// Asks for several greetings over time.
    ///
    /// # Errors
    ///
    /// The status of the call, if it ends before the server begins its answer. Later ones come out of the stream.
    pub async fn say_hello_stream_reply(&self, name: &str) -> Result<Replies<HelloReply>, Status> {
        self.replies(to(name), |mut client, request| async move {
            client.say_hello_stream_reply(request).await
        })
        .await
    }

    /// Sends names as they come; the server answers each with a greeting.
    ///
    /// # Errors
    ///
    /// The status of the call, if it ends before the server begins its answer. Later ones come out of the stream.
    pub async fn say_hello_bidi_stream<S>(&self, names: S) -> Result<Replies<HelloReply>, Status>
    where
        S: Stream<Item = String> + Send + 'static,
    {
        self.replies(
            names.map(|name| HelloRequest { name }),
            |mut client, request| async move { client.say_hello_bidi_stream(request).await },
        )
        .await
    }
}

fn to(name: &str) -> HelloRequest {
    HelloRequest {
        name: name.to_owned(),
    }
}

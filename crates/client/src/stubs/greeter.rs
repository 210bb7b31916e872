//! The Greeter stub.

use route_guide_proto::helloworld::greeter_client::GreeterClient;
use route_guide_proto::helloworld::{HelloReply, HelloRequest};
use tokio_stream::{Stream, StreamExt};
use tonic::Status;
use tonic::codec::CompressionEncoding;

use crate::call::options::CallOptions;
use crate::channel::Channel;
use crate::channel::target::TargetError;
use crate::stubs::replies::{Replies, local_limit};

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
#[derive(Clone, Debug)]
pub struct Greeter {
    channel: Channel,
    options: CallOptions,
}

impl Greeter {
    /// Makes a stub on a channel, with the default options.
    #[must_use]
    pub fn new(channel: Channel) -> Self {
        Self {
            channel,
            options: CallOptions::new(),
        }
    }

    /// Makes a stub on a channel of its own, with default settings and options. It connects at the first call.
    ///
    /// # Errors
    ///
    /// [`TargetError`] if the text names no target.
    pub fn connect(target: &str) -> Result<Self, TargetError> {
        Channel::connect(target).map(Self::new)
    }

    /// Returns a stub on the same channel whose calls have these options.
    #[must_use]
    pub fn with(&self, options: CallOptions) -> Self {
        Self {
            channel: self.channel.clone(),
            options,
        }
    }

    /// Asks for a greeting.
    ///
    /// # Errors
    ///
    /// The status of the call, if it is not OK.
    pub async fn say_hello(&self, name: &str) -> Result<HelloReply, Status> {
        let request = self.options.request_for_one(to(name));
        let response = self.stub().say_hello(request).await.map_err(local_limit)?;
        Ok(response.into_inner())
    }

    /// Asks for one more greeting.
    ///
    /// # Errors
    ///
    /// The status of the call, if it is not OK.
    pub async fn say_hello_again(&self, name: &str) -> Result<HelloReply, Status> {
        let request = self.options.request_for_one(to(name));
        let response = self
            .stub()
            .say_hello_again(request)
            .await
            .map_err(local_limit)?;
        Ok(response.into_inner())
    }

    /// Asks for several greetings over time.
    ///
    /// # Errors
    ///
    /// The status of the call, if it ends before the server begins its answer. Later ones come out of the stream.
    pub async fn say_hello_stream_reply(&self, name: &str) -> Result<Replies<HelloReply>, Status> {
        let request = self.options.request(to(name));
        let response = self.stub().say_hello_stream_reply(request).await?;
        Ok(Replies::new(response))
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
        let request = self
            .options
            .request(names.map(|name| HelloRequest { name }));
        let response = self.stub().say_hello_bidi_stream(request).await?;
        Ok(Replies::new(response))
    }

    fn stub(&self) -> GreeterClient<Channel> {
        let stub = GreeterClient::new(self.channel.clone())
            .accept_compressed(CompressionEncoding::Gzip)
            .accept_compressed(CompressionEncoding::Zstd);
        match self.options.encoding() {
            Some(encoding) => stub.send_compressed(encoding),
            None => stub,
        }
    }
}

fn to(name: &str) -> HelloRequest {
    HelloRequest {
        name: name.to_owned(),
    }
}

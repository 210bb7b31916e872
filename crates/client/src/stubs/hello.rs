//! The HelloService stub.

use route_guide_proto::hello::hello_service_client::HelloServiceClient;
use route_guide_proto::hello::{HelloRequest, HelloResponse};
use tokio_stream::{Stream, StreamExt};
use tonic::Status;
use tonic::codec::CompressionEncoding;

use crate::call::options::CallOptions;
use crate::channel::Channel;
use crate::channel::target::TargetError;
use crate::stubs::replies::{Replies, local_limit};

/// The introduction's HelloService, one method of each kind. Cheap to clone; clones share the channel.
#[derive(Clone, Debug)]
pub struct Hello {
    channel: Channel,
    options: CallOptions,
}

impl Hello {
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

    /// Unary: one greeting, one reply.
    ///
    /// # Errors
    ///
    /// The status of the call, if it is not OK.
    pub async fn say_hello(&self, greeting: &str) -> Result<HelloResponse, Status> {
        let request = self.options.request_for_one(of(greeting.to_owned()));
        let response = self.stub().say_hello(request).await.map_err(local_limit)?;
        Ok(response.into_inner())
    }

    /// Server streaming: one greeting, a stream of replies.
    ///
    /// # Errors
    ///
    /// The status of the call, if it ends before the server begins its answer. Later ones come out of the stream.
    pub async fn lots_of_replies(&self, greeting: &str) -> Result<Replies<HelloResponse>, Status> {
        let request = self.options.request(of(greeting.to_owned()));
        let response = self.stub().lots_of_replies(request).await?;
        Ok(Replies::new(response))
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
        let request = self.options.request_for_one(greetings.map(of));
        let response = self
            .stub()
            .lots_of_greetings(request)
            .await
            .map_err(local_limit)?;
        Ok(response.into_inner())
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
        let request = self.options.request(greetings.map(of));
        let response = self.stub().bidi_hello(request).await?;
        Ok(Replies::new(response))
    }

    fn stub(&self) -> HelloServiceClient<Channel> {
        let stub = HelloServiceClient::new(self.channel.clone())
            .accept_compressed(CompressionEncoding::Gzip)
            .accept_compressed(CompressionEncoding::Zstd);
        match self.options.encoding() {
            Some(encoding) => stub.send_compressed(encoding),
            None => stub,
        }
    }
}

fn of(greeting: String) -> HelloRequest {
    HelloRequest { greeting }
}

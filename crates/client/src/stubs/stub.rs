//! What the stubs of all services have in common.

use std::marker::PhantomData;

use route_guide_proto::hello::hello_service_client::HelloServiceClient;
use route_guide_proto::helloworld::greeter_client::GreeterClient;
use route_guide_proto::routeguide::route_guide_client::RouteGuideClient;
use tonic::codec::CompressionEncoding;
use tonic::{Request, Response, Status, Streaming};

use super::replies::{Replies, local_limit};
use crate::call::options::CallOptions;
use crate::channel::Channel;
use crate::channel::target::TargetError;

/// A stub: a channel, and the options of its calls. Cheap to clone; clones share the channel.
///
/// Its methods are those of the service whose generated client `C` is; see [`RouteGuide`](crate::RouteGuide),
/// [`Greeter`](crate::Greeter) and [`Hello`](crate::Hello).
#[derive(Debug)]
pub struct Stub<C> {
    channel: Channel,
    options: CallOptions,
    client: PhantomData<fn() -> C>,
}

impl<C> Clone for Stub<C> {
    fn clone(&self) -> Self {
        self.with(self.options.clone())
    }
}

impl<C> Stub<C> {
    /// Makes a stub on a channel, with the default options.
    #[must_use]
    pub fn new(channel: Channel) -> Self {
        Self {
            channel,
            options: CallOptions::new(),
            client: PhantomData,
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

    /// Returns the channel.
    #[must_use]
    pub fn channel(&self) -> &Channel {
        &self.channel
    }

    /// Returns a stub on the same channel whose calls have these options.
    #[must_use]
    pub fn with(&self, options: CallOptions) -> Self {
        Self {
            channel: self.channel.clone(),
            options,
            client: PhantomData,
        }
    }
}

#[expect(
    private_bounds,
    reason = "the methods are those of services, which are in this crate"
)]
impl<C: GeneratedClient> Stub<C> {
    /// Makes a call that is answered with one message.
    pub(super) async fn one_reply<M, R, F>(
        &self,
        message: M,
        call: impl FnOnce(C, Request<M>) -> F,
    ) -> Result<R, Status>
    where
        F: Future<Output = Result<Response<R>, Status>>,
    {
        let request = self.options.request_for_one(message);
        let response = call(self.client(), request).await.map_err(local_limit)?;
        Ok(response.into_inner())
    }

    /// Makes a call that is answered with a stream of messages.
    pub(super) async fn replies<M, R, F>(
        &self,
        message: M,
        call: impl FnOnce(C, Request<M>) -> F,
    ) -> Result<Replies<R>, Status>
    where
        F: Future<Output = Result<Response<Streaming<R>>, Status>>,
    {
        let request = self.options.request(message);
        call(self.client(), request).await.map(Replies::new)
    }

    fn client(&self) -> C {
        let client = C::on(self.channel.clone())
            .accept(CompressionEncoding::Gzip)
            .accept(CompressionEncoding::Zstd);
        match self.options.encoding() {
            Some(encoding) => client.send(encoding),
            None => client,
        }
    }
}

/// What the clients that tonic generates have in common, but share no trait for.
pub(crate) trait GeneratedClient: Sized {
    fn on(channel: Channel) -> Self;
    fn accept(self, encoding: CompressionEncoding) -> Self;
    fn send(self, encoding: CompressionEncoding) -> Self;
}

macro_rules! generated_clients {
    ($($client:ident)*) => {$(
        impl GeneratedClient for $client<Channel> {
            fn on(channel: Channel) -> Self {
                Self::new(channel)
            }

            fn accept(self, encoding: CompressionEncoding) -> Self {
                self.accept_compressed(encoding)
            }

            fn send(self, encoding: CompressionEncoding) -> Self {
                self.send_compressed(encoding)
            }
        }
    )*};
}

generated_clients!(RouteGuideClient GreeterClient HelloServiceClient);

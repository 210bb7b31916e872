//! The Greeter servicer of the quick start.

use std::pin::Pin;

use async_stream::{stream, try_stream};
use route_guide_proto::helloworld::greeter_server::Greeter;
use route_guide_proto::helloworld::{HelloReply, HelloRequest};
use tokio::time::sleep;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};

use crate::settings::ReplySettings;

pub(crate) mod hello;

type Replies = Pin<Box<dyn Stream<Item = Result<HelloReply, Status>> + Send>>;

/// Answers the quick start's greetings.
#[derive(Clone, Copy, Debug)]
pub struct GreeterServicer {
    replies: ReplySettings,
}

impl GreeterServicer {
    /// Makes the servicer.
    #[must_use]
    pub fn new(replies: ReplySettings) -> Self {
        Self { replies }
    }
}

#[tonic::async_trait]
impl Greeter for GreeterServicer {
    type SayHelloStreamReplyStream = Replies;
    type SayHelloBidiStreamStream = Replies;

    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        Ok(Response::new(hello(&request.into_inner().name)))
    }

    async fn say_hello_again(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let name = request.into_inner().name;
        let message = format!("Hello again, {name}!");
        Ok(Response::new(HelloReply { message }))
    }

    async fn say_hello_stream_reply(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<Replies>, Status> {
        let name = request.into_inner().name;
        let ReplySettings { count, interval } = self.replies;
        Ok(Response::new(Box::pin(stream! {
            for number in 1..=count {
                if number > 1 {
                    sleep(interval).await;
                }
                let message = format!("Hello number {number}, {name}!");
                yield Ok(HelloReply { message });
            }
        })))
    }

    async fn say_hello_bidi_stream(
        &self,
        request: Request<Streaming<HelloRequest>>,
    ) -> Result<Response<Replies>, Status> {
        let mut requests = request.into_inner();
        Ok(Response::new(Box::pin(try_stream! {
            while let Some(request) = requests.try_next().await? {
                yield hello(&request.name);
            }
        })))
    }
}

fn hello(name: &str) -> HelloReply {
    HelloReply {
        message: format!("Hello, {name}!"),
    }
}

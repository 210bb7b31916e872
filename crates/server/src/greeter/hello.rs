//! The HelloService servicer of the introduction: one method of each kind.

use std::pin::Pin;

use async_stream::{stream, try_stream};
use route_guide_proto::hello::hello_service_server::HelloService;
use route_guide_proto::hello::{HelloRequest, HelloResponse};
use tokio::time::sleep;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};

use crate::metadata::HELLO_MODE;
use crate::settings::ReplySettings;

/// How many bytes of greetings are collected before the responses begin.
const MAX_COLLECTED_BYTES: usize = 4 << 20;

/// What a collected greeting costs beside its text.
const GREETING_OVERHEAD_BYTES: usize = 32;

type Responses = Pin<Box<dyn Stream<Item = Result<HelloResponse, Status>> + Send>>;

/// Answers the introduction's four kinds of call.
#[derive(Clone, Copy, Debug)]
pub struct HelloServicer {
    replies: ReplySettings,
}

impl HelloServicer {
    /// Makes the servicer.
    #[must_use]
    pub fn new(replies: ReplySettings) -> Self {
        Self { replies }
    }
}

#[tonic::async_trait]
impl HelloService for HelloServicer {
    type LotsOfRepliesStream = Responses;
    type BidiHelloStream = Responses;

    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloResponse>, Status> {
        Ok(Response::new(response(&request.into_inner().greeting)))
    }

    async fn lots_of_replies(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<Responses>, Status> {
        let greeting = request.into_inner().greeting;
        let ReplySettings { count, interval } = self.replies;
        Ok(Response::new(Box::pin(stream! {
            for number in 1..=count {
                if number > 1 {
                    sleep(interval).await;
                }
                let reply = format!("Reply {number} of {count} to: {greeting}");
                yield Ok(HelloResponse { reply });
            }
        })))
    }

    async fn lots_of_greetings(
        &self,
        request: Request<Streaming<HelloRequest>>,
    ) -> Result<Response<HelloResponse>, Status> {
        let mut greetings = request.into_inner();
        // Only the last one is kept, so that a stream without end needs no memory.
        let mut count = 0u64;
        let mut last = None;
        while let Some(request) = greetings.try_next().await? {
            count += 1;
            last = Some(request.greeting);
        }
        let reply = match last {
            Some(last) => format!("Greetings received: {count}, the last one: {last}"),
            None => "Greetings received: 0".to_owned(),
        };
        Ok(Response::new(HelloResponse { reply }))
    }

    async fn bidi_hello(
        &self,
        request: Request<Streaming<HelloRequest>>,
    ) -> Result<Response<Responses>, Status> {
        let collect = match request.metadata().get(HELLO_MODE) {
            None => false,
            Some(mode) if mode == "ping-pong" => false,
            Some(mode) if mode == "collect" => true,
            Some(other) => {
                return Err(Status::invalid_argument(format!(
                    "metadata {HELLO_MODE} must be \"ping-pong\" or \"collect\", not {other:?}"
                )));
            }
        };
        let requests = request.into_inner();
        Ok(Response::new(if collect {
            Box::pin(collect_then_answer(requests))
        } else {
            Box::pin(ping_pong(requests))
        }))
    }
}

fn ping_pong(
    mut requests: Streaming<HelloRequest>,
) -> impl Stream<Item = Result<HelloResponse, Status>> + Send {
    try_stream! {
        while let Some(request) = requests.try_next().await? {
            yield response(&request.greeting);
        }
    }
}

fn collect_then_answer(
    mut requests: Streaming<HelloRequest>,
) -> impl Stream<Item = Result<HelloResponse, Status>> + Send {
    try_stream! {
        let mut greetings = Vec::new();
        let mut bytes = 0;
        while let Some(request) = requests.try_next().await? {
            bytes += request.greeting.len() + GREETING_OVERHEAD_BYTES;
            if bytes > MAX_COLLECTED_BYTES {
                Err(Status::resource_exhausted(format!(
                    "{} greetings are more than the {MAX_COLLECTED_BYTES} bytes that are collected",
                    greetings.len() + 1
                )))?;
            }
            greetings.push(request.greeting);
        }
        for greeting in greetings {
            yield response(&greeting);
        }
    }
}

fn response(greeting: &str) -> HelloResponse {
    HelloResponse {
        reply: format!("You said: {greeting}"),
    }
}

//! The commands of `greeter-client` for the introduction's HelloService.

use clap::{Subcommand, ValueEnum};
use route_guide_proto::hello::HelloResponse;
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;

use crate::call::metadata::HeaderError;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::printable::printable;
use crate::stubs::hello::Hello;
use crate::stubs::replies::Replies;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum HelloCommand {
    /// HelloService.SayHello: one greeting, one reply
    SayHello {
        /// What to say
        #[arg(default_value = "hello")]
        greeting: String,
    },
    /// HelloService.LotsOfReplies: one greeting, a stream of replies
    LotsOfReplies {
        /// What to say
        #[arg(default_value = "hello")]
        greeting: String,
    },
    /// HelloService.LotsOfGreetings: a stream of greetings, one reply
    LotsOfGreetings {
        /// What to say
        #[arg(default_values = ["hello", "good day", "hi"])]
        greetings: Vec<String>,
    },
    /// HelloService.BidiHello: a stream each way
    BidiHello {
        /// Which of the two takes its turn when
        #[arg(long, value_enum, default_value_t = Mode::PingPong)]
        mode: Mode,
        /// What to say
        #[arg(default_values = ["hello", "good day", "hi"])]
        greetings: Vec<String>,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum Mode {
    /// Send a greeting, wait for its reply, send the next
    PingPong,
    /// Send all greetings, then read the replies; asks the server, by metadata hello-mode: collect, to wait for the last
    Collect,
}

pub(super) async fn run(session: &Session, command: HelloCommand) -> Result<(), Failure> {
    let hello = Hello::new(session.channel.clone()).with(session.options.clone());
    let output = &session.output.of_call(session.options.effective_deadline());
    match command {
        HelloCommand::SayHello { greeting } => {
            show(output, &hello.say_hello(&greeting).await?).await
        }
        HelloCommand::LotsOfReplies { greeting } => {
            show_all(output, hello.lots_of_replies(&greeting).await?).await
        }
        HelloCommand::LotsOfGreetings { greetings } => {
            let sent = output.clone();
            let greetings = tokio_stream::iter(greetings).then(move |greeting| {
                let sent = sent.clone();
                async move {
                    // If the output is closed, the reply finds out.
                    let _ = announce(&sent, &greeting).await;
                    greeting
                }
            });
            show(output, &hello.lots_of_greetings(greetings).await?).await
        }
        HelloCommand::BidiHello {
            mode: Mode::PingPong,
            greetings,
        } => ping_pong(&hello, output, greetings).await,
        HelloCommand::BidiHello {
            mode: Mode::Collect,
            greetings,
        } => {
            let header = "hello-mode: collect"
                .parse()
                .map_err(|err: HeaderError| Failure::Local(err.into()))?;
            let hello = hello.with(session.options.clone().header(header));
            collect(&hello, output, greetings).await
        }
    }
}

/// Each side waits for the other: greeting, reply, greeting, reply.
async fn ping_pong(hello: &Hello, output: &Output, greetings: Vec<String>) -> Result<(), Failure> {
    let (sender, receiver) = mpsc::channel(1);
    let mut greetings = greetings.into_iter();
    // The first greeting is on its way before the call is awaited: a server may keep its headers back until it has
    // something to answer.
    let mut spoken = speak(output, &sender, greetings.next()).await?;
    let mut replies = hello.bidi_hello(ReceiverStream::new(receiver)).await?;
    while spoken {
        match replies.message().await? {
            Some(reply) => show(output, &reply).await?,
            None => return Ok(()),
        }
        spoken = speak(output, &sender, greetings.next()).await?;
    }
    drop(sender);
    show_all(output, replies).await
}

/// Sends the next greeting, and returns whether there was one.
async fn speak(
    output: &Output,
    sender: &mpsc::Sender<String>,
    greeting: Option<String>,
) -> Result<bool, Failure> {
    let Some(greeting) = greeting else {
        return Ok(false);
    };
    announce(output, &greeting).await?;
    // If the call has ended, the next reply tells how.
    let _ = sender.send(greeting).await;
    Ok(true)
}

/// One side speaks, then the other.
async fn collect(hello: &Hello, output: &Output, greetings: Vec<String>) -> Result<(), Failure> {
    let (sender, receiver) = mpsc::channel(1);
    let speak = async {
        for greeting in greetings {
            announce(output, &greeting).await?;
            if sender.send(greeting).await.is_err() {
                break;
            }
        }
        // The greetings end here, and the server may answer.
        drop(sender);
        Ok::<_, Failure>(())
    };
    let call = async { Ok(hello.bidi_hello(ReceiverStream::new(receiver)).await?) };
    let (replies, ()) = tokio::try_join!(call, speak)?;
    show_all(output, replies).await
}

async fn show_all(output: &Output, mut replies: Replies<HelloResponse>) -> Result<(), Failure> {
    while let Some(reply) = replies.message().await? {
        show(output, &reply).await?;
    }
    Ok(())
}

async fn announce(output: &Output, greeting: &str) -> Result<(), Failure> {
    let line = format!("Sending {}", printable(greeting));
    output.note(line).await
}

async fn show(output: &Output, response: &HelloResponse) -> Result<(), Failure> {
    let line = format!("Received {}", printable(&response.reply));
    output.message(line, response).await
}

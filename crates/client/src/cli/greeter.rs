//! The commands of `greeter-client`.

use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;
use route_guide_proto::helloworld::HelloReply;

use self::hello::HelloCommand;
use self::person::PersonArgs;
use super::channel::{self, ChannelArgs};
use super::failure::Failure;
use super::flags::{EXIT_STATUS, SharedFlags};
use super::output::Output;
use super::session::Session;
use crate::printable::printable;
use crate::stubs::greeter::Greeter;
use crate::stubs::replies::Replies;

mod hello;
mod person;

/// Greets a Greeter, and a HelloService.
///
/// Without a command it runs the quick start: SayHello and SayHelloAgain.
#[derive(Debug, Parser)]
#[command(name = "greeter-client", version, after_long_help = EXIT_STATUS)]
pub struct GreeterArgs {
    /// The flags of every command.
    #[command(flatten)]
    pub shared: SharedFlags,

    /// What to do; the quick start if nothing is said.
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Greeter.SayHello: one greeting
    Greet {
        /// Whom to greet
        #[arg(default_value = "you")]
        name: String,
    },
    /// Greeter.SayHelloAgain: one more greeting
    GreetAgain {
        /// Whom to greet
        #[arg(default_value = "you")]
        name: String,
    },
    /// Greeter.SayHelloStreamReply: several greetings over time
    GreetStream {
        /// Whom to greet
        #[arg(default_value = "you")]
        name: String,
    },
    /// Greeter.SayHelloBidiStream: one greeting for each name
    GreetEach {
        /// Whom to greet
        #[arg(default_values = ["you", "me", "everyone"])]
        names: Vec<String>,
    },
    #[command(flatten)]
    Hello(HelloCommand),
    /// Show a Person as bytes, and parsed back
    Person(PersonArgs),
    /// Connect, and show the states of the channel
    ///
    /// IDLE, CONNECTING, READY, TRANSIENT_FAILURE, one a line.
    Channel(ChannelArgs),
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
}

pub(super) async fn run(session: Session, command: Option<Command>) -> Result<(), Failure> {
    let greeter = Greeter::new(session.channel.clone()).with(session.options.clone());
    let output = &session.output;
    let stream = output.of_call(session.options.effective_deadline());
    match command {
        None => quick_start(&greeter, output).await,
        Some(Command::Greet { name }) => show(output, &greeter.say_hello(&name).await?).await,
        Some(Command::GreetAgain { name }) => {
            show(output, &greeter.say_hello_again(&name).await?).await
        }
        Some(Command::GreetStream { name }) => {
            show_all(&stream, greeter.say_hello_stream_reply(&name).await?).await
        }
        Some(Command::GreetEach { names }) => {
            let names = tokio_stream::iter(names);
            show_all(&stream, greeter.say_hello_bidi_stream(names).await?).await
        }
        Some(Command::Hello(command)) => hello::run(&session, command).await,
        Some(Command::Person(args)) => person::run(output, args).await,
        Some(Command::Channel(args)) => channel::run(session, &args).await,
        Some(Command::Completions { shell }) => {
            let mut program = GreeterArgs::command();
            output.completions(shell, &mut program).await
        }
    }
}

async fn quick_start(greeter: &Greeter, output: &Output) -> Result<(), Failure> {
    output.note("Will try to greet world ...").await?;
    show(output, &greeter.say_hello("you").await?).await?;
    show(output, &greeter.say_hello_again("you").await?).await
}

async fn show_all(output: &Output, mut replies: Replies<HelloReply>) -> Result<(), Failure> {
    while let Some(reply) = replies.message().await? {
        show(output, &reply).await?;
    }
    Ok(())
}

async fn show(output: &Output, reply: &HelloReply) -> Result<(), Failure> {
    let line = format_args!("Greeter client received: {}", printable(&reply.message)).to_string();
    output.message(line, reply).await
}

//! `chat`: what is typed is sent as notes, and what others leave at the same places appears as it comes.

use std::env;
use std::io::{self, IsTerminal as _};

use clap::Args;
use route_guide_geo::E7Point;

use self::command_line::{CommandLine, GREETING, Reading, Typed};
use self::following::Confirmed;
use self::keyboard::Keyboard;
use self::screen::Screen;
use self::talk::state::{self, Mode, Protocol, Talk};
use self::typing::Typing;
use super::failure::Failure;
use super::input::{self, Line};
use super::output::complain;
use super::points::PointFlags;
use super::session::Session;
use super::usage::not_a;
use crate::call::options::CallOptions;
use crate::channel::Channel;
use crate::stubs::route_guide::RouteGuide;

mod command_line;
mod following;
mod keyboard;
mod place;
mod repeats;
mod screen;
mod talk;
mod typing;

/// Where a chat begins, and how it goes.
#[derive(Args, Debug)]
pub(super) struct ChatArgs {
    /// The place of the first note; may be repeated to follow more places
    #[arg(
        long,
        value_name = "LAT,LON",
        default_value = "0,0",
        allow_hyphen_values = true
    )]
    at: Vec<String>,

    /// Only show what others leave; standard input is not read
    #[arg(long)]
    watch: bool,

    /// Show notes as often as the server sends them: it answers each of yours with all earlier ones at its place
    #[arg(long, conflicts_with = "watch")]
    replays: bool,

    #[command(flatten)]
    flags: PointFlags,
}

impl ChatArgs {
    fn places(&self) -> Result<Vec<E7Point>, Failure> {
        let read = |text: &String| {
            (self.flags.point(text)).map_err(|err| not_a("point", "chat", text, &err))
        };
        self.at.iter().map(read).collect()
    }
}

pub(super) async fn run(session: Session, args: &ChatArgs) -> Result<(), Failure> {
    let Session {
        channel,
        options,
        output,
        ..
    } = session;
    // The time of a chat runs from its start, over all of its calls.
    let options = options.running();
    let output = output.of_call(options.effective_deadline());
    let places = args.places()?;
    let mode = Mode {
        takes_replays: args.replays,
        only_watches: args.watch,
        is_personal: !args.watch && !args.replays && io::stdin().is_terminal(),
    };
    let protocol = if args.replays {
        Protocol::Published
    } else {
        detect_protocol(&channel, options.clone(), &places).await?
    };
    if args.watch && protocol == Protocol::Published {
        return Err(state::cannot_watch(&channel).into());
    }
    // A line editor sets its own handler of Ctrl-C for a while; whoever else waits for the signal has to come first.
    tokio::task::yield_now().await;

    let is_terminal = io::stdin().is_terminal() && !args.watch;
    let plain = Screen::Plain {
        output: output.clone(),
        shows_own: !is_terminal,
    };
    let here = places.first().copied().unwrap_or_default();
    let command_line = CommandLine::new(here, args.flags, is_terminal);
    let mut terminal = None;
    let (screen, typing) = if args.watch {
        if io::stdout().is_terminal() && !output.is_json() {
            let places: Vec<_> = places.iter().map(ToString::to_string).collect();
            complain(format_args!(
                "notes at {}; Ctrl-C leaves",
                places.join(" and ")
            ));
        }
        (plain, Typing::Nobody)
    } else {
        if is_terminal && !output.is_json() {
            complain(GREETING);
        }
        let keyboard = if output.is_json() || args.replays {
            Err(command_line)
        } else {
            keyboard::open(command_line)
        };
        match keyboard {
            Ok(Keyboard {
                events,
                printer,
                terminal: found,
            }) => {
                terminal = Some(found);
                let has_color = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
                (Screen::Edited { printer, has_color }, Typing::Keys(events))
            }
            Err(command_line) => (plain, lines(command_line, is_terminal)),
        }
    };
    let talk = Talk::new(&channel, options, &screen, typing, mode, protocol, &places);
    let end = talk.run().await;
    screen.close();
    drop(terminal);
    end
}

/// Asks a server in a call that is over at once whether it follows places.
///
/// Some servers send no metadata before their first note, so the chat itself could wait for it for ever.
async fn detect_protocol(
    channel: &Channel,
    options: CallOptions,
    places: &[E7Point],
) -> Result<Protocol, Failure> {
    let options = following::ask(options, places, None, None)?;
    let guide = RouteGuide::new(channel.clone()).with(options);
    let mut answer = guide.route_chat(tokio_stream::empty()).await?;
    let confirmed = Confirmed::read(answer.initial_metadata());
    // What is kept will come again. A call that is read to its end was not cancelled.
    while let Ok(Some(_)) = answer.message().await {}
    Ok(match confirmed {
        Some(_) => Protocol::Logs,
        None => Protocol::Published,
    })
}

/// Reads standard input line by line.
fn lines(mut command_line: CommandLine, is_terminal: bool) -> Typing {
    let read = move |line: &str| match command_line.read(line) {
        Ok(Reading::Typed(typed)) => Ok(typed),
        Ok(Reading::Answer(text)) => {
            complain(text);
            Ok(Line::Skip)
        }
        // A slip of the finger does not end a conversation; a wrong line of a script does.
        Err(err) if is_terminal => {
            complain(format_args!("{err:#}"));
            Ok(Line::Skip)
        }
        Err(err) => Err(err),
    };
    let (items, bad) = input::items::<Typed>(io::stdin(), read);
    Typing::Lines(items, bad)
}

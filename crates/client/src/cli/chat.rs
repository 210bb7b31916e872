//! `chat`: what is typed is sent as notes, and what others leave at the same place appears as it comes.

use std::io::{self, IsTerminal as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, bail};
use clap::Args;
use route_guide_geo::E7Point;
use route_guide_proto::routeguide::RouteNote;
use tokio_stream::StreamExt;

use super::input::{self, Line};
use super::lines;
use super::output::{Output, complain};
use super::points::PointFlags;
use super::repeats::Repeats;
use super::route_guide::not_a;
use super::session::Failure;
use crate::printable::printable;
use crate::route_guide::RouteGuide;

const HELP: &str =
    "a line is a note; /at LAT,LON moves, /quit or Ctrl-D ends, // sends a note that starts with /";

/// Where a chat begins.
#[derive(Args, Debug)]
pub(super) struct ChatArgs {
    /// The place of the first note, in degrees or E7
    #[arg(
        long,
        value_name = "LAT,LON",
        default_value = "0,0",
        allow_hyphen_values = true
    )]
    at: String,

    #[command(flatten)]
    flags: PointFlags,
}

pub(super) async fn run(
    guide: &RouteGuide,
    output: &Output,
    args: &ChatArgs,
) -> Result<(), Failure> {
    let at = args
        .flags
        .point(&args.at)
        .map_err(|err| not_a("point", "chat", &args.at, &err))?;
    let is_terminal = io::stdin().is_terminal();
    if is_terminal {
        complain(HELP);
    }
    let mut desk = Desk {
        at,
        flags: args.flags,
        is_terminal,
    };
    let (notes, mut bad) = input::items(io::stdin(), move |line| desk.read(line));

    let repeats = Arc::new(Mutex::new(Repeats::default()));
    // A person reads each note once, and what was typed is on the screen already. A program gets all of it.
    let shown_once = (is_terminal && !output.is_json()).then(|| Arc::clone(&repeats));
    let sent = output.clone();
    let notes = notes.map(move |note: RouteNote| {
        lock(&repeats).sent(&note);
        if !is_terminal {
            // If the output is closed, the next note received finds out.
            let _ = sent.note(lines::sending(&note));
        }
        note
    });
    tokio::select! {
        biased;
        err = bad.error() => Err(Failure::Local(err.context("standard input"))),
        end = listen(guide, output, notes, shown_once.as_deref()) => end,
    }
}

async fn listen<S>(
    guide: &RouteGuide,
    output: &Output,
    notes: S,
    shown_once: Option<&Mutex<Repeats>>,
) -> Result<(), Failure>
where
    S: tokio_stream::Stream<Item = RouteNote> + Send + 'static,
{
    let mut received = guide.route_chat(notes).await?;
    while let Some(note) = received.message().await? {
        if shown_once.is_none_or(|repeats| lock(repeats).is_news(&note)) {
            output.message(lines::received(&note), &note)?;
        }
    }
    Ok(())
}

fn lock(repeats: &Mutex<Repeats>) -> MutexGuard<'_, Repeats> {
    repeats.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the writer is, and what a line means there.
#[derive(Debug)]
struct Desk {
    at: E7Point,
    flags: PointFlags,
    is_terminal: bool,
}

impl Desk {
    fn read(&mut self, line: &str) -> anyhow::Result<Line<RouteNote>> {
        match self.parse(line) {
            // A slip of the finger does not end a conversation; a wrong line of a script does.
            Err(err) if self.is_terminal => {
                complain(format_args!("{err:#}"));
                Ok(Line::Skip)
            }
            other => other,
        }
    }

    fn parse(&mut self, line: &str) -> anyhow::Result<Line<RouteNote>> {
        let message = match line.strip_prefix('/') {
            None if line.is_empty() && self.is_terminal => return Ok(Line::Skip),
            None => line,
            Some(text) if text.starts_with('/') => text,
            Some(command) => {
                let (name, argument) = command
                    .split_once(char::is_whitespace)
                    .unwrap_or((command, ""));
                return match name {
                    "quit" => Ok(Line::End),
                    "at" => {
                        self.at = self.flags.point(argument.trim()).context("/at")?;
                        Ok(Line::Skip)
                    }
                    other => bail!(
                        "unknown command '/{}'; there are /at LAT,LON and /quit, and // for a note that starts with /",
                        printable(other)
                    ),
                };
            }
        };
        Ok(Line::Item(RouteNote {
            location: Some(self.at.into()),
            message: message.to_owned(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use route_guide_geo::E7Point;

    use super::{Desk, Line, PointFlags};

    fn read(is_terminal: bool, lines: &[&str]) -> Vec<String> {
        let mut desk = Desk {
            at: E7Point::default(),
            flags: PointFlags::default(),
            is_terminal,
        };
        lines
            .iter()
            .map(|line| match desk.read(line) {
                Ok(Line::Item(note)) => {
                    let at = note.location.unwrap();
                    format!("{},{} {}", at.latitude, at.longitude, note.message)
                }
                Ok(Line::Skip) => "skip".to_owned(),
                Ok(Line::End) => "end".to_owned(),
                Err(err) => format!("! {err:#}"),
            })
            .collect()
    }

    #[test]
    fn lines_are_notes_and_commands() {
        let lines = ["hello", "/at 40.5,-74", "there", "//etc", " / ", "/quit"];
        let expected = [
            "0,0 hello",
            "skip",
            "405000000,-740000000 there",
            "405000000,-740000000 /etc",
            "405000000,-740000000  / ",
            "end",
        ];
        assert_eq!(read(true, &lines), expected);
        assert_eq!(read(false, &lines), expected);
    }

    #[test]
    fn an_empty_line_is_a_note_only_in_a_script() {
        assert_eq!(read(true, &[""]), ["skip"]);
        assert_eq!(read(false, &[""]), ["0,0 "]);
    }

    #[test]
    fn a_wrong_command_ends_a_script_but_not_a_conversation() {
        assert_eq!(read(true, &["/fly", "/at home"]), ["skip", "skip"]);
        let shown = read(false, &["/fly", "/at home"]);
        assert!(
            shown[0].starts_with("! unknown command '/fly'; "),
            "{shown:?}"
        );
        assert!(shown[1].starts_with("! /at: "), "{shown:?}");
    }
}

//! The commands of a chat, and the place at which its lines are notes.

use anyhow::{Context as _, bail};
use route_guide_geo::E7Point;
use route_guide_proto::routeguide::RouteNote;

use super::super::input::Line;
use super::super::points::PointFlags;
use crate::printable::printable;

/// The first line that a person sees.
pub(super) const GREETING: &str =
    "a line is a note; /at LAT,LON moves, /quit or Ctrl-D leaves, /help says more";

/// What `/help` says.
const HELP: &str = "\
LINE         leave a note here
//LINE       the same, for a note that begins with /
/at LAT,LON  go to another place; places where you have been stay with you
/at          say where you are
/quit        leave, as Ctrl-D does
/help        say this
PLACE > NOTE is a note of yours, PLACE < NOTE one of somebody else";

/// What was typed, as far as it concerns the call.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Typed {
    Note(RouteNote),
    Move(E7Point),
}

/// What a line means.
#[derive(Debug)]
pub(super) enum Reading {
    Typed(Line<Typed>),
    /// The answer to a question, for the screen.
    Answer(String),
}

#[derive(Debug)]
pub(super) struct CommandLine {
    at: E7Point,
    flags: PointFlags,
    /// A person may press Enter for nothing; an empty line of a script is an empty note.
    is_terminal: bool,
}

impl CommandLine {
    pub(super) fn new(at: E7Point, flags: PointFlags, is_terminal: bool) -> Self {
        Self {
            at,
            flags,
            is_terminal,
        }
    }

    pub(super) fn at(&self) -> E7Point {
        self.at
    }

    pub(super) fn read(&mut self, line: &str) -> anyhow::Result<Reading> {
        let message = match line.strip_prefix('/') {
            None if line.is_empty() && self.is_terminal => return Ok(Reading::Typed(Line::Skip)),
            None => line,
            Some(text) if text.starts_with('/') => text,
            Some(command) => return self.command(command.trim_end()),
        };
        Ok(Reading::Typed(Line::Item(Typed::Note(RouteNote {
            location: Some(self.at.into()),
            message: message.to_owned(),
        }))))
    }

    fn command(&mut self, command: &str) -> anyhow::Result<Reading> {
        let (name, argument) = command
            .split_once(char::is_whitespace)
            .unwrap_or((command, ""));
        match (name, argument.trim()) {
            ("quit", "") => Ok(Reading::Typed(Line::End)),
            ("help", "") => Ok(Reading::Answer(HELP.to_owned())),
            ("at", "") => Ok(Reading::Answer(format!("you are at {}", self.at))),
            ("at", place) => {
                self.at = self.flags.point(place).context("/at")?;
                Ok(Reading::Typed(Line::Item(Typed::Move(self.at))))
            }
            ("quit" | "help", _) => bail!("/{name} stands alone"),
            _ => bail!(
                "unknown command '/{}'; /help names those there are, and // begins a note with /",
                printable(name)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use route_guide_geo::E7Point;

    use super::{CommandLine, Line, PointFlags, Reading, Typed};

    fn read(is_terminal: bool, lines: &[&str]) -> Vec<String> {
        let mut command_line =
            CommandLine::new(E7Point::default(), PointFlags::default(), is_terminal);
        let shown = |reading| match reading {
            Ok(Reading::Typed(Line::Item(Typed::Note(note)))) => {
                let at = note.location.unwrap();
                format!("{},{} {}", at.latitude, at.longitude, note.message)
            }
            Ok(Reading::Typed(Line::Item(Typed::Move(place)))) => format!("to {place}"),
            Ok(Reading::Typed(Line::Skip)) => "skip".to_owned(),
            Ok(Reading::Typed(Line::End)) => "end".to_owned(),
            Ok(Reading::Answer(text)) => text,
            Err(err) => format!("! {err:#}"),
        };
        lines
            .iter()
            .map(|line| shown(command_line.read(line)))
            .collect()
    }

    #[test]
    fn lines_are_notes_and_commands() {
        let lines = [
            "hello",
            "/at 40.5,-74",
            "there",
            "//etc",
            " / ",
            "/at",
            "/at e7:1,2 ",
            "/quit ",
        ];
        let expected = [
            "0,0 hello",
            "to 40.5,-74",
            "405000000,-740000000 there",
            "405000000,-740000000 /etc",
            "405000000,-740000000  / ",
            "you are at 40.5,-74",
            "to 0.0000001,0.0000002",
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
    fn a_wrong_command_is_named_and_changes_nothing() {
        let lines = [
            "/fly",
            "/at home",
            "/at 91,0",
            "/quit now",
            "/\u{1b}[2J",
            "/",
            "/at",
        ];
        let expected = [
            "! unknown command '/fly'; /help names those there are, and // begins a note with /",
            "! /at: expected LAT,LON but found \"home\"",
            "! /at: latitude \"91\" is outside ±90 degrees; a point in E7 units is written e7:LAT,LON",
            "! /quit stands alone",
            r"! unknown command '/\u{1b}[2J'; /help names those there are, and // begins a note with /",
            "! unknown command '/'; /help names those there are, and // begins a note with /",
            "you are at 0,0",
        ];
        assert_eq!(read(true, &lines), expected);
    }
}

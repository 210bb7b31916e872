//! Where a chat is shown: lines on standard output, or above the line that is being typed.

use std::fmt::{Display, Write as _};
use std::io::{self, IsTerminal as _};

use route_guide_proto::routeguide::RouteNote;

use super::super::failure::Failure;
use super::super::lines;
use super::super::output::{Output, complain};
use super::keyboard::Printer;
use crate::printable::Lines;

pub(super) enum Screen {
    /// Plain lines.
    Plain {
        output: Output,
        /// Whether own notes are shown too; at a terminal they are there already.
        shows_own: bool,
    },
    /// A terminal at whose last line somebody types.
    Edited { printer: Printer, has_color: bool },
}

/// Of a longer note a person is shown the beginning: one of 4 MiB would push everything else out of the terminal.
const MOST_CHARACTERS: usize = 1_000;

/// Cuts a text in two behind so many characters.
pub(super) fn cut(text: &str, characters: usize) -> (&str, &str) {
    let end = text.char_indices().nth(characters);
    text.split_at(end.map_or(text.len(), |(end, _)| end))
}

impl Screen {
    /// Shows a note of somebody else's.
    pub(super) async fn theirs(&self, note: &RouteNote) -> Result<(), Failure> {
        match self {
            Self::Plain { output, .. } => output.message(lines::theirs(note), note).await?,
            Self::Edited { printer, has_color } => {
                let (start, rest) = cut(&note.message, MOST_CHARACTERS);
                let mut line = lines::theirs(&RouteNote {
                    location: note.location,
                    message: start.to_owned(),
                });
                if *has_color && let Some((place, text)) = line.split_once(" < ") {
                    line = format!("\x1b[36m{place} <\x1b[0m {text}");
                }
                if !rest.is_empty() {
                    // Writing to a string cannot fail.
                    let _ = write!(line, "… and {} more characters", rest.chars().count());
                }
                printer.print(line).await;
            }
        }
        Ok(())
    }

    /// Shows a note of the writer's own, which is on its way.
    pub(super) async fn ours(&self, note: &RouteNote) -> Result<(), Failure> {
        match self {
            Self::Plain {
                output,
                shows_own: true,
            } => output.note(lines::ours(note)).await,
            _ => Ok(()),
        }
    }

    /// Says how things are.
    pub(super) async fn say(&self, line: impl Display) {
        match self {
            // What goes to the same terminal must not go through the line that is being typed.
            Self::Edited { printer, .. } if io::stderr().is_terminal() => {
                printer.print(Lines(line).to_string()).await;
            }
            _ => complain(line),
        }
    }

    /// Waits until everything is shown.
    pub(super) fn close(self) {
        if let Self::Edited { printer, .. } = self {
            printer.close();
        }
    }
}

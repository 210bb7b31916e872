//! Where a chat is shown: lines on standard output, or above the line that is being typed.

use std::fmt::Display;
use std::io::{self, IsTerminal as _};

use route_guide_proto::routeguide::RouteNote;

use super::super::lines;
use super::super::output::{Output, complain};
use super::super::session::Failure;
use super::keyboard::Printer;

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

impl Screen {
    /// Shows a note of somebody else's.
    pub(super) async fn theirs(&self, note: &RouteNote) -> Result<(), Failure> {
        let line = lines::theirs(note);
        match self {
            Self::Plain { output, .. } => output.message(line, note)?,
            Self::Edited { printer, has_color } => {
                let line = match line.split_once(" < ") {
                    Some((place, text)) if *has_color => {
                        format!("\x1b[36m{place} <\x1b[0m {text}")
                    }
                    _ => line,
                };
                printer.print(line).await;
            }
        }
        Ok(())
    }

    /// Shows a note of the writer's own, which is on its way.
    pub(super) fn ours(&self, note: &RouteNote) -> Result<(), Failure> {
        match self {
            Self::Plain {
                output,
                shows_own: true,
            } => output.note(lines::ours(note)),
            _ => Ok(()),
        }
    }

    /// Says how things are.
    pub(super) async fn say(&self, line: impl Display) {
        match self {
            // What goes to the same terminal must not go through the line that is being typed.
            Self::Edited { printer, .. } if io::stderr().is_terminal() => {
                printer.print(line.to_string()).await;
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

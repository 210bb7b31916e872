//! A line editor at a terminal, on a thread of its own, with room for other lines above it.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver as Closed, channel as closed};
use std::thread;
use std::time::Duration;

use rustyline::error::ReadlineError;
use rustyline::{Config, DefaultEditor, ExternalPrinter};
use tokio::sync::mpsc;

use super::super::input::Line;
use super::super::output::{complain, stderr};
use super::command_line::{CommandLine, Reading};
use super::typing::Event;

/// How many lines may wait to be shown or to be sent.
const AHEAD: usize = 256;

/// What is typed, and the way to show something beside it.
#[derive(Debug)]
pub(super) struct Keyboard {
    pub(super) events: mpsc::Receiver<Event>,
    pub(super) printer: Printer,
    pub(super) terminal: Terminal,
}

/// Starts editing lines; `None` if there is no terminal for it on both sides.
pub(super) fn open(command_line: CommandLine) -> Result<Keyboard, CommandLine> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(command_line);
    }
    // Each line that is pasted is a note, so pasting is typing.
    let config = Config::builder().bracketed_paste(false).build();
    let Ok(mut editor) = DefaultEditor::with_config(config) else {
        return Err(command_line);
    };
    // It has none for a terminal that cannot move its cursor.
    let Ok(above) = editor.create_external_printer() else {
        return Err(command_line);
    };
    let terminal = Terminal::new();
    let is_editing = Arc::clone(&terminal.is_editing);
    let (sender, events) = mpsc::channel(AHEAD);
    // A read from a terminal cannot be interrupted, so nobody waits for this thread.
    thread::spawn(move || edit(editor, command_line, &sender, &is_editing));
    Ok(Keyboard {
        events,
        printer: Printer::new(above),
        terminal,
    })
}

fn edit(
    mut editor: DefaultEditor,
    mut command_line: CommandLine,
    events: &mpsc::Sender<Event>,
    is_editing: &AtomicBool,
) {
    loop {
        stderr::come_first();
        let prompt = format!("{} > ", command_line.at());
        is_editing.store(true, Ordering::SeqCst);
        let line = editor.readline(&prompt);
        is_editing.store(false, Ordering::SeqCst);
        let event = match line {
            Ok(line) => {
                if !line.is_empty() {
                    // A history that is full or has the line already is no trouble.
                    let _ = editor.add_history_entry(&line);
                }
                match command_line.read(&line) {
                    Ok(Reading::Typed(Line::Item(typed))) => Event::Typed(typed),
                    Ok(Reading::Typed(Line::Skip)) => continue,
                    Ok(Reading::Typed(Line::End)) => return,
                    Ok(Reading::Answer(text)) => {
                        complain(text);
                        continue;
                    }
                    // The line can be called back from the history and corrected.
                    Err(err) => {
                        complain(format_args!("{err:#}"));
                        continue;
                    }
                }
            }
            Err(ReadlineError::Eof) => return,
            Err(ReadlineError::Interrupted | ReadlineError::Signal(_)) => Event::Interrupted,
            Err(err) => Event::Failed(anyhow::Error::new(err).context("cannot read the terminal")),
        };
        let is_last = !matches!(event, Event::Typed(_));
        if events.blocking_send(event).is_err() || is_last {
            return;
        }
    }
}

/// Shows lines above the one that is being typed.
#[derive(Debug)]
pub(super) struct Printer {
    lines: mpsc::Sender<String>,
    closed: Closed<()>,
}

impl Printer {
    fn new(mut above: impl ExternalPrinter + Send + 'static) -> Self {
        let (lines, mut shown) = mpsc::channel::<String>(AHEAD);
        let (sender, closed) = closed();
        // Showing a line waits for the editor, so it has a thread too.
        thread::spawn(move || {
            while let Some(mut line) = shown.blocking_recv() {
                line.push('\n');
                stderr::come_first();
                if above.print(line).is_err() {
                    break;
                }
            }
            // Whoever closes it may have stopped waiting.
            let _ = sender.send(());
        });
        Self { lines, closed }
    }

    pub(super) async fn print(&self, line: String) {
        // A terminal that is gone ends the editor, and with it the chat.
        let _ = self.lines.send(line).await;
    }

    /// Waits until the last line is shown; not for ever, because an editor that ends does not take what is left.
    pub(super) fn close(self) {
        drop(self.lines);
        let _ = self.closed.recv_timeout(Duration::from_secs(1));
    }
}

/// The terminal as it was found. Dropped, it is made so again: the end of a chat does not wait for the editor.
#[derive(Debug)]
pub(super) struct Terminal {
    is_editing: Arc<AtomicBool>,
    #[cfg(unix)]
    modes: Option<rustix::termios::Termios>,
}

impl Terminal {
    fn new() -> Self {
        Self {
            is_editing: Arc::default(),
            #[cfg(unix)]
            modes: rustix::termios::tcgetattr(io::stdin()).ok(),
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if !self.is_editing.load(Ordering::SeqCst) {
            return;
        }
        #[cfg(unix)]
        if let Some(modes) = &self.modes {
            use rustix::termios::{OptionalActions, tcsetattr};
            // If it is gone, there is nothing to restore.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, modes);
        }
        // What follows starts on a line of its own.
        let _ = writeln!(io::stdout());
    }
}

//! What a command prints: messages on standard output, everything else on standard error.

use std::fmt::Display;
use std::io::{self, BufWriter, Write};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use clap::Command;
use clap_complete::Shell;
use serde::Serialize;
use tonic::metadata::MetadataMap;

use super::session::Failure;
use crate::header::metadata_lines;
use crate::options::CallObserver;
use crate::printable::{Lines, printable_json};

/// Standard output, shared between the two directions of a call.
#[derive(Clone)]
pub(super) struct Output {
    sink: Arc<Mutex<dyn Write + Send>>,
    json: bool,
}

impl Output {
    pub(super) fn stdout(json: bool) -> Self {
        Self::new(BufWriter::new(io::stdout()), json)
    }

    pub(super) fn new(sink: impl Write + Send + 'static, json: bool) -> Self {
        Self {
            sink: Arc::new(Mutex::new(sink)),
            json,
        }
    }

    /// Tells whether messages are printed as JSON.
    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    /// Prints a line that is no message, such as a heading. With `--json` there are none.
    pub(super) fn note(&self, line: impl Display) -> Result<(), Failure> {
        if !self.json {
            self.write(&Lines(line))?;
            self.flush()?;
        }
        Ok(())
    }

    /// Prints a message: the line for people, or the message itself with `--json`. Nothing in either drives a terminal.
    pub(super) fn message(
        &self,
        line: impl Display,
        message: &impl Serialize,
    ) -> Result<(), Failure> {
        self.message_buffered(line, message)?;
        self.flush()
    }

    /// Prints a message that others may follow at once; it appears with the next [`flush`](Self::flush).
    pub(super) fn message_buffered(
        &self,
        line: impl Display,
        message: &impl Serialize,
    ) -> Result<(), Failure> {
        if self.json {
            let json =
                serde_json::to_string(message).context("cannot write the message as JSON")?;
            self.write(&printable_json(&json))
        } else {
            self.write(&Lines(line))
        }
    }

    /// Prints the completion script of a program for a shell.
    pub(super) fn completions(&self, shell: Shell, program: &mut Command) -> Result<(), Failure> {
        let name = program.get_name().to_owned();
        // The generator panics if it cannot write, so it writes to memory.
        let mut script = Vec::new();
        clap_complete::generate(shell, program, name, &mut script);
        self.write(&String::from_utf8_lossy(&script).trim_end())?;
        self.flush()
    }

    pub(super) fn flush(&self) -> Result<(), Failure> {
        self.sink
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .flush()
            .map_err(closed)
    }

    fn write(&self, line: &dyn Display) -> Result<(), Failure> {
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(sink, "{line}").map_err(closed)
    }
}

/// A reader who has seen enough, as `head` has, is no failure.
fn closed(err: io::Error) -> Failure {
    if err.kind() == io::ErrorKind::BrokenPipe {
        Failure::OutputClosed
    } else {
        Failure::Local(anyhow::Error::new(err).context("cannot write to standard output"))
    }
}

/// Prints a line on standard error, where nothing in it drives a terminal. If that is closed, there is nobody left to tell.
pub(super) fn complain(line: impl Display) {
    let _ = writeln!(io::stderr(), "{}", Lines(line));
}

/// Shows the metadata of each call on standard error, so that standard output stays as it is.
#[derive(Debug)]
pub(super) struct StderrObserver;

impl CallObserver for StderrObserver {
    fn request(&self, path: &str, metadata: &MetadataMap) {
        show(
            "request",
            Some(path),
            metadata,
            &["te", "content-type", "user-agent", "grpc-accept-encoding"],
        );
    }

    fn initial_metadata(&self, metadata: &MetadataMap) {
        show("initial", None, metadata, &[]);
    }

    fn trailing_metadata(&self, metadata: &MetadataMap) {
        // The status itself is reported once, in words.
        show(
            "trailing",
            None,
            metadata,
            &["grpc-status", "grpc-message", "grpc-status-details-bin"],
        );
    }
}

fn show(kind: &str, first: Option<&str>, metadata: &MetadataMap, hidden: &[&str]) {
    let is_hidden = |line: &String| hidden.iter().any(|key| line.split(':').next() == Some(key));
    let lines: Vec<_> = metadata_lines(metadata)
        .into_iter()
        .filter(|line| !is_hidden(line))
        .collect();
    if let Some(first) = first {
        complain(format_args!("{kind}: {first}"));
    } else if lines.is_empty() {
        complain(format_args!("{kind} metadata: (none)"));
    }
    for line in lines {
        complain(format_args!("{kind} metadata: {line}"));
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use proptest::prelude::*;
    use route_guide_proto::routeguide::{Feature, RouteNote};

    use super::Output;
    use crate::cli::lines;
    use crate::printable::tests::{drives_a_terminal, wild};

    /// What was printed, for the test to look at.
    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    proptest! {
        /// Whatever a server sends, a message is one line, and a line break is the only control character of it.
        #[test]
        fn messages_are_lines_that_drive_nothing(text in wild(), json: bool) {
            let paper = Paper::default();
            let output = Output::new(paper.clone(), json);
            let feature = Feature { name: text.clone(), ..Feature::default() };
            let note = RouteNote { message: text.clone(), ..RouteNote::default() };
            output.message(lines::called(&feature), &feature).unwrap();
            output.message(lines::theirs(&note), &note).unwrap();
            output.message_buffered(lines::received(&note), &note).unwrap();
            output.flush().unwrap();
            let printed = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
            prop_assert_eq!(printed.split_inclusive('\n').count(), 3, "{:?}", &printed);
            prop_assert!(!printed.contains(|c| c != '\n' && drives_a_terminal(c)), "{printed:?}");
            // A heading, or anything else that is made of text as it is.
            output.note(&text).unwrap();
            let printed = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
            prop_assert!(!printed.contains(|c| c != '\n' && drives_a_terminal(c)), "{printed:?}");
        }
    }
}

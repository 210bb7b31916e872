//! What the writer does, wherever it comes from.

use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;

use super::super::input::{BadInput, Items};
use super::command_line::Typed;

/// Something that the writer did.
#[derive(Debug)]
pub(super) enum Event {
    Typed(Typed),
    /// The input is over: the writer leaves.
    Over,
    /// Ctrl-C in an editor, where it is a key like others.
    Interrupted,
    Failed(anyhow::Error),
}

#[derive(Debug)]
pub(super) enum Typing {
    /// From a line editor.
    Keys(mpsc::Receiver<Event>),
    /// Line by line.
    Lines(Items<Typed>, BadInput),
    /// Nobody writes.
    Nobody,
}

impl Typing {
    /// Waits for the next event. Cancel safe.
    pub(super) async fn next(&mut self) -> Event {
        match self {
            Self::Keys(events) => events.recv().await.unwrap_or(Event::Over),
            Self::Lines(items, bad) => tokio::select! {
                biased;
                err = bad.error() => Event::Failed(err.context("standard input")),
                typed = items.next() => typed.map_or(Event::Over, Event::Typed),
            },
            Self::Nobody => std::future::pending().await,
        }
    }
}

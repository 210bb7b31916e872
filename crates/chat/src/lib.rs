//! The shared notebook behind `RouteChat`.
//!
//! Notes are short messages at places. For every place there is a log of them, and a stream reads it through a cursor:
//!
//! - [`Notebook`] is the log: append a note, read what follows a cursor, subscribe to a place. It is a small trait, so that
//!   notes can be kept in memory, on disk or in a cluster.
//! - [`MemoryNotebook`] is the engine that keeps them in memory, bounded per place, in total and by age ([`Limits`]).
//! - `FileNotebook` is the engine whose notes survive the process, under the same bounds: a note is on disk before any
//!   stream is handed it. It comes with the feature `file`.
//! - `NatsNotebook` is the engine that many servers share: its notes are in a stream of a NATS cluster, and every server
//!   reads them from a copy of its own. It comes with the feature `nats`.
//! - [`Conversation`] is one stream: it posts notes, and hands out what the stream is owed. It works on any engine.
//!
//! # The law
//!
//! **A slow reader learns that it fell behind; a note is never dropped in silence.** There is no queue per reader that
//! could fill up. Streams are only *woken* ([`Subscriber`]) and read from the log. A note is encoded once, and all who read it send
//! the same bytes ([`Note::record`]). So a reader that has stopped costs nothing, and what it missed is a difference of two [`Index`]es: [`ChatError::Missed`] has that number.
//!
//! # A servicer's loop
//!
//! ```
//! use std::sync::Arc;
//! use route_guide_chat::{ChatError, Conversation, ConversationLimits, Limits, MemoryNotebook};
//! use route_guide_geo::E7Point;
//! use tokio::sync::mpsc;
//!
//! async fn serve(
//!     mut chat: Conversation,
//!     mut requests: mpsc::Receiver<(E7Point, String)>,
//!     replies: mpsc::Sender<String>,
//! ) -> Result<(), ChatError> {
//!     let mut is_open = true;
//!     while is_open {
//!         tokio::select! {
//!             request = requests.recv() => match request {
//!                 Some((place, message)) => chat.post(place, message).await?,
//!                 // What had arrived before the client closed its side is flushed below.
//!                 None => is_open = false,
//!             },
//!             () = chat.woken() => {}
//!         }
//!         while let Some(page) = chat.next_page()? {
//!             for note in page {
//!                 if replies.send(note.message().to_owned()).await.is_err() {
//!                     return Ok(()); // The client has left.
//!                 }
//!             }
//!         }
//!     }
//!     Ok(())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), ChatError> {
//! let notebook = Arc::new(MemoryNotebook::new(Limits::default()));
//! let (client, requests) = mpsc::channel(8);
//! let (replies, mut received) = mpsc::channel(8);
//! for (message, lat) in [("First", 0), ("Second", 1), ("Third", 0)] {
//!     client.send((E7Point::unbounded(lat, 0), message.to_owned())).await.unwrap();
//! }
//! drop(client);
//! serve(Conversation::shared(notebook, ConversationLimits::default()), requests, replies).await?;
//! assert_eq!(received.recv().await.as_deref(), Some("First"));
//! assert_eq!(received.recv().await, None);
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! `file` adds `FileNotebook`, and with it the embedded store redb. `nats` adds `NatsNotebook`, and with it a NATS client.

#![forbid(unsafe_code)]

mod note;
mod record;

mod notebook;
mod subscription;

mod clock;
mod limits;
#[cfg(any(feature = "file", feature = "nats"))]
mod refusals;
#[cfg(feature = "file")]
mod timeline;

mod logs;
mod memory;

#[cfg(feature = "file")]
mod file;
#[cfg(feature = "nats")]
mod nats;

mod conversation;
mod share;

pub use clock::{Clock, ManualClock, MonotonicClock, WallClock};
pub use conversation::{ChatError, Conversation, ConversationLimits, KeptNotes, PrivateLimits};
#[cfg(feature = "file")]
pub use file::{FileNotebook, OpenError, StoreFault, panic_becomes_error};
pub use limits::Limits;
pub use memory::MemoryNotebook;
#[cfg(feature = "nats")]
pub use nats::{NatsFault, NatsNotebook, NatsSettings, NatsTls, StartError, SyncState};
pub use note::{Author, Draft, Index, Note};
pub use notebook::{
    Append, AppendError, Closing, Current, Notebook, Page, PageLimit, Receipt, SubscribeError,
    Usage,
};
pub use share::SubscriptionShare;
pub use subscription::{Subscriber, Subscription};

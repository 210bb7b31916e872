//! One side of a RouteChat stream.

use std::sync::atomic::{AtomicI32, Ordering};

use route_guide_proto::routeguide::{Point, RouteNote};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Status, Streaming};

use crate::{TestServer, point, within};

/// A note on the wire.
#[must_use]
pub fn note(location: Point, message: &str) -> RouteNote {
    RouteNote {
        location: Some(location),
        message: message.to_owned(),
    }
}

/// An open RouteChat stream, on a connection of its own; dropping it cancels the call.
#[derive(Debug)]
pub struct Chat {
    outgoing: UnboundedSender<RouteNote>,
    incoming: Streaming<RouteNote>,
}

impl Chat {
    /// Opens a stream and waits for its response headers.
    ///
    /// # Panics
    ///
    /// If the server refuses it.
    pub async fn open(server: &TestServer) -> Self {
        Self::open_with(server, MetadataMap::new()).await.0
    }

    /// Opens a stream with metadata, and returns it with the metadata of the response.
    ///
    /// # Panics
    ///
    /// If the server refuses it.
    pub async fn open_with(server: &TestServer, metadata: MetadataMap) -> (Self, MetadataMap) {
        let (outgoing, notes) = unbounded_channel();
        let mut guide = server
            .guide()
            .max_decoding_message_size(usize::MAX)
            .max_encoding_message_size(usize::MAX);
        let mut request = Request::new(UnboundedReceiverStream::new(notes));
        *request.metadata_mut() = metadata;
        let opened = guide.route_chat(request);
        let response = within("the headers of a chat", opened).await;
        let (metadata, incoming, _) = response.expect("the chat opens").into_parts();
        (Self { outgoing, incoming }, metadata)
    }

    /// Sends a note, without waiting for anything.
    pub fn post(&self, location: Point, message: &str) {
        self.send(note(location, message));
    }

    /// Sends any message, without waiting for anything.
    pub fn send(&self, message: RouteNote) {
        // If the server has ended the stream, its status says why.
        let _ = self.outgoing.send(message);
    }

    /// Waits for the next note.
    ///
    /// # Panics
    ///
    /// If the stream ends in its place.
    pub async fn next_note(&mut self) -> RouteNote {
        let received = within("the next note", self.incoming.message()).await;
        received
            .expect("the chat goes on")
            .expect("the chat goes on")
    }

    /// Waits for the next note and returns its text.
    pub async fn next(&mut self) -> String {
        self.next_note().await.message
    }

    /// Waits until the server has taken every note posted so far, and returns what came before it said so.
    ///
    /// The server does not acknowledge notes, but it answers the second one at a place nobody else uses
    /// with the first, and it takes notes in order.
    pub async fn settled(&mut self) -> Vec<String> {
        static FENCES: AtomicI32 = AtomicI32::new(-899_999_999);
        let fence = point(FENCES.fetch_add(1, Ordering::Relaxed), -1_799_999_999);
        self.post(fence, "fence");
        self.post(fence, "fence");
        let mut before = Vec::new();
        loop {
            let note = self.next_note().await;
            if note.location == Some(fence) {
                return before;
            }
            before.push(note.message);
        }
    }

    /// Half-closes, and returns the texts that still come and the status at the end.
    pub async fn ended(self) -> (Vec<String>, Status) {
        let Self {
            outgoing,
            mut incoming,
        } = self;
        drop(outgoing);
        let mut notes = Vec::new();
        loop {
            match within("the rest of a chat", incoming.message()).await {
                Ok(Some(note)) => notes.push(note.message),
                Ok(None) => return (notes, Status::ok("")),
                Err(status) => return (notes, status),
            }
        }
    }

    /// Half-closes, and returns the texts that still come.
    ///
    /// # Panics
    ///
    /// If the stream does not end with OK.
    pub async fn finish(self) -> Vec<String> {
        let (notes, status) = self.ended().await;
        assert_eq!(status.code(), Code::Ok, "{status:?} after {notes:?}");
        notes
    }

    /// Waits, without half-closing, for the server to end the stream, and returns its status.
    ///
    /// # Panics
    ///
    /// If the stream ends with OK.
    pub async fn cut(&mut self) -> Status {
        loop {
            match within("the server to end a chat", self.incoming.message()).await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the chat ended with OK"),
                Err(status) => return status,
            }
        }
    }
}

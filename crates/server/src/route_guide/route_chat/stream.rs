//! One RouteChat stream: notes in, replays and other people's notes out, through the generated code.
//!
//! It serves calls that are compressed, and is what `fast_path::route_chat` is tested against.

use async_stream::try_stream;
use prost::Message as _;
use route_guide_chat::{AppendError, ChatError, Conversation, Note};
use route_guide_geo::E7Point;
use route_guide_proto::routeguide::RouteNote;
use tokio_stream::Stream;
use tonic::{Status, Streaming};

use crate::error::RpcError;
use crate::limits::MAX_MESSAGE_BYTES;
use crate::points::PointRule;

/// Answers a stream of notes until its client half-closes.
///
/// Nothing is queued for the client but what a response is asked for ahead: one page of notes. The rest of what it is owed
/// stays in the notebook.
pub(crate) fn converse(
    mut notes: Streaming<RouteNote>,
    mut chat: Conversation,
    points: PointRule,
) -> impl Stream<Item = Result<RouteNote, Status>> + Send {
    try_stream! {
        let mut index = 0;
        loop {
            while let Some(page) = chat.next_page().map_err(RpcError::from)? {
                for note in page {
                    yield on_the_wire(&note);
                }
            }
            let received = tokio::select! {
                received = notes.message() => received,
                () = chat.woken() => continue,
            };
            let Some(RouteNote { location, message }) = received? else {
                break;
            };
            let place = points.field("location", location).map_err(|error| error.at_message(index))?;
            index += 1;
            check_len(place, &message)?;
            chat.post(place, message).await.map_err(RpcError::from)?;
        }
        // What came before the client closed its side is still owed to it.
        while let Some(page) = chat.next_page().map_err(RpcError::from)? {
            for note in page {
                yield on_the_wire(&note);
            }
        }
    }
}

/// Refuses a note that could be sent but not received: on the way back its place is always there, and spelled out.
pub(crate) fn check_len(place: E7Point, text: &str) -> Result<(), RpcError> {
    let location = Some(place.into());
    let message = String::new();
    let head_bytes = RouteNote { location, message }.encoded_len() + MESSAGE_KEY_BYTES;
    let limit_bytes = MAX_MESSAGE_BYTES - head_bytes;
    if text.len() > limit_bytes {
        let too_long = AppendError::TooLong {
            len_bytes: text.len(),
            limit_bytes,
        };
        return Err(ChatError::from(too_long).into());
    }
    Ok(())
}

/// What stands before a text of some MiB: a key and four bytes of length.
const MESSAGE_KEY_BYTES: usize = 5;

fn on_the_wire(note: &Note) -> RouteNote {
    RouteNote {
        // Present even at 0,0: clients that read it without asking would fail on an absent one.
        location: Some(note.place().into()),
        message: note.message().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route_guide::fast_path::framed;
    use proptest::prelude::*;
    use route_guide_chat::{Author, Draft, Index};

    proptest! {
        /// What the notebook keeps is what the generated code would send.
        #[test]
        fn a_note_is_kept_as_the_generated_code_encodes_it(
            lat in coordinate(),
            lon in coordinate(),
            text in text(),
        ) {
            let draft = Draft::new(E7Point::unbounded(lat, lon), &text, Author::unique());
            let note = Note::new(draft, Index::new(1));
            prop_assert_eq!(note.message(), &text);
            prop_assert_eq!(note.message_bytes(), text.len());
            prop_assert_eq!(&note.record()[..], &framed(&on_the_wire(&note))[..]);
        }
    }

    /// Numbers of every length in protobuf's encoding.
    fn coordinate() -> impl Strategy<Value = i32> {
        prop_oneof![
            Just(0),
            any::<i32>(),
            (0..32u32, any::<i32>()).prop_map(|(shift, bits)| bits >> shift),
        ]
    }

    /// Texts whose length takes up to three bytes.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof![".{0,300}", (0..40_000usize).prop_map(|len| "x".repeat(len))]
    }
}

//! One RouteChat stream: notes in, replays and other people's notes out.

use async_stream::try_stream;
use prost::Message as _;
use route_guide_chat::{AppendError, ChatError, Conversation, Note};
use route_guide_proto::routeguide::RouteNote;
use tokio_stream::Stream;
use tonic::{Status, Streaming};

use crate::PointRule;
use crate::error::RpcError;
use crate::stored::MAX_MESSAGE_BYTES;

/// Answers a stream of notes until its client half-closes.
///
/// Nothing is queued for the client: while it does not read, this does not run, and what it is owed
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
            let note = RouteNote { location: Some(place.into()), message };
            check_len(&note)?;
            chat.post(place, note.message).await.map_err(RpcError::from)?;
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
fn check_len(note: &RouteNote) -> Result<(), RpcError> {
    let over = note.encoded_len().saturating_sub(MAX_MESSAGE_BYTES);
    if over > 0 {
        let len_bytes = note.message.len();
        let too_long = AppendError::TooLong {
            len_bytes,
            limit_bytes: len_bytes.saturating_sub(over),
        };
        return Err(ChatError::from(too_long).into());
    }
    Ok(())
}

fn on_the_wire(note: &Note) -> RouteNote {
    RouteNote {
        // Present even at 0,0: clients that read it without asking would fail on an absent one.
        location: Some(note.place().into()),
        message: note.message().to_owned(),
    }
}

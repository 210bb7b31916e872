//! One RouteChat stream: notes in, replays and other people's notes out.

use async_stream::try_stream;
use route_guide_chat::{Conversation, Note};
use route_guide_proto::routeguide::RouteNote;
use tokio_stream::Stream;
use tonic::{Status, Streaming};

use crate::PointRule;
use crate::error::RpcError;

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

fn on_the_wire(note: &Note) -> RouteNote {
    RouteNote {
        // Present even at 0,0: clients that read it without asking would fail on an absent one.
        location: Some(note.place().into()),
        message: note.message().to_owned(),
    }
}

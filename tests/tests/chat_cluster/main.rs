//! Notes of several servers that share a stream of NATS.
//!
//! The tests start NATS servers of their own and need the program `nats-server` (2.9 or newer) for it. Without it they
//! say so and pass, unless `ROUTE_GUIDE_REQUIRE_NATS=1` makes that a failure.

#![expect(clippy::unwrap_used, reason = "a helper may fail its test")]

mod away;
mod exchange;
mod killed;
mod large;
mod stored;

use route_guide_chat::{ConversationLimits, NatsSettings};
use route_guide_proto::routeguide::Point;
use route_guide_server::{ChatSettings, ChatStore, NOTE_UNCONFIRMED, RouteGuideSettings};
use route_guide_tests::{TestServer, guide_at, note, point, within};
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// A server of the library whose notes are in the stream of these NATS servers.
async fn server_on(urls: &[String]) -> TestServer {
    let nats = NatsSettings {
        servers: urls.to_vec(),
        ..NatsSettings::default()
    };
    let chat = ChatSettings {
        store: ChatStore::Nats(Box::new(nats)),
        shared: ConversationLimits {
            // As long as a message may be.
            note_bytes: 4 << 20,
            ..ConversationLimits::default()
        },
        ..ChatSettings::default()
    };
    TestServer::route_guide_with(RouteGuideSettings {
        chat,
        ..RouteGuideSettings::default()
    })
    .await
}

/// Posts one note on a stream of its own, and returns what was there before.
async fn post(server: &TestServer, at: Point, text: &str) -> Result<Vec<String>, Status> {
    post_to(server.address(), at, text).await
}

/// [`post`], to a server at an address.
async fn post_to(address: &str, at: Point, text: &str) -> Result<Vec<String>, Status> {
    let guide = guide_at(address).await.expect("the server answers");
    let mut guide = guide.max_decoding_message_size(usize::MAX);
    let notes = tokio_stream::once(note(at, text));
    let mut replies = within("the chat", guide.route_chat(notes))
        .await?
        .into_inner();
    let mut texts = Vec::new();
    while let Some(note) = within("the replay", replies.message()).await? {
        texts.push(note.message);
    }
    Ok(texts)
}

/// Posts until NATS is there, each time after as long as the server says, and returns what was there before.
///
/// A note that was refused may be written nevertheless, so each attempt has a text of its own; they begin alike.
async fn post_when_ready(server: &TestServer, at: Point, text: &str) -> Vec<String> {
    for attempt in 0.. {
        match post(server, at, &format!("{text} {attempt}")).await {
            Ok(texts) => return texts,
            Err(status) => tokio::time::sleep(failed_for_now(&status)).await,
        }
    }
    unreachable!("it goes on until the test's time is over")
}

/// Waits until a server takes notes.
async fn ready(address: &str) {
    while let Err(status) = post_to(address, point(0, 0), "ready?").await {
        tokio::time::sleep(failed_for_now(&status)).await;
    }
}

/// When to try again after a note that was not accepted or not confirmed. It must not have failed in any other way.
#[track_caller]
fn failed_for_now(status: &Status) -> std::time::Duration {
    let info = status.get_details_error_info();
    if info.is_some_and(|info| info.reason == NOTE_UNCONFIRMED) {
        assert_eq!(status.code(), Code::Unknown, "{status:?}");
        return std::time::Duration::from_millis(100);
    }
    retry_delay(status)
}

/// When the server says to try again; it must say nothing else.
#[track_caller]
fn retry_delay(status: &Status) -> std::time::Duration {
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    let retry = status.get_details_retry_info();
    let delay = retry.and_then(|retry| retry.retry_delay);
    delay.unwrap_or_else(|| panic!("it does not say when to try again: {status:?}"))
}

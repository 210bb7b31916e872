//! The introduction's HelloService: one method of each kind.

use std::time::Duration;

use route_guide_proto::hello::{HelloRequest, HelloResponse};
use route_guide_server::{GreeterSettings, HELLO_MODE, ReplySettings};
use route_guide_tests::{TestServer, run, within};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_stream::StreamExt;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{Code, Request, Status, Streaming};

fn greeting(text: &str) -> HelloRequest {
    HelloRequest {
        greeting: text.to_owned(),
    }
}

fn many(texts: &[&str]) -> impl tokio_stream::Stream<Item = HelloRequest> + use<> {
    let greetings: Vec<_> = texts.iter().map(|text| greeting(text)).collect();
    tokio_stream::iter(greetings)
}

/// Opens `BidiHello` in a discipline.
async fn bidi(
    server: &TestServer,
    mode: Option<&'static str>,
) -> Result<(UnboundedSender<HelloRequest>, Streaming<HelloResponse>), Status> {
    let (send, greetings) = unbounded_channel();
    let mut request = Request::new(UnboundedReceiverStream::new(greetings));
    if let Some(mode) = mode {
        let mode = tonic::metadata::MetadataValue::from_static(mode);
        request.metadata_mut().insert(HELLO_MODE, mode);
    }
    let replies = server.hello().bidi_hello(request).await?;
    Ok((send, replies.into_inner()))
}

#[test]
fn say_hello_answers_a_greeting() {
    run(async {
        let server = TestServer::greetings().await;
        for text in ["good morning", ""] {
            let response = server.hello().say_hello(greeting(text)).await.unwrap();
            assert_eq!(response.into_inner().reply, format!("You said: {text}"));
        }
    });
}

#[test]
fn lots_of_replies_gives_as_many_as_it_is_set_to() {
    run(async {
        let server = TestServer::greetings_with(GreeterSettings {
            replies: ReplySettings {
                count: 3,
                interval: Duration::ZERO,
            },
            ..GreeterSettings::default()
        })
        .await;
        let responses = server
            .hello()
            .lots_of_replies(greeting("hi"))
            .await
            .unwrap();
        let replies: Vec<_> = responses
            .into_inner()
            .map(|response| response.unwrap().reply)
            .collect()
            .await;
        let expected = [1, 2, 3].map(|number| format!("Reply {number} of 3 to: hi"));
        assert_eq!(replies, expected);
    });
}

#[test]
fn lots_of_greetings_answers_once_all_have_come() {
    run(async {
        let server = TestServer::greetings().await;
        for (texts, expected) in [
            (&[][..], "Greetings received: 0"),
            (&["a"], "Greetings received: 1, the last one: a"),
            (&["a", "b", ""], "Greetings received: 3, the last one: "),
        ] {
            let response = server.hello().lots_of_greetings(many(texts)).await.unwrap();
            assert_eq!(response.into_inner().reply, expected);
        }
    });
}

#[test]
fn bidi_hello_plays_ping_pong() {
    run(async {
        let server = TestServer::greetings().await;
        for mode in [None, Some("ping-pong")] {
            let (send, mut replies) = bidi(&server, mode).await.unwrap();
            for text in ["ping", "", "ping again"] {
                send.send(greeting(text)).unwrap();
                let reply = within("the answer", replies.message()).await.unwrap();
                assert_eq!(reply.unwrap().reply, format!("You said: {text}"));
            }
            drop(send);
            assert_eq!(replies.message().await.unwrap(), None);
        }
    });
}

#[test]
fn bidi_hello_collects_and_then_answers() {
    run(async {
        let server = TestServer::greetings().await;
        let (send, mut replies) = bidi(&server, Some("collect")).await.unwrap();
        for text in ["one", "two"] {
            send.send(greeting(text)).unwrap();
        }
        // Another stream is answered meanwhile; this one has to stay silent until it is half-closed.
        let (other, mut answers) = bidi(&server, None).await.unwrap();
        other.send(greeting("other")).unwrap();
        within("the other's answer", answers.message())
            .await
            .unwrap();
        let silent = tokio::time::timeout(Duration::ZERO, replies.message()).await;
        assert!(silent.is_err(), "{silent:?} before the half-close");
        drop(send);
        let rest: Vec<_> = replies
            .map(|response| response.unwrap().reply)
            .collect()
            .await;
        assert_eq!(rest, ["You said: one", "You said: two"]);
    });
}

#[test]
fn what_is_collected_is_bounded() {
    run(async {
        let server = TestServer::greetings().await;
        let (send, mut replies) = bidi(&server, Some("collect")).await.unwrap();
        let long = greeting(&"x".repeat(1 << 20));
        for _ in 0..5 {
            send.send(long.clone()).unwrap();
        }
        let status = within("the end", replies.message()).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    });
}

#[test]
fn an_unknown_discipline_is_refused_by_name() {
    run(async {
        let server = TestServer::greetings().await;
        let status = bidi(&server, Some("shout")).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(status.message().contains("\"shout\""), "{status:?}");
    });
}

//! The quick start's Greeter, all four methods.

use std::time::Duration;

use route_guide_proto::helloworld::{HelloReply, HelloRequest};
use route_guide_server::{GreeterSettings, ReplySettings};
use route_guide_tests::{TestServer, run, within};
use tokio::sync::mpsc::unbounded_channel;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::UnboundedReceiverStream;

fn named(name: &str) -> HelloRequest {
    HelloRequest {
        name: name.to_owned(),
    }
}

fn replying(count: u32, interval: Duration) -> GreeterSettings {
    GreeterSettings {
        replies: ReplySettings { count, interval },
        ..GreeterSettings::default()
    }
}

#[test]
fn say_hello_greets_by_name() {
    run(async {
        let server = TestServer::greetings().await;
        let mut greeter = server.greeter();
        for (name, expected) in [
            ("world", "Hello, world!"),
            ("you", "Hello, you!"),
            ("", "Hello, !"),
            ("Größe 名前 🚲", "Hello, Größe 名前 🚲!"),
            ("two\nlines\0", "Hello, two\nlines\0!"),
        ] {
            let reply = greeter.say_hello(named(name)).await.unwrap().into_inner();
            assert_eq!(reply.message, expected);
        }
    });
}

#[test]
fn say_hello_again_greets_again() {
    run(async {
        let server = TestServer::greetings().await;
        let mut greeter = server.greeter();
        for (name, expected) in [("you", "Hello again, you!"), ("", "Hello again, !")] {
            let reply = greeter
                .say_hello_again(named(name))
                .await
                .unwrap()
                .into_inner();
            assert_eq!(reply.message, expected);
        }
    });
}

#[test]
fn say_hello_stream_reply_replies_as_often_as_it_is_set_to() {
    run(async {
        for count in [0, 1, 3] {
            let server = TestServer::greetings_with(replying(count, Duration::ZERO)).await;
            let replies = server
                .greeter()
                .say_hello_stream_reply(named("you"))
                .await
                .unwrap();
            let replies: Result<Vec<_>, _> = replies.into_inner().collect().await;
            let expected: Vec<_> = (1..=count)
                .map(|number| HelloReply {
                    message: format!("Hello number {number}, you!"),
                })
                .collect();
            assert_eq!(replies.unwrap(), expected);
        }
    });
}

#[test]
fn the_first_reply_comes_before_the_first_pause() {
    run(async {
        let hour = Duration::from_secs(3_600);
        let server = TestServer::greetings_with(replying(2, hour)).await;
        let replies = server
            .greeter()
            .say_hello_stream_reply(named("you"))
            .await
            .unwrap();
        let first = within("the first reply", replies.into_inner().message()).await;
        assert_eq!(first.unwrap().unwrap().message, "Hello number 1, you!");
    });
}

#[test]
fn say_hello_bidi_stream_answers_every_request_as_it_comes() {
    run(async {
        let server = TestServer::greetings().await;
        let (ask, requests) = unbounded_channel();
        let mut greeter = server.greeter();
        let requests = UnboundedReceiverStream::new(requests);
        let mut replies = greeter
            .say_hello_bidi_stream(requests)
            .await
            .unwrap()
            .into_inner();
        for name in ["one", "", "three"] {
            ask.send(named(name)).unwrap();
            // The next request is not sent before this one is answered.
            let reply = within("the answer", replies.message())
                .await
                .unwrap()
                .unwrap();
            assert_eq!(reply.message, format!("Hello, {name}!"));
        }
        drop(ask);
        assert_eq!(replies.message().await.unwrap(), None);
    });
}

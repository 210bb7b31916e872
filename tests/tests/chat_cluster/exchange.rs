//! Clients of different servers are in one conversation.

use route_guide_proto::routeguide::Point;
use route_guide_testkit::NatsServer;
use route_guide_tests::{Chat, TestServer, point, run};

use crate::{post, post_when_ready, ready, server_on};

const HERE: Point = Point {
    latitude: 407_838_351,
    longitude: -746_143_763,
};

/// Starts NATS and two servers on it.
async fn two_servers() -> (NatsServer, TestServer, TestServer) {
    let nats = NatsServer::start().await;
    let urls = [nats.url()];
    let (east, west) = (server_on(&urls).await, server_on(&urls).await);
    for server in [&east, &west] {
        ready(server.address()).await;
    }
    (nats, east, west)
}

#[test]
fn notes_of_one_server_are_replayed_by_another_and_then_come_live() {
    if !NatsServer::available() {
        return;
    }
    run(async {
        let (_nats, east, west) = two_servers().await;
        let mut ann = Chat::open(&east).await;
        let mut bob = Chat::open(&west).await;
        ann.post(HERE, "ice on the bridge");
        assert!(ann.settled().await.is_empty(), "nobody was there");
        bob.post(HERE, "grit is on its way");
        assert_eq!(bob.next().await, "ice on the bridge");
        assert_eq!(ann.next().await, "grit is on its way");
        ann.post(point(1, 1), "elsewhere");
        ann.post(HERE, "thank you");
        assert_eq!(ann.next().await, "ice on the bridge");
        assert_eq!(ann.next().await, "grit is on its way");
        assert_eq!(bob.next().await, "thank you");
        // Nothing else is owed to anybody: no echo, nothing twice, nothing from elsewhere.
        assert!(ann.settled().await.is_empty());
        assert!(bob.settled().await.is_empty());
        assert!(ann.finish().await.is_empty());
        assert!(bob.finish().await.is_empty());
    });
}

#[test]
fn a_burst_arrives_on_the_other_server_in_order_and_each_note_once() {
    if !NatsServer::available() {
        return;
    }
    run(async {
        let (_nats, east, west) = two_servers().await;
        let mut listener = Chat::open(&west).await;
        listener.post(HERE, "hello");
        listener.settled().await;
        let texts: Vec<_> = (0..90).map(|number| number.to_string()).collect();
        let mut sender = Chat::open(&east).await;
        for text in &texts {
            sender.post(HERE, text);
        }
        for text in &texts {
            assert_eq!(listener.next().await, *text);
        }
        sender.settled().await;
        assert!(listener.finish().await.is_empty());
    });
}

#[test]
fn notes_outlive_every_server_and_nats_itself() {
    if !NatsServer::available() {
        return;
    }
    run(async {
        let mut nats = NatsServer::start().await;
        let urls = [nats.url()];
        let first = server_on(&urls).await;
        ready(first.address()).await;
        assert!(post(&first, HERE, "one").await.unwrap().is_empty());
        assert_eq!(post(&first, HERE, "two").await.unwrap(), ["one"]);
        assert_eq!(first.stop().await.cut_calls, 0);
        nats.kill();
        nats.restart().await;
        let second = server_on(&urls).await;
        assert_eq!(
            post_when_ready(&second, HERE, "three").await,
            ["one", "two"]
        );
    });
}

/// A server with a password in its address was turned away: the client of NATS does not look there.
#[test]
fn the_name_and_password_in_an_address_are_shown_to_nats() {
    if !NatsServer::available() {
        return;
    }
    run(async {
        for (settings, identity) in [
            (
                "user: \"ada\", password: \"p@ss word\"",
                "ada:p%40ss%20word",
            ),
            ("token: \"open sesame\"", "open%20sesame"),
        ] {
            let nats = NatsServer::start_with(&format!("authorization {{ {settings} }}\n")).await;
            let host = nats.url();
            let host = host.strip_prefix("nats://").unwrap();
            let server = server_on(&[format!("nats://{identity}@{host}")]).await;
            ready(server.address()).await;
            let stranger = server_on(&[format!("nats://eve:eve@{host}")]).await;
            post(&stranger, HERE, "let me in").await.unwrap_err();
        }
    });
}

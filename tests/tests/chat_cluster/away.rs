//! While NATS is unavailable: places are served, notes are refused for the time being, and streams wait.

use std::collections::HashSet;

use route_guide_proto::routeguide::Point;
use route_guide_server::CHAT_WATCH;
use route_guide_testkit::NatsServer;
use route_guide_tests::{Chat, ServerProcess, TestServer, programs, run, within};
use tonic::{Request, Status};

use crate::{failed_for_now, post, post_to, post_when_ready, ready, retry_delay, server_on};

const HERE: Point = Point {
    latitude: 407_838_351,
    longitude: -746_143_763,
};

const HERE_E7: &str = "407838351,-746143763";

/// Follows a place, and returns how that is confirmed.
async fn follow(server: &TestServer) -> Result<String, Status> {
    let mut request = Request::new(tokio_stream::pending());
    let metadata = request.metadata_mut();
    metadata.insert(CHAT_WATCH, HERE_E7.parse().unwrap());
    let mut guide = server.guide();
    let response = within("the headers of a chat", guide.route_chat(request)).await?;
    let confirmed = response.metadata().get(CHAT_WATCH).unwrap();
    Ok(confirmed.to_str().unwrap().to_owned())
}

/// Asks for a feature and for health.
async fn all_else_is_served(server: &TestServer) {
    let asked = server.guide().get_feature(HERE).await.unwrap();
    let name = asked.into_inner().name;
    assert_eq!(name, "Patriots Path, Mendham, NJ 07945, USA");
    server.still_answers().await;
}

#[test]
fn a_server_starts_without_nats_and_takes_notes_once_it_is_there() {
    if !NatsServer::available() {
        return;
    }
    run(async {
        let mut nats = NatsServer::start().await;
        nats.kill();
        let server = server_on(&[nats.url()]).await;
        all_else_is_served(&server).await;
        let status = post(&server, HERE, "too early").await.unwrap_err();
        assert!(!retry_delay(&status).is_zero(), "{status:?}");
        let status = follow(&server).await.unwrap_err();
        assert!(!retry_delay(&status).is_zero(), "{status:?}");
        // A chat without notes needs nothing of NATS.
        assert!(Chat::open(&server).await.finish().await.is_empty());

        nats.restart().await;
        let texts = post_when_ready(&server, HERE, "in time").await;
        assert!(texts.is_empty(), "a refused note is there: {texts:?}");
        assert_eq!(follow(&server).await.unwrap(), format!("{HERE_E7},1,1"));
        all_else_is_served(&server).await;
    });
}

#[test]
fn open_streams_wait_for_nats_and_go_on_where_they_were() {
    if !NatsServer::available() {
        return;
    }
    run(async {
        let mut nats = NatsServer::start().await;
        let urls = [nats.url()];
        let (east, west) = (server_on(&urls).await, server_on(&urls).await);
        for server in [&east, &west] {
            ready(server.address()).await;
        }
        let mut listeners = [Chat::open(&east).await, Chat::open(&west).await];
        let mut expected = Vec::new();
        for listener in &mut listeners {
            listener.post(HERE, "hello");
            listener.settled().await;
        }
        assert_eq!(listeners[0].next().await, "hello");
        for round in 0..2 {
            for (name, server) in [("east", &east), ("west", &west)] {
                let text = format!("{name} {round}");
                post(server, HERE, &text).await.unwrap();
                expected.push(text);
            }
            nats.kill();
            for server in [&east, &west] {
                all_else_is_served(server).await;
            }
            for (name, server) in [("east", &east), ("west", &west)] {
                // It may be committed nevertheless, but nobody is handed it twice.
                let text = format!("perhaps {name} {round}");
                let status = post(server, HERE, &text).await.unwrap_err();
                failed_for_now(&status);
            }
            nats.restart().await;
            for server in [&east, &west] {
                ready(server.address()).await;
            }
        }
        for mut listener in listeners {
            let mut heard = listener.settled().await;
            heard.extend(listener.finish().await);
            let distinct: HashSet<_> = heard.iter().collect();
            assert_eq!(distinct.len(), heard.len(), "{heard:?}");
            heard.retain(|text| !text.starts_with("perhaps"));
            assert_eq!(heard, expected);
        }
    });
}

#[test]
fn the_log_says_that_nats_went_away_and_came_back_not_which_notes_it_cost() {
    const NOTES: usize = 20;
    if !NatsServer::available() {
        return;
    }
    // Before the time starts: it may have to be built.
    let program = programs().join("route-guide-server");
    run(async {
        let mut nats = NatsServer::start().await;
        let url = nats.url();
        let mut server = ServerProcess::start(&program, &["--chat-store", &url, "--log", "info"]);
        let address = server.target().to_owned();
        ready(&address).await;
        nats.kill();
        for number in 0..NOTES {
            let status = post_to(&address, HERE, &number.to_string())
                .await
                .unwrap_err();
            failed_for_now(&status);
        }
        nats.restart().await;
        ready(&address).await;
        let (was_running, log) = server.stop(false);
        assert!(was_running, "{log}");
        let lines = |part: &str| log.lines().filter(|line| line.contains(part)).count();
        assert_eq!(lines("notes are ready"), 1, "{log}");
        assert!(
            (1..NOTES / 2).contains(&lines("notes are unavailable")),
            "{log}"
        );
        assert_eq!(lines("notes are back"), 1, "{log}");
        assert!(log.lines().count() < NOTES, "{log}");
    });
}

//! `RouteChat` with `route-chat-watch`: places are followed without a note.

#![expect(clippy::unwrap_used, reason = "a helper may fail its test")]

use route_guide_proto::routeguide::Point;
use route_guide_server::{
    CHAT_LIFE, CHAT_WATCH, ChatScope, ChatSettings, ChatStore, RouteGuideSettings,
};
use route_guide_tests::{Chat, TestServer, point, run};
use tonic::Code;
use tonic::metadata::MetadataMap;

const HERE: Point = Point {
    latitude: 407_838_351,
    longitude: -746_143_763,
};

fn watching(places: &[&'static str]) -> MetadataMap {
    let mut metadata = MetadataMap::new();
    for place in places {
        metadata.append(CHAT_WATCH, place.parse().unwrap());
    }
    metadata
}

fn confirmed(metadata: &MetadataMap) -> Vec<&str> {
    let values = metadata.get_all(CHAT_WATCH).iter();
    values.map(|value| value.to_str().unwrap()).collect()
}

async fn server_with(chat: ChatSettings) -> TestServer {
    TestServer::route_guide_with(RouteGuideSettings {
        chat,
        ..RouteGuideSettings::default()
    })
    .await
}

#[test]
fn a_watcher_is_handed_what_is_kept_and_what_comes() {
    run(async {
        let server = TestServer::route_guide().await;
        let mut writer = Chat::open(&server).await;
        writer.post(HERE, "one");
        writer.post(point(1, 2), "there");
        writer.settled().await;

        let places = watching(&["407838351,-746143763", "1,2, 3,4"]);
        let (mut watcher, metadata) = Chat::open_with(&server, places).await;
        assert_eq!(
            confirmed(&metadata),
            ["407838351,-746143763,1", "1,2,1", "3,4,0"]
        );
        let kept = [watcher.next().await, watcher.next().await];
        assert_eq!(kept, ["one", "there"]);
        writer.post(point(3, 4), "new");
        assert_eq!(watcher.next_note().await.location, Some(point(3, 4)));
        writer.post(HERE, "two");
        assert_eq!(watcher.next().await, "two");
        assert_eq!(watcher.finish().await, [""; 0]);
    });
}

#[test]
fn its_own_notes_come_back_once_written_and_earlier_ones_do_not() {
    run(async {
        let server = TestServer::route_guide().await;
        let (mut chat, _) = Chat::open_with(&server, watching(&["0,0"])).await;
        for text in ["a", "b"] {
            chat.post(point(0, 0), text);
            assert_eq!(chat.next().await, text);
        }
        chat.post(point(0, 0), "c");
        chat.post(point(5, 5), "d");
        assert_eq!(chat.finish().await, ["c", "d"]);
    });
}

#[test]
fn notes_that_die_with_the_server_are_of_one_life() {
    run(async {
        let life = async |server: &TestServer| {
            let (_chat, metadata) = Chat::open_with(server, watching(&["0,0"])).await;
            let life = metadata.get(CHAT_LIFE)?;
            Some(life.to_str().unwrap().to_owned())
        };
        let (one, other) = (
            TestServer::route_guide().await,
            TestServer::route_guide().await,
        );
        assert_eq!(life(&one).await, life(&one).await);
        assert_ne!(life(&one).await, life(&other).await);

        let folder = tempfile::tempdir().unwrap();
        let store = ChatStore::File(folder.path().to_owned());
        let lasting = server_with(ChatSettings {
            store,
            ..ChatSettings::default()
        })
        .await;
        assert_eq!(life(&lasting).await, None);
    });
}

#[test]
fn a_server_that_keeps_notes_to_their_stream_confirms_nothing() {
    run(async {
        let server = server_with(ChatSettings {
            scope: ChatScope::Stream,
            ..ChatSettings::default()
        })
        .await;
        let (chat, metadata) = Chat::open_with(&server, watching(&["0,0"])).await;
        assert_eq!(confirmed(&metadata), [""; 0]);
        // The published answer is not changed.
        for text in ["0", "1", "2"] {
            chat.post(HERE, text);
        }
        assert_eq!(chat.finish().await, ["0", "0", "1"]);
    });
}

#[test]
fn a_place_that_is_none_is_refused() {
    run(async {
        let server = TestServer::route_guide().await;
        let mut request = tonic::Request::new(tokio_stream::empty());
        *request.metadata_mut() = watching(&["0,0", "1"]);
        let status = server.guide().route_chat(request).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(
            status.message(),
            "metadata route-chat-watch: expected LAT,LON but found \"1\""
        );
    });
}

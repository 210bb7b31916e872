//! `RouteChat` with `route-chat-watch`: places are followed without a note.

use route_guide_chat::Limits;
use route_guide_proto::routeguide::Point;
use route_guide_server::{
    CHAT_CALL, CHAT_LIFE, CHAT_NUMBERING, CHAT_RESUMES, CHAT_WATCH, ChatScope, ChatSettings,
    ChatStore, RouteGuideSettings,
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
    values(metadata, CHAT_WATCH)
}

fn values<'a>(metadata: &'a MetadataMap, key: &str) -> Vec<&'a str> {
    let values = metadata.get_all(key).iter();
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
            ["407838351,-746143763,1,1", "1,2,1,1", "3,4,0,1"]
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

/// A reader came back, compared the texts of notes, and took "ok" for the "ok" that it had been shown before.
#[test]
fn the_confirmation_numbers_the_notes_and_names_the_numbering() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let store = || ChatStore::File(folder.path().to_owned());
        let lasting = async || {
            let settings = ChatSettings {
                store: store(),
                notebook: Limits {
                    notes_per_place: 2.try_into().unwrap(),
                    ..Limits::default()
                },
                ..ChatSettings::default()
            };
            server_with(settings).await
        };
        let mut numberings = Vec::new();
        let server = lasting().await;
        for expected in ["0,0,0,1", "0,0,2,1", "0,0,2,3"] {
            let (chat, metadata) = Chat::open_with(&server, watching(&["0,0", "0,0"])).await;
            assert_eq!(confirmed(&metadata), [expected]);
            numberings.extend(
                values(&metadata, CHAT_NUMBERING)
                    .first()
                    .map(|n| (*n).to_owned()),
            );
            chat.post(point(0, 0), "ok");
            chat.post(point(0, 0), "ok");
            chat.finish().await;
        }
        let _report = server.stop().await;
        let server = lasting().await;
        let (_chat, metadata) = Chat::open_with(&server, watching(&["0,0"])).await;
        assert_eq!(confirmed(&metadata), ["0,0,2,5"], "after a restart");
        numberings.extend(
            values(&metadata, CHAT_NUMBERING)
                .first()
                .map(|n| (*n).to_owned()),
        );
        assert_eq!(numberings.len(), 4);
        numberings.dedup();
        assert_eq!(numberings.len(), 1, "{numberings:?}");
    });
}

/// A call that was lost left its client in doubt about its notes, and somebody else's equal text settled the doubt.
#[test]
fn a_call_learns_how_many_notes_of_the_lost_one_are_there() {
    run(async {
        let server = TestServer::route_guide().await;
        let named = |key: &'static str, id: &str| {
            let mut metadata = watching(&["0,0", "1,1"]);
            metadata.insert(key, id.parse().unwrap());
            metadata
        };
        let (id, other) = ("0123456789abcdef0123456789ABCDEF", "ff".repeat(16));
        let (lost, metadata) = Chat::open_with(&server, named(CHAT_CALL, id)).await;
        assert_eq!(values(&metadata, CHAT_RESUMES), [""; 0]);
        for text in ["ok", "ok"] {
            lost.post(point(0, 0), text);
        }
        lost.finish().await;
        let (else_one, _) = Chat::open_with(&server, named(CHAT_CALL, &other)).await;
        else_one.post(point(0, 0), "ok");
        else_one.finish().await;

        let (_chat, metadata) = Chat::open_with(&server, named(CHAT_RESUMES, id)).await;
        assert_eq!(values(&metadata, CHAT_RESUMES), ["0,0,2", "1,1,0"]);

        let mut request = tonic::Request::new(tokio_stream::empty());
        *request.metadata_mut() = named(CHAT_RESUMES, "+123456789abcdef0123456789abcdef");
        let status = server.guide().route_chat(request).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(
            status.message(),
            "metadata route-chat-resumes: expected 32 hexadecimal digits"
        );
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

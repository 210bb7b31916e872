//! Ctrl-C and SIGTERM: the drain, its exit status, and the second signal.

use std::fs;
use std::io::Write;
use std::process::Command;

use route_guide_proto::routeguide::route_guide_client::RouteGuideClient;
use route_guide_proto::routeguide::{Point, RouteNote, RouteSummary};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Response, Status, Streaming};

use crate::process::{connect, start, within};
use crate::{GREETER_SERVER, ROUTE_GUIDE_SERVER};

/// What the drain says when it had to cut calls.
const CUT: &str = " had to be cut when the drain timeout was over";

async fn guide(address: &str) -> RouteGuideClient<Channel> {
    RouteGuideClient::new(connect(address).await)
}

/// An open chat that has sent nothing.
async fn chat(address: &str) -> (UnboundedSender<RouteNote>, Streaming<RouteNote>) {
    let (send, notes) = unbounded_channel();
    let mut guide = guide(address).await;
    let opened = guide.route_chat(UnboundedReceiverStream::new(notes));
    let replies = within("the chat", opened).await.unwrap().into_inner();
    (send, replies)
}

struct Route {
    points: UnboundedSender<Point>,
    summary: JoinHandle<Result<Response<RouteSummary>, Status>>,
}

/// An open route; the server has surely begun it.
async fn route(address: &str) -> Route {
    let (points, route) = unbounded_channel();
    let mut guide = guide(address).await;
    let mut again = guide.clone();
    points.send(Point::default()).unwrap();
    let (begun, mut has_begun) = unbounded_channel();
    let route = UnboundedReceiverStream::new(route);
    // The route is read from only once its headers have been handed to the connection.
    let route = tokio_stream::StreamExt::map(route, move |point| {
        let _ = begun.send(());
        point
    });
    let summary = tokio::spawn(async move { guide.record_route(route).await });
    within("the route", has_begun.recv()).await.unwrap();
    // A later call on the same connection has been answered, so the earlier one has arrived.
    let asked = again.get_feature(Point::default());
    within("an answer", asked).await.unwrap();
    Route { points, summary }
}

/// Whoever sends SIGHUP to all servers must not end those that have nothing to reload, and learns what became of it.
#[test]
fn a_hangup_with_nothing_to_reload_is_logged_and_the_server_goes_on() {
    for program in [ROUTE_GUIDE_SERVER, GREETER_SERVER] {
        let mut server = start(program, &["--listen", "127.0.0.1:0"]);
        server.line();
        for _ in 0..2 {
            server.signal("HUP");
            server.logged("there is nothing to reload");
        }
        server.signal("TERM");
        assert_eq!(server.ended().code, Some(0));
    }
}

#[test]
fn a_server_without_calls_ends_with_status_0_on_either_signal() {
    for program in [ROUTE_GUIDE_SERVER, GREETER_SERVER] {
        for signal in ["INT", "TERM"] {
            let mut server = start(program, &["--listen", "127.0.0.1:0"]);
            server.line();
            server.signal(signal);
            let ended = server.ended();
            assert_eq!(ended.code, Some(0), "{signal}: {ended:?}");
        }
    }
}

/// Features that are read from a pipe are loaded for as long as somebody holds its other end.
fn endless_features() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("places.csv");
    let pipe = pipe.to_str().unwrap();
    let made = Command::new("mkfifo").arg(pipe).status().unwrap();
    assert!(made.success());
    (folder, pipe.to_owned())
}

/// A server that took a minute to load its features could not be stopped with Ctrl-C: it went on, announced itself and
/// only then left.
#[test]
fn a_signal_while_features_load_ends_the_server_at_once() {
    for signal in ["INT", "TERM"] {
        let (_folder, pipe) = endless_features();
        let flags = ["--listen", "127.0.0.1:0", "--features", &pipe];
        let server = start(ROUTE_GUIDE_SERVER, &flags);
        // Opens once the server reads.
        let mut features = fs::File::options().write(true).open(&pipe).unwrap();
        features.write_all(b"lat,lon,name\n").unwrap();
        server.signal(signal);
        let ended = server.ended();
        assert_eq!(ended.code, Some(0), "{signal}: {ended:?}");
        assert_eq!(ended.stdout, [""; 0], "{signal}");
    }
}

/// The drain waited for a reload that was under way, whatever the drain timeout.
#[test]
fn a_reload_does_not_hold_the_end_up() {
    let (folder, pipe) = endless_features();
    let file = folder.path().join("served.csv");
    fs::write(&file, "lat,lon,name\n1,2,here\n").unwrap();
    let flags = [
        "--listen",
        "127.0.0.1:0",
        "--features",
        file.to_str().unwrap(),
    ];
    let mut server = start(ROUTE_GUIDE_SERVER, &flags);
    server.address();
    fs::rename(&pipe, &file).unwrap();
    server.signal("HUP");
    let _features = fs::File::options().write(true).open(&file).unwrap();
    server.signal("TERM");
    assert_eq!(server.ended().code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn open_chats_are_told_and_the_status_is_0() {
    let mut server = start(ROUTE_GUIDE_SERVER, &["--listen", "127.0.0.1:0"]);
    let address = server.address();
    let mut chats = [chat(&address).await, chat(&address).await];
    server.signal("INT");
    for (_, replies) in &mut chats {
        let status = within("the end", replies.message()).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        assert_eq!(status.message(), "server is draining");
    }
    let ended = server.ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_in_flight_is_finished_and_the_status_is_0() {
    let flags = ["--listen", "127.0.0.1:0", "--drain-timeout", "1h"];
    let mut server = start(ROUTE_GUIDE_SERVER, &flags);
    let address = server.address();
    let (_notes, mut witness) = chat(&address).await;
    let Route { points, summary } = route(&address).await;
    server.signal("TERM");
    within("the drain", witness.message()).await.unwrap_err();
    points.send(Point::default()).unwrap();
    drop(points);
    let summary = within("the summary", summary).await.unwrap();
    assert_eq!(summary.unwrap().into_inner().point_count, 2);
    let ended = server.ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_outlasts_the_drain_timeout_is_cut_and_the_status_is_1() {
    let flags = ["--listen", "127.0.0.1:0", "--drain-timeout", "100ms"];
    let mut server = start(ROUTE_GUIDE_SERVER, &flags);
    let Route { points, summary } = route(&server.address()).await;
    server.signal("TERM");
    let status = within("the cut", summary).await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert_eq!(status.message(), "server is draining");
    drop(points);
    let ended = server.ended();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains(CUT), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_the_server_at_once() {
    let flags = ["--listen", "127.0.0.1:0", "--drain-timeout", "1h"];
    for signal in ["INT", "TERM"] {
        let mut server = start(ROUTE_GUIDE_SERVER, &flags);
        let address = server.address();
        let (_notes, mut witness) = chat(&address).await;
        let _route = route(&address).await;
        server.signal("INT");
        within("the drain", witness.message()).await.unwrap_err();
        server.signal(signal);
        let ended = server.ended();
        assert_eq!(ended.code, Some(130), "{ended:?}");
    }
}

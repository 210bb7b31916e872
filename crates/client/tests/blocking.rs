//! The blocking stubs, in programs without a word of async code.

#![expect(clippy::unwrap_used, reason = "a helper may fail its test")]

use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use route_guide_client::CallOptions;
use route_guide_client::blocking::{Greeter, Hello, RouteGuide};
use route_guide_geo::E7Point;
use route_guide_proto::routeguide::RouteNote;
use tonic::Code;

#[path = "common/servers.rs"]
mod servers;

use servers::RealServer;

fn note(message: &str) -> RouteNote {
    RouteNote {
        location: None,
        message: message.to_owned(),
    }
}

#[test]
fn each_kind_of_method_is_a_plain_function() {
    let server = RealServer::route_guide();
    let guide = RouteGuide::connect(server.target()).unwrap();

    let trail = "40.9146138,-74.6188906".parse().unwrap();
    let feature = guide.get_feature(trail).unwrap();
    assert!(feature.name.starts_with("Berkshire Valley"), "{feature:?}");

    let features = guide.list_features("40,-75:42,-73".parse().unwrap());
    let features: Result<Vec<_>, _> = features.unwrap().collect();
    assert_eq!(features.unwrap().len(), 100);

    let summary = guide
        .record_route([trail, trail, E7Point::default()])
        .unwrap();
    assert_eq!((summary.point_count, summary.feature_count), (3, 2));

    let notes = ["0", "1", "2"].map(note);
    let received = guide.route_chat(notes).unwrap();
    let received: Vec<_> = received.map(|note| note.unwrap().message).collect();
    assert_eq!(received, ["0", "0", "1"]);
}

#[test]
fn both_greeting_services_are_plain_functions_too() {
    let server = RealServer::greetings();
    let greeter = Greeter::connect(server.target()).unwrap();
    let words = |words: &[&str]| {
        words
            .iter()
            .map(|&word| word.to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(greeter.say_hello("you").unwrap().message, "Hello, you!");
    assert_eq!(
        greeter.say_hello_again("you").unwrap().message,
        "Hello again, you!"
    );
    assert_eq!(greeter.say_hello_stream_reply("you").unwrap().count(), 5);
    let replies = greeter.say_hello_bidi_stream(words(&["a", "b"])).unwrap();
    let replies: Vec<_> = replies.map(|reply| reply.unwrap().message).collect();
    assert_eq!(replies, ["Hello, a!", "Hello, b!"]);

    let hello = Hello::connect(server.target()).unwrap();
    assert_eq!(hello.say_hello("hi").unwrap().reply, "You said: hi");
    assert_eq!(hello.lots_of_replies("hi").unwrap().count(), 5);
    let counted = hello.lots_of_greetings(words(&["a", "b"])).unwrap();
    assert_eq!(counted.reply, "Greetings received: 2, the last one: b");
    let answers = hello.bidi_hello(words(&["a", "b"])).unwrap();
    let answers: Vec<_> = answers.map(|answer| answer.unwrap().reply).collect();
    assert_eq!(answers, ["You said: a", "You said: b"]);
}

#[test]
fn a_deadline_passes_while_the_caller_does_something_else() {
    let server = RealServer::slow_greetings();
    let timeout = Duration::from_secs(2);
    let options = CallOptions::new().timeout(timeout);
    let greeter = Greeter::connect(server.target()).unwrap().with(options);
    let start = Instant::now();
    let mut replies = greeter.say_hello_stream_reply("you").unwrap();
    assert_eq!(
        replies.next().unwrap().unwrap().message,
        "Hello number 1, you!"
    );
    let status = replies.next().unwrap().unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
    assert!(start.elapsed() >= timeout);
    // An error is the end.
    assert!(replies.next().is_none());
}

#[test]
fn two_threads_share_a_stub() {
    let server = RealServer::route_guide();
    let guide = RouteGuide::connect(server.target()).unwrap();
    let threads = [0, 1].map(|_| {
        let guide = guide.clone();
        thread::spawn(move || {
            for _ in 0..100 {
                guide.get_feature(E7Point::default()).unwrap();
            }
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn a_chat_goes_on_while_its_notes_are_written() {
    let server = RealServer::route_guide();
    let guide = RouteGuide::connect(server.target()).unwrap();
    let (write, notes) = channel();
    let mut received = guide.route_chat(notes).unwrap();
    write.send(note("one")).unwrap();
    write.send(note("two")).unwrap();
    assert_eq!(received.next().unwrap().unwrap().message, "one");
    drop(write);
    assert!(received.next().is_none());
}

#[test]
fn replies_that_are_dropped_early_leave_the_stub_usable() {
    let server = RealServer::route_guide();
    let guide = RouteGuide::connect(server.target()).unwrap();
    for _ in 0..10 {
        let mut features = guide
            .list_features("40,-75:42,-73".parse().unwrap())
            .unwrap();
        features.next().unwrap().unwrap();
    }
    assert_eq!(guide.get_feature(E7Point::default()).unwrap().name, "");
}

#[test]
fn replies_outlive_the_stub_that_they_came_from() {
    let server = RealServer::route_guide();
    let guide = RouteGuide::connect(server.target()).unwrap();
    let features = guide
        .list_features("40,-75:42,-73".parse().unwrap())
        .unwrap();
    drop(guide);
    assert_eq!(features.count(), 100);
}

/// A route that its owner could not finish must not be summed up as if it were whole.
#[test]
fn a_panic_in_the_points_of_a_route_reaches_the_caller() {
    let server = RealServer::route_guide();
    let guide = RouteGuide::connect(server.target()).unwrap();
    let points = (0..).map(|number| {
        assert!(number < 3, "no more points");
        E7Point::default()
    });
    let outcome = thread::scope(|scope| scope.spawn(|| guide.record_route(points)).join());
    assert!(outcome.is_err());
    assert_eq!(guide.get_feature(E7Point::default()).unwrap().name, "");
}

#[test]
fn without_a_server_a_call_fails_and_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let target = format!("unix:{}", folder.path().join("nobody.sock").display());
    let guide = RouteGuide::connect(&target).unwrap();
    let status = guide.get_feature(E7Point::default()).unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(
        status.message(),
        format!("nothing is listening at {target}")
    );
    assert!(RouteGuide::connect("not a target").is_err());
}

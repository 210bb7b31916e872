//! Flags become settings.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use route_guide_server::cli::{GreeterFlags, RouteGuideFlags};
use route_guide_server::{
    ChatScope, ChatStore, FeatureSource, FileOrder, GreeterSettings, PointRule, RouteGuideSettings,
    WebSettings,
};

fn guide(flags: &[&str]) -> RouteGuideSettings {
    let program = ["route-guide-server"];
    let parsed = RouteGuideFlags::try_parse_from([&program, flags].concat());
    parsed.expect("the flags are good").settings()
}

fn greeter(flags: &[&str]) -> GreeterSettings {
    let program = ["greeter-server"];
    let parsed = GreeterFlags::try_parse_from([&program, flags].concat());
    parsed.expect("the flags are good").settings()
}

fn count(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).expect("a count is not zero")
}

#[test]
fn without_flags_the_settings_are_the_librarys_own() {
    // Only the threads depend on the machine, and on the program's choice of runtime.
    let mut settings = guide(&[]);
    settings.serving.workers = None;
    let library = RouteGuideSettings::default();
    assert_eq!(format!("{settings:#?}"), format!("{library:#?}"));

    let mut settings = greeter(&[]);
    settings.serving.workers = None;
    let library = GreeterSettings::default();
    assert_eq!(format!("{settings:#?}"), format!("{library:#?}"));
}

#[test]
fn every_flag_reaches_its_setting() {
    let settings = guide(&["--features", "places.json"]);
    assert_eq!(
        settings.features,
        FeatureSource::File(PathBuf::from("places.json"))
    );
    assert_eq!(settings.load.order, FileOrder::BySize);
    assert!(!settings.load.allow_empty);
    let settings = guide(&["--features", "places.json", "--keep-order", "--allow-empty"]);
    assert_eq!(settings.load.order, FileOrder::Kept);
    assert!(settings.load.allow_empty);

    let settings = guide(&["--listen", "[::1]:1", "--listen", "unix:/tmp/rg.sock"]);
    let listen: Vec<_> = settings.listen.iter().map(ToString::to_string).collect();
    assert_eq!(listen, ["[::1]:1", "unix:/tmp/rg.sock"]);

    let serving = guide(&["--drain-timeout", "1m 30s", "--max-concurrent-streams", "7"]).serving;
    assert_eq!(serving.drain_timeout, Duration::from_secs(90));
    assert_eq!(serving.connection.max_concurrent_streams, 7);
    assert_eq!(serving.web, None);
    let origin = "http://localhost:8000";
    let serving = greeter(&["--grpc-web", "--grpc-web-origin", origin]).serving;
    let origins = vec![origin.parse().expect("an origin")];
    assert_eq!(serving.web, Some(WebSettings { origins }));

    let chat = guide(&[
        "--chat-scope",
        "stream",
        "--chat-notes-per-place",
        "1",
        "--chat-notes-total",
        "2",
        "--chat-memory-mib",
        "3",
        "--chat-max-age",
        "4m",
        "--chat-places-per-stream",
        "5",
    ])
    .chat;
    assert_eq!(chat.scope, ChatScope::Stream);
    assert_eq!(chat.notebook.notes_per_place, count(1));
    assert_eq!(chat.notebook.notes_total, count(2));
    assert_eq!(chat.notebook.bytes_total, 3 << 20);
    assert_eq!(chat.notebook.max_age, Duration::from_secs(240));
    assert_eq!(chat.shared.places, count(5));

    let replies = greeter(&["--replies", "3", "--interval", "0s"]).replies;
    assert_eq!(replies.count, 3);
    assert_eq!(replies.interval, Duration::ZERO);
}

#[cfg(feature = "nats")]
#[test]
fn every_flag_of_nats_reaches_its_setting() {
    use route_guide_chat::{NatsSettings, NatsTls};

    let store = |flags: &[&str]| guide(flags).chat.store;
    let default = NatsSettings::default();
    for (address, servers) in [
        ("nats://a", &["nats://a"][..]),
        (
            "tls://u:p@a:1,nats://[::1]:2,b",
            &["tls://u:p@a:1", "nats://[::1]:2", "b"],
        ),
    ] {
        let servers = servers.iter().map(ToString::to_string).collect();
        let expected = NatsSettings {
            servers,
            ..default.clone()
        };
        let expected = ChatStore::Nats(Box::new(expected));
        assert_eq!(store(&["--chat-store", address]), expected, "{address}");
    }
    let file = |name: &str| Some(PathBuf::from(name));
    let expected = NatsSettings {
        servers: vec!["nats://a:1".to_owned()],
        stream: "S".to_owned(),
        prefix: "p.q".to_owned(),
        replicas: count(3),
        credentials: file("u.creds"),
        tls: NatsTls {
            ca: file("ca"),
            cert: file("cert"),
            key: file("key"),
        },
        ..default
    };
    let flags = "--chat-store nats://a:1 --nats-stream S --nats-subjects p.q --nats-replicas 3 \
        --nats-credentials u.creds --nats-ca ca --nats-cert cert --nats-key key";
    let flags: Vec<_> = flags.split_whitespace().collect();
    assert_eq!(store(&flags), ChatStore::Nats(Box::new(expected)));
}

#[test]
fn the_runtime_is_one_per_thread_or_shared_by_all() {
    let workers = |flags: &[&str]| guide(flags).serving.workers;
    assert!(workers(&[]).is_some());
    assert_eq!(workers(&["--threads", "3"]), Some(count(3)));
    assert_eq!(
        workers(&["--runtime", "multi-thread", "--threads", "3"]),
        None
    );
}

#[test]
fn compat_is_both_settings_at_once() {
    for flags in [&["--compat"][..], &["--compat", "--chat-scope", "shared"]] {
        let compatible = guide(flags);
        assert_eq!(compatible.points, PointRule::AnyInteger, "{flags:?}");
        assert_eq!(compatible.chat.scope, ChatScope::Stream, "{flags:?}");
    }
    assert_eq!(guide(&[]).points, PointRule::OnGlobe);
}

#[test]
fn a_memory_beyond_the_machine_is_as_much_as_there_is() {
    let most = usize::MAX.to_string();
    let settings = guide(&["--chat-memory-mib", &most]);
    assert_eq!(settings.chat.notebook.bytes_total, usize::MAX);
}

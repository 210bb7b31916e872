//! What the programs print once their ports are open, and where they can be reached then.

use std::fs;

use route_guide_proto::helloworld::HelloRequest;
use route_guide_proto::helloworld::greeter_client::GreeterClient;
use route_guide_proto::routeguide::Point;
use route_guide_proto::routeguide::route_guide_client::RouteGuideClient;

use crate::process::{connect, start, within};
use crate::{GREETER_SERVER, ROUTE_GUIDE_SERVER};

/// Asks what is at 40.7838351,-74.6143763.
async fn name_there(address: &str) -> String {
    let mut guide = RouteGuideClient::new(connect(address).await);
    let asked = guide.get_feature(Point {
        latitude: 407_838_351,
        longitude: -746_143_763,
    });
    within("the answer", asked).await.unwrap().into_inner().name
}

const PUBLISHED: &str = "Patriots Path, Mendham, NJ 07945, USA";

#[tokio::test(flavor = "multi_thread")]
async fn route_guide_server_says_where_it_listens_and_then_answers_there() {
    let mut server = start(ROUTE_GUIDE_SERVER, &["--listen", "127.0.0.1:0"]);
    let line = server.line();
    let port: u16 = line
        .strip_prefix("Starting server on 127.0.0.1:")
        .unwrap()
        .parse()
        .unwrap();
    assert_ne!(port, 0);
    assert_eq!(name_there(&format!("127.0.0.1:{port}")).await, PUBLISHED);

    // Nothing else is written to stdout, and the log goes to stderr.
    server.signal("TERM");
    let ended = server.ended();
    assert_eq!(ended.stdout, [""; 0]);
    assert!(ended.stderr.contains("INFO"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn localhost_is_every_address_it_resolves_to() {
    let mut server = start(ROUTE_GUIDE_SERVER, &["--listen", "localhost:0"]);
    let address = server.address();
    assert!(address.starts_with("localhost:"), "{address}");
    let resolved: Vec<_> = tokio::net::lookup_host(&address).await.unwrap().collect();
    assert!(!resolved.is_empty());
    for address in resolved {
        // A machine may resolve to a family that it does not have.
        if std::net::UdpSocket::bind((address.ip(), 0)).is_ok() {
            assert_eq!(name_there(&address.to_string()).await, PUBLISHED);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn listen_may_be_repeated_and_a_unix_socket_is_removed_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("route_guide.sock");
    let unix = format!("unix:{}", path.display());
    let flags = [
        "--listen",
        "127.0.0.1:0",
        "--listen",
        &unix,
        "--listen",
        "127.0.0.1:0",
    ];
    let mut server = start(ROUTE_GUIDE_SERVER, &flags);
    let addresses = [server.address(), server.address(), server.address()];
    assert_eq!(addresses[1], unix);
    assert_ne!(addresses[0], addresses[2]);
    for address in addresses {
        assert_eq!(name_there(&address).await, PUBLISHED);
    }
    server.signal("TERM");
    assert_eq!(server.ended().code, Some(0));
    assert!(!path.exists(), "the socket file is still there");
}

#[tokio::test(flavor = "multi_thread")]
async fn greeter_server_names_its_port_and_then_answers_there() {
    let mut server = start(GREETER_SERVER, &["--listen", "127.0.0.1:0"]);
    let line = server.line();
    let port: u16 = line
        .strip_prefix("Server started, listening on ")
        .unwrap()
        .parse()
        .unwrap();
    let channel = connect(&format!("127.0.0.1:{port}")).await;
    let mut greeter = GreeterClient::new(channel);
    let asked = greeter.say_hello(HelloRequest {
        name: "you".to_owned(),
    });
    let reply = within("the reply", asked).await.unwrap().into_inner();
    assert_eq!(reply.message, "Hello, you!");
}

#[tokio::test(flavor = "multi_thread")]
async fn features_come_from_the_file_that_a_flag_names() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("features.json");
    let place = r#"{"location": {"latitude": 407838351, "longitude": -746143763}, "name": "mine"}"#;
    for shape in [format!("[{place}]"), format!(r#"{{"feature": [{place}]}}"#)] {
        fs::write(&file, shape).unwrap();
        let flags = [
            "--features",
            file.to_str().unwrap(),
            "--listen",
            "127.0.0.1:0",
        ];
        let mut server = start(ROUTE_GUIDE_SERVER, &flags);
        assert_eq!(name_there(&server.address()).await, "mine");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_kinds_of_runtime_serve_with_any_number_of_threads() {
    for kind in ["per-core", "multi-thread"] {
        for threads in ["1", "3"] {
            let flags = [
                "--runtime",
                kind,
                "--threads",
                threads,
                "--listen",
                "127.0.0.1:0",
            ];
            let mut server = start(ROUTE_GUIDE_SERVER, &flags);
            let address = server.address();
            for _ in 0..4 {
                assert_eq!(name_there(&address).await, PUBLISHED, "{kind} {threads}");
            }
            server.signal("INT");
            assert_eq!(server.ended().code, Some(0), "{kind} {threads}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_at_debug_has_a_line_for_each_call() {
    let flags = ["--listen", "127.0.0.1:0", "--log", "debug"];
    let mut server = start(ROUTE_GUIDE_SERVER, &flags);
    let address = server.address();
    let channel = connect(&address).await;
    let mut guide = RouteGuideClient::new(channel);
    let asked = guide.get_feature(Point::default());
    within("an answer", asked).await.unwrap();
    server.logged("call ended path=\"/routeguide.RouteGuide/GetFeature\"");
}

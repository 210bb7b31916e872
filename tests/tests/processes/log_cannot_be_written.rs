//! A log that cannot be written changes nothing but the log.

use std::fs::{self, OpenOptions};
use std::io::{self, PipeReader, Read};
use std::process::Stdio;

use route_guide_proto::helloworld::HelloRequest;
use route_guide_proto::helloworld::greeter_client::GreeterClient;
use route_guide_proto::routeguide::route_guide_client::RouteGuideClient;
use route_guide_proto::routeguide::{Point, RouteNote};
use route_guide_testkit::command;
use route_guide_tests::{ServerProcess, programs, run, within};
use tokio::net::TcpStream;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

const DATA_VERSION: &str = "route-guide-data-version";

/// What all libraries write for each frame.
const EVERYTHING: &str = "trace,h2=trace,hyper=trace,tonic=trace,tower=trace";

/// Where every write fails, as on a full disk.
fn full_disk() -> Stdio {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    full.into()
}

/// A pipe whose reader is gone.
fn no_reader() -> Stdio {
    let (_, writer) = io::pipe().unwrap();
    writer.into()
}

/// A pipe whose reader does not read.
fn idle_reader() -> (PipeReader, Stdio) {
    let (reader, writer) = io::pipe().unwrap();
    (reader, writer.into())
}

fn start(program: &str, flags: &[&str], stderr: Stdio) -> ServerProcess {
    let mut program = command(programs().join(program));
    ServerProcess::start_with(program.args(flags), stderr)
}

async fn connect(server: &ServerProcess) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{}", server.target())).unwrap();
    within("a connection", endpoint.connect()).await.unwrap()
}

/// Asks for a feature and returns the version of the data.
async fn data_version(channel: &Channel) -> String {
    let mut guide = RouteGuideClient::new(channel.clone());
    let answer = within("an answer", guide.get_feature(Point::default())).await;
    let answer = answer.unwrap();
    let version = answer.metadata().get(DATA_VERSION).unwrap();
    version.to_str().unwrap().to_owned()
}

/// Tells a server to end, which it must do well.
fn end(mut server: ServerProcess) {
    server.signal("TERM");
    let (ended, log) = server.stop(true);
    assert!(ended, "{log}");
}

/// A full disk ended the server at its next line, here that of a data set which has changed.
#[test]
fn a_full_disk_does_not_keep_new_data_from_being_served() {
    let folder = tempfile::tempdir().unwrap();
    let places = folder.path().join("places.json");
    fs::write(&places, r#"[{"location": {}, "name": "one"}]"#).unwrap();
    for stderr in [full_disk(), no_reader()] {
        let flags = ["--features", places.to_str().unwrap()];
        let server = start("route-guide-server", &flags, stderr);
        run(async {
            let channel = connect(&server).await;
            let old = data_version(&channel).await;
            let more = format!("[{}]", [r#"{"location": {}, "name": "more"}"#; 2].join(","));
            fs::write(&places, more).unwrap();
            while data_version(&channel).await == old {
                tokio::task::yield_now().await;
            }
        });
        end(server);
        fs::write(&places, r#"[{"location": {}, "name": "one"}]"#).unwrap();
    }
}

/// Every connection was dropped at its first line.
#[test]
fn whatever_is_logged_every_call_is_answered() {
    for stderr in [full_disk(), no_reader()] {
        let server = start("route-guide-server", &["--log", EVERYTHING], stderr);
        run(async {
            for _ in 0..10 {
                data_version(&connect(&server).await).await;
            }
        });
        end(server);
    }
}

/// SIGTERM logs that the server drains, and that line ended it without a drain.
#[test]
fn a_server_whose_log_has_lost_its_reader_still_drains() {
    for stderr in [full_disk(), no_reader()] {
        let flags = ["--replies", "10", "--interval", "100ms"];
        let server = start("greeter-server", &flags, stderr);
        run(async {
            let mut greeter = GreeterClient::new(connect(&server).await);
            let asked = HelloRequest {
                name: "you".to_owned(),
            };
            let replies = within("an answer", greeter.say_hello_stream_reply(asked)).await;
            let mut replies = replies.unwrap().into_inner();
            let mut count = 0;
            while let Some(reply) = within("a reply", replies.message()).await.unwrap() {
                assert!(!reply.message.is_empty());
                if count == 0 {
                    server.signal("TERM");
                }
                count += 1;
            }
            assert_eq!(count, 10);
        });
        let mut server = server;
        let (ended, log) = server.stop(true);
        assert!(ended, "{log}");
    }
}

/// Once the pipe was full no worker answered, and SIGTERM did not end the server.
#[test]
fn a_log_that_nobody_reads_holds_nothing_up() {
    let (mut reader, stderr) = idle_reader();
    let server = start("route-guide-server", &["--log", EVERYTHING], stderr);
    run(async {
        // Each call makes some kilobytes of lines, and a pipe holds 64.
        let channel = connect(&server).await;
        for _ in 0..1_000 {
            data_version(&channel).await;
        }
    });
    end(server);
    let mut log = Vec::new();
    reader.read_to_end(&mut log).unwrap();
    // Lines are written many at a time, so that not every page of the pipe is full.
    assert!(log.len() >= 32 << 10, "the pipe was full: {}", log.len());
}

/// Out of descriptors the server logs that it cannot accept, and with that line the accepting task died.
#[test]
fn a_server_that_runs_out_of_descriptors_accepts_again_whatever_becomes_of_its_log() {
    let program = programs().join("route-guide-server");
    let mut shell = command("sh");
    shell
        .args(["-c", "ulimit -n 40 && exec \"$0\" \"$@\""])
        .arg(program);
    let server = ServerProcess::start_with(&mut shell, full_disk());
    run(async {
        let mut peers = Vec::new();
        for _ in 0..100 {
            peers.push(TcpStream::connect(server.target()).await.unwrap());
        }
        // The limit is reached once the server has as many files as it may.
        let files = format!("/proc/{}/fd", server.id());
        while fs::read_dir(&files).unwrap().count() < 40 {
            tokio::task::yield_now().await;
        }
        drop(peers);
        data_version(&connect(&server).await).await;
    });
    end(server);
}

/// The line about a note that could not be kept made every later note `INTERNAL`.
#[test]
fn notes_are_refused_and_taken_again_whatever_becomes_of_the_lines_about_them() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("file:{}", folder.path().display());
    let mut shell = command("sh");
    shell
        .args(["-c", "trap '' XFSZ; ulimit -S -f 8192; exec \"$0\" \"$@\""])
        .arg(programs().join("route-guide-server"))
        .args(["--chat-store", &store]);
    let server = ServerProcess::start_with(&mut shell, full_disk());
    run(async {
        let mut guide = RouteGuideClient::new(connect(&server).await);
        let mut post = async |text: String| {
            let note = RouteNote {
                location: Some(Point::default()),
                message: text,
            };
            let mut replies = guide
                .route_chat(tokio_stream::once(note))
                .await?
                .into_inner();
            while within("a reply", replies.message()).await?.is_some() {}
            Ok::<(), Status>(())
        };
        let mut refused = 0;
        for _ in 0..200 {
            if let Err(status) = post("n".repeat(60_000)).await {
                assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
                refused += 1;
            }
        }
        assert!(refused > 0, "the file has no limit");
        let id = server.id().to_string();
        let more_room = command("prlimit")
            .args(["--fsize=unlimited", "--pid", &id])
            .status();
        assert!(more_room.unwrap().success());
        while let Err(status) = post("there is room again".to_owned()).await {
            assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
        }
    });
    end(server);
}

/// A reader that has been away learns how much it has missed.
#[test]
fn what_was_lost_is_reported_once_when_the_log_is_read_again() {
    let (mut reader, stderr) = idle_reader();
    let server = start("route-guide-server", &["--log", EVERYTHING], stderr);
    run(async {
        let channel = connect(&server).await;
        // More than the pipe and the megabyte that waits.
        for _ in 0..3_000 {
            data_version(&channel).await;
        }
    });
    let reading = std::thread::spawn(move || {
        let mut log = String::new();
        reader.read_to_string(&mut log).unwrap();
        log
    });
    end(server);
    let log = reading.join().unwrap();
    let reports = log
        .lines()
        .filter(|line| line.contains("of this log are lost"));
    assert_eq!(reports.count(), 1, "{} bytes", log.len());
}

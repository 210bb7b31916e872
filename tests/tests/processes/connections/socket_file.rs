//! Of servers that start at once over the socket file of a killed one, one gets it, and the others say so.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use route_guide_tests::programs;

#[test]
fn one_gets_the_file_and_none_removes_anothers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rg.sock");
    // Dropping the standard listener leaves the file, as a kill does.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    for round in 0..20 {
        let rivals = [(); 3].map(|()| start(&path));
        let started = rivals.map(first_line);
        let mut winners = 0;
        for (mut server, line) in started {
            if line.starts_with("Starting server on unix:") {
                winners += 1;
                UnixStream::connect(&path).expect("the winner can be reached");
                // It leaves its file to the next round.
                server.kill().unwrap();
                server.wait().unwrap();
            } else {
                let mut said = String::new();
                server
                    .stderr
                    .take()
                    .unwrap()
                    .read_to_string(&mut said)
                    .unwrap();
                assert!(!server.wait().unwrap().success());
                assert!(said.contains("it is already in use"), "{said}");
            }
        }
        assert_eq!(winners, 1, "in round {round}");
    }
}

fn start(path: &Path) -> Child {
    Command::new(programs().join("route-guide-server"))
        .arg(format!("--listen=unix:{}", path.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until the server listens or has ended, and returns what it printed.
fn first_line(mut server: Child) -> (Child, String) {
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    (server, line)
}

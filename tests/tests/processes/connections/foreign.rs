//! A client that speaks something else than HTTP/2 is told what is spoken here, and so is whoever reads the log.

use std::process::Command;

use route_guide_tests::{SHORT, ServerProcess, programs, required, run_to_end};

#[test]
fn curl_gets_a_sentence_and_the_log_a_line() {
    if !required("curl", "--version") {
        return;
    }
    let mut server = ServerProcess::start(&programs().join("route-guide-server"), &[]);
    for _ in 0..10 {
        let mut curl = Command::new("curl");
        let (_, said) = run_to_end(curl.args(["--silent", server.target()]), SHORT);
        assert!(said.starts_with("This is a gRPC server."), "{said}");
        assert!(said.contains("--grpc-web"), "{said}");
        let mut curl = Command::new("curl");
        let url = format!("https://{}", server.target());
        let (succeeded, _) = run_to_end(curl.args(["--silent", &url]), SHORT);
        assert!(!succeeded);
    }
    let (runs, log) = server.stop(false);
    assert!(runs, "{log}");
    // However often somebody tries, it is said once a minute.
    for (protocol, flag) in [
        ("HTTP/1.1", "--grpc-web"),
        ("TLS", "a proxy that speaks TLS"),
    ] {
        let said = format!("a client speaks {protocol}");
        let lines: Vec<_> = log.lines().filter(|line| line.contains(&said)).collect();
        assert_eq!(lines.len(), 1, "{log}");
        assert!(
            lines[0].contains(flag) && lines[0].contains("127.0.0.1:"),
            "{log}"
        );
    }
}

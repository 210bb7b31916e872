//! An answer over HTTP/1.1 that comes before the request has been sent arrives.
//!
//! Clients send a request of 5 MiB before they look for an answer. They saw a broken pipe, since the server had
//! refused the request at its first bytes and closed the connection.

use std::fs;
use std::process::Command;
use std::time::Duration;

use route_guide_tests::paths::GET_FEATURE;
use route_guide_tests::{ServerProcess, programs, required, run_to_end};

const PYTHON: &str = r#"
import http.client, sys
host, port = sys.argv[1].split(":")
body = b"\0" + (5 << 20).to_bytes(4, "big") + bytes(5 << 20)
for attempt in range(30):
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    connection.request("POST", sys.argv[2], body, {"content-type": "application/grpc-web+proto"})
    response = connection.getresponse()
    answer = response.read()
    status = response.getheader("grpc-status") or answer.decode("latin-1")
    assert status == "8" or "grpc-status:8" in status, (attempt, response.status, status)
    connection.close()
"#;

const NODE: &str = r#"
const [target, path] = process.argv.slice(2);
const body = new Uint8Array((5 << 20) + 5);
new DataView(body.buffer).setUint32(1, 5 << 20);
for (let attempt = 0; attempt < 30; attempt++) {
    const headers = { "content-type": "application/grpc-web+proto" };
    const response = await fetch(`http://${target}${path}`, { method: "POST", headers, body });
    const answer = await response.text();
    const status = response.headers.get("grpc-status") ?? answer;
    if (status !== "8" && !status.includes("grpc-status:8")) {
        throw new Error(`attempt ${attempt}: HTTP ${response.status}, ${status}`);
    }
}
"#;

#[test]
fn pythons_http_client_gets_it() {
    check("python3", "early.py", PYTHON);
}

#[test]
fn nodes_fetch_gets_it() {
    check("node", "early.mjs", NODE);
}

fn check(program: &str, name: &str, script: &str) {
    if !required(program, "--version") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    fs::write(&file, script).unwrap();
    let server = programs().join("route-guide-server");
    let mut server = ServerProcess::start(&server, &["--grpc-web"]);
    let mut client = Command::new(program);
    client.arg(file).args([server.target(), GET_FEATURE]);
    let (succeeded, said) = run_to_end(&mut client, Duration::from_secs(120));
    let (runs, log) = server.stop(false);
    assert!(succeeded && runs, "{said}\n{log}");
}

//! A server behind a real nginx, as it is often deployed.
//!
//! Without nginx these tests say so and pass, unless `ROUTE_GUIDE_REQUIRE_NGINX=1` makes that a failure.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use route_guide_testkit::can_run;
use tempfile::TempDir;

use crate::ROUTE_GUIDE_CLIENT;
use crate::process::{Program, run};
use crate::servers::RealServer;
use crate::wire::Wire;

/// A running nginx; dropping it kills it.
struct Nginx {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Nginx {
    /// Starts nginx before a server; `None` if it is not installed.
    fn before(server: &str) -> Option<Self> {
        const PROGRAMS: [&str; 3] = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/bin/nginx"];
        let program = PROGRAMS.into_iter().find(|path| Path::new(path).exists());
        let missing = program.is_none().then_some("nginx is not installed");
        if !can_run(missing, "ROUTE_GUIDE_REQUIRE_NGINX") {
            return None;
        }
        let program = program?;
        // Somebody else may take the port before nginx does.
        (0..10).find_map(|_| Self::start(program, server))
    }

    fn start(program: &str, server: &str) -> Option<Self> {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_str().unwrap();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {home}/{kind};"))
            .concat();
        let configuration = format!(
            "daemon off; master_process off; pid {home}/pid; error_log stderr;
             events {{}}
             http {{
                 access_log off; client_max_body_size 0; {temporary}
                 server {{
                     listen 127.0.0.1:{port} http2;
                     location / {{ grpc_pass grpc://{server}; }}
                 }}
             }}"
        );
        let file = folder.path().join("nginx.conf");
        fs::write(&file, configuration).unwrap();
        let mut child = Command::new(program)
            .args(["-p", home, "-e", "stderr", "-c"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if child.try_wait().unwrap().is_some() {
                return None;
            }
            std::thread::yield_now();
        }
        Some(Self {
            child,
            port,
            _folder: folder,
        })
    }

    fn target(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Somebody who watches the place 0,0.
fn watcher(target: &str) -> Program {
    let watch = ["chat", "--watch", "--target", target];
    Program::start(ROUTE_GUIDE_CLIENT, &watch)
}

/// Leaves a note at 0,0.
fn post(server: &str, note: &str) {
    let mut chat = Program::piped(ROUTE_GUIDE_CLIENT, &["chat", "--target", server]);
    chat.write(format!("{note}\n"));
    chat.ends_well();
}

/// The page that nginx answers while its server is away ended a chat with "invalid compression flag: 60".
#[test]
fn a_chat_survives_a_restart_of_the_server() {
    let server = RealServer::route_guide();
    let address = server.target().to_owned();
    let Some(nginx) = Nginx::before(&address) else {
        return;
    };
    post(&address, "before");
    let mut watcher = watcher(&nginx.target());
    assert_eq!(watcher.line(), "0,0 < before");
    drop(server);
    let lost = watcher.complaint();
    assert!(lost.starts_with("connection lost: UNAVAILABLE: "), "{lost}");
    let unavailable = run(
        ROUTE_GUIDE_CLIENT,
        &["get", "0,0", "--target", &nginx.target()],
    );
    assert!(
        unavailable
            .failed(78)
            .contains("HTTP status 502 Bad Gateway")
    );

    let server = RealServer::route_guide_at(&address);
    assert_eq!(watcher.complaint(), "connected again");
    post(server.target(), "after");
    assert_eq!(watcher.line(), "0,0 < after");
}

/// A server that vanishes leaves nginx with half an answer, which it resets.
#[test]
fn a_chat_survives_the_loss_of_the_server() {
    let server = RealServer::route_guide();
    let wire = Wire::to(server.target());
    let Some(nginx) = Nginx::before(wire.target()) else {
        return;
    };
    post(server.target(), "before");
    let mut watcher = watcher(&nginx.target());
    assert_eq!(watcher.line(), "0,0 < before");
    wire.cut();
    let lost = watcher.complaint();
    assert!(lost.starts_with("connection lost: "), "{lost}");
    post(server.target(), "meanwhile");
    wire.mend();
    assert_eq!(watcher.complaint(), "connected again");
    assert_eq!(watcher.line(), "0,0 < meanwhile");
}

#[test]
fn a_proxy_without_a_server_is_named() {
    let nobody = crate::targets::Nobody::new();
    let Some(nginx) = Nginx::before(nobody.target()) else {
        return;
    };
    let target = nginx.target();
    assert_eq!(
        watcher(&target).ended().failed(78),
        format!(
            "UNAVAILABLE: {target} answered with HTTP status 502 Bad Gateway and content type 'text/html'; \
             the proxy there has no server to pass the call to"
        )
    );
}

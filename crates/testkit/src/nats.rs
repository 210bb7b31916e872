//! Real NATS servers for tests: started on free loopback ports with a directory of their own, killed and restarted at
//! will, gone when dropped.
//!
//! They need the program `nats-server`; a test asks [`NatsServer::available`] first.
//!
//! ```
//! use route_guide_testkit::NatsServer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! if NatsServer::available() {
//!     let mut server = NatsServer::start().await;
//!     server.kill();
//!     server.restart().await;
//!     assert!(server.url().starts_with("nats://127.0.0.1:"));
//! }
//! # }
//! ```

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::{can_run, command};

pub use cluster::NatsCluster;

mod cluster;

/// Set to `1`, it makes a test fail that would be skipped because there is no `nats-server`.
const REQUIRED: &str = "ROUTE_GUIDE_REQUIRE_NATS";

/// One NATS server with `JetStream`, a process of its own.
#[derive(Debug)]
pub struct NatsServer {
    // Declared before the directory, so that the process has ended when its files are removed.
    process: Option<Process>,
    node: Node,
    _home: Arc<TempDir>,
}

/// What a server keeps over a restart.
#[derive(Clone, Debug)]
struct Node {
    name: String,
    port: u16,
    /// Where it says over HTTP how it is.
    monitor: u16,
    /// Its own port for the others of the cluster, and those of all.
    routes: Option<(u16, Vec<u16>)>,
    dir: PathBuf,
    /// Further lines of the configuration.
    settings: String,
}

impl NatsServer {
    /// Returns whether there is a `nats-server` to start, and says so if a test is skipped because there is none.
    ///
    /// # Panics
    ///
    /// If there is none and `ROUTE_GUIDE_REQUIRE_NATS` is set to `1`.
    #[must_use]
    pub fn available() -> bool {
        static IS_INSTALLED: OnceLock<bool> = OnceLock::new();
        let is_installed = *IS_INSTALLED.get_or_init(|| {
            let version = command("nats-server").arg("--version").output();
            version.is_ok_and(|output| output.status.success())
        });
        let missing = (!is_installed).then_some("nats-server is not installed");
        can_run(missing, REQUIRED)
    }

    /// Starts a server and waits until it takes connections.
    pub async fn start() -> Self {
        Self::start_with("").await
    }

    /// Starts a server with further lines in its configuration file.
    pub async fn start_with(settings: &str) -> Self {
        let mut log = String::new();
        // Somebody else may take the port between the look at it and the start.
        for _ in 0..5 {
            let home = Arc::new(home());
            let node = Node {
                name: "alone".to_owned(),
                port: free_port(),
                monitor: free_port(),
                routes: None,
                dir: home.path().to_owned(),
                settings: settings.to_owned(),
            };
            let mut server = Self::new(node, home);
            match server.spawn().await {
                Ok(()) => return server,
                Err(last) => log = last,
            }
        }
        panic!("nats-server does not start:\n{log}");
    }

    fn new(node: Node, home: Arc<TempDir>) -> Self {
        Self {
            process: None,
            node,
            _home: home,
        }
    }

    /// Returns the address for clients.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.node.port)
    }

    /// Returns the name by which the servers of a cluster know it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.node.name
    }

    /// Asks the server's own monitor, such as `/healthz` or `/jsz?streams=true&accounts=true`.
    ///
    /// # Errors
    ///
    /// What came instead of an answer in good order, in words.
    pub async fn monitor(&self, path: &str) -> Result<String, String> {
        let asking = async {
            let mut connection = TcpStream::connect(("127.0.0.1", self.node.monitor)).await?;
            let request = format!("GET {path} HTTP/1.0\r\n\r\n");
            connection.write_all(request.as_bytes()).await?;
            let mut answer = String::new();
            connection.read_to_string(&mut answer).await?;
            Ok::<_, io::Error>(answer)
        };
        let answer = asking.await.map_err(|error| error.to_string())?;
        match answer.split_once("\r\n\r\n") {
            Some((head, body)) if head.starts_with("HTTP/1.0 200") => Ok(body.to_owned()),
            _ => Err(answer),
        }
    }

    /// Returns whether the process lives.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.process.is_some()
    }

    /// Ends the process as `kill -9` does. What it has stored stays.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts the server once more, on the same port and with what it has stored.
    pub async fn restart(&mut self) {
        self.kill();
        if let Err(log) = self.spawn().await {
            panic!("nats-server does not start again:\n{log}");
        }
    }

    /// Removes everything that the server has stored, as when its disk is lost. To be called while it is killed.
    pub fn forget(&self) {
        assert!(!self.is_running(), "a running server needs its files");
        fs::remove_dir_all(self.node.store()).expect("what is stored can be removed");
    }

    /// Copies everything that the server has stored. To be called while it is killed.
    ///
    /// # Panics
    ///
    /// If it runs, or its files cannot be copied.
    #[must_use]
    pub fn back_up(&self) -> TempDir {
        assert!(!self.is_running(), "a running server changes its files");
        let backup = home();
        copy_folder(&self.node.store(), &backup.path().join("store"));
        backup
    }

    /// Puts back what was stored when a [backup](Self::back_up) was made. To be called while the server is killed.
    ///
    /// # Panics
    ///
    /// If it runs, or its files cannot be replaced.
    pub fn restore(&self, backup: &TempDir) {
        self.forget();
        copy_folder(&backup.path().join("store"), &self.node.store());
    }

    async fn spawn(&mut self) -> Result<(), String> {
        let process = Process::start(&self.node).await?;
        self.process = Some(process);
        Ok(())
    }
}

impl Node {
    fn store(&self) -> PathBuf {
        self.dir.join("store")
    }

    fn write_configuration(&self) -> PathBuf {
        let mut text = format!(
            "server_name: {:?}\nlisten: \"127.0.0.1:{}\"\nhttp: \"127.0.0.1:{}\"\n\
             jetstream {{ store_dir: \"{}\" }}\n",
            self.name,
            self.port,
            self.monitor,
            self.store().display()
        );
        if !self.settings.contains("max_payload") {
            text += "max_payload: 8MB\n";
        }
        if let Some((own, all)) = &self.routes {
            let _ = write!(
                text,
                "cluster {{ name: route-guide, listen: \"127.0.0.1:{own}\", routes: ["
            );
            for port in all.iter().filter(|port| *port != own) {
                let _ = write!(text, " \"nats://127.0.0.1:{port}\",");
            }
            text += " ] }\n";
        }
        text += &self.settings;
        let path = self.dir.join("nats.conf");
        fs::create_dir_all(&self.dir).expect("a directory can be made");
        fs::write(&path, text).expect("the configuration can be written");
        path
    }
}

/// The running program; dropping it kills it.
#[derive(Debug)]
struct Process {
    child: Child,
}

/// How long a server may take to say that it is ready, on a machine that does much else.
const START_PATIENCE: Duration = Duration::from_secs(60);

impl Process {
    /// Starts the program, and returns its log if it ends instead of becoming ready.
    async fn start(node: &Node) -> Result<Self, String> {
        let mut child = command("nats-server")
            .arg("--config")
            .arg(node.write_configuration())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("nats-server can be started");
        let log = child.stderr.take().expect("its log is piped");
        let process = Self { child };
        let (ready, is_ready) = oneshot::channel();
        thread::spawn(move || follow(log, ready));
        match tokio::time::timeout(START_PATIENCE, is_ready).await {
            Ok(Ok(Ok(()))) => Ok(process),
            Ok(Ok(Err(log))) => Err(log),
            Ok(Err(_)) | Err(_) => Err("it says nothing".to_owned()),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the log to its end, so that the pipe never fills up, and reports when the server is ready or has ended.
fn follow(log: ChildStderr, ready: oneshot::Sender<Result<(), String>>) {
    let mut ready = Some(ready);
    let mut last: VecDeque<String> = VecDeque::new();
    for line in BufReader::new(log).lines().map_while(Result::ok) {
        if line.ends_with("Server is ready")
            && let Some(ready) = ready.take()
        {
            let _ = ready.send(Ok(()));
        }
        last.push_back(line);
        if last.len() > 20 {
            last.pop_front();
        }
    }
    if let Some(ready) = ready {
        let _ = ready.send(Err(Vec::from(last).join("\n")));
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("a folder can be read") {
        let entry = entry.expect("a folder can be read");
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy_folder(&from, &to);
        } else {
            fs::copy(from, to).expect("a file can be copied");
        }
    }
}

fn home() -> TempDir {
    tempfile::Builder::new()
        .prefix("route-guide-nats-")
        .tempdir()
        .expect("a directory can be made")
}

/// Returns a port on which nobody listens.
///
/// Not one of the ports that the system gives to outgoing connections: a client that knocks at a killed server again and
/// again would sooner or later be given the server's own port, and then talk to itself.
fn free_port() -> u16 {
    const FIRST: u16 = 10_000;
    const PORTS: u16 = 20_000;
    static NEXT: OnceLock<AtomicU16> = OnceLock::new();
    static TAKEN: Mutex<()> = Mutex::new(());
    let _one_at_a_time = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    let next = NEXT.get_or_init(|| {
        let random = RandomState::new().hash_one(std::process::id());
        AtomicU16::new(u16::try_from(random % u64::from(PORTS)).unwrap_or(0))
    });
    loop {
        let port = FIRST + next.fetch_add(1, Ordering::Relaxed) % PORTS;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

//! Servers for the programs to call: real ones on threads of their own.

use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use route_guide_server::{
    ChatSettings, GreeterSettings, ReplySettings, RouteGuideSettings, Server,
};
use tokio::sync::oneshot;

/// The most that anything here may take, on a slow machine that does much else.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A real server; dropping it drains and ends it.
#[derive(Debug)]
pub(crate) struct RealServer {
    target: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl RealServer {
    /// Starts a RouteGuide server with the published places.
    pub(crate) fn route_guide() -> Self {
        Self::route_guide_at("127.0.0.1:0")
    }

    /// Starts a RouteGuide server at an address.
    pub(crate) fn route_guide_at(listen: &str) -> Self {
        Self::route_guide_with(listen, ChatSettings::default())
    }

    /// Starts a RouteGuide server at an address that keeps notes in its own way.
    pub(crate) fn route_guide_with(listen: &str, chat: ChatSettings) -> Self {
        let settings = RouteGuideSettings {
            listen: vec![listen.parse().unwrap()],
            chat,
            ..RouteGuideSettings::default()
        };
        Self::start(async || Server::route_guide(settings).await.unwrap())
    }

    /// Starts a Greeter and HelloService server that does not pause between replies.
    pub(crate) fn greetings() -> Self {
        Self::greetings_every(Duration::ZERO)
    }

    /// Starts a Greeter and HelloService server whose second reply is a long time away.
    pub(crate) fn slow_greetings() -> Self {
        Self::greetings_every(Duration::from_secs(3_600))
    }

    fn greetings_every(interval: Duration) -> Self {
        let settings = GreeterSettings {
            listen: vec!["127.0.0.1:0".parse().unwrap()],
            replies: ReplySettings { count: 5, interval },
            ..GreeterSettings::default()
        };
        Self::start(async || Server::greeter(settings).await.unwrap())
    }

    fn start(make: impl AsyncFnOnce() -> Server + Send + 'static) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let (say_target, target) = channel();
        let thread = thread::spawn(move || {
            runtime().block_on(async {
                let server = make().await;
                let address = server.addresses().next().unwrap().to_string();
                say_target.send(address).unwrap();
                // What was cut is no concern of a client's test.
                let _ = server
                    .run(async {
                        // A dropped sender stops it too.
                        let _ = stopped.await;
                    })
                    .await;
            });
        });
        Self {
            target: target.recv_timeout(PATIENCE).unwrap(),
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Where it listens, in the form of `--target`.
    pub(crate) fn target(&self) -> &str {
        &self.target
    }
}

impl Drop for RealServer {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !thread::panicking()
        {
            panic!("the server panicked");
        }
    }
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

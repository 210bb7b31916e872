//! A server started for one test.

use route_guide_guard::DrainReport;
use route_guide_proto::hello::hello_service_client::HelloServiceClient;
use route_guide_proto::helloworld::greeter_client::GreeterClient;
use route_guide_proto::routeguide::route_guide_client::RouteGuideClient;
use route_guide_server::{GreeterSettings, RouteGuideSettings, Server};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

use crate::within;

/// A running server on a port of its own; dropping it ends it.
#[derive(Debug)]
pub struct TestServer {
    address: String,
    stop: oneshot::Sender<()>,
    running: JoinHandle<DrainReport>,
}

impl TestServer {
    /// Starts a RouteGuide server with default settings and the published places.
    pub async fn route_guide() -> Self {
        Self::route_guide_with(RouteGuideSettings::default()).await
    }

    /// Starts a RouteGuide server; whatever the settings say, it listens on loopback at a free port.
    ///
    /// # Panics
    ///
    /// If the server does not start.
    pub async fn route_guide_with(settings: RouteGuideSettings) -> Self {
        let listen = vec!["127.0.0.1:0".parse().expect("a valid address")];
        let settings = RouteGuideSettings { listen, ..settings };
        Self::run(
            Server::route_guide(settings)
                .await
                .expect("the server starts"),
        )
    }

    /// Starts a Greeter and HelloService server with default settings.
    pub async fn greetings() -> Self {
        Self::greetings_with(GreeterSettings::default()).await
    }

    /// Starts a Greeter and HelloService server; it listens on loopback at a free port.
    ///
    /// # Panics
    ///
    /// If the server does not start.
    pub async fn greetings_with(settings: GreeterSettings) -> Self {
        let listen = vec!["127.0.0.1:0".parse().expect("a valid address")];
        let settings = GreeterSettings { listen, ..settings };
        Self::run(Server::greeter(settings).await.expect("the server starts"))
    }

    fn run(server: Server) -> Self {
        let address = server.addresses().next().expect("one address").to_string();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(server.run(async {
            // A dropped sender stops the server too.
            let _ = stopped.await;
        }));
        Self {
            address,
            stop,
            running,
        }
    }

    /// Where it listens, as `127.0.0.1:PORT`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Opens a connection of its own, with windows as wide as a fast client's.
    ///
    /// # Panics
    ///
    /// If the address is no URI, which it is.
    #[must_use]
    pub fn channel(&self) -> Channel {
        endpoint(&self.address).connect_lazy()
    }

    /// A RouteGuide stub with a connection of its own.
    #[must_use]
    pub fn guide(&self) -> RouteGuideClient<Channel> {
        RouteGuideClient::new(self.channel())
    }

    /// A Greeter stub with a connection of its own.
    #[must_use]
    pub fn greeter(&self) -> GreeterClient<Channel> {
        GreeterClient::new(self.channel())
    }

    /// A HelloService stub with a connection of its own.
    #[must_use]
    pub fn hello(&self) -> HelloServiceClient<Channel> {
        HelloServiceClient::new(self.channel())
    }

    /// Begins the drain; [`Draining::ended`] waits for its end.
    #[must_use]
    pub fn begin_drain(self) -> Draining {
        // The server may have ended already; then there is nothing to begin.
        let _ = self.stop.send(());
        Draining {
            running: self.running,
        }
    }

    /// Stops the server and waits until its drain is over.
    pub async fn stop(self) -> DrainReport {
        self.begin_drain().ended().await
    }
}

/// Connects to a RouteGuide server at an address, as `127.0.0.1:PORT`, with windows as wide as a fast client's.
///
/// # Errors
///
/// `UNAVAILABLE` if nobody answers there.
///
/// # Panics
///
/// If the address is none, or there is no answer of any kind.
pub async fn guide_at(address: &str) -> Result<RouteGuideClient<Channel>, Status> {
    let connected = within("a connection", endpoint(address).connect()).await;
    let channel = connected.map_err(|error| Status::unavailable(error.to_string()))?;
    Ok(RouteGuideClient::new(channel))
}

fn endpoint(address: &str) -> Endpoint {
    Endpoint::from_shared(format!("http://{address}"))
        .expect("an address makes a URI")
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(64 << 20)
}

/// A server that has been told to stop.
#[derive(Debug)]
pub struct Draining {
    running: JoinHandle<DrainReport>,
}

impl Draining {
    /// Waits until the drain is over.
    ///
    /// # Panics
    ///
    /// If the server panicked, which the test must know.
    pub async fn ended(self) -> DrainReport {
        let ended = within("the end of the drain", self.running).await;
        ended.expect("the server does not panic")
    }
}

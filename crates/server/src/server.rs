//! A server put together and run.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use route_guide_chat::{FileNotebook, MemoryNotebook, Notebook, OpenError};
#[cfg(feature = "nats")]
use route_guide_chat::{NatsNotebook, NatsSettings, StartError as NatsStartError};
use route_guide_guard::{
    BindError, CallLayer, CardinalityLayer, Drain, DrainReport, EarlyHeadLayer, Endpoints,
    ListenAddress, Listener, ObserverLayer, WebLayer, Workers,
};
use route_guide_proto::health::health_check_response::ServingStatus;
use route_guide_proto::health::health_server::{HealthServer, SERVICE_NAME as HEALTH};
use route_guide_proto::hello::hello_service_server::{HelloServiceServer, SERVICE_NAME as HELLO};
use route_guide_proto::helloworld::greeter_server::{GreeterServer, SERVICE_NAME as GREETER};
use route_guide_proto::routeguide::route_guide_server::{
    RouteGuideServer, SERVICE_NAME as ROUTE_GUIDE,
};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tonic::codec::CompressionEncoding;
use tonic::service::{Routes, RoutesBuilder};
use tower::{Layer, ServiceBuilder};

use crate::metadata::READABLE;
use crate::methods;
use crate::standard::health::HealthServicer;
use crate::standard::reflection;
use crate::{
    ChatSettings, ChatStore, DataError, DataSet, EchoMetadataLayer, FastRouteGuide,
    GreeterServicer, GreeterSettings, HelloServicer, RouteGuideServicer, RouteGuideSettings,
    ServingSettings,
};
use router::Router;

mod calls;
mod memory;
mod router;

/// Methods that look one thing up.
const BRIEF: &[&str] = &["/routeguide.RouteGuide/GetFeature"];

/// How often memory of expired notes is given back while nobody posts.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(1);

/// A server that has loaded its data and taken its ports, and serves nothing yet.
#[derive(Debug)]
pub struct Server {
    listeners: Vec<Listener>,
    route_guide: Option<FastRouteGuide>,
    routes: Routes,
    health: watch::Sender<ServingStatus>,
    data: Option<Arc<DataSet>>,
    notebook: Option<Arc<dyn Notebook>>,
    workers: Option<Workers>,
    serving: ServingSettings,
}

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The features cannot be loaded.
    #[error(transparent)]
    Data(#[from] DataError),
    /// An address cannot be listened on.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The notes of earlier runs cannot be opened.
    #[error(transparent)]
    Notes(OpenError),
    /// The notes of earlier runs are there and cannot be read.
    #[error(
        "{0}; restore the file from a copy, or set it aside: route-guide-server notes reset --chat-store file:FOLDER"
    )]
    UnreadableNotes(OpenError),
    /// The notes of NATS cannot be used as the settings say. That NATS is unavailable is no reason.
    #[cfg(feature = "nats")]
    #[error(transparent)]
    Nats(#[from] NatsStartError),
    /// The system refuses a thread.
    #[error("cannot start a worker thread")]
    Worker(#[from] io::Error),
    /// The descriptors for reflection are broken.
    #[error("cannot set up reflection: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

impl From<OpenError> for StartError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Damaged { .. } | OpenError::Version { .. } => Self::UnreadableNotes(error),
            error => Self::Notes(error),
        }
    }
}

impl Server {
    /// Loads the features and takes the ports of a RouteGuide server.
    ///
    /// # Errors
    ///
    /// [`StartError`] if the features cannot be loaded, an address cannot be listened on, or the notes cannot be opened.
    pub async fn route_guide(settings: RouteGuideSettings) -> Result<Self, StartError> {
        let data = Arc::new(DataSet::load(settings.features, settings.load)?);
        let listeners = bind(&settings.listen).await?;
        // Last, since a fresh start sets the old notes aside.
        let notebook = open_notebook(&settings.chat)?;
        let servicer = RouteGuideServicer::new(
            Arc::clone(&data),
            settings.points,
            Arc::clone(&notebook),
            settings.chat,
        );
        let servicer = Arc::new(servicer);
        let generated = RouteGuideServer::from_arc(Arc::clone(&servicer))
            .accept_compressed(CompressionEncoding::Gzip)
            .accept_compressed(CompressionEncoding::Zstd);
        let names = &[ROUTE_GUIDE];
        let routes = RoutesBuilder::default();
        let server = Self::new(routes, names, listeners, settings.serving)?;
        tracing::info!(features = data.store().len(), "features loaded");
        Ok(Self {
            route_guide: Some(FastRouteGuide::new(servicer, generated)),
            data: Some(data),
            notebook: Some(notebook),
            ..server
        })
    }

    /// Takes the ports of a Greeter and HelloService server.
    ///
    /// # Errors
    ///
    /// [`StartError`] if an address cannot be listened on.
    pub async fn greeter(settings: GreeterSettings) -> Result<Self, StartError> {
        let greeter = GreeterServer::new(GreeterServicer::new(settings.replies))
            .accept_compressed(CompressionEncoding::Gzip)
            .accept_compressed(CompressionEncoding::Zstd);
        let hello = HelloServiceServer::new(HelloServicer::new(settings.replies))
            .accept_compressed(CompressionEncoding::Gzip)
            .accept_compressed(CompressionEncoding::Zstd);
        let cardinality = CardinalityLayer::except(methods::take_streams());
        let mut routes = RoutesBuilder::default();
        routes
            .add_service(cardinality.layer(greeter))
            .add_service(cardinality.layer(hello));
        let services = &[GREETER, HELLO];
        let listeners = bind(&settings.listen).await?;
        Self::new(routes, services, listeners, settings.serving)
    }

    fn new(
        mut routes: RoutesBuilder,
        services: &'static [&'static str],
        listeners: Vec<Listener>,
        serving: ServingSettings,
    ) -> Result<Self, StartError> {
        let (health, state) = watch::channel(ServingStatus::Serving);
        let services = [services, &[HEALTH]].concat();
        let described = (
            reflection::v1::server(&services)?,
            reflection::v1alpha::server(&services)?,
        );
        let answers = HealthServer::new(HealthServicer::new(services, state));
        routes
            .add_service(CardinalityLayer::except(&[]).layer(answers))
            .add_service(described.0)
            .add_service(described.1);
        let workers = serving.workers.map(Workers::start).transpose()?;
        Ok(Self {
            listeners,
            route_guide: None,
            routes: routes.routes(),
            health,
            data: None,
            notebook: None,
            workers,
            serving,
        })
    }

    /// The addresses that are open, with the ports that the system chose.
    pub fn addresses(&self) -> impl Iterator<Item = &ListenAddress> {
        self.listeners.iter().map(Listener::address)
    }

    /// The features of a RouteGuide server, to reload them while it runs.
    #[must_use]
    pub fn data_set(&self) -> Option<Arc<DataSet>> {
        self.data.clone()
    }

    /// Serves until `shutdown` completes and the drain after it is over.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> DrainReport {
        let drain = Drain::new();
        let ServingSettings {
            mut connection,
            drain_timeout,
            web,
            ..
        } = self.serving;
        connection.http1 |= web.is_some();
        let service = ServiceBuilder::new()
            .option_layer(web.map(|web| WebLayer::new(&web.origins, &READABLE)))
            .option_layer(calls::observer().map(ObserverLayer::new))
            .layer(
                CallLayer::new(drain.clone())
                    .end_at_drain(methods::open_ended())
                    .answer_at_once(BRIEF),
            )
            .layer(EchoMetadataLayer)
            .layer(EarlyHeadLayer::new(methods::answer_a_stream()))
            .service(Router::new(self.route_guide, self.routes.prepare()));
        let endpoints = Endpoints::new(&drain, self.workers);
        let endpoints = endpoints.add(self.listeners, &connection, service);
        let running = endpoints.serve();
        let draining = async {
            shutdown.await;
            // Watchers of the health service learn it before their streams end.
            self.health.send_replace(ServingStatus::NotServing);
            drain.begin();
        };
        let expiring = async {
            tokio::select! {
                () = expire_notes(self.notebook.as_deref()) => {}
                () = drain.begun() => {}
            }
        };
        let giving_back = async {
            tokio::select! {
                () = memory::give_back(&drain) => {}
                () = drain.begun() => {}
            }
        };
        let ending = drain.carry_out(drain_timeout);
        let ((), report, (), (), ()) =
            tokio::join!(running, ending, draining, expiring, giving_back);
        if let Some(notebook) = self.notebook {
            notebook.close().await;
        }
        report
    }
}

fn open_notebook(chat: &ChatSettings) -> Result<Arc<dyn Notebook>, StartError> {
    Ok(match &chat.store {
        ChatStore::Memory => Arc::new(MemoryNotebook::new(chat.notebook)),
        ChatStore::File(folder) => Arc::new(FileNotebook::open(folder, chat.notebook)?),
        #[cfg(feature = "nats")]
        ChatStore::Nats(settings) => Arc::new(NatsNotebook::start(NatsSettings {
            limits: chat.notebook,
            ..NatsSettings::clone(settings)
        })?),
    })
}

async fn expire_notes(notebook: Option<&dyn Notebook>) {
    let Some(notebook) = notebook else {
        return;
    };
    let mut ticks = interval(EXPIRY_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        notebook.expire();
    }
}

async fn bind(addresses: &[ListenAddress]) -> Result<Vec<Listener>, BindError> {
    let mut listeners = Vec::with_capacity(addresses.len());
    for address in addresses {
        listeners.push(Listener::bind(address).await?);
    }
    Ok(listeners)
}

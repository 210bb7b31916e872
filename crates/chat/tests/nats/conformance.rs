//! The engine on NATS keeps the promises of every engine, on a real server.

use std::sync::Arc;

use route_guide_chat::{
    Append, Draft, Index, Limits, ManualClock, NatsNotebook, NatsSettings, Notebook, Page,
    PageLimit, SubscribeError, Subscriber, Subscription, Usage,
};
use route_guide_geo::E7Point;
use route_guide_testkit::NatsServer;

use crate::suite::conformance;

/// A notebook, and the server that it is kept on.
#[derive(Debug)]
struct Fixture {
    notebook: NatsNotebook,
    // After the notebook, so that nobody misses it.
    _server: NatsServer,
}

impl Fixture {
    async fn open(limits: Limits, clock: Arc<ManualClock>) -> Self {
        let server = NatsServer::start().await;
        let settings = NatsSettings {
            servers: vec![server.url()],
            limits,
            ..NatsSettings::default()
        };
        let notebook =
            NatsNotebook::with_clocks(settings, clock.clone(), clock).expect("good settings");
        notebook.ready().await;
        Self {
            notebook,
            _server: server,
        }
    }
}

impl Notebook for Fixture {
    fn append(&self, draft: Draft) -> Append<'_> {
        self.notebook.append(draft)
    }

    fn read(&self, place: E7Point, after: Index, limit: PageLimit) -> Page {
        self.notebook.read(place, after, limit)
    }

    fn subscribe(
        &self,
        place: E7Point,
        subscriber: &Arc<Subscriber>,
    ) -> Result<Subscription, SubscribeError> {
        self.notebook.subscribe(place, subscriber)
    }

    fn expire(&self) {
        self.notebook.expire();
    }

    fn usage(&self) -> Usage {
        self.notebook.usage()
    }

    fn numbering(&self) -> u64 {
        self.notebook.numbering()
    }
}

conformance!(if NatsServer::available(); async |limits, clock| Arc::new(Fixture::open(limits, clock).await));

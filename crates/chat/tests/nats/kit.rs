//! What the tests of the engine on NATS have in common.

use std::sync::Arc;

use route_guide_chat::{Conversation, ConversationLimits, NatsNotebook, NatsSettings, SyncState};
use route_guide_testkit::NatsServer;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub(crate) use crate::notes::{draft, kept, place, whole, write};

pub(crate) fn settings(server: &NatsServer) -> NatsSettings {
    NatsSettings {
        servers: vec![server.url()],
        ..NatsSettings::default()
    }
}

pub(crate) async fn open(settings: NatsSettings) -> Arc<NatsNotebook> {
    let notebook = NatsNotebook::start(settings).unwrap();
    notebook.ready().await;
    Arc::new(notebook)
}

pub(crate) fn stream(notebook: &Arc<NatsNotebook>) -> Conversation {
    Conversation::shared(notebook.clone(), ConversationLimits::default())
}

/// Returns the texts that are due, up to the end of the turn.
pub(crate) fn due(chat: &mut Conversation) -> Vec<String> {
    let mut texts = Vec::new();
    while let Some(page) = chat.next_page().unwrap() {
        texts.extend(page.iter().map(|note| note.message().to_owned()));
    }
    texts
}

/// Waits until so many notes are due, and returns them.
pub(crate) async fn received(chat: &mut Conversation, count: usize) -> Vec<String> {
    let mut texts = due(chat);
    while texts.len() < count {
        chat.woken().await;
        texts.extend(due(chat));
    }
    texts
}

/// A way to NATS that can be cut.
pub(crate) struct Wire {
    pub(crate) url: String,
    is_whole: watch::Sender<bool>,
}

impl Wire {
    pub(crate) async fn to(server: &NatsServer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("nats://{}", listener.local_addr().unwrap());
        let target = server.url().replace("nats://", "");
        let (is_whole, state) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let (mut state, target) = (state.clone(), target.clone());
                tokio::spawn(async move {
                    if !*state.borrow_and_update() {
                        return;
                    }
                    let Ok(mut server) = TcpStream::connect(target).await else {
                        return;
                    };
                    tokio::select! {
                        _ = state.changed() => {}
                        _ = copy_bidirectional(&mut client, &mut server) => {}
                    }
                });
            }
        });
        Self { url, is_whole }
    }

    pub(crate) async fn cut(&self, notebook: &NatsNotebook) {
        self.is_whole.send_replace(false);
        stands(notebook, SyncState::Unavailable).await;
    }

    pub(crate) async fn mend(&self, notebook: &NatsNotebook) {
        self.is_whole.send_replace(true);
        stands(notebook, SyncState::Ready).await;
    }
}

pub(crate) async fn stands(notebook: &NatsNotebook, wanted: SyncState) {
    let mut state = notebook.sync_state();
    state.wait_for(|now| *now == wanted).await.unwrap();
}

//! The notebook and the conversations that the model is compared with.

use std::fs;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use route_guide_chat::{
    Conversation, ConversationLimits, FileNotebook, Limits, ManualClock, MemoryNotebook, Notebook,
    PageLimit,
};
use tempfile::TempDir;

use super::notes::Bounds;

/// The notebook under test with its streams.
pub(crate) struct Subject {
    /// Where the notebook is kept, if it is kept.
    home: Option<TempDir>,
    limits: Limits,
    pub(crate) notebook: Arc<dyn Notebook>,
    pub(crate) clock: Arc<ManualClock>,
    page: PageLimit,
    pub(crate) streams: Vec<Conversation>,
}

impl Subject {
    pub(crate) fn new(bounds: Bounds, streams: usize, home: Option<TempDir>) -> Self {
        let clock = Arc::new(ManualClock::default());
        let limits = Limits {
            notes_per_place: NonZeroUsize::new(bounds.per_place).unwrap(),
            notes_total: NonZeroUsize::new(bounds.total).unwrap(),
            max_age: Duration::from_secs(bounds.age_seconds),
            ..Limits::default()
        };
        let notebook = open(home.as_ref(), limits, &clock);
        let page = PageLimit {
            notes: NonZeroUsize::new(bounds.page).unwrap(),
            ..PageLimit::default()
        };
        let mut subject = Self {
            home,
            limits,
            notebook,
            clock,
            page,
            streams: Vec::new(),
        };
        subject.streams = (0..streams).map(|_| subject.stream()).collect();
        subject
    }

    /// Ends all streams and the notebook, and opens it again. A killed process leaves the file as it is at that moment.
    pub(crate) fn restart(&mut self, killed: bool) {
        let streams = self.streams.len();
        self.streams.clear();
        let home = self.home.take().unwrap();
        self.home = Some(if killed {
            let left = TempDir::new().unwrap();
            fs::copy(home.path().join(STORE), left.path().join(STORE)).unwrap();
            left
        } else {
            home
        });
        self.notebook = Arc::new(MemoryNotebook::new(self.limits));
        self.notebook = open(self.home.as_ref(), self.limits, &self.clock);
        self.streams = (0..streams).map(|_| self.stream()).collect();
    }

    pub(crate) fn stream(&self) -> Conversation {
        let limits = ConversationLimits {
            page: self.page,
            ..ConversationLimits::default()
        };
        Conversation::shared(self.notebook.clone(), limits)
    }
}

const STORE: &str = "notes.redb";

fn open(home: Option<&TempDir>, limits: Limits, clock: &Arc<ManualClock>) -> Arc<dyn Notebook> {
    match home {
        Some(home) => {
            let notebook = FileNotebook::with_clocks(home.path(), limits, &**clock, clock.clone());
            Arc::new(notebook.unwrap())
        }
        None => Arc::new(MemoryNotebook::with_clock(limits, clock.clone())),
    }
}

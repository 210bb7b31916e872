use std::error::Error;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Reports when a notebook begins to refuse notes and when that is over, with a count. A line a note would let whoever
/// sends them decide how long the log gets.
#[derive(Debug)]
pub(crate) struct Refusals {
    /// How long there must have been no refusal before they are over: where long notes are refused and short ones are not,
    /// both may come by turns.
    quiet: Duration,
    state: Mutex<Option<Outage>>,
}

#[derive(Clone, Copy, Debug)]
struct Outage {
    refused: u64,
    last: Instant,
}

impl Refusals {
    pub(crate) fn new(quiet: Duration) -> Self {
        Self {
            quiet,
            state: Mutex::new(None),
        }
    }

    /// Counts refused notes, and reports the first of them with the reason.
    pub(crate) fn add(&self, notes: u64, reason: &(dyn Error + 'static)) {
        let last = Instant::now();
        let mut state = self.lock();
        if state.is_none() {
            tracing::error!(error = reason, "route notes cannot be kept and are refused");
        }
        let refused = state.map_or(0, |outage| outage.refused) + notes;
        *state = Some(Outage { refused, last });
    }

    /// Reports that notes are kept again, if that is new.
    pub(crate) fn over(&self) {
        let mut state = self.lock();
        if let Some(Outage { refused, last }) = *state
            && last.elapsed() >= self.quiet
        {
            tracing::info!(refused, "route notes are kept again");
            *state = None;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Outage>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

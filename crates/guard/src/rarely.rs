//! Log lines whose number no peer decides.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How often one event is reported at the most.
const PERIOD: Duration = Duration::from_secs(60);

/// An event that may happen at any rate and is reported at most once a minute.
#[derive(Debug, Default)]
pub(crate) struct Rarely(Mutex<Told>);

#[derive(Debug, Default)]
struct Told {
    last: Option<Instant>,
    untold: u64,
}

impl Rarely {
    /// Notes the event; if it is to be told, returns how many have not been told since the last one that was.
    pub(crate) fn happened(&self) -> Option<u64> {
        let now = Instant::now();
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.last.is_some_and(|last| now - last < PERIOD) {
            told.untold += 1;
            return None;
        }
        told.last = Some(now);
        Some(std::mem::take(&mut told.untold))
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_event_is_told_once_a_minute_with_the_number_of_those_between() {
        let event = Rarely::default();
        assert_eq!(event.happened(), Some(0));
        for _ in 0..1_000 {
            assert_eq!(event.happened(), None);
        }
        advance(PERIOD).await;
        assert_eq!(event.happened(), Some(1_000));
        assert_eq!(event.happened(), None);
        advance(PERIOD).await;
        assert_eq!(event.happened(), Some(1));
    }
}

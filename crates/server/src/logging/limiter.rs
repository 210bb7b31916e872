//! How many lines one place in the code may write.

use std::collections::HashMap;
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::callsite::Identifier;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::queue::line;
use crate::text::shortened;

/// The time for which lines are counted together.
pub(super) const WINDOW: Duration = Duration::from_secs(10);

/// How many lines one place in the code may write in that time.
const MOST_LINES: u32 = 10;

/// How much of a line stands for those that are left out.
const MOST_EXAMPLE_BYTES: usize = 200;

/// Leaves out lines of which there are too many, and counts them, so that no peer can fill a disk with them.
///
/// Lines below the level `INFO` are all let through: they are only there for somebody who has asked for them.
#[derive(Clone, Debug, Default)]
pub(super) struct Limiter {
    places: Arc<Mutex<HashMap<Identifier, Place>>>,
}

/// Tells at times what was left out.
#[derive(Debug)]
pub(super) struct Reports {
    limiter: Limiter,
    last: Instant,
}

/// A place in the code that writes lines.
#[derive(Debug)]
struct Place {
    since: Instant,
    lines: u32,
    left_out: u64,
    /// What the first line says that was left out.
    example: String,
}

impl Limiter {
    /// Decides about a line; `message` is what it says.
    fn admits(
        &self,
        metadata: &Metadata<'_>,
        now: Instant,
        message: impl FnOnce() -> String,
    ) -> bool {
        if *metadata.level() > Level::INFO {
            return true;
        }
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let place = places
            .entry(metadata.callsite())
            .or_insert_with(|| Place::new(now));
        if now.duration_since(place.since) >= WINDOW {
            (place.since, place.lines) = (now, 0);
        }
        if place.lines < MOST_LINES {
            place.lines += 1;
            return true;
        }
        if place.left_out == 0 {
            place.example = message();
        }
        place.left_out += 1;
        false
    }

    pub(super) fn reports(&self) -> Reports {
        Reports {
            limiter: self.clone(),
            last: Instant::now(),
        }
    }

    /// Returns a line for each place that has lines left out, and counts anew.
    fn report(&self) -> String {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines = String::new();
        for place in places.values_mut().filter(|place| place.left_out > 0) {
            let (count, example) = (place.left_out, &place.example);
            lines += &line(&format!("{count} more like this left out: {example}"));
            place.left_out = 0;
        }
        lines
    }
}

impl Reports {
    /// Returns the report once in a window, and at the end.
    pub(super) fn due(&mut self, end: bool) -> String {
        if !end && self.last.elapsed() < WINDOW {
            return String::new();
        }
        self.last = Instant::now();
        self.limiter.report()
    }
}

impl Place {
    fn new(since: Instant) -> Self {
        Self {
            since,
            lines: 0,
            left_out: 0,
            example: String::new(),
        }
    }
}

impl<S: Subscriber> Layer<S> for Limiter {
    fn event_enabled(&self, event: &Event<'_>, _context: Context<'_, S>) -> bool {
        self.admits(event.metadata(), Instant::now(), || {
            let mut message = Message(String::new());
            event.record(&mut message);
            shortened(&message.0, MOST_EXAMPLE_BYTES).into_owned()
        })
    }
}

/// The message of an event, without its fields.
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            // Writing to a string does not fail.
            let _ = write!(self.0, "{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    /// Writes so many lines at each of two places.
    fn flood(times: usize) {
        for number in 0..times {
            tracing::warn!(secret = 7, "a peer did this {number}");
            tracing::debug!("asked for");
        }
    }

    /// Counts the lines that come through.
    #[derive(Clone, Default)]
    struct Counter(Arc<Mutex<HashMap<Level, usize>>>);

    impl<S: Subscriber> Layer<S> for Counter {
        fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
            *self
                .0
                .lock()
                .unwrap()
                .entry(*event.metadata().level())
                .or_default() += 1;
        }
    }

    #[test]
    fn of_too_many_lines_the_first_are_written_and_the_others_counted() {
        let (limiter, counter) = (Limiter::default(), Counter::default());
        let log = tracing_subscriber::registry()
            .with(counter.clone())
            .with(limiter.clone());
        tracing::subscriber::with_default(log, || flood(1_000));
        let lines = counter.0.lock().unwrap().clone();
        // On a machine so slow that the window ends in between, more come through, and all are accounted for.
        assert!((10..1_000).contains(&lines[&Level::WARN]), "{lines:?}");
        assert_eq!(lines[&Level::DEBUG], 1_000);
        let report = limiter.report();
        let left_out = 1_000 - lines[&Level::WARN];
        let expected = format!(" {left_out} more like this left out: a peer did this 10\n");
        assert!(report.ends_with(&expected), "{report}");
        assert_eq!(limiter.report(), "", "it is reported once");
    }
}

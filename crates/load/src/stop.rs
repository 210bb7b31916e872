//! Ending a run from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Ends the runs that hold a clone of it, whatever they are waiting for.
///
/// # Examples
///
/// ```
/// use route_guide_load::{Load, Stop};
///
/// let stop = Stop::default();
/// let load = Load { stop: stop.clone(), ..Load::default() };
/// stop.now();
/// assert!(load.stop.is_set());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Ends the runs: they return [`LoadError::Stopped`](crate::LoadError::Stopped) within a tenth of a second.
    pub fn now(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Tells whether the runs are to end.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

//! Panics of the embedded store, which has no other way to say that its file is damaged.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static IS_CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Tells whether a panic on this thread becomes an error of [`FileNotebook`](crate::FileNotebook).
///
/// A panic hook that asks this leaves such a panic to whoever shows the error.
#[must_use]
pub fn panic_becomes_error() -> bool {
    IS_CAUGHT.get()
}

/// Runs an action, and returns what it panics with as an error.
pub(super) fn caught<T>(action: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    let was_caught = IS_CAUGHT.replace(true);
    // The caller drops what has panicked.
    let outcome = catch_unwind(AssertUnwindSafe(action));
    IS_CAUGHT.set(was_caught);
    outcome
}

//! Panics of handlers, which end one call and nothing else.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// A handler has panicked. The panic hook has said where and why.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Panicked;

pub(crate) fn catch_panic<T>(run: impl FnOnce() -> T) -> Result<T, Panicked> {
    // Callers drop what panicked and never look at it again, so no broken state can be seen.
    catch_unwind(AssertUnwindSafe(run)).map_err(|_panic| Panicked)
}

use std::cell::Cell;
use std::panic;
use std::sync::Once;

thread_local! {
    static IS_HUSHED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `action`, whose panics on this thread are caught by the caller and told in its own words: the process's panic
/// hook is not asked, which would print the first line of an error that the user reads again, and better, in the second.
pub(super) fn without_report<T>(action: impl FnOnce() -> T) -> T {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !IS_HUSHED.get() {
                report(info);
            }
        }));
    });
    let was_hushed = IS_HUSHED.replace(true);
    let outcome = action();
    IS_HUSHED.set(was_hushed);
    outcome
}
